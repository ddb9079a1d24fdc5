# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What each command of the device holds in memory: on the corpus, and on a sparse image that is much
# larger. Sourced by bench.sh.

# remember IMAGE TEXT COMMAND...: one row; the device is memory
remember() {
  local image=$1 text=$2
  shift 2
  run memory "$image" "$text" apply -- "$OTA" -q --root memory "$@"
}

# memory_of IMAGE RELEASE BASE
memory_of() {
  ota_device memory "$url/$2" "$3" || return 1
  reset_device memory
  remember "$1" check check
  remember "$1" fetch fetch
  remember "$1" write write
  remember "$1" bootswap bootswap
  boot memory
  remember "$1" commit commit
  remember "$1" status status
  remember "$1" rollback rollback
  rm -rf memory
}

# Of large_bytes, the first part is that of the corpus
make_large() {
  [ ! -e "made/large-ota-full.cost" ] || return 0
  cp --sparse=always "$corpus/v2.ext4" large.img
  truncate -s "$large_bytes" large.img
  made large-ota-full "$OTA" pack -q --rootfs large.img --compatible bench --version 2.0 --level 1 \
    -o www/large-ota-full && "$OTA" sign -q --key made/bench.key www/large-ota-full >/dev/null
  rm large.img
}

bench_memory() {
  ota_release ext4 && memory_of ext4 ext4-ota-full made/ext4-ota-base
  make_large && SIZE=$((large_bytes + (1 << 20))) memory_of large large-ota-full made/ext4-ota-base
}

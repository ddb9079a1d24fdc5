#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ota and its peers side by side, on the same images and the same machine: one table on stdout, kept
# as BUILD/table.md. Progress goes to stderr.
#   OTA=path of the binary   BUILD=folder for everything that is made   bench.sh
#   BENCH='install delta memory startup link containers handover'   the sections to run; the last two
#                need root
#   IMAGES='ext4 erofs squashfs'   those of the section delta
#   REPEAT=5     runs of each way; one run of each in turn, so that all see the same machine
#   ROUNDS=20    updates of a service, each way
#   LEVEL=19     that zstd compresses with, for all ways alike
#   QUICK=1      tiny images, each way once: that the bench works, not what it would tell
#   CORPUS=DIR   a corpus that is there already, in place of BUILD/corpus
#   CONTAINERS=DIR   the same for container images, in place of BUILD/images
#   KEEP=1       the table becomes docs/bench.md, too
# A way that is not installed, or that this ota does not have, is told with `-` and the reason.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
: "${BENCH:=install delta memory startup link containers handover}" "${QUICK:=}" "${KEEP:=}"
# shellcheck disable=SC2034 # the sections use them
if [ -n "$QUICK" ]; then
  : "${REPEAT:=1}" "${ROUNDS:=1}" "${LEVEL:=1}" "${IMAGES:=ext4}"
  slot_bytes=$((10 << 20)) large_bytes=$((32 << 20)) fault_bytes=1000000 starts=2 patience_s=20
else
  : "${REPEAT:=5}" "${ROUNDS:=20}" "${LEVEL:=19}" "${IMAGES:=ext4 erofs squashfs}"
  slot_bytes=$((600 << 20)) large_bytes=$((4 << 30)) fault_bytes=15000000 starts=50 patience_s=900
fi
OTA=$(realpath "${OTA:?names the binary}")
mkdir -p "${BUILD:?names the folder to work in}"
cd "$BUILD" || exit 1
work=$PWD corpus=$(realpath -m "${CORPUS:-corpus}")
PATH=$PATH:/usr/sbin:/sbin
export OTA LC_ALL=C.UTF-8 no_proxy='*' # every server here is on loopback
. "$here/ways.sh"
. "$here/peers.sh"
. "$here/devices.sh"
. "$here/install.sh"
. "$here/delta.sh"
. "$here/memory.sh"
. "$here/startup.sh"
. "$here/link.sh"
. "$here/containers.sh"
. "$here/handover.sh"

cleanup() {
  local left
  "$tree/test-images/nginx.sh" stop "$work/server"
  containers_leave
  left=$(jobs -p)
  # shellcheck disable=SC2086 # a list of numbers
  [ -z "$left" ] || kill $left 2>/dev/null
  wait
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Images of a few megabytes, that differ as two releases do: a little, and not in place.
make_tiny_corpus() {
  local name
  mkdir -p "$corpus"
  for name in v1 v2; do
    rm -rf tiny && mkdir tiny
    [ $name = v1 ] || seq 1 3000 >tiny/0
    head -c 1500000 /dev/zero | openssl enc -aes-128-ctr -pass pass:tiny -nosalt -pbkdf2 -iter 1 \
      >tiny/data 2>/dev/null
    seq 1 40000 | sed "s/00\$/ of $name/" >tiny/text
    rm -f "$corpus/$name.ext4" && truncate -s 8M "$corpus/$name.ext4"
    mkfs.ext4 -q -d tiny "$corpus/$name.ext4"
    mkfs.erofs "$corpus/$name.erofs" tiny >/dev/null 2>&1
    mksquashfs tiny "$corpus/$name.squashfs" -noappend -quiet -no-progress >/dev/null 2>&1
  done
}

packages_that_differ() {
  [ -e "$corpus/packages.v1" ] || return 0
  printf '%d packages in v1, %d of them with another version in v2.\n' "$(wc -l <"$corpus/packages.v1")" \
    "$(grep -cvxFf "$corpus/packages.v1" "$corpus/packages.v2")"
}

about() {
  echo "Measured $(date -u +'%F %H:%M') UTC on $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1),"
  echo "$(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1000)) MB of memory, Linux $(uname -r),"
  # shellcheck source=/dev/null
  echo "$(. /etc/os-release && echo "$PRETTY_NAME"); load $load_before before, $(cut -d' ' -f1 /proc/loadavg) after; REPEAT=$REPEAT, zstd level $LEVEL."
  echo "ota $("$OTA" --version | head -n 1 | sed 's/^ota //') at $(git -C "$tree" describe --always --dirty 2>/dev/null || echo '?');" \
    "$(versions_of_peers)." | fold -s -w 100
  if [ -n "$QUICK" ]; then echo 'Tiny images: these figures say nothing.'; else packages_that_differ; fi
}

load_before=$(cut -d' ' -f1 /proc/loadavg)
: >results.tsv
: >said
gcc -O2 -Wall -Wextra -pthread -D_GNU_SOURCE -o measure "$here/measure.c" || exit 1
mkdir -p server
if [[ $BENCH =~ install|delta|memory|startup|link ]]; then
  if [ -n "$QUICK" ]; then
    make_tiny_corpus
  elif [ -z "${CORPUS-}" ]; then
    "$tree/test-images/corpus.sh" "$corpus" || exit 1
  fi
  prepare || exit 1
fi
for section in $BENCH; do
  tell "$section"
  "bench_$section"
done
about >about.md
"$here/table.py" results.tsv about.md >table.md || exit 1
cat table.md
[ -z "$KEEP" ] || { echo '<!-- SPDX-License-Identifier: Apache-2.0 -->'; cat table.md; } >"$tree/docs/bench.md"

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scenario scripts share: a scratch folder, small releases, a device in a folder, and the
# lines that tests/run.sh counts. Sourced; `finish` ends a script.
set -u
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${OTA:=$tree/build/ota}"
# what makes the setting, and looks at it behind each step: the same program, where $OTA is slow since
# it is built with the sanitizers. A script that is about keygen, pack, sign or status says quick=$OTA.
quick=${OTA_QUICK:-$OTA}
PATH=$PATH:/usr/sbin:/sbin
export no_proxy='*' # every server here is on loopback
dir=$(mktemp -d)
tests=0 failures=0
cd "$dir" || exit 1

cleanup() {
  local left
  left=$(jobs -p)
  # shellcheck disable=SC2086 # a list of numbers
  [ -z "$left" ] || kill $left 2>/dev/null
  [ ! -d "$dir/server" ] || "$tree/test-images/nginx.sh" stop "$dir/server"
  [ ! -d "$dir/registry" ] || "$tree/test-images/registry.sh" stop "$dir/registry"
  if mountpoint -q "$dir/mnt" 2>/dev/null; then umount "$dir/mnt"; fi
  rm -rf "$dir"
}
trap cleanup EXIT

# ota ARGUMENT...: stdout in $dir/out, stderr in $dir/err. Where it is built with the sanitizers, half of
# a start is the search for leaks, which finds the same each time: every eighth call does it.
ota_starts=0
ota() {
  ota_starts=$((ota_starts + 1))
  ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=$((ota_starts % 8 == 1)) \
    "$OTA" "$@" >"$dir/out" 2>"$dir/err"
}

# on ARGUMENT...: the same on the device
on() {
  ota --root device "$@"
}

# quick ARGUMENT...: the same, for what is not tested there
quick() {
  "$quick" "$@" >"$dir/out" 2>"$dir/err"
}

# report STATUS TEXT: one result; a failure shows what the last call of ota said
report() {
  tests=$((tests + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $tests - $2"
    return
  fi
  failures=$((failures + 1))
  echo "not ok $tests - $2"
  sed 's/^/# /' "$dir/err" "$dir/out" 2>/dev/null | head -n 40
}

skip() {
  tests=$((tests + 1))
  echo "ok $tests - $1 # SKIP $2"
}

# holds TEXT COMMAND...: the command succeeds
holds() {
  local text=$1 status=0
  shift
  "$@" || status=1
  report $status "$text"
}

# exits STATUS TEXT COMMAND...: ends with this very status
exits() {
  local wanted=$1 text=$2 status=0
  shift 2
  "$@" || status=$?
  [ "$status" -eq "$wanted" ] || echo "# status $status instead of $wanted: $*"
  report $((status != wanted)) "$text"
}

# must COMMAND...: part of the setting, not a test; the script ends where it fails
must() {
  "$@" && return
  report 1 "setting: $*"
  finish
}

# serve LOG SCRIPT ARGUMENT...: a server of tests/cli in the background, $server, which on return has
# written its port, the first line of the log; what it answers follows there.
serve() {
  : >"$1" # what an earlier server said there is not the word of this one
  python3 "$tree/tests/cli/$2" "${@:3}" >>"$1" &
  server=$!
  until [ -s "$1" ]; do
    must kill -0 $server
    sleep 0.05
  done
}

says() { grep -Eq -- "$1" "$dir/err" "$dir/out"; }

finish() {
  exit $((failures > 0))
}

# An image that has data, zeros, and an end within a cell: make_image FILE SEED
make_image() {
  {
    head -c 700000 /dev/zero | openssl enc -aes-128-ctr -pass "pass:$2" -nosalt -pbkdf2 -iter 1 2>/dev/null
    head -c 1500000 /dev/zero
    seq 1 60000 | sed "s/\$/ $2/"
  } >"$1"
}

# make_release FOLDER VERSION [OPTION...]: packed and signed with $key; its image is FOLDER.img. It is
# one that comes by its frames, unless $reuse is set.
make_release() {
  local folder=$1 version=$2
  shift 2
  [ -e "$folder.img" ] || make_image "$folder.img" "$folder"
  must quick pack -q --rootfs "$folder.img" --compatible sandbox --version "$version" --level 1 \
    --frame-size 256K "${reuse:---no-reuse}" -o "$folder" "$@"
  must quick sign -q --key "$key" "$folder"
}

# make_boot_image FILE VERSION [MKFS]: a file system with a kernel, a link to it, and a device tree;
# $tree_extra, a function, adds to the folder that it is made of
make_boot_image() {
  rm -rf files && mkdir -p files/boot/dtbs/acme
  make_image "files/boot/Image-$2" "$2"
  ln -s "Image-$2" files/boot/Image
  echo "tree of $2" >files/boot/dtbs/acme/board.dtb
  if declare -F tree_extra >/dev/null; then tree_extra files; fi
  rm -f "$1"
  case ${3:-ext4} in
    squashfs) mksquashfs files "$1" -quiet -no-progress >/dev/null 2>&1 ;;
    erofs) mkfs.erofs "$1" files >/dev/null 2>&1 ;;
    ext4) truncate -s 8M "$1" && mkfs.ext4 -q -d files "$1" ;;
  esac
}

# make_device [OPTION...]: slot a runs, and trusts $key
make_device() {
  rm -rf device
  must "$tree/test-images/sandbox.sh" --size 8M "$@" device
  cp "${key%.key}.pub" device/etc/ota/trust.d/
}

power_cycle() {
  "$tree/test-images/bootloader" device/etc/fw_env.config device/proc/cmdline \
    device/proc/sys/kernel/random/boot_id >"$dir/boot"
}

# status FILTER: what jq finds in the device's status
status() {
  quick --root device --json status
  jq -r "$1" "$dir/out"
}

# is FILTER VALUE: does status say so?
is() {
  local got
  got=$(status "$1")
  [ "$got" = "$2" ] || { echo "# $1 is $got instead of $2"; return 1; }
}

slot_holds() { cmp -s -n "$(stat -c %s "$2.img")" "device/slots/$1.img" "$2.img"; }

# Everything that a refused step may not change: slots, environment, what is named in the store.
fingerprint() {
  (cd device && find slots boot uboot.env var/lib/ota/slots var/lib/ota/bad var/lib/ota/index.json \
    -type f -exec sha256sum {} + 2>/dev/null | sort)
}

# refused STATUS TEXT COMMAND...: ends with the status, and has changed nothing
refused() {
  local before
  before=$(fingerprint)
  exits "$@"
  [ "$(fingerprint)" = "$before" ] || report 1 "$2: nothing is changed"
}

manifest_of() { jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"]=="latest") | .digest' "$1/index.json" | cut -d: -f2; }
blob() { echo "$1/blobs/sha256/$2"; }
# layer_of FOLDER NUMBER: the blob's path; 0 is the image, 1 its index
layer_of() { blob "$1" "$(jq -r ".layers[$2].digest" "$(blob "$1" "$(manifest_of "$1")")" | cut -d: -f2)"; }
# manifest_of_delta FOLDER: the blob's path of the first that refers to the release
manifest_of_delta() {
  local list
  list=$(jq -r --arg tag "sha256-$(manifest_of "$1")" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"]==$tag) | .digest' "$1/index.json")
  blob "$1" "$(jq -r '.manifests[0].digest' "$(blob "$1" "${list#*:}")" | cut -d: -f2)"
}

key=$dir/key.key
must quick keygen -q "$dir/key"

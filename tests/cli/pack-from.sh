#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034,SC2119,SC2317
# A release of the operating system is made of a container image: the same bytes each time, a file system
# without fault, signed and fetched like any other.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
export SOURCE_DATE_EPOCH=1735689600

need 'is for root' test "$(id -u)" -eq 0
need 'this ota has no containers' "$OTA" container list --help
mkdir -p low up merged mounted
need 'the kernel has no overlay here' mount -t overlay overlay -o ro,lowerdir=low:up merged
must umount merged
need 'umoci is not installed' command -v umoci
make_images
unmount() { if mountpoint -q mounted; then umount mounted; fi; }
trap 'unmount; cleanup' EXIT

# pack FS LAYOUT [TAG]
pack() {
  ota pack -q --from "oci:$images/gzip:${3:-v1}" --fs "$1" --compatible sandbox --version 1.0 --level 1 --no-reuse \
    --frame-size 256K -o "$2"
}
# mkfs.ext4 takes over no fractions, and erofs one time for what is later than the release
whole_seconds() { sed -E 's/("mtime": [0-9]+)[0-9]{9},/\1,/'; }
without_times() { sed -E 's/"mtime": [0-9]+, //'; }
image_of() { zstd -dqc "$(layer_of "$1" 0)" >"$2"; }
everything() { (cd "$1" && find . -type f ! -name lock -exec sha256sum {} + | sort); }

reference_of "$images/gzip" v1 umoci.tree
# --- ext4 ---
exits 0 'pack --from, as ext4' pack ext4 one
exits 0 'and once more' pack ext4 two
holds 'it is the same, byte for byte' test "$(everything one)" = "$(everything two)"
exits 0 'another image' pack ext4 three v3
holds 'is another release' test "$(manifest_of one)" != "$(manifest_of three)"
image_of one one.ext4
exits 0 'the file system has no fault' eval 'e2fsck -fn one.ext4 >out 2>&1'
holds 'debugfs shows its files' test "$(debugfs -R 'cat /app/VERSION' one.ext4 2>/dev/null)" = 1
debugfs -R 'stat /usr/bin/busybox' one.ext4 >out 2>/dev/null
holds 'with mode and links' test "$(grep -cE 'Mode: +04755|Links: 3' out)" -eq 2
debugfs -R 'stat /app/data/file1' one.ext4 >out 2>/dev/null
holds 'and hard links' says 'Links: 2'
holds 'no whiteout is left' test "$(debugfs -R 'ls -p /srv' one.ext4 2>/dev/null | grep -cE '/(\.wh\.|dangling)')" -eq 0
if mount -o loop,ro one.ext4 mounted 2>err; then
  "$tree/tests/cli/trees.py" mounted | grep -v '"path": "lost+found"' | whole_seconds >got
  umount mounted
  whole_seconds <umoci.tree >wanted
  holds 'the tree is what umoci makes of it' same_tree wanted got
else
  skip 'the tree is what umoci makes of it' 'no loop device'
fi

# --- erofs ---
if command -v mkfs.erofs >/dev/null; then
  exits 0 'pack --from, as erofs' pack erofs four
  exits 0 'and once more' pack erofs five
  holds 'it is the same, too' test "$(everything four)" = "$(everything five)"
  image_of four four.erofs
  if mount -t erofs -o loop,ro four.erofs mounted 2>err; then
    "$tree/tests/cli/trees.py" mounted | without_times >got
    umount mounted
    without_times <umoci.tree >wanted
    holds 'its tree is what umoci makes of it' same_tree wanted got
  else
    skip 'its tree is what umoci makes of it' 'the kernel mounts no erofs'
  fi
else
  skip 'erofs' 'mkfs.erofs is not installed'
fi

# --- a release like any other ---
must ota sign -q --key "$key" one
make_device --size 48M
on commit
exits 0 'it is fetched' on fetch oci:one
exits 0 'and written' on write
holds 'the slot holds the file system' cmp -s -n "$(stat -c %s one.ext4)" device/slots/b.img one.ext4

# --- what cannot be ---
exits 2 'no other file system' pack xfs bad
exits 2 'not beside --rootfs' ota pack --rootfs one.ext4 --from "oci:$images/gzip:v1" --compatible sandbox --version 1 -o bad
exits 11 'an image that is not there' pack ext4 bad none
exits 13 'a release of the operating system' ota pack --from oci:one --compatible sandbox --version 1 -o bad
exits 1 'a size that is too small' ota pack -q --from "oci:$images/gzip:v1" --fs-size 1M --compatible sandbox --version 1 -o bad
holds 'says what mkfs says of it' says 'mkfs.ext4: '
cp -r "$images/gzip" image && cp "$OTA" program
chmod -R a+rX "$dir" && chmod 777 "$dir"
code=0
setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all ./program pack -q --from oci:image:v1 --compatible sandbox \
  --version 1 -o "$dir/nobody" >out 2>err || code=$?
holds "who is not root is told so" eval '[ $code -eq 16 ] && says "run it as root"'
holds "nothing stays mounted" test "$(grep -c "$dir" /proc/mounts)" -eq 0
holds 'and no folder is left in the layouts' test -z "$(find one two bad -mindepth 1 -name '*from*' -o -name shown 2>/dev/null)"
finish

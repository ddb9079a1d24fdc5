#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A whole disk, ready to flash: Debian's root file system (rootfs.sh) in slot a, written and good.
# Makes OUT_DIR/disk.img and, once, the key OUT_DIR/disk.key that its releases must be signed with.
#   OTA=path of the binary   disk.sh IMAGES_DIR OUT_DIR
set -eu

[ $# -eq 2 ] || { echo "usage: ${0##*/} IMAGES_DIR OUT_DIR" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
ota=$(realpath "${OTA:?names the binary}")
"$here/rootfs.sh" "$1"
images=$(realpath "$1")
mkdir -p "$2/keys"
cd "$2"

[ -e disk.key ] || "$ota" keygen disk
cp disk.pub keys/
rm -rf release disk.img
"$ota" pack --rootfs "$images/v1.ext4" --compatible demo-board --version 1.0 --level 3 -o release
"$ota" sign --key disk.key release
OTA=$ota "$here/../contrib/factory.sh" --compatible demo-board --trust keys --size 1280M --slot 520M \
  disk.img oci:release
echo "A root file system of Debian for a made-up board: no U-Boot and no boot script are in it."
echo "Flash it with: dd if=$PWD/disk.img of=/dev/DISK bs=4M conv=fsync"

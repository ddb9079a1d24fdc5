#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an arm64 board with U-Boot boots, made without mounting anything on this machine:
#   OUT/disk.img            a disk from the factory with v1 in slot a
#   OUT/releases/NAME       signed releases: v1, v2, and v2 gone wrong: panic, hang, stuck,
#                           check, network
#   OUT/u-boot.bin          Debian's, that does not wait for a key
#   board.sh OUT
# OTA names this machine's binary, OTA_ARM64 the board's. What is made is kept until one of them or the
# recipe changes.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

[ $# -eq 1 ] || { echo "usage: ${0##*/} OUT" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
ota=$(realpath "${OTA:?names the binary}")
ota_arm64=$(realpath "${OTA_ARM64:?names the binary of the board}")
mkdir -p "$1"
cd "$1"
export SOURCE_DATE_EPOCH=1680000000 E2FSPROGS_FAKE_TIME=1680000000

recipe=$(find "$here/board" "$here/board.sh" "$here/foreign.sh" "$here/packages.sh" "$here/../contrib" \
  "$ota" "$ota_arm64" -type f -exec sha256sum {} + | sort | sha256sum)
[ "$(cat recipe 2>/dev/null)" != "$recipe" ] || exit 0

# libraries FILE...: what these need of the packages, and what that needs, as names
libraries() {
  local needed
  needed=$(for file; do aarch64-linux-gnu-readelf -d "$file"; done |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
  for name in $needed; do
    case $seen in *" $name "*) continue ;; esac
    seen+="$name "
    libraries "$(library "$name")"
  done
}

library() {
  find packages/root/lib packages/root/usr/lib -name "$1" -not -path '*/modules/*' | head -n 1
}

# module_files NAME...: the modules and what they need, in the order in which they are loaded
module_files() {
  local name
  for name; do
    modprobe -d "$PWD/packages/root" -S "$kernel" --show-depends "$name" | sed -n 's/^insmod //p'
  done | awk '!seen[$1]++ { print $1 }'
}

make_tree() {
  local name seen=' '
  mkdir -p tree/{bin,boot,data,dev,etc/ota/checks.d/required.d,etc/ota/trust.d,lib,proc,run,sbin,sys,tmp,usr/bin}
  cp packages/root/bin/busybox tree/bin/
  ln -s busybox tree/bin/sh
  cp "$here/board/init" tree/sbin/
  cp packages/root/sbin/fsck.fat tree/bin/
  cp packages/root/usr/bin/fw_{print,set}env tree/usr/bin/
  cp "$here"/../contrib/ota-{boot,update} "$here/board/board-reboot" tree/usr/bin/
  aarch64-linux-gnu-strip -o tree/usr/bin/ota "$ota_arm64"
  # libcurl is opened when the first address is
  libraries tree/bin/fsck.fat tree/usr/bin/ota tree/usr/bin/fw_printenv "$(library libcurl.so.4)"
  for name in libcurl.so.4 $seen; do cp "$(library "$name")" "tree/lib/$name"; done

  cp board.pub tree/etc/ota/trust.d/
  cp "$here/board/services" tree/etc/ota/checks.d/required.d/
  printf '/dev/vda 0x100000 0x4000\n/dev/vda 0x110000 0x4000\n' >tree/etc/fw_env.config

  module_files i6300esb virtio_net vfat nls_cp437 nls_ascii loop | while read -r name; do
    install -Dm644 "$name" "tree/${name#"$PWD/packages/root/"}"
  done
  cp packages/root/lib/modules/"$kernel"/modules.{builtin,builtin.modinfo,order} "tree/lib/modules/$kernel/"
  depmod -b tree "$kernel"
}

make_boot_files() {
  local name
  cp "packages/root/boot/vmlinuz-$kernel" tree/boot/vmlinuz
  mkdir -p initrd/{bin,dev,modules,proc,root,sys}
  cp packages/root/bin/busybox initrd/bin/
  cp "$here/board/initrd-init" initrd/init
  module_files virtio_pci virtio_blk crc32c_generic ext4 | while read -r name; do
    cp "$name" initrd/modules/
    basename "$name" >>initrd/modules/order
  done
  (cd initrd && find . | sort | cpio --quiet -o -H newc -R 0:0 --reproducible) | gzip -n >initrd.img
}

# make_release NAME VERSION FAULT [OPTION...]
make_release() {
  echo "$2" >tree/etc/board-version
  echo "$3" >tree/etc/board-fault
  cp "$here/board/ota.conf" tree/etc/ota/
  # nobody keeps it, and the default is long to wait for
  [ "$3" != stuck ] || sed -i 's/^watchdog-timeout/watchdog-deadline = 10s\n&/' tree/etc/ota/ota.conf
  # each release has boot files of its own
  { cat initrd.img; echo board-version | (cd tree/etc && cpio --quiet -o -H newc -R 0:0) | gzip -n; } \
    >tree/boot/initrd.img
  rm -f rootfs
  truncate -s 80M rootfs
  mkfs.ext4 -q -m 0 -O ^has_journal -E root_owner=0:0 -d tree rootfs
  "$ota" pack -q --rootfs rootfs --compatible board --version "$2" --level 3 --no-reuse -o "releases/$1" "${@:4}"
  "$ota" sign -q --key board.key "releases/$1"
}

make_disk() {
  rm -rf extra keys disk.img
  mkdir extra keys
  cp board.pub keys/
  "$here/../contrib/uboot/mkscript" boot-raw "$here/../contrib/uboot/qemu-arm64" extra/boot.scr
  # a board has more variables than one sector holds, so that a power cut can tear a store
  printf 'board_notes=%0900d\n' 0 >defaults
  OTA=$ota "$here/../contrib/factory.sh" --compatible board --trust keys --slot 96M --boot 96M --size 400M \
    --extra extra --defaults defaults disk.img oci:releases/v1
}

# shellcheck disable=SC2046 # a list of words
"$here/foreign.sh" arm64 packages $("$here/packages.sh" --list guest)
kernel=$(basename packages/root/lib/modules/*)
rm -rf tree initrd releases recipe
[ -e "packages/root/lib/modules/$kernel/modules.dep" ] || depmod -b packages/root "$kernel"
[ -e board.key ] || "$ota" keygen -q board
make_tree
make_boot_files
# the factory needs root to look into the image for its boot files; else the release carries them
carried=()
[ "$(id -u)" -eq 0 ] || carried=(--boot tree/boot)
make_release v1 1.0 none "${carried[@]}"
make_release v2 2.0 none
make_release panic 2.1 panic
make_release hang 2.2 hang
make_release stuck 2.3 stuck
make_release check 2.4 check
make_release network 2.5 network
make_disk
# the same length, so that nothing moves
sed 's/bootdelay=2/bootdelay=0/' /usr/lib/u-boot/qemu_arm64/u-boot.bin >u-boot.bin
rm -rf rootfs tree initrd initrd.img extra defaults
echo "$recipe" >recipe

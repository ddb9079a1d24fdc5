#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boot files: out of the slot's image or the release onto the boot partition, as a set.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

# side SLOT VERSION: does the slot's side hold the files of that version, and only whole ones?
side() {
  local at=device/boot/ota/$1
  cmp -s "$at/Image" "kernel-$2" && [ "$(cat "$at/dtbs/acme/board.dtb")" = "tree of $2" ] &&
    (cd "$at" && sha256sum -c --quiet .ota-files 2>/dev/null)
}

# --- that a release carries: no file system is looked into, no root is needed ---
make_boot_image v1.img 1.0
cp -L files/boot/Image kernel-1.0
make_release v1 1.0 --boot files/boot
make_boot_image v2.img 2.0
cp -L files/boot/Image kernel-2.0
make_release v2 2.0 --boot files/boot
exits 0 'a release that carries boot files is sound' ota inspect oci:v1
holds 'and names them' grep -Eq '^boot file +dtbs/acme/board.dtb, 12 B' out
make_boot_image again.img 1.0
ota pack -q --no-reuse --rootfs v1.img --boot files/boot --compatible sandbox --version 1.0 --level 1 --frame-size 256K -o again
holds 'the same files give the same bytes' test "$(manifest_of again)" = "$(manifest_of v1)"
make_device --boot yes
exits 1 'no boot files before a write' on bootfiles
must on fetch oci:v1
mv v1 elsewhere
must on write
exits 0 'bootfiles needs no source' on bootfiles
mv elsewhere v1
holds 'the side of the slot has them' side b 1.0
exits 0 'bootfiles again' on bootfiles
holds 'finds them' says 'there already'
exits 0 'bootswap' on bootswap
holds 'is as it was' side b 1.0
power_cycle
must on commit
holds 'the store is small after commit' test "$(du -sk device/var/lib/ota/blobs | cut -f1)" -lt 100
exits 0 'write straight from a source' on write oci:v2
holds 'keeps the boot files alone' test ! -e "device/var/lib/ota/$(layer_of v2 0 | cut -d/ -f2-)"
before=$(find device/boot/ota/b -type f -exec sha256sum {} +)
exits 0 'bootswap makes them where nobody has' on bootswap
holds 'on the side of the new slot' side a 2.0
holds 'the running side is not touched' test "$(find device/boot/ota/b -type f -exec sha256sum {} +)" = "$before"
exits 0 'rollback before the reboot' on rollback
rm device/boot/ota/a/Image
exits 0 'a file that is lost behind our back is made again' on bootswap
holds 'whole' side a 2.0
power_cycle
echo rotten >device/boot/ota/b/dtbs/acme/board.dtb
exits 14 'rollback onto boot files that rotted, and are nowhere any more' on rollback
holds 'says how to have them again' says 'ota write --retry --downgrade SOURCE'
holds 'what is sound there is left alone' cmp device/boot/ota/b/Image kernel-1.0
holds 'the trial goes on' is '.next + (.trial | tostring)' atrue
exits 0 'they come without the image' on write --retry --downgrade oci:v1
holds 'which the store does not have' test ! -e "device/var/lib/ota/$(layer_of v1 0 | cut -d/ -f2-)"
inode=$(stat -c %i device/boot/ota/b/Image)
exits 0 'and are mended by the rollback' on rollback
holds 'whole' side b 1.0
holds 'what was sound is not written again' test "$(stat -c %i device/boot/ota/b/Image)" = "$inode"
power_cycle

# a copy in the store that rots is found before the boot partition is touched, and comes again
on commit
must on write --retry oci:v2
layer=device/var/lib/ota/$(layer_of v2 2 | cut -d/ -f2-)
printf 'rot' | dd of="$layer" bs=1 seek=5000 conv=notrunc status=none
rm -rf device/boot/ota/a
exits 14 'boot files that rot in the store' on bootfiles
holds 'say so' says 'is damaged'
exits 0 'come again with the same write' on write --retry oci:v2
exits 0 'and are copied' on bootfiles
holds 'whole again' side a 2.0
exits 0 'bootswap' on bootswap
rm device/boot/ota/a/Image
exits 0 'bootswap on a device that is swapped' on bootswap
holds 'looks after its boot files, too' side a 2.0
must on rollback

# --- out of the image in the slot ---
if [ "$(id -u)" -ne 0 ] || ! loop=$(losetup -f --show v1.img 2>/dev/null); then
  skip 'boot files out of the image' 'needs root and loop devices'
  finish
fi
losetup -d "$loop"
rm -rf v1 v2 && make_release v1 1.0 && make_release v2 2.0
make_device --boot yes
must on write oci:v1
sum=$(sha256sum <device/slots/b.img)
exits 0 'bootfiles out of an ext4 image' on bootfiles
holds 'has them all' side b 1.0
holds 'a link is the file that it leads to' test ! -L device/boot/ota/b/Image
holds 'the slot is not touched' test "$(sha256sum <device/slots/b.img)" = "$sum"
holds 'nothing stays mounted or attached' bash -c "! grep -q ota-files /proc/mounts && ! losetup -a | grep -q '$dir'"
must on bootswap
power_cycle
must on commit
must on write oci:v2
must on bootswap
power_cycle
rm -rf device/boot/ota/b
exits 0 'rollback makes the lost set of the good slot again' on rollback
holds 'out of that slot' side b 1.0
power_cycle
holds 'which runs again' is .running b

for fs in squashfs erofs; do
  make_boot_image "$fs.img" 3.0 $fs
  cp -L files/boot/Image kernel-3.0
  make_release "$fs" 3.0
  must on write --retry "oci:$fs"
  exits 0 "bootfiles out of $fs" on bootfiles
  holds "the files of $fs" side a 3.0
done

# a real block device: it is read-only meanwhile, and `write` lifts what a killed run leaves
cp --sparse=always device/slots/a.img block.img
loop=$(losetup -f --show block.img) && blockdev --setrw "$loop" # whoever had it before
sed -i "s#^device = /slots/a.img#device = /dev/slot#" device/etc/ota/ota.conf
mkdir -p device/dev && cp -a "$loop" device/dev/slot
rm -rf device/boot/ota/a
exits 0 'bootfiles out of a block device' on bootfiles
holds 'which is writable again' test "$(blockdev --getro "$loop")" = 0
blockdev --setro "$loop"
rm device/var/lib/ota/slots/a.json
exits 0 'write lifts a read-only mark that was left' on write oci:erofs
rm -rf device/boot/ota/a
mkdir mnt && mount -t erofs "$loop" mnt
refused 18 'a slot that somebody has mounted' on bootfiles
umount mnt
losetup -d "$loop"

# journals: an ext4 that was never unmounted is read as it lies
make_boot_image dirty.img 4.0
cp -L files/boot/Image kernel-4.0
tune2fs -O has_journal dirty.img >/dev/null 2>&1
debugfs -w -R 'feature needs_recovery' dirty.img >/dev/null 2>&1
make_release dirty 4.0
make_device --boot yes
must on write oci:dirty
sum=$(sha256sum <device/slots/b.img)
exits 0 'an image whose journal was left open' on bootfiles
holds 'is read' side b 4.0
holds 'and its journal not replayed' test "$(sha256sum <device/slots/b.img)" = "$sum"

# --- what cannot be a set ---
# bad_image TEXT STATUS REGEX: an image with what tree_extra adds is refused by such words, and
# nothing is changed
bad_image() {
  make_boot_image bad.img bad
  rm -rf bad
  make_release bad 5.0
  make_device --boot yes
  must on write oci:bad
  refused "$2" "$1" on bootfiles
  holds "$1: in these words" says "$3"
  exits "$2" "$1: no bootswap" on bootswap
  holds "$1: slot a stays" is .next a
}
tree_extra() { echo x >"$1/boot/IMAGE"; }
bad_image 'two names that FAT cannot tell apart' 13 "'IMAGE' and 'Image'"
exits 2 'pack refuses them, too' ota pack --no-reuse --rootfs bad.img --boot files/boot --compatible sandbox --version 5 -o x
tree_extra() { echo x >"$1/boot/..\\up"; }
bad_image 'a name that hides a path' 13 'up. has a'
exits 2 'pack refuses it, too' ota pack --no-reuse --rootfs bad.img --boot files/boot --compatible sandbox --version 5 -o x
tree_extra() { ln -s ../../../../../../etc/shadow "$1/boot/secret"; }
bad_image 'a link that leads out of the image leads nowhere' 16 'boot/secret: No such file'
tree_extra() { mkdir "$1/etc" && ln -s /etc "$1/boot/etc"; }
bad_image 'a link to a folder' 13 'boot/etc is no plain file'
tree_extra() { mkfifo "$1/boot/pipe"; }
bad_image 'a pipe' 13 'boot/pipe is no plain file'
tree_extra() { rm -r "${1:?}/boot"; }
bad_image 'no folder of boot files' 20 'files ='
tree_extra() { mkdir -p "$1/etc" && echo "of the image" >"$1/etc/shadow" && ln -s ../../../../../../etc/shadow "$1/boot/inside"; }
make_boot_image inside.img inside
make_release inside 5.0
make_device --boot yes
must on write oci:inside
exits 0 'a link that climbs stays inside the image' on bootfiles
holds 'and finds its file there' test "$(cat device/boot/ota/b/inside)" = 'of the image'
unset -f tree_extra

# --- a boot partition that does not take them ---
make_device --boot yes
must on write oci:v1
rmdir device/boot/ota
exits 20 'a boot partition that is not mounted' on bootswap
mkdir device/boot/ota
mount -t tmpfs -o size=8m tmpfs device/boot/ota
mkdir -p device/boot/ota/a device/boot/ota/b
head -c 100000 /dev/urandom >device/boot/ota/a/Image
echo old >device/boot/ota/b/Image
head -c 7000000 /dev/zero >device/boot/ota/filler
refused 15 'a boot partition that is full' on bootfiles
holds 'nothing of the old set is removed for it' test "$(cat device/boot/ota/b/Image)" = old
head -c 2000000 /dev/zero >device/boot/ota/filler
head -c 4500000 /dev/zero >device/boot/ota/b/Image
exits 0 'the room of the old set counts' on bootfiles
holds 'and the new one is whole' side b 1.0
echo changed >device/boot/ota/b/Image
mount -o remount,ro device/boot/ota
refused 16 'a boot partition that is read-only' on bootfiles
holds 'and says so' says 'ead-only'
umount device/boot/ota
finish

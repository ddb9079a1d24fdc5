#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The factory: a new boot environment, and whole disks, with other people's tools as judges.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

fw() { fw_printenv -c device/etc/fw_env.config -n "$1" 2>/dev/null; }
# sound COPY: is this copy of the environment sound by itself?
sound() {
  local at=$(($1 * 0x4000))
  printf '%s %s 0x4000\n%s %s 0x4000\n' "$dir/device/uboot.env" "$at" "$dir/device/uboot.env" "$at" >one.config
  fw_printenv -c one.config -n ota_slot >/dev/null 2>&1
}

# --- bootswap --factory ---
make_boot_image v1.img 1.0
cp -L files/boot/Image kernel-1.0
make_release v1 1.0 --epoch 3 --boot files/boot
make_device --boot yes --running none
exits 2 '--factory without a slot' on bootswap --factory
exits 2 '--slot without --factory' on bootswap --slot a
exits 1 'a slot that is not proved' on bootswap --factory --slot a
exits 0 'the factory writes slot a' on write --slot a oci:v1
exits 0 'its boot files' on bootfiles --slot a
exits 0 'and a boot environment' on bootswap --factory --slot a
holds 'in which slot a boots' test "$(fw ota_slot)" = a
holds 'without a trial' test "$(fw upgrade_available)" = 0
holds 'at the epoch of the release' test "$(fw ota_epoch)" = 3
holds 'the first copy is sound' sound 0
holds 'and so is the second' sound 1
exits 0 'again' on bootswap --factory --slot a
power_cycle
holds 'slot a boots' is '.running + .slots.a.state + (.trial | tostring)' agoodfalse
holds 'and is known' is .slots.a.version 1.0
exits 3 'it is up to date' on check oci:v1
exits 0 'on a device that runs its environment is made again' on bootswap --factory --slot a
must on write --slot b oci:v1
refused 18 'but never for the slot that does not run' on bootswap --factory --slot b
printf 'X' | dd of=device/slots/a.img bs=1 seek=300000 conv=notrunc status=none
head -c 32768 /dev/zero >device/uboot.env
cat /proc/sys/kernel/random/uuid >device/proc/sys/kernel/random/boot_id
exits 0 'also where what runs has changed since it was written' on bootswap --factory --slot a
head -c 32768 /dev/zero >device/uboot.env
rm -rf device/var
exits 0 'and with the store lost' on bootswap --factory --slot a
holds 'slot a boots' test "$(fw ota_slot)" = a
must on write --slot b oci:v1
must on bootswap
power_cycle
exits 1 'but not past the tests of a trial' on bootswap --factory --slot b
must on rollback
power_cycle
on commit
must on write --slot b --retry oci:v1

head -c 32768 /dev/zero >device/uboot.env
printf 'bootcmd=run distro_bootcmd\nbootdelay=0\n' >device/etc/u-boot-initial-env
must on bootswap --factory --slot a
holds "a new environment begins with U-Boot's own variables" test "$(fw bootcmd)" = 'run distro_bootcmd'
head -c 32768 /dev/zero >device/uboot.env
echo 'board=named' >named
must on bootswap --factory --slot a --defaults named
holds 'or with those of a file that is named' test "$(fw board)$(fw bootcmd)" = named
exits 20 'a file that is not there' bash -c "head -c 32768 /dev/zero >device/uboot.env
  '$OTA' --root device bootswap --factory --slot a --defaults nowhere 2>err"
must on bootswap --factory --slot a --defaults named
printf 'torn' | dd of=device/uboot.env bs=1 seek=100 conv=notrunc status=none
must on bootswap --factory --slot a
holds 'a torn copy is made again' sound 0
holds 'and what the other held is kept' test "$(fw board)" = named

# --- a whole disk ---
make_release image 1.0
cp v1.img image.img && rm -rf image && make_release image 1.0
mkdir keys && cp "${key%.key}.pub" keys/
factory() { "$tree/contrib/factory.sh" --compatible sandbox --trust keys --slot 16M --boot 40M "$@" >out 2>err; }
export OTA
for from in v1 image; do
  case $from in image) needs_root=1 ;; *) needs_root=0 ;; esac
  if [ $needs_root = 1 ] && [ "$(id -u)" -ne 0 ]; then
    skip "a disk of a release with its boot files in the image" 'needs root'
    continue
  fi
  rm -f disk.img
  exits 0 "a disk out of release $from" factory --size 128M disk.img "oci:$from"
  holds 'says what it read back' grep -Eq '^rootfs_a +16 MiB +sha256:[0-9a-f]{64}$' out
  # part NAME: the partition's bytes, found by other tools
  part() {
    local start size
    read -r start size < <(sfdisk -J disk.img | jq -r ".partitiontable.partitions[] | select(.name==\"$1\") | \"\\(.start) \\(.size)\"")
    dd if=disk.img bs=512 skip="$start" count="$size" status=none
  }
  holds 'GPT has the four partitions' test "$(sfdisk -J disk.img | jq -r '[.partitiontable.partitions[].name] | join(" ")')" = 'boot rootfs_a rootfs_b data'
  holds 'slot a holds the image' cmp -n "$(stat -c %s v1.img)" v1.img <(part rootfs_a)
  printf '%s 0x100000 0x4000\n%s 0x110000 0x4000\n' "$dir/disk.img" "$dir/disk.img" >disk.config
  holds 'the environment on the disk names it' test "$(fw_printenv -c disk.config -n ota_slot)" = a
  part boot >boot.img
  rm -rf seen && mkdir seen
  must env MTOOLS_SKIP_CHECK=1 mcopy -s -i boot.img ::/ota seen/
  holds 'the boot partition has its boot files' cmp seen/ota/a/Image kernel-1.0
  holds 'and their list' bash -c 'cd seen/ota/a && sha256sum -c --quiet .ota-files'
  part data >data.img
  holds 'the data partition is sound' e2fsck -fn data.img
  holds 'and holds the store' debugfs -R 'stat /ota/slots/a.json' data.img
done
cp disk.img before
exits 1 'a disk that is not blank' factory disk.img oci:v1
holds 'is left as it is' cmp disk.img before
exits 0 'unless it may be wiped' factory --wipe yes disk.img oci:v1
rm disk.img
exits 1 'a disk that is too small' factory --size 64M disk.img oci:v1
rm disk.img
exits 2 'a size that is none' factory --size large disk.img oci:v1
exits 13 'a release for other hardware' "$tree/contrib/factory.sh" --compatible other --trust keys --slot 16M --boot 40M --size 128M disk.img oci:v1 >out 2>err
rm -f disk.img

# a disk that loses what is written: dd does all but for one byte
mkdir bin
cat >bin/dd <<END
#!/bin/sh
$(command -v dd) "\$@" || exit
case "\$*" in
  *of=*disk.img*seek=\$FLIP\ *) printf X | $(command -v dd) of=disk.img bs=1 seek=\$((FLIP * 1048576 + 5000)) conv=notrunc status=none ;;
esac
END
chmod +x bin/dd
for place in 1:environment 4:boot 44:rootfs_a 76:data; do
  rm -f disk.img
  FLIP=${place%:*} PATH=$dir/bin:$PATH exits 1 "a byte that the disk turned: ${place#*:}" factory --size 128M disk.img oci:v1
  holds 'is told' says 'does not read back'
done

# --- a block device ---
if [ "$(id -u)" -eq 0 ] && rm -f disk.img && truncate -s 128M disk.img && loop=$(losetup -f --show disk.img 2>/dev/null); then
  blockdev --setrw "$loop"
  exits 0 'a disk that is a block device' factory "$loop" oci:v1
  holds 'has it all' cmp -n "$(stat -c %s v1.img)" v1.img <(part rootfs_a)
  losetup -d "$loop"
else
  skip 'a disk that is a block device' 'needs root and loop devices'
fi
finish

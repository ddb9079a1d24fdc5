#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the disk of a new device out of one release, and reads it all back from the disk:
# GPT, boot environment in two copies, boot partition (FAT), slot a written and good, slot b empty,
# data partition with the store. Nothing is mounted, and of a file no root is needed.
#   factory.sh [OPTION VALUE]... DISK SOURCE
#   --compatible NAME    what ota.conf of the device says (required)
#   --trust FOLDER       the public keys (required)
#   --slot SIZE          of each root slot (512M)    --boot SIZE    of the boot partition (96M)
#   --files FOLDER       the boot files inside the image (/boot); '' for none
#   --extra FOLDER       what else goes on the boot partition, such as boot.scr
#   --defaults FILE      U-Boot's compiled-in variables, u-boot-initial-env of its build
#   --size SIZE          of DISK, a file that is made (2G)
#   --wipe yes           DISK holds something, and it may go
# The environment may name OTA. Printed at the end: a line for each partition, size and digest.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
export MTOOLS_SKIP_CHECK=1

readonly mib=$((1 << 20))
readonly env_at=(0x100000 0x110000) env_size=0x4000 # before the first partition, at 4 MiB
readonly first_mib=4 tail_mib=1                     # GPT keeps its second copy at the end

fail() {
  echo "${0##*/}: $1" >&2
  exit "${2:-1}"
}

usage() {
  sed -n 's/^#   //p' "$0" >&2
  exit 2
}

say() { echo "${0##*/}: $1" >&2; }

# in_mib SIZE: such as 512M or 2G, as whole MiB
in_mib() {
  local bytes
  bytes=$(numfmt --from=iec "$1" 2>/dev/null) || fail "'$1' is no size such as 512M" 2
  if [ $((bytes % mib)) -ne 0 ] || [ "$bytes" -eq 0 ]; then fail "'$1' is not a number of MiB" 2; fi
  echo $((bytes / mib))
}

parse() {
  slot=512M boot=96M files=/boot extra='' defaults='' size=2G wipe=no compatible='' trust=''
  while [ $# -gt 2 ]; do
    case $1 in
      --compatible | --trust | --slot | --boot | --files | --extra | --defaults | --size | --wipe)
        printf -v "${1#--}" %s "$2"
        ;;
      *) usage ;;
    esac
    shift 2
  done
  if [ $# -ne 2 ] || [ -z "$compatible" ] || [ -z "$trust" ]; then usage; fi
  disk=$1 source=$2
  slot_mib=$(in_mib "$slot")
  boot_mib=$(in_mib "$boot")
  size_mib=$(in_mib "$size")
}

need_tools() {
  local tool
  for tool in sfdisk mkfs.vfat mcopy mkfs.ext4 fw_printenv numfmt; do
    command -v "$tool" >/dev/null ||
      fail "$tool is missing: apt-get install fdisk dosfstools mtools e2fsprogs libubootenv-tool"
  done
}

# What is on the disk goes: never what is in use, and nothing at all unless it may.
open_disk() {
  if [ -b "$disk" ]; then
    ! grep -q "^$(realpath "$disk")" /proc/mounts || fail "$disk is mounted"
    disk_mib=$(($(blockdev --getsize64 "$disk") / mib))
  else
    if [ ! -e "$disk" ]; then truncate -s "${size_mib}M" "$disk"; fi
    [ -f "$disk" ] || fail "$disk is neither a block device nor a file"
    disk_mib=$(($(stat -c %s "$disk") / mib))
  fi
  data_mib=$((disk_mib - first_mib - boot_mib - 2 * slot_mib - tail_mib))
  [ "$data_mib" -ge 8 ] || fail "$disk has $disk_mib MiB: too small for boot, two slots and data"
  [ "$wipe" = yes ] || cmp -s -n $((first_mib * mib)) "$disk" /dev/zero ||
    fail "$disk is not blank; if what is there may go: --wipe yes"
}

# The device as a folder: ota writes its parts as files, which are then put in their places.
stage() {
  mkdir -p "$work/root/etc/ota" "$work/root/slots" "$work/root/data/ota"
  # the folder of slot b, too: what is made here, no power cut can leave half made
  mkdir -p "$work/root/boot/ota/b"
  cp -rL "$trust" "$work/root/etc/ota/trust.d"
  cat >"$work/root/etc/ota/ota.conf" <<END
[device]
compatible = $compatible
store = /data/ota
[slot.a]
device = /slots/a
[slot.b]
device = /slots/b
[boot]
files =${files:+ $files}
END
  [ -z "$files" ] || echo 'target = /boot/ota' >>"$work/root/etc/ota/ota.conf"
  truncate -s "${slot_mib}M" "$work/root/slots/a" "$work/root/slots/b"
  truncate -s $((env_at[1] - env_at[0] + env_size)) "$work/env"
  printf '%s 0x0 %s\n%s 0x%x %s\n' "$work/env" $env_size "$work/env" $((env_at[1] - env_at[0])) \
    $env_size >"$work/root/etc/fw_env.config"
  [ -z "$extra" ] || cp -rL "$extra/." "$work/root/boot/"
  local on=("${OTA:-ota}" --root "$work/root" --progress none)
  "${on[@]}" write --slot a "$source"
  "${on[@]}" bootswap --factory --slot a ${defaults:+--defaults "$defaults"}
}

make_filesystems() {
  mkfs.vfat -C -F 32 -n BOOT "$work/boot" $((boot_mib * 1024)) >/dev/null
  mcopy -s -i "$work/boot" "$work/root/boot/"* ::/
  truncate -s "${data_mib}M" "$work/data"
  mkfs.ext4 -q -L data -d "$work/root/data" "$work/data"
}

# Name, place and size in MiB of each partition, and the file that goes there; slot b stays empty.
parts() {
  local at=$first_mib
  echo "boot $at $boot_mib $work/boot"
  echo "rootfs_a $((at += boot_mib)) $slot_mib $work/root/slots/a"
  echo "rootfs_b $((at += slot_mib)) $slot_mib $work/root/slots/b"
  echo "data $((at += slot_mib)) $data_mib $work/data"
}

partition() {
  {
    echo 'label: gpt'
    parts | while read -r name at length _; do
      flags='type=linux'
      # a U-Boot that scans for boot files looks where this attribute is set
      [ "$name" != boot ] || flags='type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, attrs=LegacyBIOSBootable'
      echo "start=${at}MiB, size=${length}MiB, name=$name, $flags"
    done
  } | sfdisk -q --no-reread --no-tell-kernel --wipe always "$disk" || fail "sfdisk cannot partition $disk"
}

put() { # FILE MIB: on a blank file zeros need no room
  local sparse=
  [ -b "$disk" ] || sparse=,sparse
  [ "$wipe" != yes ] || sparse=
  dd if="$1" of="$disk" bs=1M seek="$2" conv=notrunc,fsync$sparse status=none
}

fill() {
  put "$work/env" $((env_at[0] / mib))
  parts | while read -r _ at _ file; do put "$file" "$at"; done
}

# From the disk, not from the page cache; every byte of every partition.
read_back() {
  sync
  dd if="$disk" iflag=nocache count=0 status=none
  [ ! -b "$disk" ] || blockdev --flushbufs "$disk"
  sfdisk -q --verify "$disk" >/dev/null || fail "the partition table does not read back"
  cmp -n "$(stat -c %s "$work/env")" "$work/env" <(dd if="$disk" bs=1M skip=$((env_at[0] / mib)) count=1 status=none) ||
    fail "the boot environment does not read back"
  parts | while read -r name at length file; do
    cmp -n $((length * mib)) <(dd if="$disk" bs=1M skip="$at" count="$length" status=none) "$file" ||
      fail "partition $name does not read back"
    printf '%-9s %6s MiB  sha256:%s\n' "$name" "$length" "$(sha256sum <"$file" | cut -d' ' -f1)"
  done
}

# And what the parts mean, asked of the disk itself with other people's tools.
check_meaning() {
  printf '%s %s %s\n' "$disk" "${env_at[0]}" $env_size "$disk" "${env_at[1]}" $env_size >"$work/fw_env.config"
  [ "$(fw_printenv -c "$work/fw_env.config" -n ota_slot)" = a ] || fail "the environment names another slot"
  [ -z "$files" ] || {
    mkdir "$work/seen"
    mcopy -s -n -i "$disk@@${first_mib}M" ::/ota/a "$work/seen/"
    (cd "$work/seen/a" && sha256sum -c --quiet .ota-files) || fail "the boot files do not read back"
  }
  e2fsck -fn "$work/data" >/dev/null 2>&1 || fail "the data partition is damaged"
}

parse "$@"
need_tools
work=$(mktemp -d "${TMPDIR:-/var/tmp}/factory.XXXXXX")
trap 'rm -rf "$work"' EXIT
open_disk
say "the parts, in $work"
stage
make_filesystems
say "onto $disk"
partition
fill
say "reading back"
read_back
check_meaning
[ ! -b "$disk" ] || blockdev --rereadpt "$disk" 2>/dev/null || say "unplug $disk to see its new partitions"

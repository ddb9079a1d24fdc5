#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A device in a folder, for `ota --root DIR`: two slots, a boot environment in two copies,
# ota.conf, and the two files of /proc that tell which boot this is. Slot a runs.
#   sandbox.sh [OPTION VALUE]... DIR
#   --size SIZE        of a slot (600M)
#   --image FILE       what slot a holds (nothing)
#   --boot yes|no      has it boot files, kept below boot/ota? (no)
#   --running a|none   what the kernel command line says (a); none: on the factory line, where there
#                      is no boot environment yet
#   --source SOURCE    --compatible NAME (sandbox)    --ca FILE    for ota.conf
set -eu

fail() {
  echo "${0##*/}: $1" >&2
  exit 2
}

size=600M image='' boot=no running=a source='' compatible=sandbox ca=''
while [ $# -gt 1 ]; do
  case $1 in
    --size) size=$2 ;;
    --image) image=$2 ;;
    --boot) boot=$2 ;;
    --running) running=$2 ;;
    --source) source=$2 ;;
    --compatible) compatible=$2 ;;
    --ca) ca=$2 ;;
    *) fail "unknown option $1" ;;
  esac
  shift 2
done
case ${1-} in
  '' | -*) fail "which folder?" ;;
  *[[:space:]]*) fail "fw_env.config cannot name a path with blanks: $1" ;;
esac
mkdir "$1"
dir=$(cd "$1" && pwd)

mkdir -p "$dir/slots" "$dir/etc/ota/trust.d" "$dir/etc/ota/checks.d/required.d" \
  "$dir/etc/ota/checks.d/wanted.d" "$dir/proc/sys/kernel/random"
[ "$boot" = no ] || mkdir -p "$dir/boot/ota"
[ -z "$image" ] || cp --sparse=always "$image" "$dir/slots/a.img"
truncate -s "$size" "$dir/slots/a.img" "$dir/slots/b.img"

slot=
[ "$running" = none ] || slot=" ota.slot=$running"
echo "console=ttyS0 ro$slot" >"$dir/proc/cmdline"
cat /proc/sys/kernel/random/uuid >"$dir/proc/sys/kernel/random/boot_id"
echo 0123456789abcdef0123456789abcdef >"$dir/etc/machine-id"

{
  printf '[device]\ncompatible = %s\n' "$compatible"
  [ -z "$source" ] || printf 'source = %s\n' "$source"
  printf '[slot.a]\ndevice = /slots/a.img\n[slot.b]\ndevice = /slots/b.img\n'
  printf '[boot]\n'
  [ "$boot" = yes ] || printf 'files =\n'
  [ -z "$ca" ] || printf '[network]\nca-file = /etc/ota/ca.pem\n'
} >"$dir/etc/ota/ota.conf"
[ -z "$ca" ] || cp "$ca" "$dir/etc/ota/ca.pem"

# fw_setenv stores only what changes and takes the copies in turn: two changes fill both.
printf '%s 0x0 0x4000\n%s 0x4000 0x4000\n' "$dir/uboot.env" "$dir/uboot.env" >"$dir/etc/fw_env.config"
truncate -s 32768 "$dir/uboot.env"
[ "$running" != none ] || exit 0
echo ota_slot=a >"$dir/initial.env"
fw() { fw_setenv -c "$dir/etc/fw_env.config" -f "$dir/initial.env" "$@"; }
# it says on stderr that there is no environment yet
fw ota_slot a 2>/dev/null || fail "fw_setenv cannot make $dir/uboot.env"
fw upgrade_available 0
rm "$dir/initial.env"

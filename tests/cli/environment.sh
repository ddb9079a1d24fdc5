#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A boot environment without room, and one whose trial names no slot.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

fw() { fw_setenv -c device/etc/fw_env.config "$@"; }

# fill BYTES: so many are left
fill() {
  local used
  used=$(fw_printenv -c device/etc/fw_env.config | wc -c)
  fw fill "$(printf "%0$((16384 - 6 - used - 6 - $1))d" 1)"
}

# keeps COMMAND...: the slots and the environment are as before; notes may say what was tried
keeps() {
  local before status=0
  before=$(sha256sum device/uboot.env device/slots/*)
  "$@" || status=$?
  [ "$(sha256sum device/uboot.env device/slots/*)" = "$before" ] || return 99
  return "$status"
}

make_release v1 1.0
make_device
must on write oci:v1
fill 200
exits 15 'no room for what the bootloader adds on trial' keeps on bootswap
holds 'it says so' says 'full: '
fw fill
exits 0 'its hint helps' on bootswap
power_cycle
fill 8
exits 15 'no room for a rollback' keeps on rollback
exits 0 'but a trial is kept without' on commit

fw fill
fw ota_slot
fw upgrade_available 1
power_cycle
holds 'a trial whose slot has no name starts slot a' grep -q 'ota.slot=a' device/proc/cmdline
exits 17 'and cannot be kept' keeps on commit
exits 17 'status tells what mends it' on status
holds 'the name of the slot that runs' says 'set it to the running slot'
fw ota_slot a
exits 0 'and it does' on commit
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a device believes over time: its clock, its epochs, and what failed on it before.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

must gcc -shared -fPIC -Wall -Wextra -o date.so "$tree/tests/fault/date.c"
release=$tree/build/release/ota # the sanitizers must come first, and so must this

# at DATE [synced] -- ARGUMENT...: ota on the device, whose clock shows that date
at() {
  local now synced=()
  now=$(date -u -d "$1" +%s)
  shift
  if [ "$1" = synced ]; then synced=(DATE_SYNCED=1) && shift; fi
  shift
  env LD_PRELOAD="$dir/date.so" DATE_NOW="$now" "${synced[@]}" "$release" --root device "$@" >out 2>err
}

# --- the clock ---
make_device
SOURCE_DATE_EPOCH=$(date -u -d 2024-01-01 +%s) make_release old 1.0 --expires 2025-01-01
SOURCE_DATE_EPOCH=$(date -u -d 2024-01-01 +%s) make_release long 1.0 --expires 2090-01-01
SOURCE_DATE_EPOCH=$(date -u -d 2081-06-01 +%s) make_release late 2.0
SOURCE_DATE_EPOCH=$(date -u -d 2080-01-01 +%s) make_release between 3.0 --expires 2081-05-31
on commit
refused 12 'expired, with a clock that is right' at 2030-01-01 synced -- fetch oci:old
refused 12 'expired, with a clock at 1970: the build is younger' at 1970-01-01 -- fetch oci:old
exits 0 'not expired, with a clock at 1970' at 1970-01-01 -- check oci:long
refused 12 'a clock at 2099 takes all that expires' at 2099-01-01 -- fetch oci:long
holds 'for expired, and says where to look' says 'date -u'
exits 0 'what does not expire is taken at 2099' at 2099-01-01 -- check oci:late
refused 12 'not valid yet, by a clock that is known to be right' at 2081-05-30 synced -- fetch oci:late
holds 'and says so' says 'not valid yet: it was created at 2081-06-01T00:00:00Z'
exits 0 'a day of skew is borne' at 2081-05-31T12:00 synced -- check oci:late
exits 0 'a clock that nobody vouches for holds nothing back' at 2031-01-01 -- check oci:late
exits 0 'nor does one at 1970' at 1970-01-01 -- check oci:late
exits 0 'before a younger release is kept' at 1970-01-01 -- check oci:between
at 1970-01-01 -- write oci:late
at 1970-01-01 -- bootswap
power_cycle
must at 1970-01-01 -- commit
refused 12 'what expired before the release that was kept' at 1970-01-01 -- fetch oci:between

# --- epochs ---
make_device
make_release top 1.0 --epoch 9223372036854775807
make_release below 2.0 --epoch 9223372036854775806
must on write oci:top
must on bootswap
power_cycle
exits 0 'an epoch at the top of its range is kept' on commit
holds 'in the environment' grep -qx ota_epoch=9223372036854775807 <(fw_printenv -c device/etc/fw_env.config)
refused 12 'one below it' on fetch oci:below
rm device/var/lib/ota/slots/committed.json
on commit
holds 'and noted, also by the run behind one that was cut short' grep -q 9223372036854775807 device/var/lib/ota/slots/committed.json
rm -rf device/var
exits 12 'also with the store lost' on fetch oci:below
make_release same 3.0 --epoch 9223372036854775807
exits 0 'the same epoch goes on' on check oci:same

# --- what failed here ---
make_device
make_release bad 2.0
cp bad.img wider.img
make_release wider 2.0 --phase 99
must on write oci:bad
must on bootswap
for _ in 1 2 3 4; do power_cycle; done
rm -rf device/var
exits 3 'the bootloader gave it up, and the store was lost' on check oci:bad
on commit
exits 3 'and it is known once that is settled' on check oci:bad
exits 3 'a wider wave of it is no other release' on check oci:wider
exits 3 'fetch knows it' on fetch oci:bad
exits 3 'and so does write' on write oci:bad
must on write --retry oci:bad
must on bootswap
power_cycle
must on rollback
power_cycle
rm -rf device/var
exits 3 'given up by hand, and the store was lost' on check oci:bad
must on write --retry oci:bad
must on bootswap
power_cycle
exits 0 'kept in the end' on commit
holds 'it is not bad any more' test "$(fw_printenv -c device/etc/fw_env.config | grep -c ota_bad)" = 0
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A disk that lies: what write reads back is what counts.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

must gcc -shared -fPIC -Wall -Wextra -o disk.so "$tree/tests/fault/disk.c" -ldl
OTA=$tree/build/release/ota # the sanitizers must come first, and so must this
make_release v1 1.0
make_device

# with FAULT FILE ARGUMENT...: ota on that disk
with() {
  LD_PRELOAD=$dir/disk.so DISK_FAULT=$1 DISK_FILE=$2 "$OTA" --root device "${@:3}" >out 2>err
}

for fault in flip lose; do
  printf '%8388608s' '' >device/slots/b.img
  exits 14 "a disk that does this to a write: $fault" with $fault slots/b.img write oci:v1
  holds 'is told, with the place' says 'other bytes at 262144'
  holds 'the slot is not proved' is .slots.b.state writing
  exits 1 'nor booted' on bootswap
done
exits 0 'on a sound disk write goes on' on write oci:v1
holds 'and the slot holds the image' slot_holds b v1
rm device/var/lib/ota/slots/b.json
exits 15 'a disk that is full' with full slots/b.img write oci:v1
holds 'the slot is not proved then' is .slots.b.state writing
exits 16 'a sync that fails' with sync slots/b.img write oci:v1
holds 'nor then' is .slots.b.state writing
must on write oci:v1

# --- what is read back while the rest is written ---
head -c 80M /dev/urandom >big.img
make_release big 2.0
truncate -s 81M device/slots/b.img
exits 14 'a disk that flips a bit, early in a large image' with flip slots/b.img write oci:big
holds 'is told, with the place, too' says 'other bytes at 262144'
must on fetch oci:big
rm device/var/lib/ota/slots/b.json
exits 14 'a disk that flips a bit of what was fetched' with flip slots/b.img write
holds 'is the one to blame' says 'disk is failing: dmesg'
holds 'and what was fetched stays' is .fetched.version 2.0
exits 16 'a flush that fails on the way' with flush slots/b.img write oci:big
exits 14 'a disk that is smaller than it says' with wrap slots/b.img write oci:big
holds 'is told' says 'other bytes at'
exits 0 'on a sound disk it goes on' on write oci:big
holds 'and the slot holds the large image' slot_holds b big
cp device/uboot.env env
exits 16 'an environment that cannot be synced' with sync uboot.env bootswap
holds 'one that says so at least' says 'uboot.env'
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a device checks of itself: its slots, its environment, its locks, its tests after an update.
# shellcheck disable=SC2016,SC2119
. "$(dirname "$0")/lib.sh"

make_release v1 1.0
make_release v2 2.0
make_device

# --- slots ---
must on fetch oci:v1
truncate -s 1M device/slots/b.img
refused 15 'an image larger than the slot' on write
truncate -s $(($(stat -c %s v1.img) - 1)) device/slots/b.img
refused 15 'a slot that is smaller by one byte' on write
truncate -s +1 device/slots/b.img
exits 0 'a slot that fits to the byte' on write
rm device/var/lib/ota/slots/b.json
truncate -s 8M device/slots/b.img
refused 18 'the slot that runs' on write --slot a
sed -i 's/slots.b.img/slots\/a.img/' device/etc/ota/ota.conf
refused 20 'both slots on one device' on write
sed -i '/slot.b/{n;s/a.img/b.img/}' device/etc/ota/ota.conf
mv device/slots/b.img kept
refused 16 'a slot that is missing' on write
sed 's#/slots/b.img#/dev/disk/by-partlabel/rootfs_b#' device/etc/ota/ota.conf >no-partitions.conf
refused 16 'a disk without the partitions' on --config no-partitions.conf write
holds 'and says how to see what there is' says blkid
mkdir device/slots/b.img
refused 20 'a slot that is a folder' on write
rmdir device/slots/b.img
mv kept device/slots/b.img
if [ "$(id -u)" -eq 0 ] && loop=$(losetup -f --show device/slots/b.img 2>/dev/null); then
  refused 18 'a slot behind a loop device' on write
  holds 'and how to free it' says "losetup -d $loop"
  mkdir mnt device/dev
  if mkfs.ext4 -q "$loop" && mount "$loop" mnt 2>/dev/null; then
    cp -a "$loop" device/dev/
    sed -i "s#^device = /slots/b.img#device = $loop#" device/etc/ota/ota.conf
    refused 18 'a slot that is mounted' on write
    holds 'and how to unmount it' says 'umount .*/mnt$'
    sed -i "s#^device = $loop#device = /slots/b.img#" device/etc/ota/ota.conf
    umount mnt
  else
    skip 'a slot that is mounted' 'this machine does not let us mount'
  fi
  exec 5<"$loop" && losetup -d "$loop" # it goes with its last user
  sleep 0.3 &
  exec 5<&-
  exits 0 'a loop device that is just going is waited for' on write
  must dd if=/dev/zero of=device/slots/b.img bs=1M count=1 conv=notrunc status=none
  echo "{}" >device/var/lib/ota/slots/b.json
else
  skip 'a slot behind a loop device' 'needs root and loop devices'
  skip 'a slot that is mounted' 'needs root and loop devices'
fi
: >device/proc/cmdline
refused 20 'nothing tells which slot runs' on write
exits 0 'the factory names the slot' on write --slot b
holds 'and it is written' slot_holds b v1
echo 'ro ota.slot=a' >device/proc/cmdline
printf 'X' | dd of=device/slots/b.img bs=1 seek=400000 conv=notrunc status=none
cat /proc/sys/kernel/random/uuid >device/proc/sys/kernel/random/boot_id
exits 14 'bootswap finds a slot that changed since' on bootswap
holds 'the running slot stays next' is .next a
exits 1 'it is not proved any more' on bootswap
exits 0 'write mends it' on write
exits 0 'and bootswap takes it' on bootswap

exits 0 'the factory writes the running release into the other slot too' bash -c "
  rm -rf twin; cp -r device twin; sed -i 's#$dir/device#$dir/twin#' twin/etc/fw_env.config
  '$OTA' --root twin rollback 2>err; cp twin/var/lib/ota/slots/b.json twin/var/lib/ota/slots/a.json
  echo '{}' >twin/var/lib/ota/slots/b.json
  '$OTA' --root twin write --slot b oci:v1 2>err"

# --- the machine was started again, and the old slot runs still ---
cat /proc/sys/kernel/random/uuid >device/proc/sys/kernel/random/boot_id
refused 17 'a bootloader that does not follow its environment' on commit
refused 17 'and no write then' on write oci:v2

# --- the environment ---
make_device
must on fetch oci:v1
must on write
cp device/uboot.env env
printf 'torn' | dd of=device/uboot.env bs=1 seek=100 conv=notrunc status=none
holds 'one torn copy is borne' on bootswap
must on rollback
for at in 100 16500; do
  printf 'torn' | dd of=device/uboot.env bs=1 seek=$at conv=notrunc status=none
done
refused 17 'both copies of the environment torn' on bootswap
exits 17 'status tells what it knows, and why not all' on status
holds 'the slots are told all the same' grep -q '^slot b' out
cp env device/uboot.env
cp device/etc/fw_env.config fw_env.kept
printf '%s 0x0 0x4000\n%s 0x4000000 0x4000\n' "$dir/device/uboot.env" "$dir/device/uboot.env" >device/etc/fw_env.config
refused 17 'fw_env.config that points outside of the disk' on bootswap
printf '%s -0x9000 0x4000\n%s 0x4000 0x4000\n' "$dir/device/uboot.env" "$dir/device/uboot.env" >device/etc/fw_env.config
refused 17 'or before its begin' on bootswap
exits 17 'and status says so' on status
cp fw_env.kept device/etc/fw_env.config

# --- locks ---
on commit
"$OTA" --root device lock sleep 60 &
locker=$!
for _ in $(seq 100); do [ -s device/var/lib/ota/lock.update ] && break; sleep 0.05; done
refused 18 'bootswap waits for the update lock' on bootswap
holds 'and names its holder' says 'held by sleep'
exits 0 'others do not' on check oci:v1
exits 0 'unless forced' on bootswap --force
refused 18 'so does rollback' on rollback
kill $locker 2>/dev/null
exits 143 'a signal ends the lock and its command' wait $locker
exits 0 'then nothing holds it back' on rollback
"$OTA" --root device lock sleep 60 &
locker=$!
until "$OTA" --root device lock true 2>/dev/null; [ $? -eq 18 ]; do sleep 0.05; done
"$OTA" --root device lock --wait 1h -- touch taken 2>/dev/null &
waiter=$!
sleep 0.3
kill $waiter
exits 130 'a signal ends the wait for the lock' wait $waiter
kill $locker 2>/dev/null
wait $locker 2>/dev/null
holds 'and its command does not run' test ! -e taken
flock device/var/lib/ota/lock sleep 3 &
sleep 0.3
refused 18 'two runs at once' on write oci:v1
exits 0 'status needs no lock' on status
wait
exits 7 'lock hands on the status of its command' on lock -- sh -c 'exit 7'

# --- self-tests ---
on bootswap
power_cycle
cat >device/etc/ota/checks.d/wanted.d/later <<'END'
#!/bin/sh
exit 1
END
cat >device/etc/ota/checks.d/required.d/10-net <<'END'
#!/bin/sh
echo "slot $OTA_SLOT, version $OTA_VERSION"
echo 'no carrier on eth0' >&2
exit 4
END
chmod +x device/etc/ota/checks.d/*/*
exits 19 'a required check that fails' on commit
holds 'its output is kept' says 'slot b, version 1.0'
exits 1 'and no empty line is told' grep -q '^$' err
holds 'the slot stays on trial' is .trial true
printf '#!/bin/sh\nsleep 60\n' >device/etc/ota/checks.d/required.d/10-net
sed -i '/^\[boot\]/i [commit]\ntimeout = 1s' device/etc/ota/ota.conf
exits 19 'a check that does not end' on commit
holds 'and says so' says 'no end within 1 s'
chmod -x device/etc/ota/checks.d/required.d/10-net
exits 19 'a check that cannot be run' on commit
must on rollback
power_cycle
holds 'the reason is status after the rollback' is .rollback.reason check
holds 'in its own words' test "$(status .rollback.detail | grep -c 'cannot be run')" -eq 1
holds 'in lines that a serial console shows' test "$(on status; wc -L <out)" -le 80
rm device/etc/ota/checks.d/required.d/10-net
must on write --retry oci:v1
must on bootswap
power_cycle
exits 0 'a wanted check does not hold a release back' on commit
holds 'but is told' says 'later failed'

must on write oci:v2

# --- without its store a device still boots, commits and rolls back ---
must on bootswap
power_cycle
rm -rf device/var && touch device/var
exits 0 'commit with the store lost' on commit
holds 'and warns' says 'could not be noted'
finish

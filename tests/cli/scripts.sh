#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# The two scripts that make an update a product, and what ota is when it is installed.
. "$(dirname "$0")/lib.sh"

make_release v1 1.0
make_release v2 2.0
make_device --source "oci:$dir/www"
sed -i "s#^source.*#source = oci:/www#" device/etc/ota/ota.conf
ln -s ../v1 device/www
: >reboots
cat >reboot <<END
#!/bin/sh
echo rebooted >>'$dir/reboots'
exec '$tree/test-images/bootloader' '$dir/device/etc/fw_env.config' '$dir/device/proc/cmdline' \
  '$dir/device/proc/sys/kernel/random/boot_id'
END
chmod +x reboot
export OTA OTA_REBOOT=$dir/reboot
update() { "$tree/contrib/ota-update" --root device "$@" >out 2>err; }
boot() { "$tree/contrib/ota-boot" --root device "$@" >out 2>err; }
reboots() { wc -l <"$dir/reboots"; }

exits 0 'ota-update brings and boots a release' update
holds 'once' test "$(reboots)" -eq 1
holds 'it runs on trial' is '.running + (.trial | tostring)' btrue
exits 0 'ota-boot keeps it' boot
holds 'for good' is '.slots.b.state + (.trial | tostring)' goodfalse
exits 0 'ota-update has nothing to do' update -q
holds 'and says nothing with -q' test ! -s err
holds 'and does not reboot' test "$(reboots)" -eq 1
exits 0 'ota-boot on an ordinary boot' boot

ln -sfn ../v2 device/www
printf '#!/bin/sh\n! grep -q ota.slot=a "%s"\n' "$dir/device/proc/cmdline" >device/etc/ota/checks.d/required.d/healthy
chmod +x device/etc/ota/checks.d/required.d/healthy
exits 0 'a release that turns out to be bad' update
holds 'is booted' is .running a
"$OTA" --root device lock sleep 1 &
sleep 0.2
OTA_PAUSE=1 exits 0 'ota-boot goes back, once it may' boot
wait
holds 'and reboots' test "$(reboots)" -eq 3
holds 'into what was good' is '.running + (.trial | tostring)' bfalse
exits 0 'the next boot is an ordinary one' boot
exits 0 'the bad release is not taken again' update
holds 'nor booted' test "$(reboots)" -eq 3
holds 'the reason is a check' is .rollback.reason check

rm device/etc/ota/checks.d/required.d/healthy
make_release v3 3.0
ln -sfn ../v3 device/www
must on fetch
must on write
must on bootswap
power_cycle
flock device/var/lib/ota/lock sleep 1 &
sleep 0.2
OTA_PAUSE=1 exits 0 'ota-boot waits for another step to end' boot
holds 'and keeps the release' is '.running + (.trial | tostring)' afalse
wait

# --- a machine that lost its power before its reboot ---
make_release v4 4.0
ln -sfn ../v4 device/www
must on fetch
must on write
must on bootswap
before=$(reboots)
"$OTA" --root device lock sleep 60 &
locker=$!
until "$OTA" --root device lock true 2>/dev/null; [ $? -eq 18 ]; do sleep 0.05; done
exits 18 'ota-update while an operator holds updates back' update
holds 'does not reboot' test "$(reboots)" -eq "$before"
kill $locker
wait $locker 2>/dev/null
exits 0 'ota-update on a device that is swapped already' update
holds 'reboots it' test "$(reboots)" -eq $((before + 1))
holds 'into the trial' is '.running + (.trial | tostring)' btrue
exits 0 'ota-update during the trial has nothing to do' update
holds 'and does not reboot' test "$(reboots)" -eq $((before + 1))
exits 0 'ota-boot keeps it' boot

rm device/www
exits 16 "a step's failure is passed on" update
sed -i 's/^source.*//' device/etc/ota/ota.conf
exits 20 'no source at all' update

# --- each device at a time of its own ---
make_device
sed -i '/^\[device\]/a id = gateway-17' device/etc/ota/ota.conf # its share is 0.325
exits 0 'no time to wait' on check --jitter 0 oci:v2
holds 'and nothing is said of it' test ! -s err
exits 0 'a share of it is waited' on check --jitter 1s oci:v2
holds 'as the name has it' says 'asking at .*Z, in 0 s'
exits 2 'a time that is none' on check --jitter soon

waits() {
  "$OTA" --root device check --jitter 2h oci:v2 >out 2>err &
  waiting=$!
  for _ in $(seq 200); do says 'asking at .*, in 2340 s' && return; sleep 0.05; done
  return 1
}
holds 'the share of two hours' waits
exits 0 'others go on meanwhile' "$OTA" --root device fetch -q oci:v2
kill "$waiting"
exits 130 'a signal ends the wait' wait "$waiting"
holds 'before anything was asked' test ! -s out

cat >told <<END
#!/bin/sh
echo "\$*" >>'$dir/lines'
END
chmod +x told
told() { rm -f lines; OTA=$dir/told OTA_REBOOT=true "$tree/contrib/ota-update" "$@"; }
told -q --jitter 2h --config 'a b'
holds 'ota-update hands it to check' test "$(head -n 1 lines)" = '-q --config a b check --jitter=2h'
holds 'and to no other step' test "$(grep -c jitter lines)" -eq 1
told --jitter=90min --config file
holds 'in its other form too' test "$(paste -sd, lines)" = '--config file check --jitter=90min,--config file fetch,--config file write,--config file bootswap,--config file lock -- true'
told
holds 'without it there is no wait' test "$(head -n 1 lines)" = 'check --jitter=0'
exits 2 'a time that is missing' update --jitter

# --- the configuration ---
cp device/etc/ota/ota.conf kept
for line in 'nonsense = 1' 'compatible = again' '[nowhere]' 'no equals sign'; do
  sed "s/^\[device\]/&\n$line/" kept >device/etc/ota/ota.conf
  refused 20 "ota.conf with '$line'" on commit
  holds 'names file and line' grep -Eq 'ota\.conf:[0-9]+' err
done
rm device/etc/ota/ota.conf
exits 20 'no ota.conf' on status
cp kept device/etc/ota/ota.conf
exits 2 'a command that is none' on frobnicate
exits 1 'a command that is not built yet' on doctor
exits 20 'a backend that is not built yet' bash -c "sed -i 's/^\[boot\]/&\nbackend = grub/' device/etc/ota/ota.conf; '$OTA' --root device commit 2>err"
cp kept device/etc/ota/ota.conf
on --json frobnicate
holds 'a failure with --json is one object' jq -e '.error.exit == 2 and .error.code == "usage"' err

# --- installed ---
must make -s -C "$tree" install DESTDIR="$dir/root" PREFIX=/usr >out 2>err
holds 'the binary is a regular file' test -f root/usr/bin/ota -a ! -L root/usr/bin/ota
holds 'the scripts are there' test -x root/usr/bin/ota-update -a -x root/usr/bin/ota-boot
holds 'the pages are there' test -f root/usr/share/man/man8/ota-write.8 -a -f root/usr/share/man/man5/ota.conf.5
holds 'the completions are there' test -f root/usr/share/bash-completion/completions/ota
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An error that a field engineer can mend names what to type.
# shellcheck disable=SC2119
. "$(dirname "$0")/lib.sh"

# hints REGEX TEXT COMMAND...: the command fails, with a hint that says so
hints() {
  local regex=$1 text=$2
  shift 2
  if "$@"; then report 1 "$text: it works"; fi
  holds "$text" grep -Eq "^  hint: .*$regex" err
}

make_release v1 1.0
make_device

# --- the device ---
mv device/slots/b.img kept
hints 'blkid' 'a slot that is missing' on write oci:v1
mkdir device/slots/b.img
hints 'blkid' 'a slot that is a folder' on write oci:v1
rmdir device/slots/b.img
mv kept device/slots/b.img
mv device/proc/cmdline kept
hints 'is /proc mounted' 'no command line' on check oci:v1
mv kept device/proc/cmdline

# --- the source ---
hints "ls nowhere$" 'a folder that is not there' on check oci:nowhere
hints 'oci:DIR:TAG' 'a tag that is not there' on check oci:v1:none
hints 'docker://HOST/REPO:TAG' 'a registry without a repository' on check docker://example.com
cp -r v1 cut
truncate -s 1000 "$(layer_of cut 0)"
hints 'copy the whole release' 'a blob that is cut' on fetch oci:cut
rm "$(layer_of cut 0)"
hints 'copy the whole release' 'a blob that is missing' on fetch oci:cut
cp -r v1 turned
printf 'X' | dd of="$(blob turned "$(manifest_of turned)")" bs=1 seek=9 conv=notrunc status=none
hints 'copy the whole release' 'a manifest that is damaged' on fetch oci:turned
cp -r v1 rotten
printf 'X' | dd of="$(layer_of rotten 0)" bs=1 seek=400000 conv=notrunc status=none
hints 'ota inspect SOURCE' 'a layer that is damaged' on fetch oci:rotten
sed -i 's/^compatible/signers = 2\n&/' device/etc/ota/ota.conf
hints 'ota inspect SOURCE' 'too few signers' on check oci:v1
sed -i '/^signers/d' device/etc/ota/ota.conf

# --- others who hold it ---
on lock sleep 5 &
for _ in $(seq 100); do [ -s device/var/lib/ota/lock.update ] && break; sleep 0.05; done
hints 'ota lock --wait 10min' 'a lock that is held' ota --root device lock true
kill $! 2>/dev/null
wait
flock device/var/lib/ota/lock sleep 3 &
sleep 0.3
hints 'again when that has ended' 'a run that goes on' on write oci:v1
wait
mkdir -p device/etc/ota/hooks.d/pre-write
printf '#!/bin/sh\nexit 75\n' >device/etc/ota/hooks.d/pre-write/10-busy
chmod +x device/etc/ota/hooks.d/pre-write/10-busy
hints 'later' 'a hook that says not now' on write oci:v1
sed -i 's/75/1/' device/etc/ota/hooks.d/pre-write/10-busy
hints 'by hand: device/etc/ota/hooks.d/pre-write/10-busy' 'a hook that fails and says nothing' on write oci:v1
rm -r device/etc/ota/hooks.d

# --- the configuration ---
cp device/etc/ota/ota.conf kept
sed -i '/^compatible/d' device/etc/ota/ota.conf
hints 'man ota.conf' 'a key that is missing' on status
sed 's/b\.img/a.img/' kept >device/etc/ota/ota.conf
hints 'blkid' 'one device for both slots' on status
cp kept device/etc/ota/ota.conf
hints 'ota --help' 'a command that is not built' ota doctor
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The flow from one release to the next, and each way back.
# shellcheck disable=SC2016,SC2119
. "$(dirname "$0")/lib.sh"

make_release v1 1.0
make_release v2 2.0
make_device

exits 0 'a newer release is found' on check oci:v1
holds 'check prints version and digest' grep -Eq '^1\.0 sha256:[0-9a-f]{64}$' out
exits 3 'write without anything fetched' on write
exits 0 'fetch' on fetch oci:v1
exits 0 'fetch again: it is there' on fetch oci:v1
holds 'and says so' says 'fetched already'
rm -rf elsewhere && mv v1 elsewhere
exits 0 'write needs no source' on write
mv elsewhere v1
holds 'the slot holds the image' slot_holds b v1
holds 'the slot is proved' is .slots.b.state proved
exits 0 'write again: it is proved' on write
holds 'and says so' says 'already'
exits 0 'bootswap' on bootswap
holds 'the other slot is next' is .next b
exits 0 'bootswap again' on bootswap
exits 1 'the next slot is not overwritten' on write oci:v2
exits 0 'rollback before the reboot undoes the swap' on rollback
holds 'the slot stays proved' is .slots.b.state proved
holds 'the running slot is next' is .next a
exits 3 'commit without a trial' on commit
must on bootswap
power_cycle
holds 'the new slot runs on trial' is '.running + (.trial | tostring)' btrue
holds 'attempts are counted' is .attempts_left 2
exits 1 'nothing is written during a trial' on write oci:v2
exits 1 'no bootswap during a trial' on bootswap
exits 0 'commit' on commit
holds 'the slot is good' is .slots.b.state good
holds 'the trial is over' is .trial false
holds 'what was fetched is gone' is .fetched null
holds 'the store is small again' test "$(du -sk device/var/lib/ota/blobs | cut -f1)" -lt 100
exits 3 'the same release is no news' on check oci:v1

must on write oci:v2
holds 'a release is written straight from its source' slot_holds a v2
must on bootswap
power_cycle
exits 0 'rollback on trial' on rollback --reason 'the display stays dark'
holds 'the good slot is next' is .next b
exits 1 'no bootswap before the reboot' on bootswap
power_cycle
holds 'the reason is told' is .rollback.detail 'the display stays dark'
exits 3 'check passes over what was rolled back' on check oci:v2
holds 'the slot is bad' is .slots.a.state bad
exits 3 'so does fetch' on fetch oci:v2
exits 0 'unless told to retry' on fetch --retry oci:v2
exits 3 'and write' on write
exits 0 'which retries as well' on write --retry
must on bootswap
for _ in 1 2 3 4; do power_cycle; done
holds 'a trial that nobody commits ends by itself' is .running b
holds 'the boot counter is the reason' is .rollback.reason bootcount
mkdir -p device/sys/class/watchdog/watchdog0
echo 32 >device/sys/class/watchdog/watchdog0/bootstatus
holds 'the watchdog, where the kernel says so' is .rollback.reason watchdog
rm -r device/sys
must on write --retry oci:v2
must on bootswap
power_cycle
exits 0 'commit of a release that failed before' on commit --no-checks
must on rollback
must on rollback
exits 3 'a rollback that is undone' on commit
holds 'says nothing against what runs' test -z "$(ls device/var/lib/ota/bad)"
exits 0 'rollback from a settled device' on rollback --reason 'too loud'
holds 'tries the other slot' is .next b
power_cycle
holds 'on trial' is .trial true
exits 0 'and it can be kept' on commit
holds 'why it was left is told' is .rollback.detail 'too loud'
exits 3 'what an operator left is not taken again by itself' on check oci:v2
exits 3 'nor fetched' on fetch oci:v2
make_release v3 3.0
make_release v4 4.0
must on fetch oci:v3
must on write oci:v4
must on bootswap
power_cycle
must on commit
notes=device/var/lib/ota
mkdir -p $notes/bad
content=$(jq -r .content $notes/slots/"$(status .running)".json)
: >"$notes/bad/sha256-${content#sha256:}"
exits 3 'the note of a commit that was cut short' on commit
holds 'is made up for: what runs is not bad' test ! -e "$notes/bad/sha256-${content#sha256:}"
exits 3 'what was fetched and is older than what is kept is not written' on write
holds 'status fits 80 columns' test "$(on status; wc -L <out)" -le 80
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
# Runs that are killed, interrupted or out of room: the next one goes on, and nothing is lost.
. "$(dirname "$0")/lib.sh"

make_release small 1.0
{ head -c 30000000 /dev/urandom; head -c 2000000 /dev/zero; } >big.img
make_release big 2.0
must "$tree/test-images/sandbox.sh" --size 40M device
cp "${key%.key}.pub" device/etc/ota/trust.d/
on commit

# kill_when SIGNAL CONDITION ARGUMENT...: the run gets the signal once the condition holds; gives
# its status, 137 where SIGKILL came in time
kill_when() {
  local signal=$1 condition=$2 pid
  "$OTA" --root device -q "${@:3}" >out 2>err &
  pid=$!
  until eval "$condition" || ! kill -0 $pid 2>/dev/null; do :; done
  kill "-$signal" $pid 2>/dev/null
  wait $pid 2>/dev/null
}
arrives='[ -n "$(find device/var/lib/ota/partial -size +$((n * 2000))k)" ]'
being_written='grep -qs writing device/var/lib/ota/slots/b.json'

# --- kill -9 in a fetch, again and again ---
hits=0
for n in 1 3 6 9; do
  kill_when KILL "$arrives" fetch oci:big
  [ $? -ne 137 ] || hits=$((hits + 1))
done 2>/dev/null
holds "a fetch was killed ($hits times)" test $hits -gt 0
exits 0 'the next one ends it' on fetch oci:big
holds 'the layer is whole' bash -c 'cd device/var/lib/ota/blobs/sha256 && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet'
holds 'no part is left' test -z "$(ls device/var/lib/ota/partial)"

# --- and in a write ---
hits=0
for delay in 0 0.02 0.04; do
  kill_when KILL "sleep $delay; $being_written" write
  [ $? -eq 137 ] || break
  hits=$((hits + 1))
  exits 1 "a slot that was cut ($hits) is not booted" on bootswap
done 2>/dev/null
holds "a write was killed ($hits times)" test $hits -gt 0
exits 0 'the next one ends it' on write
holds 'the slot holds the image' slot_holds b big
holds 'the slot is proved' is .slots.b.state proved

# --- a signal that asks ---
rm device/var/lib/ota/slots/b.json
exits 130 'SIGTERM ends a write cleanly' kill_when TERM "$being_written" write oci:big
on --json -q write oci:big
holds 'and the next one goes on' slot_holds b big

# --- a store that is damaged ---
echo '{' >device/var/lib/ota/index.json
exits 0 'a damaged index.json is mended' on fetch --retry oci:big
holds 'and names what was fetched' is .fetched.version 2.0
rm -rf device/var/lib/ota/blobs
exits 14 'a stored release that is damaged' on write --slot b
exits 0 'is fetched again' on fetch oci:big
n=$(find device/var/lib/ota/blobs -size +10000k)
printf 'X' | dd of="$n" bs=1 seek=5000000 conv=notrunc status=none
rm device/var/lib/ota/slots/b.json
exits 14 'one that rotted is not written' on write
holds 'and says what to do' says 'ota fetch'
exits 0 'fetch brings it again' on fetch oci:big
exits 0 'and it is written' on write

# --- a store without room ---
if [ "$(id -u)" -eq 0 ] && mkdir mnt && mount -t tmpfs -o size=8m tmpfs mnt 2>/dev/null; then
  sed -i "s#^compatible#store = /store\n&#" device/etc/ota/ota.conf
  ln -s "$dir/mnt" device/store
  on commit
  refused 15 'a store that is too small' on fetch oci:big
  holds 'said before the first byte' test "$(du -sk mnt/partial | cut -f1)" -le 4
  holds 'with a way out' says 'ota write SOURCE'
  exits 0 'which works: nothing of the image is stored' on write oci:big
  exits 0 'a release that fits is fetched' on fetch --downgrade oci:small
  head -c 20M /dev/zero >mnt/filler 2>/dev/null
  exits 0 'on a full disk bootswap' bash -c "'$OTA' --root device bootswap 2>err || [ \$? -eq 15 ]"
  holds 'keeps the device bootable' is '.slots.a.state' good
  rm mnt/filler
  must on write --retry --downgrade oci:small
  must on bootswap
  power_cycle
  cp -r device/uboot.env trial.env
  cat /dev/zero >mnt/filler 2>/dev/null
  exits 0 'on a full disk a release is kept' on commit
  holds 'and warned of' says 'could not be noted'
  holds 'for good' is '.next + (.trial | tostring)' bfalse
  cp trial.env device/uboot.env
  exits 0 'or given up' on rollback
  holds 'the other slot is next' is '.next + (.trial | tostring)' afalse
  rm mnt/filler
else
  skip 'a store that is too small' 'needs root and tmpfs'
fi
finish

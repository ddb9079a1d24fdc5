#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119
# A device that runs what a delta starts from: fetch takes the delta, write makes the image of it, and
# whatever the delta lacks comes whole, before fetch is done.
. "$(dirname "$0")/lib.sh"

# image FILE VERSION: alike from version to version, but moved, and with other numbers in it
image() {
  {
    head -c $((4096 + ${#2} * 512)) /dev/zero | openssl enc -aes-128-ctr -pass pass:head -nosalt -pbkdf2 -iter 1 2>/dev/null
    echo "version $2"
    head -c 3000000 /dev/zero | openssl enc -aes-128-ctr -pass pass:code -nosalt -pbkdf2 -iter 1 2>/dev/null
    head -c 1500000 /dev/zero
    seq 1 60000 | sed "s/7\$/ $2/"
  } >"$1"
}
image v1.img 1.0
image v2.img 2.0.1
image v3.img 3.0.0.1
make_release v1 1.0
make_release v2 2.0
must ota delta -q --from oci:v1 --to v2
must ota sign -q --key "$key" v2
delta=$(jq -r '.layers[0].digest' "$(manifest_of_delta v2)")
delta=v2/blobs/sha256/${delta#sha256:}
name=$(basename "$delta")
size=$(stat -c %s "$delta")
layer=$(layer_of v2 0)

# settle RELEASE: the device runs it, kept, and nothing is left in its store
settle() {
  make_device
  printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\n' >>device/etc/ota/ota.conf
  must on write "oci:$1"
  must on bootswap
  power_cycle
  must on commit
}
again() {
  rm -rf device
  cp -a settled device
}
left() { find device/var/lib/ota/deltas device/var/lib/ota/partial -type f; }
settle v1
must is .running b
cp -a device settled

holds 'the delta is small' test "$size" -lt $(($(stat -c %s "$layer") / 4))
exits 0 'a plan tells of the delta' on fetch --plan oci:v2
holds 'what it takes, and from what' says "^delta .*a delta from 1\\.0; the image takes "
exits 0 'and in JSON' on --json fetch --plan oci:v2
holds 'with its bytes' test "$(jq -r '.way, .frame_bytes' out | xargs)" = "delta $size"
holds 'and changes nothing' test ! -e device/var/lib/ota/deltas/"$(basename "$layer")"
exits 0 'fetch takes the delta' on --json fetch oci:v2
holds 'and tells what it took' test "$(jq -r '.way, .reason, .moved_bytes, .whole_bytes' out | xargs)" = "delta a delta from 1.0 $size 0"
holds 'the image is not in the store' test ! -e "device/var/lib/ota/blobs/sha256/$(basename "$layer")"
exits 0 'fetch again: it is there' on fetch oci:v2
holds 'and says so' says 'fetched already'
mv v2 elsewhere
exits 0 'write makes the image of it' on write
holds 'byte for byte' slot_holds a v2
mv elsewhere v2
must on bootswap
power_cycle
exits 0 'it is kept' on commit
holds 'and the delta is gone' test -z "$(left)"

# --- what runs is not what it was ---
again
printf 'a mount that wrote here' | dd of=device/slots/b.img bs=1 seek=2500000 conv=notrunc status=none
exits 0 'a cell whose base was written to' on --json fetch oci:v2
holds 'comes whole' test "$(jq '.whole_bytes > 0 and .whole_bytes < 600000' out)" = true
exits 0 'and is written without the network' on write
holds 'byte for byte' slot_holds a v2
must on bootswap
power_cycle
must on commit
holds 'and nothing of it stays' test -z "$(left)"
again
must on fetch oci:v2
head -c 9000 /dev/urandom | dd of=device/slots/b.img bs=1 seek=2500000 conv=notrunc status=none
exits 14 'a base that changed between fetch and write' on write
holds 'is named' says 'slot b gives other bytes'
exits 0 'what it lacks now is fetched' on fetch oci:v2
exits 0 'and written' on write
holds 'byte for byte' slot_holds a v2

# --- a delta that does not fit, or is no good ---
make_release v3 3.0
must ota delta -q --from oci:v2 --to v3
must ota sign -q --key "$key" v3
again
exits 0 'a delta from something else' on --json fetch oci:v3
holds 'is not taken' test "$(jq -r .way out)" = image
holds 'and the reason is told' test "$(jq -r .reason out)" = 'there is no delta from 1.0'
must ota delta -q --from oci:v1 --to v3
again
exits 0 'a delta that nobody signed' on --json fetch oci:v3
holds 'is not taken, either' test "$(jq -r .way out)" = image
must ota keygen stranger
must ota sign -q --key stranger.key v3
again
exits 0 'one signed by a stranger' on --json fetch oci:v3
holds 'is not taken' test "$(jq -r .way out)" = image
again
cp -r v2 damaged
printf 'x' | dd of="damaged/blobs/sha256/$name" bs=1 seek=$((size / 2)) conv=notrunc status=none
exits 0 'a delta that is damaged at its source' on --json fetch oci:damaged
holds 'holds nobody back' test "$(jq -r .way out)" = image
holds 'and is told' test "$(jq '.reason | contains("failed: ")' out)" = true
again
exits 0 'nor does it hold back a write' on --json write oci:damaged
holds 'of what comes whole' slot_holds a v2
holds 'which is told' test "$(jq '.way, (.reason | contains("failed: ")), .moved_bytes > 1000000' out | xargs)" = 'image true true'
holds 'and nothing of it stays' test -z "$(left)"
again
rm "damaged/blobs/sha256/$name"
exits 0 'nor does one whose blob is gone' on --json write oci:damaged
holds 'byte for byte' slot_holds a v2
again
exits 0 'a fetch gets along without it, too' on --json fetch oci:damaged
holds 'it comes whole' test "$(jq -r .way out)" = image
exits 0 'and is written' on write
holds 'byte for byte' slot_holds a v2

# --- over the network ---
serve log badserver.py v2 "$name"
base=http://localhost:$(head -n 1 log)
moved() { awk -v name="/$name" 'index($1, name) { n += $3 } END { printf "%.0f\n", n }' log; }
again
serve badlog badserver.py damaged "$name"
exits 15 'what it would take instead is over the budget' on fetch --budget $((size + 40000)) "http://localhost:$(head -n 1 badlog)/plain"
exits 15 'a budget below the delta' on fetch --budget $((size / 2)) "$base/plain"
exits 0 'a budget that only the delta meets' on fetch --budget $((size + 40000)) "$base/plain"
again
cp v2/blobs/sha256/"$name" damaged/blobs/sha256/
printf 'x' | dd of="damaged/blobs/sha256/$name" bs=1 seek=$((size / 2)) conv=notrunc status=none
bad=http://localhost:$(head -n 1 badlog)/plain
mark=$(wc -l <badlog)
must on fetch "$bad"
both=$(($(tail -n "+$((mark + 1))" badlog | awk '{ n += $3 } END { print n }') + 1000))
again
exits 0 'a budget that a damaged delta and the image meet' on fetch --budget $both "$bad"
again
sed -i "s/^retry-wait/budget = $both\n&/" device/etc/ota/ota.conf
exits 0 'is enough for a write, too' on write "$bad"
holds 'byte for byte' slot_holds a v2
again
sed -i "s/^retry-wait/budget = $((size + 40000))\n&/" device/etc/ota/ota.conf
exits 15 'and bounds it' on write "$bad"
again
before=$(moved)
"$OTA" --root device -q fetch "$base/kill-$((size / 2))" >out 2>err &
echo $! >victim
wait $! 2>/dev/null
exits 0 'a fetch that was killed goes on' on fetch "$base/plain"
holds 'and nothing came twice' test $(($(moved) - before)) -le $((size + 70000))
exits 0 'and is written' on write
holds 'byte for byte' slot_holds a v2
again
"$OTA" --root device -q fetch "$base/kill2-$((size / 2))" >out 2>err &
echo $! >victim
wait $! 2>/dev/null
part=$(echo device/var/lib/ota/partial/*-"$name")
dd if=/dev/zero of="$part" bs=1 count=3000 conv=notrunc status=none
exits 0 'what a power cut left half written comes again' on fetch "$base/plain"
exits 0 'and is written' on write
holds 'byte for byte' slot_holds a v2
again
exits 0 'a link that resets' on fetch "$base/reset-100000"
exits 0 'and what came is written' on write
holds 'byte for byte' slot_holds a v2

# --- a store that gets short of room on the way ---
if [ "$(id -u)" -eq 0 ] && mkdir mnt && mount -t tmpfs -o size=8m tmpfs mnt 2>/dev/null; then
  again
  cp -r device/var/lib/ota/. mnt/
  sed -i "s#^compatible#store = /store\n&#" device/etc/ota/ota.conf
  ln -s "$dir/mnt" device/store
  printf 'a mount that wrote here' | dd of=device/slots/b.img bs=1 seek=2500000 conv=notrunc status=none
  mkdir -p mnt/partial
  # room for the delta, not for what it does not make; what was fetched before can go
  room=$((size + (1 << 20) + 100000))
  head -c $(($(stat -f -c '%a * %S' mnt) - room)) /dev/zero >mnt/partial/earlier
  exits 0 'what was fetched before makes room' on fetch oci:v2
  holds 'for what the delta does not make' test ! -e mnt/partial/earlier
  exits 0 'and nothing of the release went with it' on write
  holds 'byte for byte' slot_holds a v2
  umount mnt
else
  skip 'a store that gets short of room' 'needs root and tmpfs'
fi

# --- write, cut ---
again
must on fetch oci:v2
timeout -s KILL 0.02 "$OTA" --root device write 2>/dev/null
exits 0 'a write by delta that was killed goes on' on write
holds 'byte for byte' slot_holds a v2

# --- what runs has no record ---
again
rm -rf device/var/lib/ota/slots
exits 0 'a device that does not know what runs' on --json fetch oci:v2
holds 'finds the delta by the bytes of its slot' test "$(jq -r .way out)" = delta
exits 0 'and writes it' on write
holds 'byte for byte' slot_holds a v2
finish

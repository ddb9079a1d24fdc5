#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119
# A device on whatever version, and no delta: what its slots have of the image does not cross the network.
. "$(dirname "$0")/lib.sh"

noise() { head -c "$1" /dev/zero | openssl enc -aes-128-ctr -pass "pass:$2" -nosalt -pbkdf2 -iter 1 2>/dev/null; }
{ noise 1048576 a; noise 1048576 b; noise 1048576 c; head -c 917504 /dev/zero; } >old.img
{ noise 1048576 c; noise 4096 moved; noise 1048576 a; head -c 622592 /dev/zero; noise 524288 new; noise 1048576 b; } >v2.img
{ noise 524288 new; noise 524288 newer; noise 1048576 d; } >v3.img
reuse=-q # once more: nothing that keeps it from reuse
make_release old 1.0
make_release v2 2.0
make_release v3 3.0
make_device
printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\n' >>device/etc/ota/ota.conf
dd if=old.img of=device/slots/a.img conv=notrunc status=none
cp -a device fresh
again() {
  rm -rf device
  cp -a fresh device
}
data=$(jq -r '.layers[] | select(.mediaType == "application/vnd.ota.reuse.data.v1").digest' "$(blob v2 "$(manifest_of v2)")")
name=${data#sha256:}
serve log badserver.py v2 "$name"
base=http://localhost:$(head -n 1 log)
moved() { awk '{ n += $3 } END { printf "%.0f\n", n }' log; }
left() { find device/var/lib/ota/deltas device/var/lib/ota/partial -type f; }

exits 0 'a plan says what would be reused' on fetch --plan "$base/plain"
holds 'and how much comes' says '^reuse .*reuse of [23]\.[0-9] MiB from the slots; the image takes '
holds 'and changes nothing' test ! -e device/var/lib/ota/index.json
before=$(moved)
exits 0 'fetch takes what the slot lacks' on --json fetch "$base/plain"
holds 'and says so' test "$(jq -r .way out)" = reuse
holds 'which is a fifth' test $(($(moved) - before)) -lt 800000
holds 'as it says' test "$(jq .moved_bytes out)" -lt 800000
exits 0 'fetch again: it is there' on fetch "$base/plain"
exits 0 'write makes the image' on write
holds 'byte for byte' slot_holds b v2
must on bootswap
power_cycle
must on commit
holds 'and nothing of it stays' test -z "$(left)"
exits 0 'from the other slot, too' on --json fetch oci:v3
holds 'by what it has' test "$(jq -r .way out)" = reuse
exits 0 'write makes the image' on write
holds 'byte for byte' slot_holds a v3

again
printf 'a mount that wrote here' | dd of=device/slots/a.img bs=1 seek=1500000 conv=notrunc status=none
exits 0 'a slot that was written to' on --json fetch "$base/plain"
holds 'serves with the rest' test "$(jq -r .way out)" = reuse
exits 0 'write makes the image' on write
holds 'byte for byte' slot_holds b v2

again
must on fetch "$base/plain"
head -c 9000 /dev/urandom | dd of=device/slots/a.img bs=1 seek=1500000 conv=notrunc status=none
exits 14 'a slot that changed between fetch and write' on write
exits 0 'what it lacks now is fetched' on fetch "$base/plain"
exits 0 'and written' on write
holds 'byte for byte' slot_holds b v2

again
exits 15 'a budget below that' on fetch --budget 300000 "$base/plain"
exits 0 'and one that the image would not meet' on fetch --budget 1400000 "$base/plain"

again
"$OTA" --root device -q fetch "$base/kill-300000" >out 2>err &
echo $! >victim
wait $! 2>/dev/null
before=$(moved)
exits 0 'a fetch that was killed goes on' on fetch "$base/plain"
holds 'with what had come' test $(($(moved) - before)) -lt 500000
exits 0 'and is written' on write
holds 'byte for byte' slot_holds b v2

again
cp -r v2 damaged
printf 'damaged' | dd of="damaged/blobs/sha256/$name" bs=1 seek=2300000 conv=notrunc status=none
exits 0 'chunks that are damaged at their source' on --json fetch oci:damaged
holds 'cost the frames that need them' test "$(jq '.whole_bytes > 0' out)" = true
exits 0 'and it is written' on write
holds 'byte for byte' slot_holds b v2

again
exits 0 'a release without these layers' ota pack -q --rootfs v2.img --compatible sandbox --version 2.0 --level 1 --frame-size 256K --no-reuse -o plain
must ota sign -q --key "$key" plain
exits 0 'comes whole' on --json fetch oci:plain
holds 'as it always did' test "$(jq -r .way out)" = image
finish

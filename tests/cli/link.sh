#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# Links that reset, stall, drip and lie, and servers that are busy: every fetch ends, with the image or
# with the right status, and nothing that arrived crosses the network twice.
. "$(dirname "$0")/lib.sh"

make_release v1 1.0
layer=$(layer_of v1 0)
size=$(stat -c %s "$layer")

# serve_badly FOLDER: a server that misbehaves, its address in $base, what it answered in the file `log`
serve_badly() {
  serve log badserver.py "$1" "$(basename "$(layer_of "$1" 0)")"
  base=http://localhost:$(head -n 1 log)
}

# sent FAULT [AWK-EXPRESSION]: the bytes of the layer that were sent; or else what is counted
sent() { awk -v path="/$1/blobs/sha256/$(basename "$layer")" "\$1 == path { n += ${2-\$3} } END { print n + 0 }" log; }

new_device() {
  make_device
  printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\nstall-time = 1s\n' >>device/etc/ota/ota.conf
}

# fresh FAULT...: the options, and a store where nothing has been fetched
fresh() {
  rm -rf device/var/lib/ota
  timeout 60 "$OTA" --root device fetch "${@:2}" "$base/$1" >out 2>err
}

whole() { [ "$(sha256sum <"device/var/lib/ota/blobs/sha256/$(basename "$layer")" | cut -d' ' -f1)" = "$(basename "$layer")" ]; }

# arrives FAULT TEXT: the fetch succeeds, the layer is right, and it crossed the network once
arrives() {
  exits 0 "$2" fresh "$1"
  holds "$2: every byte is right" whole
  holds "$2: and came once" test "$(sent "$1")" -le $((size * 102 / 100))
}

serve_badly v1
new_device

# --- what passes ---
arrives plain 'a link without faults'
arrives reset-200000 'a link that resets again and again'
arrives cut-200000 'answers that end early again and again'
arrives stall-200000 'a link that stalls is cut, and goes on'
arrives norange 'a server that answers 200 to a range'
arrives once-500 'a server that fails once'
arrives once-408 'a server that had to wait once'
arrives once-429 'a server that was asked too often once'
arrives fresh 'connections that break before their answer'
arrives later 'a server that asks to come back in a second'
# gap FAULT: the milliseconds between the first two answers
gap() { awk -v path="/$1/index.json" '$1 == path { if (at) { print $4 - at; exit } at = $4 }' log; }
holds 'which is done' test "$(gap later)" -ge 1000
arrives dated 'a server that tells when to come back'
holds 'which is done, too' test "$(gap dated)" -ge 500
exits 0 'a file that is uploaded again meanwhile' fresh touched-200000
holds 'is right' whole
exits 0 'a release that is replaced meanwhile' eval '
  cp v1/index.json v1/index.old
  ota pack -q --rootfs v1.img --compatible sandbox --version 1.1 --level 3 --frame-size 256K -o v1
  ota sign -q --key "$key" v1
  rm "$layer"
  fresh republished'
holds 'is fetched in its new form' is .fetched.version 1.1
rm -rf v1 && make_release v1 1.0

# --- what does not ---
while read -r fault status text; do
  exits "$status" "$text" fresh "$fault"
done <<'END'
reset-0 10 a link that always resets before the first byte
cut-1000 10 answers that always end after a little
stall 10 a link that always stalls
drip 10 a link that drips
muchlater 10 a server that asks to come back in an hour
error 10 a server that always fails
wastes-200000 10 a link that always breaks, without ranges
forbidden 11 403
gone 11 404
loop 11 redirects without end
wrongrange-200000 0 a whole file has no range that could be wrong
gzip 14 a file that comes compressed
longheader-70000 14 a header of 70000 bytes
longheader-400000 14 a header of 400000 bytes
headers-100 14 headers of 100 KB
swapped-200000 14 a file whose bytes change meanwhile
restless-200000 14 a file that changes with each answer
END
holds 'refusals are not asked twice' test "$(sent gone 1)" -eq 1
holds 'nor one that is busy for long' test "$(grep -c '^/muchlater/' log)" -eq 1
fresh muchlater
holds 'which is told' says '3600 s'
fresh gzip
holds 'compression is told' says "encoded as 'gzip'"

# --- a time that is over ---
exits 10 'a time that is over' fresh stall-200000 --max-time 400ms
holds 'is told' says 'time that was given is over'
exits 10 'a time that is over while waiting' fresh later-2 --max-time 400ms
exits 0 'a time that is enough' fresh reset-200000 --max-time 1min
exits 10 'in a write, too' on write --max-time 400ms "$base/stall-200000"
sed -i 's/^retry-wait.*/retry-wait = 1min/' device/etc/ota/ota.conf
rm -rf device/var/lib/ota
"$OTA" --root device fetch "$base/once-503" >out 2>err &
pid=$!
until grep -q '^/once-503/' log; do sleep 0.05; done
kill $pid
wait $pid
holds 'a signal ends the wait' test $? -eq 130

# --- a budget over all runs ---
new_device
fetch_more() { timeout 60 "$OTA" --root device fetch "$@" >out 2>err; }
limit=$((size + 10000))
exits 10 'a fetch that is cut within its budget' fresh dies-200000 --budget $limit
noted() { cut -d' ' -f2 device/var/lib/ota/partial/budget; }
holds 'what it took is noted' test "$(noted)" -ge 200000 -a "$(noted)" -lt 250000
exits 15 'the next run has only the rest' fetch_more --budget $((size / 2)) "$base/plain"
holds 'and tells both' says "needs .* KiB, and .* of the budget of .* are left"
exits 0 'which is enough for what is missing' fetch_more --budget $((size + size / 2)) "$base/plain"
holds 'what is fetched has no note' test ! -e device/var/lib/ota/partial/budget
exits 10 'bytes that come to nothing count, too' fresh cut-15000 --budget $((size * 2))
holds 'all of them' test "$(noted)" -ge 90000
exits 15 'a link that wastes uses it up' fresh wastes-500000 --budget $((size + 20000))
sed -i "s/ .*/ 99999999/" device/var/lib/ota/partial/budget
make_release v2 2.0
exits 15 'no more of this release' fetch_more --budget 10M "$base/plain"
mv v1 v1.gone && cp -r v2 v1
exits 0 'the next release has a budget of its own' fetch_more --budget 10M "$base/plain"
rm -rf v1 && mv v1.gone v1
new_device
mkdir -p device/var/lib/ota/partial
echo 'rubbish' >device/var/lib/ota/partial/budget
exits 0 'a note that is damaged counts for nothing' fetch_more --budget 10M "$base/plain"
sed -i 's/^retry-wait/budget = 100K\n&/' device/etc/ota/ota.conf
exits 15 'the budget holds for a write' on write "$base/plain"

# --- a plan ---
new_device
everything() { find device -type f -exec sha256sum {} + | sort; }
before=$(everything)
exits 0 'a plan' on fetch --plan "$base/plain"
holds 'tells from where, and what of each kind' bash -c "grep -qx 'from      $base/plain, tag latest' out &&
  grep -Eqx 'manifest  [0-9.]+ KiB' out && grep -Eqx 'index     [0-9]+ B' out && grep -Eqx 'frames    71[0-9.]+ KiB, since .*' out"
holds 'and changes nothing' test "$(everything)" = "$before"
plan() { on --json fetch --plan "$base/plain" && jq -r "$1" out; }
holds 'all is missing' test "$(plan '.found_bytes, .frame_bytes' | xargs)" = "0 $size"
fetch_more "$base/dies-300000"
before=$(everything)
holds 'what is there is counted' test "$(plan '.found_bytes > 200000 and .found_bytes + .frame_bytes == '"$size")" = true
planned=$(plan '.moved_bytes')
holds 'and nothing changes then, either' test "$(everything)" = "$before"
mark=$(wc -l <log)
exits 0 'the fetch that was planned' fetch_more "$base/plain"
holds 'takes as much, and the list' test "$(tail -n "+$((mark + 1))" log | awk '{ n += $3 } END { print n }')" -eq $((planned + $(stat -c %s v1/index.json)))
holds 'then all is there' test "$(plan '"\(.already) \(.moved_bytes)"')" = 'true 0'
must on write
holds 'in a slot, too' test "$(plan .slot)" = b
must on bootswap
power_cycle
must on commit
exits 3 'nothing newer has no plan' on fetch --plan "$base/plain"

kill $server
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# A server that is far away is asked for several parts at once; whatever becomes of that, what arrives
# is right, and one connection alone would have brought it, too.
. "$(dirname "$0")/lib.sh"

{ head -c 5M /dev/urandom; head -c 1M /dev/zero; head -c 3M /dev/urandom; } >v1.img
make_release v1 1.0
layer=$(layer_of v1 0)
size=$(stat -c %s "$layer")
make_device --size 16M
printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\nstall-time = 1s\n' >>device/etc/ota/ota.conf
serve log badserver.py v1 "$(basename "$layer")"
base=http://localhost:$(head -n 1 log)

# of FAULT AWK-PROGRAM: over the layer's answers
of() { awk -v path="/$1/blobs/sha256/$(basename "$layer")" "\$1 == path { $2 } END { print n + 0 }" log; }
sent() { of "$1" 'n += $3'; }
at_once() { of "$1" 'if ($5 > n) n = $5'; }
# fresh FAULT [OPTION...]: a fetch into an empty store
fresh() {
  rm -rf device/var/lib/ota
  timeout 120 "$OTA" --root device fetch "${@:2}" "$base/$1" >out 2>err
}
whole() { cmp -s "device/var/lib/ota/blobs/sha256/$(basename "$layer")" "$layer"; }

exits 0 'a server that is near' fresh plain
holds 'is asked for one part after the other' test "$(at_once plain)" -eq 1
exits 0 'a server that is far away' fresh far.plain
holds 'is asked for several at once' test "$(at_once far.plain)" -ge 3
holds 'every byte is right' whole
holds 'and came once' test "$(sent far.plain)" -le $((size * 102 / 100))

while read -r fault text; do
  exits 0 "$text" fresh "far.$fault"
  holds "$text: every byte is right" whole
done <<'END'
reset-300000 a far link that resets again and again
reset-1000000 a far link that resets now and then
cut-500000 answers that end early
stall-900000 a far link that stalls
few-1 a far server that lets in one at a time
few-2 a far server that lets in two at a time
norange a far server without ranges
touched-300000 a file that is uploaded again meanwhile
END
# what a reset finds on the way is lost, on each lane
holds 'what breaks is taken up where it broke' test "$(sent far.reset-300000)" -le $((size * 105 / 100))

while read -r fault status text; do
  exits "$status" "$text" fresh "far.$fault"
done <<'END'
forbidden 11 a far server that says no
error 10 a far server that always fails
gzip 14 a far file that comes compressed
swapped-300000 14 a far file whose bytes change meanwhile
restless-300000 14 a far file that changes with each answer
END

exits 0 'a rate' fresh far.plain-1 --limit-rate 20M
holds 'is held by one connection' test "$(at_once far.plain-1)" -eq 1
exits 15 'a budget ends all lanes' eval 'fresh far.dies-2000000 --budget $((size + 100000)); on fetch --budget $((size / 2)) "$base/far.plain-2"'
exits 0 'what is left then' on fetch "$base/far.plain-3"
holds 'comes alone' test "$(sent far.plain-3)" -lt $((size - 1000000))
holds 'and is right' whole

# a slot that holds something else, and one that is half written
tr '\0' 'x' </dev/zero | head -c 16M >device/slots/b.img
must eval '! timeout 60 "$OTA" --root device write "$base/far.dies-3000000" >out 2>err'
exits 0 'a write that goes on' on write "$base/far.plain-4"
holds 'takes what is left' test "$(sent far.plain-4)" -lt $((size - 1000000))
holds 'and the slot holds the image' slot_holds b v1
holds 'behind it nothing is touched' test "$(tail -c 1M device/slots/b.img | tr -d x | wc -c)" -eq 0

kill $server
finish

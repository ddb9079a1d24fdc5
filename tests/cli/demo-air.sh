#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# The last act of `make demo` keeps what it promises, with few requests, and with beats so slow that a
# machine with other work holds them.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
export OTA=$tree/build/release/ota # many processes, and time counts

# whoever is mapped to nobody is not root
act_of_nobody() {
  unshare -U env BUILD="$dir/none" OTA="$OTA" "$tree/test-images/demo-air.sh" >out 2>err
}
act() { LOAD_S=1 BEAT_MS=500 BUILD=$dir/build "$tree/test-images/demo-air.sh" >out 2>err; }
# line WAY FAILED MISSED: the table has it
line() { grep -Eq "^  $1 +[1-9][0-9]* +$2 +[0-9]+ ms  $3 \\([0-9]+ ms\\)\$" out; }

if unshare -U true 2>/dev/null; then
  exits 0 'without root' act_of_nobody
  holds 'it is left out, and says so' says 'left out: it needs root'
else
  skip 'without root' 'no user namespace can be made'
fi
need 'is for root' test "$(id -u)" -eq 0
need 'runc is not installed' command -v runc
mkdir -p low up at
need 'the kernel has no overlay here' unshare -m mount -t overlay overlay -o ro,lowerdir=low:up at

exits 0 'all goes as it should' act
holds 'the machine is measured' line 'left alone' 0 '[0-9]+'
holds 'by hand-over no request is lost, and no beat' line hand-over 0 0
holds 'by download-then-kill some are' line download-then-kill '[1-9][0-9]*' '[0-9]+'
holds 'with a socket that is held they wait' line 'download-then-kill, held socket' 0 '[0-9]+'
holds 'one that crashes is told' says 'images:crash .*it was ended by signal'
holds 'and harms nobody' says '^  [1-9][0-9]* requests meanwhile, 0 failed\.$'
holds 'the way back is one command' says '^\$ ota --root device container rollback loop$'
holds 'all fits on a screen' test -z "$(grep -v '^Its files' out | awk 'length > 80')"
holds 'nothing is left running' test -z "$(runc --root "$dir/build/demo/air/device/run/ota/runtime" list -q)"
finish

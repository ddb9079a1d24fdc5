#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a program reads of progress, as ota(8) tells it, and what fits a terminal.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

make_release v1 1.0
make_device

# steps STEP...: stderr is JSON in every line, and its progress these steps, in this order: each
# begins at 0, never turns back or passes its total, and ends with it
steps() {
  jq -e -s --arg steps "$*" '
    [.[] | .progress // empty] as $lines
    | ([$lines[].step] | reduce .[] as $s ([]; if .[-1] == $s then . else . + [$s] end) | join(" "))
        == $steps
    and ([$lines | group_by(.step)[]
        | .[0].done == 0 and .[-1].done == .[-1].total and (map(.total) | unique | length == 1)
          and (map(.done) | . == sort) and all(.[]; .done <= .total)] | all)' err >said || {
    cat said
    return 1
  }
}

# only FILTER: every line of stderr is an object for which this holds
only() { jq -e -s "length > 0 and all(.[]; type == \"object\" and ($1))" err >said 2>&1; }

exits 0 'fetch' on --progress=json fetch oci:v1
holds 'its lines tell of the fetch' steps fetch
holds 'and of nothing else' only 'keys == ["progress"] and (.progress | keys) == ["done", "step", "total"]'
holds 'the total is the layer' only ".progress.total == $(stat -c %s "$(layer_of v1 0)")"
exits 0 'write' on --progress=json write
holds 'it writes, then reads back' steps 'write read back'
exits 0 'a result that stands' on --progress=json write
holds 'has no progress and no text' test ! -s err

make_device
partial=device/var/lib/ota/partial/$(basename "$(layer_of v1 0)")
mkdir -p "${partial%/*}"
head -c 400000 "$(layer_of v1 0)" >"$partial"
exits 0 'a fetch that goes on' on --progress json fetch oci:v1
holds 'ends with the whole, too' steps fetch

mkdir -p device/etc/ota/hooks.d/post-write
printf '#!/bin/sh\nexit 1\n' >device/etc/ota/hooks.d/post-write/10-tell
chmod +x device/etc/ota/hooks.d/post-write/10-tell
exits 0 'a step with a warning' on --progress=json write
holds 'the warning is an object in between' only '.progress or (.warning | strings | test("post-write"))'
exits 0 'there is one' grep -q '"warning"' err
exits 3 'a step that fails' on --progress=json commit
holds 'the error is an object as well' only '.error.code == "nothing" and .error.exit == 3'
exits 0 'with --json stdout has its object' on --json --progress=json write
holds 'as ever' jq -e '.already' out
exits 2 'a wrong line after it' on --progress=json fetch --nonsense
holds 'is told as an object' only '.error.code == "usage"'

# --- a terminal ---
# on_terminal COLUMNS ARGUMENT...: all that it shows
on_terminal() {
  local columns=$1
  shift
  script -qec "stty cols $columns; '$OTA' $*" typescript >/dev/null </dev/null
  sed -e '/^Script /d' -e 's/\x1b\[[0-9;]*[mK]//g' typescript | tr '\r' '\n' >screen
}
for columns in 80 40; do
  for line in --help 'fetch --help' 'pack --help'; do
    on_terminal $columns "$line"
    holds "$line fits $columns columns" test "$(wc -L <screen)" -le $columns
  done
  make_device
  on_terminal $columns --root device fetch oci:v1
  grep '^fetch ' screen >bar
  holds "a bar ends at 100 % in $columns columns" grep -q '^fetch .*100%' bar
  holds 'and leaves room for a ^C' test "$(wc -L <bar)" -le $((columns - 3))
done
finish

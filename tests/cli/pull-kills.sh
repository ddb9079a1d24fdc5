#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317
# Pulls, repairs and gc that are killed at many moments: what has a name is whole, the same call ends it,
# and layers that were whole are not fetched again. And links that break or stall: nothing crosses the
# network twice.
#   KILLS=4    at so many moments each
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
: "${KILLS:=4}"

need 'is for root' test "$(id -u)" -eq 0
need 'umoci is not installed' command -v umoci
make_images
layers=$(jq -r '.layers[].digest[7:]' "$(blob "$images/gzip" "$(jq -r '.manifests[] |
  select(.annotations[] == "v1") | .digest[7:]' "$images/gzip/index.json")")")
first=$(head -n 1 <<<"$layers")
configure "$dir/store" localhost
printf 'retry-wait = 10ms\nstall-time = 1s\n' >>ota.conf

# serve_badly LAYER: a server that misbehaves on it, its address in $base
serve_badly() {
  serve log badserver.py "$images/gzip" "$1"
  base=http://localhost:$(head -n 1 log)
}
# sent FAULT: the bytes of all layers that were sent
sent() {
  awk -v from="/$1/blobs/sha256/" -v names="$(paste -sd ' ' <<<"$layers")" '
    BEGIN { split(names, list, " "); for (i in list) wanted[from list[i]] = 1 }
    $1 in wanted { n += $3 } END { print n + 0 }' log
}
# kill_after MICROSECONDS ARGUMENT...: gives 137 where it came in time
kill_after() {
  local pid
  "$OTA" --config ota.conf container "${@:2}" >out 2>err &
  pid=$!
  sleep "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))"
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null
}
time_of() {
  local begun=${EPOCHREALTIME/./}
  must container "$@"
  took=$((${EPOCHREALTIME/./} - begun))
}
# what is in the trees of all layers that have a name
trees() { "$tree/tests/cli/trees.py" store/layers | grep '"path": "[0-9a-f]*/diff/'; }
# named_is_whole: each layer that has a name is one of the images', entry by entry
named_is_whole() {
  local name
  for name in store/layers/*; do
    [ -e "$name" ] && grep -F "\"path\": \"${name##*/}/" all.layers
  done >wanted
  trees >got
  same_tree wanted got
}

# --- what is what, and how long it takes ---
time_of pull -q --name app "oci:$images/gzip:v1"
pull_us=$took
must container pull -q --name app "oci:$images/gzip:v3"
trees >all.layers
time_of gc
gc_us=$took

# --- a pull ---
hits=0
for ((n = 0; n < KILLS; n++)); do
  rm -rf store
  kill_after $((pull_us * (2 * n + 1) / (2 * KILLS))) pull -q --name app "oci:$images/gzip:v1"
  [ $? -ne 137 ] || hits=$((hits + 1))
  holds "a pull that is killed ($n): what has a name is whole" named_is_whole
  exits 0 "the next one ends it ($n)" container pull -q --name app "oci:$images/gzip:v1"
  holds "without a rest ($n)" test -z "$(ls store/partial)"
done 2>/dev/null
holds "pulls were killed ($hits times)" test $hits -gt 0
exits 0 'all is proved' container verify -q

# --- a repair: the layer has its name at any instant ---
lowest=$(layers_of app | head -n 1)
rot() { sed -i 's/line/LINE/' "$lowest/usr/lib/libsame.so"; }
rot
time_of verify -q --repair
repair_us=$took
hits=0
for ((n = 0; n < KILLS; n++)); do
  rot
  kill_after $((repair_us * (2 * n + 1) / (2 * KILLS))) verify -q --repair
  [ $? -ne 137 ] || hits=$((hits + 1))
  holds "a repair that is killed ($n): the layer is there" test -d "$lowest"
  exits 0 "the next one mends it ($n)" container verify -q --repair
  holds "it is what it was ($n)" named_is_whole
  must container gc
  holds "without a rest ($n)" test -z "$(ls store/partial)"
done 2>/dev/null
holds "repairs were killed ($hits times)" test $hits -gt 0

# --- gc ---
hits=0
for ((n = 0; n < KILLS; n++)); do
  must container pull -q --name app "oci:$images/gzip:v1"
  must container pull -q --name app "oci:$images/gzip:v3"
  kill_after $((gc_us * (2 * n + 1) / (2 * KILLS))) gc -q
  [ $? -ne 137 ] || hits=$((hits + 1))
  holds "a gc that is killed ($n): what has a name is whole" named_is_whole
  exits 0 "the next one ends it ($n)" container gc -q
  holds "four layers are left, and no part ($n)" test "$(find store/layers store/partial -mindepth 1 -maxdepth 1 | wc -l)" -eq 4
done 2>/dev/null
exits 0 'all is proved then' container verify -q

# --- killed by bytes: layers that were whole do not cross the network again ---
for layer in $layers; do
  size=$(stat -c %s "$(blob "$images/gzip" "$layer")")
  rm -rf store
  serve_badly "$layer"
  fault=kill-$((size / 2))
  # the server is to know whom to kill before it is asked
  bash -c 'echo $$ >victim; exec "$@"' - "$OTA" --config ota.conf container pull -q --name app "$base/$fault#v1" >out 2>err
  before=$(sent "$fault")
  exits 0 "killed within a layer of $size bytes: the next one ends it" container pull -q --name app "$base/$fault#v1"
  total=0
  for hex in $layers; do total=$((total + $(stat -c %s "$(blob "$images/gzip" "$hex")"))); done
  holds 'only that layer came again' test "$(sent "$fault")" -le $((total + size))
  holds 'and the part before was not all of it' test "$before" -lt "$total"
  kill $server
done 2>/dev/null

# --- links ---
serve_badly "$first"
size=$(stat -c %s "$(blob "$images/gzip" "$first")")
total=0
for hex in $layers; do total=$((total + $(stat -c %s "$(blob "$images/gzip" "$hex")"))); done
for fault in plain reset-100000 cut-200000 stall-500000 once-503 touched-200000; do
  rm -rf store
  exits 0 "$fault: a pull ends" timeout 60 "$OTA" --config ota.conf container pull -q --name app "$base/$fault#v1"
  holds "$fault: what came is right" named_is_whole
  [ $fault = touched-200000 ] || holds "$fault: and came once" test "$(sent $fault)" -le $((total * 102 / 100))
done
finish

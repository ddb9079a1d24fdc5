#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2119,SC2317
# What rots in the store of images is found, named, and comes again, and only that; and a full disk is
# freed by what needs no room.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
need_registry
must "$tree/test-images/registry.sh" start registry 0
port=$(cat registry/port)
for tag in v1 v2 v3; do
  must skopeo copy -q --dest-tls-verify=false "oci:$images/gzip:$tag" "docker://localhost:$port/app:$tag"
done
configure "$dir/store" "localhost:$port"

# asked: how many blobs of layers, since the log was emptied
asked() {
  local hex n=0
  for hex in $(cat "$images"/gzip/blobs/sha256/* | jq -Rr 'fromjson? | .layers[]?.digest[7:]' | sort -u); do
    n=$((n + $(grep -acE "\"GET [^ ]*/blobs/sha256:${hex}[^ ]* HTTP" registry/access.log)))
  done
  echo "$n"
}
# same_as TAG: the image app is it
same_as() { tree_of app got && same_tree "$1.wanted" got; }
# told FILTER VALUE: does the last verify say so?
told() { [ "$(jq -c "$1" out)" = "$2" ] || { echo "# $1 is $(jq -c "$1" out) instead of $2"; return 1; }; }
# layer N FILE: its path; 1 is the lowest
layer() { echo "$(layers_of app | sed -n "$1p")/$2"; }
beside() { echo "$(dirname "$(layers_of app | sed -n "$1p")")/$2"; }
# rot FILE: other content of the same size and times
rot() {
  local when
  when=$(stat -c %y "$1")
  printf 'Z' | dd of="$1" bs=1 seek=7 conv=notrunc status=none
  touch -d "$when" "$1"
}
# mends N TEXT: repair takes N layers from the network, and then all is as it was
mends() {
  : >registry/access.log
  exits 0 "$2: --repair" container verify -q --repair
  holds "$2: takes no more than is damaged" at_most "$1" asked
  holds "$2: and all is as it was" same_as v2
  holds "$2: without a rest" test -z "$(ls store/partial)"
}

must container pull --name app "docker://localhost:$port/app:v2"
must container pull --name second "docker://localhost:$port/app:v1"
must tree_of app v2.wanted
exits 0 'verify of what is sound' container verify --json
holds 'tells what was looked at' told '[.images, .layers, .faults, .mended, .unproved]' '[2,6,0,0,0]'

# --- files ---
rot "$(layer 1 usr/lib/libsame.so)"
exits 14 'content that changed, with the same size and times' container verify -q
holds 'is named' says 'usr/lib/libsame\.so'
holds 'as what two images share, once' says '1 of 1 faults'
holds 'with a way out' says 'hint: ota container verify --repair'
mends 1 'content that changed'
truncate -s 100 "$(layer 3 app/data/file3)"
exits 14 'a file that is shorter' container verify -q
holds 'is named, too' says 'app/data/file3'
rm "$(layer 1 usr/lib/libother.so)"
exits 14 'and one that is gone' container verify -q
holds 'are both named' says 'usr/lib/libother.so'
mends 2 'a file that is shorter, and one that is gone'
rm "$(layer 3 app/data/file3)" && ln -s /etc/shadow "$(layer 3 app/data/file3)"
exits 14 'a file that is a link' container verify -q
mends 1 'a file that is a link'
rm "$(layer 3 app/data/file3)" && mkfifo "$(layer 3 app/data/file3)"
exits 14 'a file that is a pipe' timeout 30 "$OTA" --config ota.conf container verify -q 2>/dev/null
mends 1 'a file that is a pipe'

# --- what was kept of the headers ---
for kept in "$(beside 2 split)"/*; do
  kept=$(basename "$kept")
  rot "$(beside 2 split)/$kept"
  truncate -s -1 "$(beside 3 split)/$kept"
  exits 14 "kept headers that changed, and some that are cut ($kept)" container verify -q
  holds 'are two faults' says '2 of 2 faults'
  mends 2 "$kept that changed, and is cut"
done
rm -r "$(beside 4 diff)"
exits 14 'a tree that is gone' container verify -q
mends 1 'a tree that is gone'
gone=$(dirname "$(layer 3 .)")
gone=$(dirname "$gone")
mv "$gone" elsewhere
exits 14 'a layer that is gone' container verify -q
holds 'is told by its place' says 'layer 3 of 4 is not there'
holds 'and by list' eval "container list; says '^app .* incomplete$'"
mends 1 'a layer that is gone'

# --- manifest and config ---
manifest=$(jq -r '.manifests[] | select(.annotations[] == "app") | .digest[7:]' store/index.json)
config=$(jq -r '.config.digest[7:]' "$(blob store "$manifest")")
for hex in "$manifest" "$config"; do
  rot "$(blob store "$hex")"
  exits 14 'a manifest or config that changed' container verify -q
  holds 'is told by list' eval "container list; says '^app .* damaged$'"
  exits 14 'gc leaves all where it is' container gc
  mends 0 'a manifest or config'
done
rm "$(blob store "$manifest")"
rot "$gone/diff/app/data/file6"
exits 14 'a manifest that is gone, and a layer that rotted' container verify -q
mends 1 'both'
rm -r store/sources
rot "$(layer 3 app/data/file6)"
exits 14 'where nobody noted the source' container verify -q --repair
holds 'nothing is mended' says 'nobody noted its source'
exits 0 'a pull under the name notes it' container pull --name app "docker://localhost:$port/app:v2"
mends 1 'then'
rot "$(layer 3 app/data/file6)"
"$tree/test-images/registry.sh" stop registry
exits 14 'without the network' container verify -q --repair
holds 'it stays as it is' says 'app/data/file6'
holds 'and there is no half layer' test -z "$(ls store/partial)"
must "$tree/test-images/registry.sh" start registry "$port"
mends 1 'with it'

# --- a disk that is full ---
must container rm second
truncate -s 12M disk.img
must mkfs.ext4 -q -m 0 disk.img
mkdir disk
must mount -o loop disk.img disk
trap 'umount disk; cleanup' EXIT
configure "$dir/disk/store" "localhost:$port"
must container pull --name app "docker://localhost:$port/app:v1"
must container pull --name app "docker://localhost:$port/app:v3"
fill() {
  cat /dev/zero >>disk/filler 2>/dev/null
  sync -f disk
  dd if=/dev/zero bs=1K >>disk/filler 2>/dev/null
  must test "$(df --output=avail disk | tail -n 1)" -lt 64
}
fill
exits 0 'gc on a full disk' container gc
holds 'removes the layers of what was replaced' says '^4 layers removed'
holds 'which gives room' test "$(df --output=avail disk | tail -n 1)" -ge 2000
exits 0 'and no layer of the other' container verify -q
fill
exits 15 'a pull onto a full disk' container pull --name other "docker://localhost:$port/app:v2"
holds 'leaves no part' test -z "$(ls disk/store/partial)"
holds 'nor a name' test "$(containers)" = app
exits 0 'and what was there is sound' container verify -q
exits 15 'rm needs room for a shorter list of names' container rm app
exits 0 'and takes nothing where there is none' container verify -q
rm disk/filler
exits 0 'which is removed then' container rm app
exits 0 'a pull then' container pull --name app "docker://localhost:$port/app:v2"
holds 'is the image' same_as v2
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# Images that lie, and registries that change their mind: each pull ends with the right status, what was
# there stays sound, nothing is left behind, and a good pull works afterwards.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"

need 'is for root' test "$(id -u)" -eq 0
need 'there is no loop device' losetup -f
need 'umoci is not installed' command -v umoci
make_images
manifest_of_v1() { jq -r '.manifests[0].digest[7:]' "$1/index.json"; }
ARCHITECTURE=$(jq -r .architecture "$(blob "$images/gzip" "$(jq -r '.config.digest[7:]' "$(blob "$images/gzip" "$(manifest_of_v1 "$images/gzip")")")")")
export ARCHITECTURE

# A disk with few blocks and fewer files.
truncate -s 24M disk.img
must mkfs.ext4 -q -m 0 -N 5000 disk.img
mkdir disk
must mount -o loop disk.img disk
trap 'umount disk; cleanup' EXIT
configure "$dir/disk/store" localhost

forge() { python3 "$tree/tests/cli/forge-image.py" "$@"; }
must forge good
must container pull -q --name old oci:good:v1
# all that there is below the store, but for the time of a list of names that was written again
state() { (cd disk/store && cat index.json && find . ! -name index.json ! -name lock -type f -printf '%p %s %T@\n' -o -type d -printf '%p\n' | sort); }
state >state.before

# sound: the store is as it was
sound() { state | diff state.before - >state.diff && return; head -n 20 state.diff; return 1; }
# ends STATUS TEXT ARGUMENT...: a pull does, and leaves the store as it was
ends() {
  exits "$1" "$2" container pull -q --name new "${@:3}"
  if grep -qs '"new"' disk/store/index.json; then must container rm new; fi
  holds "$2: leaves all as it was" sound
}

while read -r fault status text; do
  rm -rf bad && must forge bad "$fault"
  ends "$status" "$text" oci:bad:v1
done <<'END'
diff-id 14 a layer with another diffID
digest 14 a blob with another digest
size 14 a blob of another size
type 13 a layer of a type that is not known
gone 14 a layer that is not in the layout
10000 14 a manifest of 10,000 layers
200 14 a manifest of 200 layers
few-ids 14 a config with fewer diffIDs
many-ids 14 a config with more diffIDs
cut-gzip 14 a gzip stream that is cut
cut-zstd 14 a zstd stream that is cut
cut-tar 14 a tar stream that is cut
garbage 14 garbage behind a gzip stream
window 14 a zstd stream with a huge window
nothing 14 a layer of no bytes
hardlink 14 a hard link to what is outside
END

# --- room ---
free=$(df --output=avail disk | tail -n 1)
# room_again TEXT: what the pull took is free
room_again() { holds "$1: the disk is as free as before" test "$(($(df --output=avail disk | tail -n 1) + 64))" -ge "$free"; }
rm -rf bad && must forge bad bomb
holds 'a layer that unpacks to a GiB is a small one' test "$(du -k bad | tail -n 1 | cut -f1)" -le 1500
ends 15 'that layer' oci:bad:v1
room_again 'that layer'
rm -rf bad && must forge bad tail
holds 'one of which more than the disk can have is no file is small' test "$(du -k bad | tail -n 1 | cut -f1)" -le 1500
exits 15 'it ends' container pull -q --name new oci:bad:v1
holds 'before the disk is full' says 'more than the .* that are allowed'
room_again 'that layer, too'
rm -rf bad && must forge bad files
ends 15 'more files than the disk can have' oci:bad:v1
room_again 'more files'
rm -rf bad && must forge bad big 12000000
ends 15 'a layer for which there may be no room' oci:bad:v1

# --- names that lead outside ---
for fault in escape linked; do
  rm -rf bad && must forge bad $fault
  container pull -q --name new oci:bad:v1
  code=$?
  holds "$fault: is taken or refused" test "$code" -eq 0 -o "$code" -eq 14
  holds "$fault: nothing is outside of the tree" test -z "$(find "$dir" -name outside -not -path '*/diff/*')" -a ! -e /outside
  if [ "$code" -eq 0 ]; then must container rm new; fi
  holds "$fault: all is as it was" sound
done

# --- servers that change their mind ---
rm -rf bad && must forge bad fine
layer=$(jq -r '.layers[1].digest[7:]' "$(blob bad "$(manifest_of_v1 bad)")")
serve log badserver.py bad "$layer"
base=http://localhost:$(head -n 1 log)
printf 'retry-wait = 10ms\nstall-time = 1s\n' >>ota.conf
ends 11 'a layer that is gone by now' "$base/gone#v1"
ends 11 'one that is forbidden' "$base/forbidden#v1"
ends 10 'a link that breaks always' "$base/reset#v1"
ends 14 'a layer whose bytes change meanwhile' "$base/swapped-50000#v1"
ends 14 'a layer that comes encoded' "$base/gzip#v1"
ends 15 'a budget that is too small' --budget 1K "$base/plain#v1"
holds 'is told before the first byte' test "$(grep -c "^/plain/blobs/sha256/$layer" log)" -eq 0
serve port badregistry.py bad
registry=docker://localhost:$(head -n 1 port)
ends 14 'a manifest that is damaged' "$registry/damaged/app:v1"
sed -i 's/^unsigned.*/unsigned = refuse/' ota.conf
ends 11 'a tag that appears between two questions' "$registry/appears/app:v1"
sed -i 's/^unsigned.*/unsigned = allow/' ota.conf

# --- and then ---
exits 0 'a good pull works after all this' container pull -q --name new "$base/plain#v1"
exits 0 'and all is sound' container verify -q
finish

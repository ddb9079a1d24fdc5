#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# The power goes while an image is pulled: whatever the store then names is whole, and the next pull
# ends the work.
#   CUTS=3          at so many instants, spread over the time that a pull takes
#   IMAGES=DIR      other images than the small ones, with tags v1 and v2
#   DISK=256M       and how large the disk is
#   SUBJECT=podman  does this see what a peer loses? By hand: it is to fail.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/power.sh
. "$tree/tests/cli/power.sh"
: "${CUTS:=3}" "${DISK:=256M}" "${SUBJECT:=ota}"

unmount() {
  local at
  for at in merged disk host; do
    if mountpoint -q "$dir/$at"; then umount -l "$dir/$at"; fi
  done
}
trap 'unmount; cleanup' EXIT

# --- who pulls: STORE is a folder of the disk; the name of what is pulled is app ---
ota_pull() { configure "$1" && container pull --name app "oci:$images:$2"; }
ota_list() { configure "$1" && containers; }
ota_tree() { configure "$1" && tree_of app "$2"; }
ota_layers() { (cd "$1/layers" 2>/dev/null && printf '%s\n' * | grep -v '[*]'); }

podman_at() { podman --root "$1" --runroot "$1.run" --storage-driver overlay "${@:2}"; }
podman_pull() { podman_at "$1" pull -q "oci:$images:$2" >out 2>err && podman_at "$1" tag "$(tail -n 1 out)" app; }
podman_list() { podman_at "$1" images --format '{{.Repository}}' | sed -n 's#^localhost/app$#app#p'; }
# the times of folders are different each time
podman_tree() {
  local at
  at=$(podman_at "$1" image mount app 2>err) || return 1
  "$tree/tests/cli/trees.py" "$at" | sed 's/"mtime": [0-9]*, //' >"$2"
  podman_at "$1" image umount -f app >umounted
}
podman_layers() { :; }

# --- the disk ---
# podman leaves mounts of its own behind
leave_disk() {
  if [ "$SUBJECT" = ota ]; then must umount disk; else must umount -R disk; fi
}

# lose_power: and get it back
lose_power() {
  clone host/disk host/cut
  wait
  leave_disk
  take_cut disk
}

# --- what must hold ---
# layers_are_whole: each that has a name
layers_are_whole() {
  local layer faults=0
  for layer in $("${SUBJECT}_layers" disk/store); do
    "$tree/tests/cli/trees.py" "disk/store/layers/$layer/diff" >got 2>&1
    same_tree "layer.$layer" got || faults=$((faults + 1))
  done
  return $((faults > 0))
}

# image_is TAG...: it has a name, and is wholly one of these; with none among them it may have none
image_is() {
  local tag
  if ! "${SUBJECT}_list" "$dir/disk/store" | grep -qx app; then
    [[ " $* " = *' none '* ]] && return
    echo '# no image has a name'
    return 1
  fi
  "${SUBJECT}_tree" "$dir/disk/store" got || return 1
  for tag; do cmp -s "$tag.wanted" got && return; done
  same_tree "$1.wanted" got
}

# goes_on TAG: the same pull ends it
goes_on() {
  "${SUBJECT}_pull" "$dir/disk/store" "$1" && image_is "$1" && layers_are_whole
}

# cut_at DELAY_US TAG BEFORE: a pull of TAG is cut; BEFORE is the image that was there, or none
cut_at() {
  local text="$2 over $3, cut after $(($1 / 1000)) ms"
  new_disk "$DISK" disk
  if [ "$3" != none ]; then must "${SUBJECT}_pull" "$dir/disk/store" "$3"; fi
  "${SUBJECT}_pull" "$dir/disk/store" "$2" &
  sleep "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))"
  kill -0 $! 2>/dev/null && hits=$((hits + 1))
  lose_power
  holds "$text: what is named is whole" layers_are_whole
  holds "$text: the image is the old or the new one" image_is "$2" "$3"
  exits 0 "$text: the next pull ends it" goes_on "$2"
  leave_disk
}

# cut_when_done TAG BEFORE: in the moment that it says done
cut_when_done() {
  new_disk "$DISK" disk
  if [ "$2" != none ]; then must "${SUBJECT}_pull" "$dir/disk/store" "$2"; fi
  exits 0 "$1 over $2: says done" "${SUBJECT}_pull" "$dir/disk/store" "$1"
  lose_power
  holds "$1 over $2, cut then: all layers are whole" layers_are_whole
  holds "$1 over $2, cut then: the image is the new one" image_is "$1"
  exits 0 "$1 over $2, cut then: the next pull finds it so" goes_on "$1"
  leave_disk
}

need 'is for root' test "$(id -u)" -eq 0
[ "$SUBJECT" != ota ] || need 'this ota has no containers' "$OTA" container list --help
need 'there is no loop device' losetup -f
need 'no file system here can clone a file' make_clones
if [ -n "${IMAGES-}" ]; then images=$(realpath "$IMAGES"); else make_images && images+=/gzip; fi

# what each image is, and how long a pull takes
mkdir disk
new_disk "$DISK" disk
begun=${EPOCHREALTIME/./}
must "${SUBJECT}_pull" "$dir/disk/store" v1
took=$((${EPOCHREALTIME/./} - begun))
must "${SUBJECT}_tree" "$dir/disk/store" v1.wanted
must "${SUBJECT}_pull" "$dir/disk/store" v2
must "${SUBJECT}_tree" "$dir/disk/store" v2.wanted
for layer in $("${SUBJECT}_layers" disk/store); do
  "$tree/tests/cli/trees.py" "disk/store/layers/$layer/diff" >"layer.$layer"
done
leave_disk
if [ "$SUBJECT" = ota ]; then
  for tag in v1 v2; do
    reference_of "$images" $tag umoci
    holds "$tag, without a cut, is what umoci makes of it" same_tree umoci $tag.wanted
  done
fi

cut_when_done v1 none
cut_when_done v2 v1
hits=0
for ((n = 0; n < CUTS; n++)); do
  delay=$(((took * n + took * (RANDOM % 1000) / 1000) / CUTS))
  if [ $((n % 2)) -eq 0 ]; then cut_at $delay v1 none; else cut_at $delay v2 v1; fi
done
[ "$CUTS" -eq 0 ] || holds "the power went in the midst ($hits of $CUTS times)" test $hits -gt 0
finish

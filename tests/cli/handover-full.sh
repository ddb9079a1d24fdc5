#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# A disk that is full, by a service or by whoever: the way back needs no room, and what does need some
# says so and works once there is.
web=full$$
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
# shellcheck source=tests/cli/power.sh
. "$tree/tests/cli/power.sh"
need 'is for root' test "$(id -u)" -eq 0
need 'runc is not installed' command -v runc
need 'there is no loop device' losetup -f
make_services
# shellcheck source=tests/cli/atomic.sh
. "$tree/tests/cli/atomic.sh"
unmount() { if mountpoint -q "$store"; then umount -l "$store"; fi; }
trap 'wipe_containers; unmount; cleanup' EXIT

free_kib() { df -k --output=avail "$store" | tail -n 1; }
# fill: to the last block
fill() {
  cat /dev/zero >>"$store/filler"
  sync "$store/filler"
  dd if=/dev/zero of="$store/filler" bs=1k oflag=append conv=notrunc
} 2>/dev/null
is_full() { ! mkdir "$store/probe" 2>/dev/null || { rmdir "$store/probe" && return 1; }; }
empty() { rm "$store/filler"; }
move_to() { on -v container handover "$web" "oci:$services/images:$1" "${@:2}"; }
# kill_it: the one that runs; of the one before, runc may not yet have forgotten the name
kill_it() { runc --root "$runtime_state" kill "$(containers_of | sed -n 's/ running$//p')" KILL; }

make_host
mkdir -p host "$store"
write_service 'watch: 20s'
new_disk 64M "$store"
must tune2fs -m 0 "$(findmnt -no SOURCE "$store")" >tuned
pull v1
supervise
must one_only 1
room=$(free_kib)
roomy() { [ "$(free_kib)" -ge $((room - 2048)) ]; }

# --- by a service ---
exits 0 'one that fills the disk, and serves, is taken' move_to full
holds 'the disk is full by it' test "$(free_kib)" -lt 1024
exits 0 'back from it by the way that stops it first' roll_back --strategy download-then-kill
holds 'the old version is up' one_only 1
holds 'the disk is free again' waits_for roomy
exits 0 'it is taken again, if one insists' move_to full --retry
must kill_it
holds 'it dies while it is watched: the old version is up' one_only 1
holds 'and the disk free again' waits_for roomy
exits 0 'the next handover works' move_to v2
holds 'as it says' one_only 2

# --- by another ---
fill
holds 'the disk is full to its last block' is_full
exits 15 'a pull has no room' on container pull --name other "oci:$services/images:v3"
exits 15 'nor has a version beside the one that runs' roll_back
holds 'which is said' says 'No space left'
holds 'and the one that runs stays' one_only 2
exits 0 'in place of it there is room' roll_back --strategy download-then-kill
holds 'for the version before' one_only 1
empty
must move_to v2 --retry
must one_only 2
fill
must kill_it
holds 'the watch goes back without room' one_only 1
exits 0 'one stops it without room' on container stop "$web"
must waits_for dead
fill
holds 'the disk is full again' is_full
exits 15 'a start without room' on container run "$web"
holds 'says so' says 'No space left'
holds 'and leaves no container' test -z "$(containers_of)$(processes)"
empty
supervise
holds 'it is tried again once there is room' one_only 1
exits 0 'the next handover works' move_to v2 --retry
holds 'then, too' one_only 2
finish

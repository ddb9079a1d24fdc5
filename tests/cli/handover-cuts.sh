#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# The power goes while a service moves to another version, or back: with its return one version comes up,
# the one that the journal names, and the next handover works. Of ten cuts seven fall at an exact call of
# the supervisor, by the step that it was at, and three at any instant.
#   CUTS=5     so many; from 100 on, each step of a handover must have been hit
web=cut$$
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
: "${CUTS:=5}"
unmount() {
  local at
  for at in "$store" host; do
    if mountpoint -q "$at"; then umount -l "$at"; fi
  done
}
trap 'wipe_containers; unmount; cleanup' EXIT
need 'no file system here can clone a file' make_clones
make_host
write_service 'watch: 1500ms'

# --- what is cut: from version 1 to 2, unless it fails ---
moves() { hand_over_to 2; }
replaces() { hand_over_to 2 --strategy download-then-kill; }
waits() { hand_over_to 2 --strategy kill-then-download; }
deletes() { hand_over_to 2 --strategy delete-then-download --no-rollback; }
fails() { on -v container handover "$web" "oci:$services/images:crash"; }
dooms() { on -v container handover "$web" "oci:$services/images:dies"; }
backs() { roll_back; }
# what stands before it is cut
begin() {
  clone host/"$([ "$1" = backs ] && echo second || echo first)" host/disk
  must mount -o loop host/disk "$store"
  supervise
  must waits_for answers
}

# places: where the supervisor stands still when the power goes
places() {
  local mark n
  printf 'moves %s\n' prepared+2 started+0 ready+1 committed+2 draining+1 watching+2 settled+1
  printf 'backs %s\n' committed+0 ready+2 committed+1 draining+0
  printf 'deletes %s\n' settled+0 settled+1 settled+2 settled+4 prepared+2 started+1 committed+1 watching+0
  printf 'waits %s\n' asked+0 asked+1 prepared+1 started+2 committed+2 watching+1
  printf 'dooms %s\n' committed+2 draining+2 watching+2 settled+0 settled+1 settled+2 settled+3
  printf 'fails %s\n' settled+0 settled+1 settled+2
  for n in 0 1 2; do
    for mark in prepared started ready committed draining watching settled; do echo "moves $mark+$n"; done
  done
  # after the others less is done
  for n in 3 5; do
    for mark in prepared started draining watching; do echo "moves $mark+$n"; done
  done
  for n in 1 2; do
    for mark in prepared started ready committed watching; do echo "replaces $mark+$n"; done
  done
  printf 'backs %s\n' prepared+1 started+1 prepared+2 watching+2
}

# --- the cut ---
# tear: a write that was not yet on the disk reached it in part
tear() {
  local n
  for ((n = 0; n < 16; n++)); do
    [ $((RANDOM % 2)) -eq 0 ] ||
      dd if=unsynced of="$store/apps/$web/journal" bs=512 skip=$n seek=$n count=1 conv=notrunc status=none
  done
}

# lose_power: and get it back
lose_power() {
  clone host/disk host/cut
  cp "$store/apps/$web/journal" unsynced
  wipe_containers
  wait
  must umount "$store"
  take_cut "$store"
}

# comes_up: the version that the journal names. One that was deleted on request has no way back, so that
# the next handover alone brings one.
comes_up() {
  local wanted
  wanted=$(version_in current)
  supervise
  case $wanted in
    dies | crash) wanted=1 ;;
    '')
      waits_for eval 'dead || answers'
      if ! dead; then
        wanted=1
      else
        hand_over_to 2 || return
        supervise
        wanted=2
      fi
      ;;
  esac
  one_only "$wanted"
}
goes_on() { hand_over_to 3 && one_only 3; }

# judge ACTION TEXT [STEP]: the step is the one that must be on the disk
judge() {
  local step
  step=$(step_in)
  cuts[$1 $step]=$((${cuts[$1 $step]:-0} + 1))
  holds "$1, $2: a journal is there ($step)" test -n "$step"
  if [ $# -gt 2 ]; then holds "$1, $2: and says what was made durable" test "$step" = "$3"; fi
  holds "$1, $2: one version comes up" comes_up
  exits 0 "$1, $2: the next handover works" goes_on
  wipe_containers
  must umount "$store"
}

# cut_at ACTION MARK+N
cut_at() {
  begin "$1"
  arm "$2" STOP
  "$1" >said 2>&1 &
  waits_for fired || report 1 "$1: $2 was never reached"
  disarm
  lose_power
  case $2 in
    *+1) tear && judge "$1" "cut at $2, torn" ;;
    *+2) judge "$1" "cut at $2" "${2%+*}" ;;
    *) judge "$1" "cut at $2" ;;
  esac
}

# cut_after ACTION MILLISECONDS
cut_after() {
  begin "$1"
  "$1" >said 2>&1 &
  sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
  lose_power
  judge "$1" "cut after $2 ms"
}

# --- the disks ---
mkdir -p "$store"
new_disk 64M "$store"
must pull v1
supervise
must one_only 1
kill -TERM "$pid" && wait "$pid"
must umount "$store"
clone host/disk host/first
begin moves
from=${EPOCHREALTIME/./}
must moves
took=$(((${EPOCHREALTIME/./} - from) / 1000 + 1500))
must waits_for eval '[ "$(step_in)" = settled ]'
kill -TERM "$pid" && wait "$pid"
must umount "$store"
clone host/disk host/second

declare -A cuts=()
mapfile -t exact < <(places)
any=(moves backs replaces waits deletes dooms)
next=0
for ((n = 0; n < CUTS; n++)); do
  if [ $((n % 10)) -lt 7 ]; then
    # shellcheck disable=SC2086 # two words
    cut_at ${exact[next++ % ${#exact[@]}]}
  else
    cut_after "${any[$((RANDOM % ${#any[@]}))]}" $((took * (RANDOM % 1000) / 1000))
  fi
done

printf '# %-9s' ''
steps='settled prepared started ready committed draining watching'
# shellcheck disable=SC2086 # a list
printf ' %9s' $steps
echo
for action in moves replaces waits deletes backs fails dooms; do
  printf '# %-9s' $action
  for step in $steps; do printf ' %9d' "${cuts[$action $step]:-0}"; done
  echo
done
for step in $steps; do
  [ "$CUTS" -lt 100 ] || holds "a handover was cut when it was $step" test "${cuts[moves $step]:-0}" -gt 0
done
finish

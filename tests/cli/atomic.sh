# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the scripts that cut handovers short share, beside service.sh: a supervisor that ends or stands
# still at an exact call (tests/fault/step.c), a reader of journals of its own, and what must hold in
# the end. Sourced, after service.sh; the service is called $web, a name that no other script has.

OTA=$tree/build/release/ota # many processes
index=$services/images/index.json
place=$dir/device/run/ota/services/$web
store=$dir/device/var/lib/ota
must gcc -shared -fPIC -O1 -Wall -Wextra -o step.so "$tree/tests/fault/step.c" -ldl

# write_service [LINE...]: as write_web has it; its processes are known by a variable
write_service() {
  write_web 'handover-timeout: 10s' "$@"
  mark_service
}
mark_service() {
  sed -i "s/^  web:/  $web:/; s#^    x-ota:#    stop_grace_period: 2s\n    environment: {OTA_TEST: '$dir'}\n&#" \
    device/etc/ota/compose.yaml
}

# --- one that is cut at a call ---
# arm MARK+N [SIGNAL [WHO]]: see tests/fault/step.c
arm() {
  rm -f step.fired step.log
  echo "$1 ${2:-KILL} ${3:-parent}" >step.armed
}
disarm() { rm -f step.armed; }
fired() { [ -e step.fired ]; }

# --- the supervisor ---
supervise() {
  STEP=$dir/step LD_PRELOAD=$dir/step.so "$OTA" --root "$dir/device" container run "$web" >>web.log 2>&1 &
  pid=$!
}
# dead: the supervisor has ended
dead() { ! kill -0 "$pid" 2>/dev/null; }
# hand_over_to N [OPTION...]
hand_over_to() { on -v container handover "$web" "oci:$services/images:v$1" "${@:2}"; }
roll_back() { on -v container rollback "$web" "$@"; }

# --- the journal, as whoever knows nothing of ota reads it ---
# block FILE NUMBER: its text, where the checksum is right; gzip counts with the same
block() {
  local head sum len
  head=$(dd if="$1" bs=4096 skip="$2" count=1 status=none | head -c 24 | tr -d '\0')
  [[ "$head" =~ ^ota-app\ 1\ ([0-9a-f]{8})\ ([0-9a-f]{4})$ ]] || return
  sum=${BASH_REMATCH[1]} len=$((16#${BASH_REMATCH[2]}))
  dd if="$1" bs=4096 skip="$2" count=1 status=none | tail -c +25 | head -c "$len" >block
  [ "$(gzip -c block | tail -c 8 | od -An -N4 -tx4 --endian=little | tr -d ' ')" = "$sum" ] || return
  cat block
  echo
}
# journal [STORE]: the newest sound block
journal() {
  local file=${1:-$store}/apps/$web/journal
  { block "$file" 0; block "$file" 1; } | jq -cs 'max_by(.number)'
}
# version_in FIELD [STORE]: the tag of that version, without its v
version_in() {
  jq -r --slurpfile index "$index" --arg field "$1" '.[$field].manifest.digest as $d |
    $index[0].manifests[] | select(.digest == $d) | .annotations[] | ltrimstr("v")' < <(journal "${@:2}") | head -n 1
}
step_in() { journal "$@" | jq -r .step; }

# --- what must hold ---
containers_of() { runc --root "$runtime_state" list -f json | jq -r '.[]? | "\(.id) \(.status)"'; }
# processes: those of our containers, by the variable
processes() {
  local at
  for at in $(pgrep -x service); do
    if grep -qsz "^OTA_TEST=$dir\$" "/proc/$at/environ"; then echo "$at"; fi
  done
}
# ours N: so many processes are ota's, and runc's there are none
ours() {
  local n
  n=$(pgrep -fc "^$OTA --root $dir/device container")
  [ "$n" -eq "$1" ] && ! pgrep -f "runc --root $runtime_state" >/dev/null
}
# nothing_else LETTERS: the folders are those of these containers, and nothing of ours is mounted
nothing_else() {
  local at
  for at in "$place" "$store/apps/$web"; do
    [ "$(cd "$at" && echo [ab])" = "$1" ] || { echo "# $at has $(cd "$at" && echo [ab])"; return 1; }
  done
  [ "$(containers_of | wc -l)" -eq 1 ] && [ "$(processes | wc -l)" -eq 1 ] && ours "${2:-1}" &&
    ! grep -q " $dir/device/run\| $store/" /proc/self/mountinfo
}
settled_at() {
  local only
  only=$(containers_of)
  [[ "$only" == *\ running && "$only" != *$'\n'* ]] || return 1
  only=${only% *}
  answers "$1" && nothing_else "${only: -1}" "${2:-1}"
}
# one_only VERSION [PROCESSES]: it answers, in one container, and of any other nothing is left
one_only() {
  if waits_for settled_at "$1" "${2:-1}" && answers_only "$1"; then return; fi
  show_all 2>&1 | sed 's/^/# /'
  return 1
}
show_all() {
  echo "containers: $(containers_of | tr '\n' ' '), processes: $(processes | tr '\n' ' ')"
  pgrep -fa "$dir"
  ls "$place" "$store/apps/$web"
  tail -n 8 web.log
}
# none_left: after a stop
none_left() { [ -z "$(containers_of)$(processes)" ] && ours 0 && [ "$(cd "$place" && echo [ab])" = '[ab]' ]; }

# wipe_containers: as a power cut does
wipe_containers() {
  local id
  if [ -n "$pid" ]; then kill -KILL "$pid" && wait "$pid"; fi
  while read -r id _; do runc --root "$runtime_state" delete --force "$id"; done < <(containers_of)
  # shellcheck disable=SC2046 # numbers
  kill -KILL $(pgrep -f "^$OTA --root $dir/device|runc --root $runtime_state") $(processes)
  rm -rf device/run/ota
} 2>/dev/null
trap 'wipe_containers; cleanup' EXIT
pid=''

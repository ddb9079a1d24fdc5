#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# Whoever has part in a handover is killed, at each of its steps: what is up in the end is one version,
# in one container, the old one before the commit and the new one from it on; nothing is left over, and
# the next handover works.
#   KILLS=N    the supervisor at each Nth call that changes something, 1 being all of them; without it
#              at one call after each step
web=kill$$
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
need 'is for root' test "$(id -u)" -eq 0
need 'runc is not installed' command -v runc
make_services
# shellcheck source=tests/cli/atomic.sh
. "$tree/tests/cli/atomic.sh"
: "${KILLS:=0}"

make_host
write_service 'watch: 300ms'
pull v1
supervise
must one_only 1
at=1 # what runs

# --- the supervisor is killed, by its calls ---
next_of() { echo $(($1 % 3 + 1)); }
# what is done to it, and who must run then, by what it had written
moves() { hand_over_to "$(next_of "$at")" "$@"; }
after_moves() { if grep -qs committed step.log; then next_of "$at"; else echo "$at"; fi; }
replaces() { moves --strategy download-then-kill; }
after_replaces() { after_moves; }
backs() { roll_back; }
after_backs() { if grep -qs committed step.log; then echo "$before"; else echo "$at"; fi; }
fails() { on -v container handover "$web" "oci:$services/images:crash" --retry; }
after_fails() { echo "$at"; }
dooms() { on -v container handover "$web" "oci:$services/images:dies" --retry; }
after_dooms() { echo "$at"; }
starts() {
  kill -TERM "$pid" && wait "$pid"
  arm "$place_of" KILL
  supervise
}
after_starts() { echo "$at"; }
stops() { on container stop "$web"; }
after_stops() { echo "$at"; }

# over: nothing more will be cut
over() { fired || dead || { [ "$(step_in)" = settled ] && answers; }; }

# goes_on: the next handover works, and comes to its end
goes_on() {
  hand_over_to "$(next_of "$at")" || return
  before=$at at=$(next_of "$at")
  one_only "$at"
}
# one that was seen to fail is tried again on demand
on_again() {
  hand_over_to "$(next_of "$at")" --retry || return
  before=$at at=$(next_of "$at")
  one_only "$at"
}
ended() { wait "$pid"; [ $? -eq 137 ]; } 2>/dev/null

# kill_at ACTION MARK+N: 1 where the action came to its end before
kill_at() {
  local status wanted text="$1, killed at $2"
  place_of=$2
  arm "$2"
  "$1" >said 2>&1
  status=$?
  waits_for over
  sleep 0.2
  if ! fired; then
    disarm
    wanted=$("after_$1")
    [ "$wanted" = "$at" ] || before=$at
    at=$wanted
    [ "$1" != stops ] || supervise
    holds "$1, not killed at $2: $at alone" one_only "$at"
    return 1
  fi
  hits[${2%+*}]=$((${hits[${2%+*}]:-0} + 1))
  holds "$text: it ended" ended
  wanted=$("after_$1")
  supervise
  holds "$text: then $wanted alone" one_only "$wanted"
  holds "$text: as the journal says" test "$(version_in current)" = "$wanted"
  if [ $status -eq 0 ] && [[ "$1" != dooms ]]; then
    holds "$text: what was said to be done is" [ "$wanted" != "$at" -o "$1" = stops -o "$1" = starts ]
  fi
  [ "$wanted" = "$at" ] || before=$at
  at=$wanted
  case $1 in
    moves | replaces) exits 0 "$text: the next one works" goes_on ;;
    *) exits 0 "$text: the next one works" on_again ;;
  esac
}

# sweep ACTION MARK...: after each of these
declare -A hits=()
phase=0
sweep() {
  local action=$1 mark n
  hits=()
  for mark in "${@:2}"; do
    n=$((phase++ % (KILLS && KILLS < 3 ? KILLS : 3)))
    while kill_at "$action" "$mark+$n" && [ "$KILLS" -gt 0 ]; do n=$((n + KILLS)); done
  done
  for mark in "${@:2}"; do echo "# $action: killed ${hits[$mark]:-0} times after $mark"; done
}
sweep moves prepared started ready committed draining watching settled
sweep replaces prepared committed watching
sweep backs prepared ready committed draining
sweep fails prepared started settled
write_service 'watch: 2s' # that one dies after a second
sweep dooms committed watching settled
write_service 'watch: 300ms'
sweep starts start
sweep stops asked

# --- its children are killed: who starts a container, and who clears one away ---
# child_at MARK+N VERSION: of a handover
child_at() {
  local text="a child killed at $1"
  arm "$1" KILL child
  moves >said 2>&1
  waits_for fired || report 1 "$text: it was never there"
  disarm
  holds "$text: then $2 alone" one_only "$2"
  [ "$2" = "$at" ] || before=$at
  at=$2
  exits 0 "$text: the next one works" on_again
}
for n in 0 2; do
  child_at prepared+$n "$at"
  child_at draining+$n "$(next_of "$at")"
done

# --- while the supervisor stands still, something ends; then it goes on ---
letter() { containers_of | sed -n 's/.*-\(.\) running/\1/p'; }
other() { tr ab ba <<<"$1"; }
end_container() { runc --root "$runtime_state" kill "ota-$web-$1" KILL 2>/dev/null; }
client() { kill -KILL "$asking"; }
old() { end_container "$old"; }
new() { end_container "$(other "$old")"; }
both() { end_container a; end_container b; }
# still_at MARK+N WHAT [VERSION]: without a version whichever the journal names
still_at() {
  local text="at $1 $2 ended" old wanted
  old=$(letter)
  arm "$1" STOP
  "$OTA" --root device container handover "$web" "oci:$services/images:v$(next_of "$at")" --retry >said 2>&1 &
  asking=$!
  waits_for fired || report 1 "$text: it was never there"
  disarm
  "$2"
  kill -CONT "$pid"
  wait "$asking" 2>/dev/null
  waits_for over
  wanted=${3:-$(version_in current)}
  holds "$text: then $wanted alone" one_only "$wanted"
  at=$wanted
}
still_at prepared+2 client "$at"
still_at started+2 client # it may be ready by then
still_at draining+2 client "$(next_of "$at")"
still_at started+2 new "$at"
still_at ready+2 new "$at"
still_at draining+2 new "$at"
still_at prepared+2 old "$(next_of "$at")"
still_at ready+2 old "$(next_of "$at")"
still_at committed+2 both
exits 0 'the next one works' on_again

# --- the runtime is killed while it starts a container ---
mkdir bin
runc=$(command -v runc)
cat >bin/runc <<SCRIPT
#!/bin/bash
[[ " \$* " = *' run '* && -e $dir/delay ]] || exec $runc "\$@"
delay=\$(cat $dir/delay)
rm $dir/delay
$runc "\$@" &
sleep "\$delay"
kill -KILL \$! \$\$ 2>/dev/null
SCRIPT
chmod +x bin/runc
kill -TERM "$pid" && wait "$pid"
PATH=$dir/bin:$PATH supervise
must one_only "$at"
for delay in 0.02 0.06; do
  echo $delay >delay
  exits 19 "the runtime killed after $delay s: no handover" moves
  holds "the runtime killed after $delay s: the old one alone" one_only "$at"
  exits 0 "the runtime killed after $delay s: the next one works" on_again
done

# --- who relays connections is killed ---
kill -TERM "$pid" && wait "$pid"
write_compose '--listen reuseport --ready notify' "ports: ['127.0.0.1:$port:8080']" 'x-ota:' \
  '  sharing: proxy' '  ready: {notify: true}' '  strategy: hand-over' '  watch: 0s'
mark_service
relay() {
  local child
  for child in $(pgrep -P "$pid"); do
    if [ "$(readlink "/proc/$child/exe")" = "$OTA" ] &&
      [ "$(readlink "/proc/$child/ns/net")" != "$(readlink /proc/self/ns/net)" ]; then echo "$child"; fi
  done
}
supervise
must one_only "$at" 2
sleep 1 # one that ends at once is another story
first=$(relay)
kill -KILL "$first"
another() { [ -n "$(relay)" ] && [ "$(relay)" != "$first" ]; }
holds 'a relay killed: another comes' waits_for another
holds 'a relay killed: the service answers, in one container' one_only "$at" 2
arm ready+2 STOP
moves >said 2>&1 &
must waits_for fired
# shellcheck disable=SC2046 # numbers
kill -KILL $(relay)
kill -CONT "$pid"
wait $!
waits_for over
holds 'a relay killed in a handover: one version alone' one_only "$(version_in current)" 2
kill -TERM "$pid" && wait "$pid"
holds 'nothing is left' none_left
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# A service moves to its next version, and back, in real containers: what clients notice of it, and
# who may hold it up.
web=move$$
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
need_services
OTA=$tree/build/release/ota # many processes
place=device/run/ota/services/$web
store=device/var/lib/ota
hand_over() { on container handover "$web" "$@"; }
roll_back() { on container rollback "$web" "$@"; }

# forget: the service is one that never ran
forget() { rm -rf "$store/apps/$web"; }

# begin TAG: the service is stopped, if it runs, and starts with this version
begin() {
  [ ! -e "$place/control" ] || web_stop
  forget
  must pull "$1"
  must web_start
}

# keeps TEXT COMMAND...: no client notices what the command does
keeps() {
  load_begin
  exits 0 "$@"
  exits 0 "$1: nothing is lost" load_end
}

# moves TEXT FROM TO [OPTION...]: from one version to another without a loss
moves() {
  local text=$1 from=$2 to_version=$3
  must pull "v$3"
  load_begin
  exits 0 "$text" hand_over "${@:4}"
  waits_for answers "$to_version"
  exits 0 "$text: nothing is lost" load_end
  holds "$text: both have answered" counted ".versions[\"$from\"] > 0 and .versions[\"$to_version\"] > 0"
  holds "$text: then the new one alone" answers_only "$to_version"
  holds "$text: in one container" alive 1
}

# stays STATUS TEXT [OPTION...]: it is not moved, and no client notices
stays() {
  local status=$1 text=$2
  load_begin
  exits "$status" "$text" hand_over "${@:3}"
  exits 0 "$text: nothing is lost" load_end
  holds "$text: the old one alone has answered" counted '.versions | keys == ["1"]'
  holds "$text: in one container" alive 1
}

# --- how versions share a port ---
make_host
write_web 'watch: 0s'
begin v1
moves 'a socket that both get' 1 2
write_compose "--listen reuseport --port $port --ready notify" 'network_mode: host' 'x-ota:' \
  '  sharing: reuseport' '  ready: {notify: true}' '  strategy: hand-over' '  watch: 0s'
begin v1
moves 'a port of the machine that both bind' 1 2
write_compose '--listen reuseport --ready notify' "ports: ['127.0.0.1:$port:8080']" 'x-ota:' \
  '  sharing: reuseport' '  ready: {notify: true}' '  strategy: hand-over' '  watch: 0s'
begin v1
moves 'a port of their own network that both bind' 1 2
write_compose '--listen reuseport --ready notify' "ports: ['127.0.0.1:$port:8080']" 'x-ota:' \
  '  sharing: proxy' '  ready: {notify: true}' '  strategy: hand-over' '  watch: 0s'
begin v1
moves 'a network for each' 1 2

# --- how the new one says that it is ready ---
begin v1
from=1
# ready WAY OPTIONS READY: the socket is passed, and 8080 is for those who look from inside
ready() {
  local next=$((3 - from))
  write_compose "--listen fds --listen reuseport --ready-after 200 $2" 'x-ota:' "  listen: ['127.0.0.1:$port']" \
    "  $3" '  strategy: hand-over' '  watch: 0s' '  handover-timeout: 1s'
  if [ "$1" != after ]; then
    must pull hang
    exits 19 "$1: one that hangs is never ready" hand_over --retry
    holds "$1: which is said" says 'was not ready within 1000 ms'
  fi
  sed -i '/handover-timeout/d' device/etc/ota/compose.yaml
  must pull v$next
  exits 0 "$1: one that is well is" hand_over
  holds "$1: and serves" answers_only $next
  from=$next
}
ready 'its file' '--ready file:/run/ota/handover-complete' 'sharing: socket'
ready "balena's file" '--ready file:/tmp/balena/handover-complete' 'sharing: socket'
ready 'a file that is named' '--ready file:/tmp/up' 'ready: {file: /tmp/up}'
ready notify '--ready notify' 'ready: {notify: true}'
ready http '' "ready: {http: 'http://127.0.0.1:8080/health'}"
ready tcp '' 'ready: {tcp: 8080}'
ready exec '' "ready: {exec: [/service, --probe, '8080']}"
ready after '' 'ready: {after: 300ms}'

# --- strategies ---
mkdir -p device/etc/ota/beats
# tactic STRATEGY: versions that leave traces of when they were there
tactic() {
  rm -f device/etc/ota/beats/*
  write_compose '--listen fds --ready notify --beat 10 --beats /beats/all' "volumes: ['./beats:/beats']" 'x-ota:' \
    "  listen: ['127.0.0.1:$port']" '  ready: {notify: true}' '  watch: 0s' "${1:+  strategy: $1}"
}
beats() { service --count-beats device/etc/ota/beats/all >load.json; }
both() { beats && counted ".both $1"; }
source=oci:$services/images
tactic ''
begin v1
must pull v2
exits 0 'download-then-kill is the default' hand_over
holds 'the two are never there at once' both '== 0'
holds 'and the new one serves' answers_only 2
first=$(container_pid)
same_container() { [ "$(container_pid)" = "$first" ]; }
exits 11 'what cannot be downloaded' hand_over "$source:none"
holds 'does not touch what runs' same_container
exits 0 'it can be another for once' hand_over --strategy hand-over "$source:v3"
holds 'with both at once' both '> 0'
tactic kill-then-download
begin v1
first=$(container_pid)
exits 11 'kill-then-download: what cannot be downloaded' hand_over "$source:none"
holds 'stops nothing either' same_container
exits 0 'what can be' hand_over "$source:v2"
holds 'takes its place' answers_only 2
holds 'after it was gone' both '== 0'
tactic delete-then-download
begin v1
exits 2 'delete-then-download leaves no way back' hand_over "$source:v2"
holds 'which must be wanted' says 'hint: .*--no-rollback'
holds 'nothing has happened' answers_only 1
old=$(jq -r --arg n "$image" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n) | .digest' "$store/index.json")
exits 0 'when it is' hand_over --no-rollback "$source:v2"
holds 'the new one is there' answers_only 2
holds 'the old one not even in the store' test ! -e "$store/blobs/sha256/${old#*:}"
exits 3 'so there is no way back' roll_back
tactic hand-over
begin v1
must pull v2
exits 0 'hand-over' hand_over
holds 'has both at once' both '> 0'
write_compose '--listen fds --ready file:/tmp/balena/handover-complete' 'labels:' \
  '  io.balena.update.strategy: hand-over' '  io.balena.update.handover-timeout: 30000' 'x-ota:' \
  "  listen: ['127.0.0.1:$port']" '  watch: 0s'
begin v1
moves "balena's labels are heeded" 1 2
sed -i 's/30000/800/' device/etc/ota/compose.yaml
must pull hang
exits 19 'and their time' hand_over
holds 'in milliseconds' says 'was not ready within 800 ms'

# --- there and back ---
write_web 'watch: 0s'
begin v1
exits 3 'nothing is new' hand_over
holds 'as it says' says "'$web' is at .* already"
exits 3 'nor is there anything before' roll_back
must pull v2
exits 0 'programs' on --json container handover "$web"
holds 'read from where to where' told --arg web "$web" --arg image "$image" '.service == $web and .from.name == $image
  and .to.name == $image and .from.digest != .to.digest and (.to.digest | startswith("sha256:"))
  and .running and .committed_ms <= .took_ms'
holds 'the version before is noted' journal '.previous.name' "$image"
two=$(jq -r .to.digest out)
keeps 'the way back needs no network' unshare -n "$OTA" --root device container rollback "$web"
holds 'back it is' answers_only 1
holds 'what was left is noted' journal '.previous.manifest.digest' "$two"
exits 3 'and counts as bad' hand_over
holds 'as is said' says 'has failed here before: it was rolled back'
holds 'with what to do' says 'hint: --retry'
exits 0 'back and forth' on --json container rollback "$web"
holds 'programs read it' told --arg two "$two" '.to.digest == $two and .running'
holds 'there it is' answers_only 2
exits 0 'and back' roll_back
exits 0 'what is bad may be tried again' hand_over --retry
holds 'and be good' answers_only 2

# --- versions that fail ---
write_web 'watch: 0s'
begin v1
must pull crash
stays 19 'one that crashes'
holds 'the crash is told' says 'ended (by|with) s'
holds 'and noted' journal '.failed.name' "$image"
stays 3 'one that is known to'
stays 19 'unless it is tried again' --retry
write_web 'watch: 0s' 'handover-timeout: 1s'
must pull hang
stays 19 'one that hangs'
write_compose '--listen fds' 'x-ota:' "  listen: ['127.0.0.1:$port']" '  ready: {after: 3s}' \
  '  strategy: hand-over' '  watch: 0s'
must pull dies
exits 19 'one that dies before it counts as ready' hand_over
holds 'has not stopped the old one' answers_only 1
holds 'which is alone' alive 1

# slow_request: one that the running version is at for a while
slow_request() {
  "$services/load" --to "$to" --clients 1 --requests 1 --path '/slow?ms=2500' >slow.json &
  slow=$!
  sleep 0.2
}
write_web 'watch: 20s'
begin v1
must pull dies
slow_request
exits 19 'one that dies while the old one finishes' hand_over
exits 0 'which it could' wait "$slow"
holds 'is not left alone' waits_for answers 1
holds 'but noted' journal .failed.name "$image"
exits 0 'one that dies when it is alone' hand_over --retry
holds 'is rolled back' waits_for web_says 'back to .*: it ended with status 1'
holds 'the old one is there again' waits_for answers 1
holds 'alone' alive 1
holds 'as the journal has it' journal '[.step, .previous] | @json' '["settled",null]'
exits 3 'and is not tried again' hand_over
late() {
  write_compose "--listen fds $1" 'x-ota:' "  listen: ['127.0.0.1:$port']" '  ready: {file: /tmp/up}' \
    '  strategy: hand-over' '  watch: 0s' "  handover-timeout: ${2:-30s}"
}
late '' 3s
must pull v2
exits 19 'one that never says that it is ready' hand_over
exits 0 'may be taken at its word' hand_over --retry --on-timeout=proceed
holds 'and serve' answers_only 2

# --- clients that go away, and those that come at once ---
begin_client() {
  "$OTA" --root device container handover "$web" "$@" >client.out 2>client.err &
  client=$!
}
begin v1
late '--ready-after 30000'
must pull v2
for signal in TERM KILL; do
  begin_client
  holds "$signal: a handover begins" waits_for web_is 'starting beside'
  exits 18 "$signal: another is turned away" hand_over
  holds "$signal: by what is under way" says 'another command is at'
  exits 18 "$signal: so is a stop" on container stop "$web"
  kill -$signal $client
  wait $client
  holds "$signal: without its client it is undone" waits_for web_is running
  holds "$signal: the old one never ceased" answers_only 1
  holds "$signal: it is alone" waits_for alive 1
  holds "$signal: nothing is wrong with the new one" journal '[.step, .candidate, .failed] | @json' '["settled",null,null]'
done
all_have_noise() {
  local pid
  for pid in $(container_pid); do [ -s "/proc/$pid/root/noise" ] || return; done
}
late '--ready file:/tmp/up'
slow_request
begin_client
holds 'a handover is committed' waits_for journal .step draining
kill -KILL $client
wait "$slow" $client 2>/dev/null
holds 'it stands without its client' waits_for web_is running
holds 'in the new version' answers_only 2
holds 'alone once more' waits_for alive 1
must pull v1
slow_request
begin_client --no-rollback
holds 'one without a way back is committed' waits_for journal .step draining
holds 'what drains is noted' journal .previous.name "$image"
must on container gc
holds 'and keeps its files' all_have_noise
exits 0 'then it is done' wait $client
wait "$slow" 2>/dev/null
holds 'and there is no way back' journal .previous null

# --- hooks ---
write_web 'watch: 0s'
begin v1
must pull v2
for when in pre post; do
  for command in handover rollback; do
    mkdir -p device/etc/ota/hooks.d/$when-$command
    printf '#!/bin/sh\necho %s $OTA_COMMAND $OTA_SERVICE $OTA_VERSION ${OTA_DIGEST%%%%:*} >>%s/hooks\n' $when "$dir" \
      >device/etc/ota/hooks.d/$when-$command/10-note
    chmod +x device/etc/ota/hooks.d/$when-$command/10-note
  done
done
must hand_over
must roll_back
holds 'hooks know what it is about' diff - hooks <<END
pre handover $web $image sha256
post handover $web $image sha256
pre rollback $web $image sha256
post rollback $web $image sha256
END
printf '#!/bin/sh\necho the pump runs\nexit 75\n' >device/etc/ota/hooks.d/pre-handover/20-pump
chmod +x device/etc/ota/hooks.d/pre-handover/20-pump
stays 18 'a hook may say that now is not the time' --retry
holds 'and why' says 'hint: the pump runs'
printf '#!/bin/sh\nexit 1\n' >device/etc/ota/hooks.d/pre-handover/20-pump
stays 1 'or that it will not do' --retry
rm -r device/etc/ota/hooks.d

# --- locks ---
# held TEXT REGEX: the lock holds back what disturbs, and nothing else
held() {
  must pull v2
  stays 18 "$1 holds updates back" --retry
  holds "$1: which is told" says "$2"
  holds "$1: with what to do" says 'hint: wait for it, or override it with --force'
  exits 18 "$1: what stops the service waits" on container stop "$web"
  exits 18 "$1: and what goes back" roll_back
  exits 0 "$1: not what downloads" pull v3
  must pull v2
  exits 0 "$1: may be overridden" hand_over --force --retry
  exits 0 "$1: on the way back, too" roll_back --force
}
# neighbour OPTIONS FILE: another service of the same compose file holds a lock
neighbour() {
  write_web 'watch: 0s'
  printf '%s\n' "  $web-pump:" "    image: $image" "    command: --listen none $1" >>device/etc/ota/compose.yaml
  "$OTA" --root device container run "$web-pump" >pump.out 2>pump.log &
  pump=$!
  must waits_for test -e "$place-pump/a/in/$2"
}
write_web 'watch: 0s'
begin v1
must pull v2
must hand_over
must roll_back
"$OTA" --root device lock -- sh -c ': >locked; while [ ! -e let-go ]; do sleep 0.05; done' &
lock=$!
must waits_for test -e locked
held 'the operator' 'the update lock is held by sh'
: >let-go
wait $lock
neighbour '--lock /run/ota/updates.lock' updates.lock
held 'a file of another service' "the service '$web-pump' holds updates back since "
must on container stop --force "$web-pump"
wait $pump
exits 0 'a file is gone with its service' hand_over --retry
must roll_back
neighbour '--lock /tmp/balena/updates.lock' updates.lock
exits 18 "a file by balena's name holds updates back" hand_over --retry
kill -KILL "$(cat "$place-pump/a/pid")"
wait $pump
exits 0 'even when it had no time to say so' hand_over --retry
must roll_back
neighbour '--lock-flock /run/ota/update.lock' update.lock
held 'flock of another service' "the service '$web-pump' holds updates back"
kill -KILL "$(cat "$place-pump/a/pid")"
wait $pump
exits 0 'it ends with its service' hand_over --retry

# --- what is told, and without a supervisor ---
must roll_back
must on -v container handover "$web" --retry
steps() { grep -Eo 'prepared|started|ready|committed|draining|watching' err | tr '\n' ' '; }
holds '-v shows the steps' test "$(steps)" = 'prepared started ready committed draining watching '
must web_stop
must pull v3
exits 0 'a service that does not run' on --json container handover "$web"
holds 'is told to be so' told '.running == false'
exits 0 'has it from its next start on' web_start 3
exits 0 'with a way back' roll_back
holds 'that is taken' answers_only 2
exits 2 'a service that the file lacks is not moved' on container handover other
must web_stop
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo ends in the air: a control loop in a container, which must beat every 20 ms and serves its
# telemetry over HTTP, is updated while clients ask. What is missed and what fails is counted, for a
# hand-over and for other ways. Boards that are emulated hold no such beats, so this runs on the
# machine itself: as root and with runc, else it is left out. What is not as it should be ends it.
#   OTA=path of the binary   BUILD=folder for everything that is made   demo-air.sh
#   LOAD_S=6   how long clients ask, each way      BEAT_MS=20   of the control loop
set -euo pipefail

recipes=$(realpath "$(dirname "$0")")
ota=$(realpath "${OTA:?names the binary}")
load_s=${LOAD_S:-6} beat_ms=${BEAT_MS:-20}
clients=8 rate=250 # requests a second of each: busy, and yet there is time for the control loop
image=example.com/loop:stable
mkdir -p "${BUILD:?names the folder to work in}/demo/air/bin"
cd "$BUILD/demo/air"
PATH=$PWD/bin:$PATH:/usr/sbin:/sbin
ln -sf "$ota" bin/ota
# shellcheck source=test-images/story.sh
. "$recipes/story.sh"

# unless_able REASON COMMAND...: without it there is no such act, which is no failure
unless_able() {
  if "${@:2}" >/dev/null 2>&1; then return; fi
  printf '\n(The act with containers, "in the air", is left out: it needs %s.)\n' "$1"
  exit 0
}
unless_able root test "$(id -u)" -eq 0
unless_able runc command -v runc
mkdir -p low up at
unless_able "the kernel's overlay" unshare -m mount -t overlay overlay -o ro,lowerdir=low:up at

supervisor='' load=''
leave() {
  touch load.end
  [ -z "$load" ] || wait "$load" || :
  [ -z "$supervisor" ] || { kill "$supervisor" && wait "$supervisor"; } 2>/dev/null || :
}
trap leave EXIT
trap 'exit 130' INT TERM

# --- what there is ---
make_images() {
  [ -e loop.key ] || run 0 ota keygen loop
  OTA=$ota "$recipes/services.sh" --key loop.key services
  ln -sfn services/images images
}

free_port() {
  port=$((30000 + RANDOM % 2700)) # below those that the kernel gives to clients
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  to=127.0.0.1:$port
}

# make_device COMMAND STRATEGY [LINE...]: one that has v1; the lines go on below the service
make_device() {
  local loop="--beat $beat_ms --beats /loop/beats"
  rm -rf device
  mkdir -p device/etc/ota/{trust.d,loop} device/run
  cp loop.pub device/etc/ota/trust.d/
  printf '%s\n' '[device]' 'compatible = demo-board' '[container]' 'runtime = runc' >device/etc/ota/ota.conf
  cat >device/etc/ota/compose.yaml <<YAML
services:
  loop:
    image: $image
    command: $1 --ready notify $loop
    volumes: ['./loop:/loop']
$(printf '    %s\n' "${@:3}")
      ready: {notify: true}
      strategy: $2
YAML
}
passed() { make_device '--listen fds' "$1" x-ota: "  listen: ['$to']"; }
bound() { make_device "--listen plain --port $port" "$1" 'network_mode: host' x-ota:; }

# --- what is asked of it ---
# answers VERSION: does a request get its answer, and from that version?
answers() {
  [ "$(services/load --to "$to" --clients 1 --requests 1 | sed 's/.*"versions": {"*\([^"}]*\).*/\1/')" = "$1" ]
}

# waits_for WHAT COMMAND...
waits_for() {
  local until=$((SECONDS + 20))
  until "${@:2}" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fail "not within 20 s: $1; $(tail -n 3 device/log)"
    sleep 0.05
  done
}

start() {
  ota --root device container run loop >device/log 2>&1 &
  supervisor=$!
  waits_for 'v1 answers' answers 1
}

# The supervisor ends as its container did.
stop() {
  ota -q --root device container stop loop
  wait "$supervisor" || :
  supervisor=''
}

load_begin() {
  rm -f load.end
  services/load --to "$to" --clients $clients --rate $rate --until load.end >load.json &
  load=$!
  sleep "$(awk "BEGIN { print $load_s / 2 }")"
}

load_end() {
  sleep "$(awk "BEGIN { print $load_s / 2 }")"
  touch load.end
  wait "$load" || :
  load=''
}

# number KEY FILE: in the JSON of our own programs
number() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$2"; }

# count WAY: a line of the table
count() {
  services/service --count-beats device/etc/ota/loop/beats >beats.json
  printf '  %-31s %8d %7d %9d ms  %d (%d ms)\n' "$1" $(($(number answered load.json) + $(number failed load.json))) \
    "$(number failed load.json)" "$(number longest_gap_ms load.json)" "$(number missed beats.json)" \
    $(($(number longest_missed beats.json) * beat_ms)) >>table
}

# nothing_lost: no request, and both versions answered
nothing_lost() {
  [ "$(number failed load.json)" -eq 0 ] || fail "requests were lost: $(cat load.json)"
  grep -q '"1": .*"2": ' load.json || fail "not both have answered: $(cat load.json)"
}

table() {
  printf '\n  %-31s %8s %7s %12s  %s\n' way requests failed 'longest gap' 'beats missed'
  cat table
}

free_port
: >table
title 'In the air: a control loop in a container' <<TEXT
It must beat every $beat_ms ms, and serves its telemetry over HTTP to $clients clients, each
of which asks $rate times a second. Three versions of it are made and signed: v1,
v2, and one that crashes.
TEXT
make_images

title 'How much is missed by itself' <<'TEXT'
First it is left alone, as a measure of this machine: nobody updates it.
TEXT
passed hand-over
run 0 cat device/etc/ota/compose.yaml
run 0 ota --root device container pull --name $image oci:images:v1
show 'ota --root device container run loop &'
start
load_begin
load_end
count 'left alone'
stop

title 'The usual way: download, kill, start' <<'TEXT'
The service binds its port by itself. Between the old one and the new one nobody
answers, and nobody beats.
TEXT
bound download-then-kill
ota -q --root device container pull --name $image oci:images:v1
start
load_begin
run 0 ota --root device container handover loop oci:images:v2
load_end
count 'download-then-kill'
stop

title 'The same with a socket that outlives it' <<'TEXT'
The supervisor holds the socket, so that clients wait instead of failing. Still
nobody beats.
TEXT
passed download-then-kill
ota -q --root device container pull --name $image oci:images:v1
start
load_begin
run 0 ota --root device container handover loop oci:images:v2
load_end
nothing_lost
count 'download-then-kill, held socket'
stop

title 'By hand-over' <<'TEXT'
v2 starts beside v1 and takes the same socket. Once it is ready, v1 finishes
what it has, and goes. Both beat meanwhile.
TEXT
passed hand-over
ota -q --root device container pull --name $image oci:images:v1
start
load_begin
run 0 ota --root device container handover loop oci:images:v2
load_end
nothing_lost
count 'hand-over'
table

title 'A bad version, and back' <<'TEXT'
The next one crashes when it starts: v2 goes on, and nobody notices. Then the
operator wants v1 again, which takes one command and no network.
TEXT
load_begin
run 19 ota --root device container handover loop oci:images:crash
load_end
[ "$(number failed load.json)" -eq 0 ] || fail "requests were lost: $(cat load.json)"
answers 2 || fail 'v2 does not go on'
printf '  %d requests meanwhile, %d failed.\n' "$(number answered load.json)" "$(number failed load.json)"
run 0 ota --root device container list
run 0 ota --root device container rollback loop
waits_for 'v1 answers' answers 1
stop

printf '\n%sAll %d steps went as they should, in %d s.%s\n' "$bold" "$steps" "$SECONDS" "$plain"

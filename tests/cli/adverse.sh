#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# What comes between a supervisor and its work: clients that cross each other, a version that is never
# ready, a machine that lets nothing be written, ports that change, and nobody who listens.
web=adverse$$
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
need_services
OTA=$tree/build/release/ota # many processes
place=device/run/ota/services/$web
store=device/var/lib/ota
trap 'unseal 2>/dev/null; cleanup' EXIT

hand_over() { on container handover "$web" "$@"; }
# begin TAG: the service is stopped, if it runs, and starts with this version
begin() {
  [ ! -e "$place/control" ] || web_stop
  rm -rf "$store/apps/$web"
  must pull "$1"
  must web_start "${1#v}"
}
# client TAG [OPTION...]: a handover in the background
client() {
  "$OTA" --root device container handover "$web" "oci:$services/images:$1" "${@:2}" >client.out 2>client.err &
  client=$!
}
# seal, unseal: nothing of the service can be written
seal() { mount --bind "$store/apps" "$store/apps" && mount -o remount,bind,ro "$store/apps"; }
unseal() { umount "$store/apps"; }
kill_container() { kill -KILL "$(container_pid)"; }

# --- clients that cross each other ---
make_host
write_web 'watch: 1s'
begin v1
mkdir -p device/etc/ota/hooks.d/pre-handover
printf '#!/bin/sh\n[ ! -e %s/slow ] || { : >%s/there; while [ -e %s/slow ]; do sleep 0.05; done; }\n' "$dir" "$dir" "$dir" \
  >device/etc/ota/hooks.d/pre-handover/10-slow
chmod +x device/etc/ota/hooks.d/pre-handover/10-slow
"$services/load" --to "$to" --clients 1 --requests 1 --path '/slow?ms=2000' >slow.json &
slow=$!
sleep 0.3
client v2
must waits_for journal .step draining
kill -KILL $client
wait $client 2>/dev/null
: >slow
client v3
must waits_for test -e there
wait $slow
holds 'what a client that is gone has asked for is done' waits_for journal .step watching
rm slow
exits 0 'and is no answer to the next one' wait $client
holds 'which moves the service itself' answers_only 3
rm -r device/etc/ota/hooks.d

# --- a version that is taken at its word is asked for its health all the same ---
# with_health OPTIONS LINE...: a service on a port of its own, with a health check
with_health() {
  write_compose "--listen reuseport $1" "ports: ['127.0.0.1:$port:8080']" \
    "healthcheck: {test: [CMD, /service, --probe, '8080'], interval: 100ms, retries: 2}" "${@:2}"
}
with_health ''
begin v1
with_health '--ready-after 30000' 'x-ota: {ready: {file: /tmp/never}, handover-timeout: 1s, watch: 60s}'
must pull v2
exits 0 'one that is never ready may be taken' hand_over --on-timeout=proceed
holds 'but not if it is ill' waits_for web_says 'back to .*its health check failed 2 times'

# --- what it fails by may be told in any language ---
with_health ''
for pad in '' x; do
  begin v1
  printf '    entrypoint: [/%s%s]\n' "$pad" "$(printf 'ö%.0s' {1..150})" >>device/etc/ota/compose.yaml
  exits 19 "a program that is not there${pad:+, by another name}" hand_over "oci:$services/images:v2"
  holds 'is why it is not moved' says 'could not be started'
  holds 'which is noted' journal '[.step, .candidate] | @json' '["settled",null]'
  with_health ''
  exits 0 'and hinders nothing' hand_over --retry "oci:$services/images:v2"
done

# --- nothing can be written ---
write_compose '--listen reuseport' "ports: ['127.0.0.1:$port:8080']" 'restart: always'
begin v1
must pull v2
for _ in 1 2 3; do
  kill_container
  must waits_for answers 1
done
kill_container
must waits_for alive 0
must seal
exits 16 'a handover that cannot be noted' hand_over
must unseal
holds 'leaves the service to be started again' waits_for answers 1
must web_stop
write_compose '--listen reuseport' "ports: ['127.0.0.1:$port:8080']" 'restart: on-failure:1'
rm -r "$store/apps/$web"
must pull v1
must web_start 1
must seal
kill_container
ended() { ! kill -0 "$web_pid"; }
holds 'a service that can no more be started' waits_for ended
wait "$web_pid" 2>/dev/null
holds 'ends with an error' test $? -ne 0
must unseal

# --- other ports ---
write_compose '--listen reuseport' "ports: ['127.0.0.1:$port:8080']"
rm -rf "$store/apps/$web"
must web_start 1
sed -i "s/'127.0.0.1:$port:8080'/'$port:8080'/" device/etc/ota/compose.yaml
kill -HUP "$web_pid"
holds 'the file names the port otherwise: a new supervisor takes over' waits_for web_says 'has taken over'
holds 'and serves' answers_only 1
exits 0 'the next version listens there' hand_over "oci:$services/images:v2"
holds 'as it serves' waits_for answers_only 2
must web_stop

# --- a container that ends while its supervisor becomes another program ---
write_web 'watch: 0s'
sed -i 's/^    x-ota/    restart: always\n    x-ota/' device/etc/ota/compose.yaml
rm -rf "$store/apps/$web"
mkdir bin
printf '#!/bin/sh\n[ "$1" != --version ] || while [ -e %s/busy ]; do sleep 0.02; done\nexec %s "$@"\n' "$dir" "$OTA" >bin/slow
chmod +x bin/slow
cp "$OTA" bin/ota
web_ota=$dir/bin/ota
must web_start 1
: >busy
mv bin/slow bin/ota
kill -HUP "$web_pid"
must waits_for pgrep -f "$dir/bin/ota --version"
kill_container
rm busy
holds 'is started again' waits_for web_says 'it was ended by signal 9'
holds 'and serves' waits_for answers 1
must web_stop
web_ota=

# --- an old version that ends while the new one is tried ---
late() {
  write_compose "--listen fds $1" 'restart: always' 'x-ota:' "  listen: ['127.0.0.1:$port']" '  ready: {file: /tmp/up}' \
    '  strategy: hand-over' '  watch: 60s'
}
late ''
begin v1
late '--ready-after 30000'
client v2
must waits_for web_is 'starting beside'
must waits_for alive 2
kill -KILL "$(runc --root "$runtime_state" list -f json | jq -r ".[] | select(.id == \"ota-$web-a\") | .pid")"
must waits_for web_says 'it was ended by signal 9'
kill -KILL $client
wait $client 2>/dev/null
holds 'says nothing against the new one' waits_for journal '[.step, .failed] | @json' '["settled",null]'
holds 'and is there again' waits_for answers 1

# --- a version that is held for one that does not come is on trial still ---
late '--ready file:/tmp/up'
must pull v2
exits 0 'a new version' hand_over
exits 16 'that is to be stopped for one that is not there' hand_over --strategy kill-then-download "oci:$dir/none:v9"
holds 'is watched when it runs again' waits_for web_is watched
must waits_for answers 2
kill_container
holds 'and given up when it fails' waits_for answers_only 1

# --- nobody reads what it says ---
[ ! -e "$place/control" ] || web_stop
mkfifo stuck
exec 7<>stuck
dd if=/dev/zero of=stuck bs=4k count=1000 oflag=nonblock 2>/dev/null
write_shell 'sleep 1000' 'restart: always'
"$OTA" --root device container run "$web" >web.out 2>stuck &
web_pid=$!
must waits_for alive 1
first=$(container_pid)
kill_container
is_another() { alive 1 && [ "$(container_pid)" != "$first" ]; }
holds 'a supervisor that is not listened to goes on' waits_for is_another
exits 0 'it can be stopped' web_stop
exec 7>&-
finish

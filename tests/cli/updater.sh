#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# `ota` in a container: it brings the next version of a service and of itself from a registry, with
# nothing of the machine but the store and /run/ota, and hands over both.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
need 'is for root' test "$(id -u)" -eq 0
need 'runc is not installed' command -v runc
need 'docker-registry is not installed' command -v docker-registry
need 'umoci is not installed' command -v umoci
need 'busybox is not installed' command -v busybox
make_services
run=$dir/device/run/ota

# --- the setting ---
must env OTA="$tree/build/release/ota" "$tree/test-images/updater.sh" updaters v1 v2 v4 crash=/bin/hostname 2>umoci
cp -r "$services/images" web
for image in web:v1 web:v2 web:v3 updaters:v1 updaters:v2 updaters:v4 updaters:crash; do
  must ota sign -q --key "$key" "$image"
done
must "$tree/test-images/registry.sh" start registry 0
registry=localhost:$(cat registry/port)
# offer LAYOUT:TAG NAME: it is what the device's file means by NAME now
offer() { ota push -q --insecure-http "$registry" "$1" "docker://$registry/acme/$2:stable"; }
must offer web:v1 web
must offer updaters:v1 updater
must offer updaters:v1 blind

port=$(free_port) to=127.0.0.1:$port
mkdir -p "$run/trust.d"
cp "${key%.key}.pub" "$run/trust.d/"
cat >"$run/ota.conf" <<END
[device]
compatible = sandbox
trust = /run/ota/trust.d
hooks = /run/ota/hooks.d
store = /var/lib/store
[container]
compose = /run/ota/compose.yaml
runtime = runc
[network]
insecure-http = $registry
END
cat >"$run/compose.yaml" <<END
services:
  web:
    image: $registry/acme/web:stable
    command: --listen fds --ready notify
    x-ota: {listen: ['$to'], ready: {notify: true}, strategy: hand-over, watch: 1s}
  updater: &updater
    image: $registry/acme/updater:stable
    network_mode: host
    read_only: true
    restart: always
    cap_add: [SYS_ADMIN]
    x-ota: {updater: true, strategy: hand-over, watch: 1s}
  blind:
    <<: *updater
    image: $registry/acme/blind:stable
    entrypoint: [/bin/sleep, '1000']
    x-ota: {updater: false}
END

declare -A supervisors
# supervise NAME
supervise() {
  "$OTA" --root "$dir/device" container run "$1" >"$1.log" 2>&1 &
  supervisors[$1]=$!
}
must on container pull
for name in web updater blind; do supervise $name; done

# --- what is asked of it ---
# runc lists nothing at all where one goes away while it looks
list() { runc --root "$runtime_state" list -f json >list.json 2>/dev/null; }
# pids NAME: the first processes of its containers
pids() {
  waits_for list &&
    jq -r --arg name "ota-$1-" '.[]? | select(.status == "running" and (.id | startswith($name))) | .pid' list.json
}
# updater_is VERSION: one runs, and is that
updater_is() {
  local pid
  pid=$(pids updater)
  [ "$(cat "/proc/$pid/root/version")" = "$1" ] || { echo "# not $1 in '$pid'"; return 1; }
}
# alone: one, and no more
alone() {
  local n
  n=$(pids updater | wc -l)
  [ "$n" -eq 1 ] || { echo "# $n updaters run"; return 1; }
}
# at STATE...: what the supervisor of the updater does is one of these
at() {
  local state
  state=$(jq -r .state "$run"/services/updater/state)
  case " $* " in *" $state "*) ;; *) echo "# it is $state"; return 1 ;; esac
}
# noted STEP...: its journal says one of these
noted() {
  local step
  step=$(grep -ao '{.*}' device/var/lib/store/apps/updater/journal | jq -rs 'max_by(.number).step')
  case " $* " in *" $step "*) ;; *) echo "# the journal says $step"; return 1 ;; esac
}
# poke: the updater's next round is now
poke() { kill -USR1 "${supervisors[updater]}"; }
# inside NAME ARGUMENT...: ota in its container
inside() {
  local name=$1 letter=a
  shift
  runc --root "$runtime_state" state "ota-$name-a" 2>/dev/null | grep -q '"running"' || letter=b
  runc --root "$runtime_state" exec "ota-$name-$letter" /bin/ota "$@" >out 2>err
}
said() { grep -Eq -- "$1" updater.log; }

must waits_for answers 1
holds 'the updater runs' waits_for updater_is v1
holds 'and finds itself fit' waits_for test -e "$run/services/updater/a/in/handover-complete"

# --- what it sees ---
exits 0 'it sees what the machine has in its store' inside updater container list
holds 'of web' says "$registry/acme/web:stable"
exits 0 'the compose file' inside updater --json container check
holds 'is understood' bash -c 'jq -e "[.services[].update.updater] == [false, true, false]" out >/dev/null'
exits 20 'host updates are told what they lack' inside updater status
holds 'by name' says 'slot'
waits_for pids blind >/dev/null
exits 20 'one without the key sees no ota.conf' inside blind container list
seen=/proc/$(pids blind)/root
holds 'nor the store' test ! -e "$seen/var/lib/store"
holds 'nor what the machine has in /run/ota' test -z "$(ls "$seen/run/ota")"

# --- a service ---
must offer web:v2 web
load_begin
poke
holds 'the next version of a service is handed over' waits_for answers 2
sleep 0.3
exits 0 'under load nothing is lost' load_end
holds 'of both versions' counted '.versions["1"] > 0 and .versions["2"] > 0 and .failed == 0'
holds 'which the updater tells' waits_for said "'web' is at .* ms to its commit"

# --- itself ---
must offer updaters:v2 updater
poke
holds 'it hands over to its own next version' waits_for updater_is v2
holds 'the old one is gone' alone
holds 'and the journal tells so' noted settled watching
must touch "$(echo "$run"/services/web/?/in)/updates.lock"
must offer web:v3 web
poke
holds 'a service that is locked is left alone' waits_for said "'web' holds updates back"
holds 'as it was' answers_only 2
rm -f "$run"/services/web/*/in/updates.lock
load_begin
poke
holds 'the new one goes on' waits_for answers 3
exits 0 'and loses nothing' load_end

# --- a bad one ---
waits_for at running
must offer updaters:crash updater
poke
holds 'one that crashes does not take over' waits_for said 'not moved to .*ended'
holds 'the old one runs' updater_is v2
holds 'alone' alone
holds 'and nothing is under way' noted settled

# --- the death of the client of its own handover ---
# hooks are looked for in the container; this one lets the script stop the updater in time
mkdir -p "$run/hooks.d/pre-handover"
cat >"$run/hooks.d/pre-handover/wait" <<'END'
#!/bin/sh
: >/run/ota/begun
while [ ! -e /run/ota/go ]; do sleep 0.1; done
END
chmod +x "$run/hooks.d/pre-handover/wait"
must offer updaters:v4 updater
poke
holds 'hooks are run in there' waits_for test -e "$run/begun"
old=$(pids updater)
kill -STOP "$old"
: >"$run/go"
holds 'it has committed, and does not end' waits_for at draining
kill -KILL "$old"
holds 'when it is killed the new one stays' waits_for updater_is v4
holds 'alone' alone
holds 'and settles' waits_for noted settled
rm -r "$run/hooks.d"

# --- a release of the host ---
# Where the boot environment is shown to it, a release comes into the store in there, and the machine
# writes it.
make_release release 1.0
must "$tree/test-images/sandbox.sh" --size 8M host
cp host/uboot.env host/proc/cmdline "$run/"
sed "s,$dir/host,/run/ota," host/etc/fw_env.config >"$run/fw_env.config"
# host_conf RUN STORE SLOTS: what updates of the host need, as it is called in there, or out here
host_conf() {
  printf '[device]\ncompatible = sandbox\ntrust = %s/trust.d\ncmdline = %s/cmdline\nstore = %s\n' "$1" "$1" "$2"
  printf '[boot]\nfiles =\nenv = %s/fw_env.config\n' "$1"
  printf '[slot.%s]\ndevice = %s\n' a "$3/a.img" b "$3/b.img"
}
host_conf /run/ota /var/lib/store /none >"$run/host.conf"
host_conf "$run" "$dir/device/var/lib/store" "$dir/host/slots" >host.conf
cp -r release "$run/release"
exits 0 'a release of the host is fetched in there' inside updater --config /run/ota/host.conf fetch oci:/run/ota/release
cp host/etc/fw_env.config "$run/"
exits 0 'the machine writes it' ota --config host.conf write
holds 'to its slot' cmp -s -n "$(stat -c %s release.img)" host/slots/b.img release.img

for name in web updater blind; do
  exits 0 "$name is stopped" on container stop $name
  wait "${supervisors[$name]}"
done
finish

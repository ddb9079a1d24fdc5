#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# A service under its supervisor, in real containers: from its start to what is left of it.
web=run$$
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
need_services
OTA=$tree/build/release/ota # many processes, and two versions of the program
place=device/run/ota/services/$web
store=device/var/lib/ota

# nothing_is_left: neither processes nor mounts, nor what the container wrote
nothing_is_left() {
  alive 0 && [ "$(runc --root "$runtime_state" list -q)" = '' ] || return
  ! grep -F "$dir/device" /proc/mounts || return
  ! grep -lsF -e "${dir%?}[${dir: -1}]/device" /proc/[0-9]*/cmdline || return
  [ "$(echo "$place"/[ab] /sys/fs/cgroup/{,*/}ota/"$web"-[ab])" = "$place/[ab] /sys/fs/cgroup/ota/$web-[ab] /sys/fs/cgroup/*/ota/$web-[ab]" ] &&
    [ "$(ls "$store/apps/$web")" = journal ]
}

# --- start ---
make_host
write_web
is_healthy() { [ "$(jq .healthy "$place/state")" = "$1" ]; }
exits 3 'an image that is not in the store is not run' web_run
holds 'but it is said how to get it' says "hint: ota container pull $web\$"
must pull v1
exits 2 'a service that the file lacks' on container run other
exits 2 'nor one that has no name' on container run
exits 0 'what was pulled is run' web_start 1
exits 18 'it has one supervisor' web_run
holds 'which is named' says "held by ota container run $web \(pid $web_pid\)"
holds 'and goes on' answers_only 1
holds 'in one container' alive 1
holds 'that counts as well, for want of a test' is_healthy true
exits 0 'the operator stops it' web_stop
holds 'nothing is left of it' nothing_is_left
exits 3 'nor is there anything to stop' on container stop "$web"
must web_start 1
first=$(container_pid)
same_container() { [ "$(container_pid)" = "$first" ]; }
is_another() { alive 1 && ! same_container; }
kill -KILL "$web_pid"
wait "$web_pid" 2>/dev/null
holds 'without its supervisor it runs on' same_container
web_begin
holds 'until the next one comes, and clears it away' waits_for is_another
holds 'to serve itself' waits_for answers 1
must web_stop
rm -f "$place/control"
python3 -c 'import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
    s.bind(sys.argv[1])
    s.listen()
    print("there", flush=True)
    s.accept()[0].recv(1000)' "$place/control" >there &
must waits_for test -s there
exits 1 'one whose supervisor is gone before it says so is not stopped' on container stop "$web"
echo '  web: [' >>device/etc/ota/compose.yaml
exits 20 'a file that is broken runs nothing' web_run
holds 'and is told by its line' says 'compose\.yaml:[0-9]+: '

# --- what it says, and is told ---
write_shell 'trap "echo got USR1" USR1; trap "echo told to stop; exit 7" USR2
  echo to the output; echo to the errors >&2; while :; do sleep 0.05; done' 'stop_signal: SIGUSR2'
web_begin
holds 'its output goes on' waits_for web_prints '^to the output$'
holds 'and so do its errors' waits_for web_says '^to the errors$'
holds 'each where it belongs' bash -c '! grep -q errors web.out && ! grep -q output web.log'
kill -USR1 "$web_pid"
holds 'signals reach it' waits_for web_prints '^got USR1$'
exits 0 'SIGTERM stops it, whatever it ends with' web_end TERM
holds 'by its own signal' web_prints '^told to stop$'
holds 'which leaves nothing' nothing_is_left
write_compose '--listen reuseport --ignore-term' "ports: ['127.0.0.1:$port:8080']" 'stop_grace_period: 300ms'
must web_start 1
exits 0 'one that will not hear is ended' web_end INT

# --- restart ---
started() { [ "$(grep -c '^started' out)" -eq "$1" ]; }
starts() { [ "$(grep -c '^started' web.out)" -ge "$1" ]; }
write_shell 'echo started; exit 4'
exits 4 'one that ends is not started again' web_run
holds 'unless that is wanted' started 1
write_shell 'echo started; exit 4' 'restart: on-failure:2'
exits 4 'two failures are forgiven' web_run
holds 'not the third' started 3
write_shell 'echo started; exit 0' 'restart: on-failure'
exits 0 'success is the end' web_run
holds 'of one that restarts on failure' started 1
write_shell 'read -r up idle </proc/uptime; echo "started $up"' 'restart: always'
web_begin
holds 'or it goes on for ever' waits_for starts 4
exits 0 'until it is stopped while it waits' web_end TERM
# 100, 200 and 400 ms at the least
holds 'ever later' awk '/^started/ { at[++n] = $2 } END { exit !(at[4] - at[1] >= 0.68 && at[4] - at[3] >= 0.38) }' web.out
holds 'which leaves nothing either' nothing_is_left
# deeper than anything that is cleared away in one go
write_shell 'mkdir -p "/tmp/$(printf "d/%.0s" $(seq 300))" && echo started' 'restart: always'
web_begin
holds 'folders in folders do not keep it from another start' waits_for starts 4
stops_in_time() { timeout 60 "$OTA" --root device container stop "$web" >out 2>err && wait "$web_pid"; }
exits 0 'nor from its stop' stops_in_time
holds 'and go as all else does' nothing_is_left

# --- health, and who waits for it ---
health="healthcheck: {test: [CMD, /service, --probe, '8080'], interval: 100ms, retries: 2}"
write_compose '--listen reuseport' "$health" 'restart: always'
web_begin
holds 'what is well is known to be' waits_for is_healthy true
must web_stop
must pull ill
rm -r "$store/apps/$web"
web_begin
holds 'what is ill is started again' waits_for web_says 'its health check failed 2 times'
holds 'and again' waits_for eval '[ "$(grep -c "failed 2 times" web.log)" -ge 2 ]'
holds 'and never well' is_healthy false
must web_stop

# depend CONDITION: the service waits for another, db, that is as the lines say
depend() {
  write_compose '--listen reuseport' "ports: ['127.0.0.1:$port:8080']" "depends_on: {$web-db: {condition: $1}}"
  printf '%s\n' "  $web-db:" "    image: $image" '    command: --listen reuseport --ready-after 500' "    $health" \
    >>device/etc/ota/compose.yaml
}
must pull v1
for condition in service_started service_healthy; do
  rm -rf "$store/apps/$web"
  depend $condition
  web_begin
  holds "$condition: it waits" waits_for web_says "waits for '$web-db'"
  holds "$condition: and nothing runs" alive 0
  "$OTA" --root device container run "$web-db" >db.out 2>db.log &
  db=$!
  holds "$condition: until the other is there" waits_for answers 1
  must web_stop
  must on container stop "$web-db"
  wait "$db"
done
depend service_healthy
web_begin
must waits_for web_says 'waits for'
exits 0 'who waits can be ended' web_end TERM
web_begin
must waits_for web_says 'waits for'
kill -HUP "$web_pid"
holds 'and replaced' waits_for web_says 'has taken over'
holds 'and goes on waiting' alive 0
exits 0 'and be stopped' web_stop

# --- what the file gives it ---
mkdir -p device/etc/ota/data && echo 'of the machine' >device/etc/ota/data/file
volumes="'./data:/srv:ro', 'kept:/kept'"
write_shell 'cat /srv/file; echo "$WHO"; id -u; touch /here || echo sealed; touch /srv/x || echo fixed
  echo more >>/kept/lines; cat /kept/lines; touch /scratch/x && grep -o " /scratch tmpfs" /proc/mounts' \
  'env_file: web.env' 'read_only: true' 'tmpfs: /scratch:mode=1777' 'user: app'
sed -i 's/^    environment.*/    environment: {PATH: \/tools, WHO: "the file"}/' device/etc/ota/compose.yaml
echo 'volumes: {kept: }' >>device/etc/ota/compose.yaml
echo 'WHO=nobody' >device/etc/ota/web.env
must mkdir -p "$store/volumes/kept"
must chmod 777 "$store/volumes/kept"
gets_all() { web_run && diff - out; }
holds 'all of the file reaches the container' gets_all <<END
of the machine
the file
1000
sealed
fixed
more
 /scratch tmpfs
END
holds 'and volumes outlive it' gets_all <<END
of the machine
the file
1000
sealed
fixed
more
more
 /scratch tmpfs
END
volumes=

# --- links of the machine that lead astray ---
ln -s / device/etc/ota/all
ln -s "$dir/$store/apps" device/etc/ota/apps
line=$(($(sed -n '/volumes:/=' <(write_shell : && cat device/etc/ota/compose.yaml))))
# astray NAME WHY
astray() {
  volumes="'./$1:/srv'"
  write_shell 'ls /srv'
  exits 1 "a volume $1 is not mounted" web_run
  holds "$1: the service says why, and in which line" says "line $line: .*/$1.* $2"
  holds "$1: nothing is left" nothing_is_left
  volumes=
}
astray all 'leads to the root of the machine'
astray apps 'leads to the store'
astray nowhere 'No such file'

# --- the network ---
write_compose '--listen reuseport' "ports: ['127.0.0.1:$port:8080']"
must web_start 1
holds 'ports of a network of its own are reached' answers_only 1
exits 0 'by connections that stay as well' load --keep-alive --requests 2000
must web_stop

# --- those that take all they can get ---
must pull hungry
rm -r "$store/apps/$web"
write_compose '--listen none' 'mem_limit: 32m' 'restart: always'
web_begin
holds 'one that takes more memory than it may is ended' waits_for web_says 'it was ended by signal 9'
holds 'and started again' waits_for eval '[ "$(grep -c "ended by signal 9" web.log)" -ge 2 ]'
holds 'by a supervisor that was spared' kill -0 "$web_pid"
must web_stop
must pull forks
rm -r "$store/apps/$web"
write_compose '--listen reuseport' "ports: ['127.0.0.1:$port:8080']"
processes() { cat /sys/fs/cgroup/{pids/,}ota/"$web"-[ab]/pids.current 2>/dev/null; }
must web_start
holds 'one that makes processes comes to its limit' waits_for eval '[ "$(processes)" -ge 1023 ]'
sleep 0.3
holds 'and not beyond' test "$(processes)" -le 1024
holds 'while others fork' bash -c true
must web_stop
holds 'and all of them end' nothing_is_left

# --- a supervisor of another version ---
must pull v1
rm -r "$store/apps/$web"
write_web 'watch: 1s'
mkdir bin && cp "$OTA" bin/ota
web_ota=$dir/bin/ota
must web_start 1
first=$(container_pid)
# replace PROGRAM: the file that it was started from is another one now
replace() {
  cp "$1" bin/new && chmod +x bin/new && mv bin/new bin/ota
  kill -HUP "$web_pid"
}
load_begin
replace "$OTA"
holds 'SIGHUP makes the new program the supervisor' waits_for web_says 'has taken over'
holds 'with the same number' test "$(readlink "/proc/$web_pid/exe")" = "$dir/bin/ota"
holds 'its container goes on' same_container
exits 0 'no request is lost' load_end
printf '#!/bin/sh\nexit 1\n' >broken
replace broken
holds 'a program that does not run is passed over' waits_for web_says 'goes on as it is: .*bin/ota does not run'
echo 'no program' >broken
replace broken
holds 'so is one that is none' waits_for eval '[ "$(grep -c "goes on as it is" web.log)" -eq 2 ]'
holds 'the service does not notice' same_container
replace "$OTA"
waits_for eval '[ "$(grep -c "has taken over" web.log)" -eq 2 ]'
must pull v2
load_begin
exits 0 'the new one can hand over' on container handover "$web"
exits 0 'and loses nothing' load_end
holds 'its logs are still there' web_says 'committed'
exits 0 'stop works' web_stop
holds 'and leaves nothing' nothing_is_left
web_ota=

# --- what the store keeps for it ---
exits 0 'the version that it was moved to is started' web_start 2
must pull v3
exits 0 'a later pull of the same name' on container gc
holds 'leaves it what it runs' on container verify
must web_stop
exits 0 'and starts again' web_start 2
exits 0 'an image may lose its name' on container rm "$image"
must web_stop
exits 0 'and still be there for its service' web_start 2
exits 0 'which can go back' on container rollback "$web"
holds 'to what was never named since' answers_only 1
must web_stop
must on container gc
exits 0 'even after another round' web_start 1
must waits_for journal .step settled # one that is watched would be started again and again
must web_stop

# --- its layers ---
mkdir -p extra device/proc/sys/kernel/random
boot=device/proc/sys/kernel/random/boot_id
echo first >$boot
echo text >extra/text && echo other >extra/other
tar -cf extra.tar -C extra .
cp -r "$services/images" twice
for _ in 1 2; do must umoci raw add-layer --image twice:v1 extra.tar; done
rm -rf "$store/apps/$web"
must on container pull --name "$image" "oci:$dir/twice:v1"
holds 'a layer that an image has twice is kept once' test -z "$(ls "$store/partial")"
exits 0 'and the image runs' web_start 1
extra=$(dirname "$(ls "$store"/layers/*/diff/text)")
reads() { [ "$(cat "/proc/$(container_pid)/root/other")" = other ]; }
echo Text >"$extra/text"
exits 0 'a layer of what runs is repaired' on container verify --repair
holds 'which is new' test "$(cat "$extra/text")" = text
holds 'what runs has all its files' reads
must on container gc
holds 'also after gc' reads
must web_stop
echo next >$boot
must on container gc
holds 'what it ran on goes after the boot' test -z "$(ls "$store/partial")"
rm $boot
must on container pull --name spare "oci:$services/images:v3"
mkdir -p "$store/partial/layer-$(printf '0%.0s' {1..64})"
printf unknown >"$store/partial/layer-$(printf '0%.0s' {1..64})/boot"
exits 0 'where the boot is not known' on container rm spare
holds 'nothing is of it' test -z "$(ls "$store/partial")"

# --- the runtime ---
mkdir none old failing
printf '#!/bin/sh\necho runc version 0.1\n' >old/runc
printf '#!/bin/sh\n[ "$1" != --version ] || exec %s --version\nexit 1\n' "$(command -v runc)" >failing/runc
chmod +x old/runc failing/runc
exits 13 'without a runtime nothing runs' env PATH="$dir/none" "$OTA" --root device container run "$web" 2>err
holds 'and it is said what to install' says 'hint: .*apt install runc'
exits 13 'nor with one of old' env PATH="$dir/old" "$OTA" --root device container run "$web" 2>err
holds 'which is named' says 'old/runc is older than 1\.0'
exits 1 'one that fails' env PATH="$dir/failing:$PATH" "$OTA" --root device container run "$web" 2>err
holds 'is told as it is' says 'it could not be started: the runtime does not say why'
holds 'and leaves nothing' nothing_is_left
finish

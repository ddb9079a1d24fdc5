# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2317,SC2119
# A service that is updated from v1 to v2 while 8 clients ask it as fast as they can: what they lose,
# what its supervisor holds in memory, and how long it takes. Sourced by bench.sh. In results.tsv,
#   step update   wall: the longest that a client waited; written: requests; wire: how many failed;
#                 flush: until the commit, by ota's own word
#   step memory   rss: what one of them holds for itself alone
#   step time     wall: of the whole command; flush: as above

ask_s=1.5 # before the update and after it, together more than 12,000 requests here

# What a way is called.
declare -A update_name=([socket]='hand-over, the socket passed' [reuseport]='hand-over, SO_REUSEPORT'
  [proxy]='hand-over, a proxy' [held]='download-then-kill, the socket held'
  [none]='no update: what clients wait for anyway'
  [kill]='download-then-kill, bound by itself' [blind]='hand-over that does not wait for v2 to be ready'
  [podman]='podman stop, podman run')
update_ways=(none socket reuseport proxy held kill blind podman)
[ -z "$QUICK" ] || { ask_s=0.3 update_ways=(socket reuseport proxy kill); }

# The library of the test scripts, as far as it is about services, with what it takes from lib.sh.
must() { "$@" || { tell "this failed: $*"; exit 1; }; }
on() { "$OTA" -q --root "$dir/device" "$@" >>"$dir/said" 2>&1; }
handover_begin() {
  dir=$work/handover key=$dir/bench.key port='' to=''
  # shellcheck source=tests/cli/service.sh
  . "$tree/tests/cli/service.sh"
  rm -rf "$dir" && mkdir -p "$dir/bare" && cd "$dir" || return 1
  ln -s "$work/results.tsv" results.tsv
  "$OTA" keygen -q "${key%.key}" >/dev/null && make_services || return 1
  port=$(free_port)
}

# Two sockets of one port on the machine itself turn a knob of it, which is turned back in the end.
migrate_knob=/proc/sys/net/ipv4/tcp_migrate_req

# What a way leaves where it is cut short.
handover_leave() {
  on container stop web
  touch load.end
  ! has podman || podman_ rm -af -t 0 >>"$dir/said" 2>&1
  [ -z "$migrates" ] || echo "$migrates" >"$migrate_knob"
  # shellcheck disable=SC2046 # a list of numbers
  kill $(jobs -p) 2>/dev/null
  wait
}

# --- ways ---
write_socket() { write_web; }
write_held() { write_web; }
write_proxy() {
  write_compose "--listen reuseport --port $port --ready notify" 'x-ota:' "  listen: ['127.0.0.1:$port']" \
    '  sharing: proxy' '  ready: {notify: true}'
}
# bound LISTEN [LINE...]: one that binds its port on the machine
bound() {
  write_compose "--listen $1 --port $port --ready notify" 'network_mode: host' 'x-ota:' \
    '  ready: {notify: true}' "${@:2}"
}
write_reuseport() { bound reuseport '  sharing: reuseport'; }
write_none() { write_web; }
write_kill() { bound plain; }
# whoever is there counts as ready, and needs a moment more
write_blind() {
  write_compose "--listen reuseport --port $port --ready-after 300" 'network_mode: host' 'x-ota:' \
    '  sharing: reuseport' '  ready: {after: 1ms}'
}

# move [OPTION...]: to v2, which is there; what it took goes to moved.json
move() { "$OTA" --root device --json container handover web "$@" >moved.json 2>>"$dir/said"; }
move_socket() { move --strategy hand-over; }
move_reuseport() { move_socket; }
move_proxy() { move_socket; }
move_held() { move --strategy download-then-kill; }
move_none() { sleep 0.5; }
move_kill() { move_held; }
move_blind() { move_socket; }
# committed_us: how long the last one took to its commit, 0 where none tells
committed_us() { if [ -s moved.json ]; then jq '.committed_ms * 1000' moved.json; else echo 0; fi; }

podman_() {
  podman --root "$dir/podman" --runroot "$dir/podman.run" --storage-driver overlay --runtime runc \
    --cgroup-manager=cgroupfs "$@"
}
# podman_start TAG
podman_start() {
  podman_ run -d --name "web-$1" --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
    --log-driver none "localhost/web:$1" --listen plain --port "$port" >>"$dir/said" 2>&1
}
move_podman() { podman_ stop web-v1 >>"$dir/said" 2>&1 && podman_start v2; }
prepare_podman() {
  local tag image
  for tag in v1 v2; do
    image=$(podman_ pull -q "oci:$services/images:$tag" 2>>"$dir/said") && podman_ tag "$image" "localhost/web:$tag"
  done
}

# --- what clients lose ---
# ask_around COMMAND: clients ask before, meanwhile and after
ask_around() {
  local status=0 reached=2
  [ "$1" != move_none ] || reached=1
  load_begin
  sleep $ask_s
  "$1" || status=$?
  waits_for answers $reached || status=1
  sleep $ask_s
  load_end
  return $status
}

# count_update WAY STATUS
count_update() {
  local us
  us=$(jq -r '.longest_gap_ms * 1000 | floor' load.json)
  note handover - "${update_name[$1]}" update "$2" "$us" 0 0 0 "$(jq '.answered + .failed' load.json)" \
    "$(jq .failed load.json)" "$(committed_us)" \
    "$([ "$2" -eq 0 ] || reason_in "$dir/said")"
}

update_once() {
  local status=0
  rm -f moved.json
  to=127.0.0.1:$port
  if [ "$1" = podman ]; then
    podman_start v1 && waits_for answers 1
    ask_around move_podman || status=$?
    podman_ rm -af -t 0 >>"$dir/said" 2>&1
  else
    make_host && "write_$1" && pull v1 && web_start 1 && pull v2
    ask_around "move_$1" || status=$?
    web_stop
  fi
  count_update "$1" "$status"
}

# --- memory ---
# private_kb PID: what no other process has
private_kb() {
  sleep 1 # whatever the handover leaves to be done is done
  awk '/^Private_(Clean|Dirty):/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"
}
remember_pid() {
  local kb
  kb=$(private_kb "$2")
  if [ -n "$kb" ]; then
    note handover - "$1" memory 0 0 0 "$kb" 0 0 0 0 ''
  else
    not_run handover - "$1" memory "it has ended: $(reason_in "$dir/said")"
  fi
}

# write_three: services that share nothing but the machine, at ports
write_three() {
  local n
  echo services:
  for n in 1 2 3; do
    ports+=("$(free_port)")
    printf '  web%d:\n    image: %s\n    command: --listen fds --ready notify\n    x-ota:\n' $n "$image"
    printf "      %s\n" "listen: ['127.0.0.1:${ports[n - 1]}']" 'ready: {notify: true}' 'strategy: hand-over'
  done
}

# supervise_three: each after a handover
supervise_three() {
  local n pids=() ports=()
  make_host && write_three >device/etc/ota/compose.yaml && pull v1
  for n in 1 2 3; do
    "$OTA" --root "$dir/device" container run web$n >>"$dir/said" 2>&1 &
    pids+=($!)
    to=127.0.0.1:${ports[n - 1]} waits_for answers 1
  done
  pull v2
  for n in 1 2 3; do on container handover web$n; done
  for n in 1 2 3; do remember_pid 'ota container run, one of 3' "${pids[n - 1]}"; done
  for n in 1 2 3; do on container stop web$n; done
  wait "${pids[@]}"
}

bench_memory_of_supervisors() {
  local relay
  make_host && write_web && pull v1 && web_start 1 && pull v2 && move_socket
  remember_pid 'ota container run' "$web_pid"
  web_stop
  make_host && write_proxy && pull v1 && web_start 1 && pull v2 && move_socket
  remember_pid 'ota container run, with a relay' "$web_pid"
  relay=$(pgrep -P "$web_pid" -x ota) && remember_pid 'its relay' "$relay"
  web_stop
  supervise_three
  if [[ ${ways[*]} == *podman* ]]; then
    podman_start v1
    remember_pid "podman's conmon" "$(podman_ inspect -f '{{.State.ConmonPid}}' web-v1)"
    podman_ rm -af -t 0 >>"$dir/said" 2>&1
  fi
}

# --- time ---
# bare_start N: what a bare runtime takes for the bundle of the version that runs, its root being there
bare_start() {
  local bundle begin
  bundle=$(printf '%s\n' device/run/ota/services/web/?/bundle)
  jq --arg n "$1" --arg root "$dir/bare/rootfs" '.linux.cgroupsPath = "/ota/bare-" + $n | .root.path = $root' \
    "$bundle/config.json" >bare/config.json
  begin=${EPOCHREALTIME/./}
  runc --root "$dir/bare.run" run --detach --bundle bare "bare-$1" </dev/null >>"$dir/said" 2>&1
  note handover - 'runc run --detach, the same bundle' time $? $((${EPOCHREALTIME/./} - begin)) 0 0 0 0 0 0 ''
  runc --root "$dir/bare.run" delete -f "bare-$1"
}

# to_and_fro N: v2, or v1 again, beside the other
to_and_fro() {
  local begin
  pull v$(($1 % 2 + 1))
  begin=${EPOCHREALTIME/./}
  move --strategy hand-over
  note handover - 'ota container handover' time $? $((${EPOCHREALTIME/./} - begin)) 0 0 0 0 0 \
    "$(committed_us)" ''
}

bench_time_of_handover() {
  local n
  make_host
  write_compose '--listen none --ready notify' 'x-ota:' '  ready: {notify: true}' '  watch: 0s'
  pull v1
  "$OTA" --root "$dir/device" container run web >>"$dir/said" 2>&1 &
  web_pid=$!
  waits_for alive 1
  mkdir bare/rootfs && cp -a device/var/lib/ota/layers/*/diff/. bare/rootfs/
  for ((n = 1; n <= (REPEAT > 1 ? 2 * REPEAT : 1); n++)); do
    to_and_fro $n
    waits_for alive 1
    bare_start $n
  done
  web_stop
}

# Apart, since the libraries of tests and bench have the same names for other things.
bench_handover() (
  if [ "$(id -u)" -ne 0 ] || ! has runc || ! has jq; then
    not_run handover - "${update_name[socket]}" update 'needs root, runc and jq'
    exit 0
  fi
  handover_begin || exit 1
  migrates=$(cat "$migrate_knob" 2>/dev/null)
  trap handover_leave EXIT
  trap 'exit 130' INT TERM
  ways=()
  for way in "${update_ways[@]}"; do
    if [ "$way" = podman ] && ! { has podman && prepare_podman; }; then
      not_run handover - "${update_name[podman]}" update 'podman is not installed, or takes no image here'
    else
      ways+=("$way")
    fi
  done
  for ((n = 1; n <= ROUNDS; n++)); do
    tell "  round $n of $ROUNDS"
    for way in "${ways[@]}"; do update_once "$way"; done
  done
  bench_memory_of_supervisors
  bench_time_of_handover
) >&2

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the scripts about running services share, beside lib.sh: the images and the load client of
# test-images/services.sh, a device in a folder that runs one service, and what is asked of it.
# Sourced, after store.sh. The service is called $web: a name of their own keeps scripts that run beside
# each other out of each other's cgroups, which belong to the machine.

web=${web:-web}
services=$tree/build/services
image=example.com/acme/web:stable
runtime_state=$dir/device/run/ota/runtime # where runc and crun keep what they know of our containers

# The images are made once, and kept; scripts that run beside each other wait.
make_services() {
  mkdir -p "$services"
  must flock "$services" "$tree/test-images/services.sh" "$services"
}

service() { "$services/service" "$@"; }

# need_services: for scripts that run containers; those that cannot end as skipped
need_services() {
  need 'is for root' test "$(id -u)" -eq 0
  need 'runc is not installed' command -v runc
  make_services
  need 'runc can run nothing here' runs_anything
}
runs_anything() {
  mkdir -p bundle/rootfs/proc && cp "$services/service" bundle/rootfs/ && (cd bundle && runc spec) || return
  jq '.process.terminal = false | .process.args = ["/service", "--listen", "none", "--exit-after", "1:7"] |
    del(.process.rlimits)' bundle/config.json >config.json && mv config.json bundle || return
  runc --root "$dir/probe" run --bundle bundle "ota-probe-$$" </dev/null
  [ $? -eq 7 ]
}

# free_port: one of loopback that nobody has
free_port() {
  local port
  while :; do
    port=$((30000 + RANDOM % 2700)) # below those that the kernel gives to clients
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo $port
}

# waits_for COMMAND...: until the command succeeds, or 20 seconds are over
waits_for() {
  local until=$((SECONDS + 20))
  while [ $SECONDS -lt $until ]; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.05
  done
  echo "# not within 20 s: $*"
  return 1
}

# --- load ---
# load OPTION...: what the load client counted, in $dir/load.json; the address is $to
load() { "$services/load" --to "$to" "$@" >"$dir/load.json"; }

# counted FILTER: does the last load say so?
counted() {
  jq -e "$1" "$dir/load.json" >/dev/null && return
  echo "# not $1: $(cat "$dir/load.json")"
  return 1
}

# load_begin [OPTION...]: clients that go on in the background; on return some were answered
load_begin() {
  rm -f "$dir/load.end"
  "$services/load" --to "$to" --until "$dir/load.end" "$@" >"$dir/load.json" &
  load_pid=$!
  must waits_for answers
}

# load_end: they have counted
load_end() {
  : >"$dir/load.end"
  wait "$load_pid"
}

# answers [VERSION]: does one request get its answer, and of that version?
answers() {
  local got
  got=$("$services/load" --to "$to" --clients 1 --requests 1 | jq -r '.versions | keys[]')
  [ -n "$got" ] && [ "$got" = "${1:-$got}" ]
}

# answers_only VERSION: is every one of 80 connections answered by it?
answers_only() {
  load --requests 80
  counted ".versions == {\"$1\": 80} and .failed == 0"
}

# --- the device ---
# make_host [LINE...]: a device in the folder `device` whose ota.conf has these lines on containers
make_host() {
  rm -rf device
  mkdir -p device/etc/ota/trust.d device/run
  cp "${key%.key}.pub" device/etc/ota/trust.d/
  printf '%s\n' '[device]' 'compatible = sandbox' '[container]' 'unsigned = allow' \
    'runtime = runc' "$@" >device/etc/ota/ota.conf
}

# write_compose COMMAND [LINE...]: the compose file; each line stands below the service, those that
# are about x-ota begin with two spaces of their own. Service and clients meet at $to.
write_compose() {
  port=${port:-$(free_port)} to=127.0.0.1:$port
  {
    printf 'services:\n  %s:\n    image: %s\n    command: %s\n' "$web" "$image" "$1"
    shift
    printf '    %s\n' "$@"
  } >device/etc/ota/compose.yaml
}

# write_web [LINE...]: one whose socket is passed to it, and that tells when it is ready; the lines go
# on below x-ota
write_web() {
  port=${port:-$(free_port)}
  write_compose '--listen fds --ready notify' 'x-ota:' "  listen: ['127.0.0.1:$port']" \
    '  ready: {notify: true}' '  strategy: hand-over' "${@/#/  }"
}

# write_shell LINE [KEY...]: one that runs the line in a shell of the machine's, which its image lacks;
# $volumes goes on with what else is mounted
write_shell() {
  local line
  line=$(jq -cn --arg line "${1//\$/\$\$}" '[$line]')
  mkdir -p device/etc/ota/tools && cp "$(command -v busybox)" device/etc/ota/tools/
  write_compose "$line" 'entrypoint: [/tools/busybox, sh, -c]' 'environment: {PATH: /tools}' \
    "volumes: ['./tools:/tools:ro'${volumes:+, $volumes}]" "${@:2}"
}

# pull TAG: the image of test-images/services.sh is what the service would be from its next start on
pull() { on container pull --name "$image" "oci:$services/images:$1"; }

# web_begin: supervised in the background. What its containers print is in web.out; what they
# say on stderr, and the supervisor says, in web.log.
web_begin() {
  : >"$dir/web.out"
  : >"$dir/web.log" # what an earlier one said there is not the word of this one
  "${web_ota:-$OTA}" --root "$dir/device" container run "$web" >"$dir/web.out" 2>"$dir/web.log" &
  web_pid=$!
}

# web_start [VERSION]: and answering, by the time of return
web_start() {
  web_begin
  waits_for answers "$@"
}

# web_end [SIGNAL]: ends as the supervisor does, by itself or by the signal
web_end() {
  [ $# -eq 0 ] || kill -"$1" "$web_pid"
  wait "$web_pid"
}

# web_stop: stopped as the operator does; ends as the supervisor did
web_stop() {
  on container stop "$web" || return
  wait "$web_pid"
}

# web_run: in the foreground, for one that ends by itself
web_run() { timeout 60 "$OTA" --root device container run "$web" >"$dir/out" 2>"$dir/err"; }

# web_says REGEX, web_prints REGEX: has there been such a line?
web_says() { grep -Eq -- "$1" web.log || { sed 's/^/# /' web.log; return 1; }; }
web_prints() { grep -Eq -- "$1" web.out || { sed 's/^/# /' web.out; return 1; }; }

# told FILTER: does the JSON that was printed say so?
told() { jq -e "$@" out >/dev/null; }

# web_is STATE: what its supervisor tells of it
web_is() { [ "$(jq -r .state "device/run/ota/services/$web/state")" = "$1" ]; }

# journal FILTER VALUE: does the newest block say so?
journal() {
  local got
  got=$(tr '\0' '\n' <"device/var/lib/ota/apps/$web/journal" | grep '^{' | jq -rs "max_by(.number) | $1")
  [ "$got" = "$2" ] || { echo "# $1 is $got instead of $2"; return 1; }
}

# running FIELD: that of each container of the service that runs
running() {
  # runc cannot list while a container goes away
  for _ in 1 2 3 4 5; do
    runc --root "$runtime_state" list -f json >"$dir/runc.list" 2>/dev/null && break
    sleep 0.05
  done
  jq -r --arg id "^ota-$web-[ab]\$" \
    ".[]? | select(.status == \"running\" and (.id | test(\$id))) | .$1" <"$dir/runc.list"
}

# container_pid: the number of the process that runs
container_pid() { running pid; }

# alive N: do so many of them run?
alive() {
  local n
  n=$(running id | wc -l)
  [ "$n" = "$1" ] || { echo "# $n containers run instead of $1"; return 1; }
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2317
# Container images from a registry on loopback into a fresh file system: v1, then v2 and v3 on top.
# Sourced by bench.sh. v2 has another application, v3 another base and runtime.

disk=$work/containers/disk images='' registry='' sockets='' daemons=''

# What a way is called, needs, and does; its storage is the disk and nothing else.
declare -A container_way=([ota]='ota container pull' [delta]='ota container pull, by deltas from v1' [podman]='podman pull' [containerd]='containerd, ctr pull'
  [docker]='dockerd, docker pull' [skopeo]='skopeo copy, packed')
declare -A container_needs=([ota]=jq [delta]=jq [podman]=podman [containerd]=ctr [docker]=dockerd [skopeo]=skopeo)

start_ota() {
  cat >containers/ota.conf <<END
[device]
compatible = sandbox
store = $disk/store
[network]
insecure-http = $registry
[container]
unsigned = allow
[slot.a]
device = /dev/slot-a
[slot.b]
device = /dev/slot-b
END
}
pull_ota() { pull=("$OTA" -q --config containers/ota.conf container pull "docker://$1"); }

# the same images, with deltas beside them
start_delta() { start_ota; }
pull_delta() { pull_ota "${1/\/app:/\/delta:}"; }

start_podman() { :; }
pull_podman() {
  pull=(podman --root "$disk/podman" --runroot "$sockets/podman" --storage-driver overlay pull -q
    --tls-verify=false "$1")
}

start_containerd() {
  printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >containers/containerd.toml
  daemon containerd --config containers/containerd.toml --root "$disk/containerd" \
    --state "$sockets/containerd" --address "$sockets/containerd.sock"
  answers ctr -a "$sockets/containerd.sock" version
}
pull_containerd() { pull=(ctr -a "$sockets/containerd.sock" images pull --plain-http "$1"); }

start_docker() {
  daemon dockerd --data-root "$disk/docker" --exec-root "$sockets/docker" --pidfile "$sockets/docker.pid" \
    -H "unix://$sockets/docker.sock" --iptables=false --ip6tables=false --bridge=none
  answers docker -H "unix://$sockets/docker.sock" version
}
pull_docker() { pull=(docker -H "unix://$sockets/docker.sock" pull -q "$1"); }

start_skopeo() { :; }
pull_skopeo() { pull=(skopeo copy -q --src-tls-verify=false "docker://$1" "oci:$disk/skopeo:app"); }

# daemon COMMAND...: in the background; $daemons has it
daemon() {
  TMPDIR=$disk/tmp "$@" >containers/daemon.log 2>&1 </dev/null &
  daemons=$!
}

# answers COMMAND...: what the daemon started is one of them, too
answers() {
  local tries
  for ((tries = 0; tries < 150; tries++)); do
    if "$@" >/dev/null 2>&1; then
      daemons+=" $(pgrep -d ' ' -P "$daemons" || :)"
      return
    fi
    sleep 0.2
  done
  return 1
}

stop_daemon() {
  [ -n "$daemons" ] || return 0
  kill "${daemons%% *}"
  wait "${daemons%% *}"
  daemons=''
} 2>/dev/null

# --- the disk: a file system of its own, new for each ---
new_disk() {
  leave_disk
  truncate -s 0 containers/disk.img
  truncate -s 3G containers/disk.img
  mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 containers/disk.img &&
    mount -o loop containers/disk.img "$disk" && mkdir "$disk/tmp" && sync -f "$disk"
}

# podman and dockerd leave mounts behind
leave_disk() {
  if mountpoint -q "$disk"; then umount -R "$disk"; fi
}

containers_leave() {
  [ -n "$sockets" ] || return 0
  stop_daemon
  leave_disk
  "$tree/test-images/registry.sh" stop "$work/containers/registry"
  rm -rf "$sockets"
  sockets=''
}

# --- the registry, which counts ---
fill_registry() {
  local tag
  "$tree/test-images/registry.sh" start containers/registry 0 || return 1
  registry=localhost:$(cat containers/registry/port)
  for tag in v1 v2 v3; do
    skopeo copy -q --dest-tls-verify=false "oci:$images/gzip:$tag" "docker://$registry/app:$tag" || return 1
  done
}

add_deltas() {
  local tag layout=$work/containers/deltas
  rm -rf "$layout"
  cp -r "$images/gzip" "$layout"
  for tag in v2 v3; do
    tell "making containers-delta-$tag"
    "$OTA" -q delta --from "$layout:v1" --to "$layout:$tag" >/dev/null || return 1
  done
  for tag in v1 v2 v3; do
    "$OTA" -q push --insecure-http localhost "$layout:$tag" "docker://$registry/delta:$tag" >/dev/null 2>&1 || return 1
  done
  rm -rf "$layout"
}

# Bytes of the bodies that it sent; its lines are written once the client has them.
registry_bytes() {
  sleep 0.2
  sed -nE 's/.*" [0-9]{3} ([0-9]+) .*/\1/p' containers/registry/access.log |
    awk '{ sum += $1 } END { print sum + 0 }'
}

# --- running ---
# pull_all WAY: v1, v2, v3
pull_all() {
  local tag pull=()
  new_disk || return 1
  if ! "start_$1"; then
    not_run containers - "${container_way[$1]}" v1 "does not start: $(reason_in containers/daemon.log)"
    stop_daemon
    return
  fi
  for tag in v1 v2 v3; do
    "pull_$1" "$registry/app:$tag"
    : >containers/registry/access.log
    run containers - "${container_way[$1]}" $tag --disk "$disk" --daemons "$daemons" --count registry_bytes -- \
      env TMPDIR="$disk/tmp" "${pull[@]}" || break
  done
  stop_daemon
}

# why_not WAY: the reason that it cannot run, or nothing
why_not() {
  if ! has "${container_needs[$1]}"; then
    echo "${container_needs[$1]} is not installed"
  elif { [ "$1" = ota ] || [ "$1" = delta ]; } && ! "$OTA" container list --help >/dev/null 2>&1; then
    echo 'this ota has no containers'
  elif ! has docker-registry || ! has skopeo; then
    echo 'docker-registry or skopeo is not installed'
  elif [ "$(id -u)" -ne 0 ] || ! losetup -f >/dev/null 2>&1; then
    echo 'needs root and loop devices'
  fi
}

bench_containers() {
  local ways=() way n reason
  local all=(ota delta podman containerd docker skopeo)
  [ -z "$QUICK" ] || all=(ota delta skopeo)
  for way in "${all[@]}"; do
    reason=$(why_not "$way")
    if [ -z "$reason" ]; then ways+=("$way"); else not_run containers - "${container_way[$way]}" v1 "$reason"; fi
  done
  [ ${#ways[@]} -gt 0 ] || return 0
  images=$(realpath -m "${CONTAINERS:-images}")
  [ -n "${CONTAINERS-}" ] || "$tree/test-images/containers.sh" ${QUICK:+--small} "$images" || return 1
  sockets=$(mktemp -d)
  mkdir -p containers/disk
  if fill_registry && add_deltas; then
    for ((n = 1; n <= REPEAT; n++)); do
      tell "  run $n of $REPEAT"
      for way in "${ways[@]}"; do pull_all "$way"; done
    done
  fi
  containers_leave
}

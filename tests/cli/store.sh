# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the scripts about containers share, beside lib.sh: the small images, a configuration, and what
# a store holds as a tree. Sourced.

# need REASON COMMAND...: the script ends as skipped unless the command succeeds
need() {
  local reason=$1
  shift
  "$@" >/dev/null 2>&1 && return
  skip "$(basename "$0" .sh)" "$reason"
  finish
}

# The images are made once, and kept; scripts that run beside each other wait.
images=$tree/build/containers
make_images() {
  mkdir -p "$images"
  must flock "$images" "$tree/test-images/containers.sh" --small "$images"
}

# need_registry: for scripts that pull from one and look at trees
need_registry() {
  need 'is for root' test "$(id -u)" -eq 0
  mkdir -p home low up merged
  need 'the kernel has no overlay here' mount -t overlay overlay -o ro,lowerdir=low:up merged
  must umount merged
  need 'skopeo is not installed' command -v skopeo
  need 'docker-registry is not installed' command -v docker-registry
  export HOME=$dir/home # nobody's ~/.docker
  unset DOCKER_CONFIG
  make_images
}

# at_most N COMMAND...: does the command print no more than N, once a server had time to write its log?
at_most() {
  local n
  sleep 0.3
  n=$("${@:2}")
  [ "$n" -le "$1" ] || { echo "# $n instead of $1"; return 1; }
}

# configure STORE [HOST]: ota.conf; of its slots nothing is used
configure() {
  printf '[device]\ncompatible = sandbox\nstore = %s\n[container]\nunsigned = allow\n' "$1"
  printf '[slot.%s]\ndevice = /dev/slot-%s\n' a a b b
  [ $# -lt 2 ] || printf '[network]\ninsecure-http = %s\n' "$2"
} >"$dir/ota.conf"

# container ARGUMENT...
container() { ota --config "$dir/ota.conf" container "$@"; }

# layers_of NAME: the folders of its layers, the lowest first
layers_of() {
  container list --json || return 1
  jq -r --arg name "$1" '.images[] | select(.name == $name) | .layers[].path' "$dir/out" |
    while read -r path; do
      [ ! -d "$path/diff" ] || path=$path/diff
      echo "$path"
    done
}

# The names of all containers that are in the store.
containers() {
  container list --json && jq -r '.images[].name' "$dir/out"
}

# The kernel takes a page of mount options, and no relative colon: short names stand for the folders.
# mount_layers AT: those that stdin names, the lowest first
mount_layers() {
  local path n=0 lower=''
  rm -rf "$dir/l" && mkdir -p "$dir/l" "$1"
  while read -r path; do
    ln -s "$path" "$dir/l/$((++n))"
    lower=l/$n${lower:+:$lower}
  done
  # one alone is no overlay
  if [ $n -eq 1 ]; then
    mkdir -p "$dir/l/none"
    lower=$lower:l/none
  fi
  mount -t overlay overlay -o "ro,lowerdir=$lower" "$1"
}

# tree_of NAME FILE: what a container would see, as trees.py has it, into FILE
tree_of() {
  local status=0
  layers_of "$1" >"$dir/layers" || return 1
  [ -s "$dir/layers" ] || { echo "# no layers of $1"; return 1; }
  mount_layers "$dir/merged" <"$dir/layers" || return 1
  "$tree/tests/cli/trees.py" "$dir/merged" >"$2" || status=1
  umount "$dir/merged"
  return $status
}

# reference_of LAYOUT TAG FILE: the same, as umoci unpacks it
reference_of() {
  rm -rf "$dir/bundle"
  must umoci unpack --image "$1:$2" "$dir/bundle" >"$dir/umoci" 2>&1
  "$tree/tests/cli/trees.py" "$dir/bundle/rootfs" >"$3"
  rm -rf "$dir/bundle"
}

# same_tree WANTED GOT: else the first lines that differ
same_tree() {
  cmp -s "$1" "$2" && return
  echo "# $(diff "$1" "$2" | grep -c '^[<>]') lines differ"
  diff "$1" "$2" | head -n 12 | cut -c1-600 | sed 's/^/# /'
  return 1
}

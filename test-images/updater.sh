#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The updater as images: `ota`, with what it loads, certificates, a shell and contrib/ota-updater.
#   updater.sh OUT_DIR VERSION[=PROGRAM]...
# OUT_DIR is an OCI layout with a tag for each version, which the file /version in it tells, too. The
# program is started in place of /bin/ota-updater. $OTA is what is packed, build/release/ota unless it
# is set. Versions differ in the upper of two layers; the same files give the same bytes. Needs umoci,
# busybox-static and ca-certificates.
set -eu

[ $# -ge 2 ] || { echo "usage: ${0##*/} OUT_DIR VERSION[=PROGRAM]..." >&2; exit 2; }
out=$1
shift
here=$(dirname "$0")
: "${OTA:=$here/../build/release/ota}"
umask 022
SOURCE_DATE_EPOCH=1735689600
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=test-images/layouts.sh
. "$here/layouts.sh"

# The notes in the program name the libraries that it opens when it needs them.
opened() {
  objcopy -O binary --only-section=.note.dlopen "$OTA" /dev/stdout |
    grep -aoE '"soname":\["[^"]+"' | sed 's/.*\["//; s/"$//'
}

# The paths of all libraries, theirs included: the loader tells what it would load, and that one is
# missing only beside that.
libraries() {
  opened=$(opened | tr '\n' ' ')
  LD_TRACE_LOADED_OBJECTS=1 LD_PRELOAD=$opened "$OTA" >"$scratch/loaded" 2>"$scratch/missing"
  [ ! -s "$scratch/missing" ] || { cat "$scratch/missing" >&2; exit 1; }
  sed -nE 's|.*[[:space:]](/[^ ]+) \(0x.*|\1|p' "$scratch/loaded" | sort -u
}

# put FILE FOLDER: a copy below the root that is being made, links followed
put() {
  mkdir -p "$root$2"
  cp -L "$1" "$root$2/"
}

make_base() {
  root=$scratch/base
  mkdir -p "$root/bin" "$root/tmp" "$root/run"
  libraries >"$scratch/libraries"
  while read -r library; do put "$library" "$(dirname "$library")"; done <"$scratch/libraries"
  put /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs
  put "$(command -v busybox)" /bin
  for tool in sh awk cat hostname sleep; do ln -s busybox "$root/bin/$tool"; done
}

make_top() {
  root=$scratch/top
  mkdir -p "$root/bin"
  strip -o "$root/bin/ota" "$OTA"
  put "$here/../contrib/ota-updater" /bin
  echo "$1" >"$root/version"
}

# layer FROM TO: the image FROM with what is in $root above it is TO
layer() {
  pack_tree "$root" --owner=0 --group=0 --mtime="@$SOURCE_DATE_EPOCH" | add_layer "$1" "$2"
}

# make_version VERSION PROGRAM
make_version() {
  make_top "$1"
  layer base "$1"
  finish_image "$1" --config.env PATH=/bin --config.entrypoint "$2"
}

{
  begin_layout "$out"
  make_base
  layer empty base
  for version; do
    case $version in
      *=*) make_version "${version%%=*}" "${version#*=}" ;;
      *) make_version "$version" /bin/ota-updater ;;
    esac
  done
  umoci rm --image "$layout:empty"
  umoci rm --image "$layout:base"
  umoci gc --layout "$layout"
} >&2

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Services to supervise, and a client that counts what it loses. Kept until the recipe changes.
#   services.sh [--key FILE] OUT_DIR     signed with that key by $OTA
# OUT_DIR/service and OUT_DIR/load are the programs (services/service.c and load.c tell their options),
# OUT_DIR/images an OCI layout of images that differ in the upper of two layers. Their entrypoint is the
# service, so the compose file's command goes on with its options; there are a user app (1000), and the
# folders tmp, run and data for everyone. The tags:
#   v1 v2 v3    answer with 1, 2 and 3; those that follow with bad, where they answer
#   crash       dies at once                      hang      is never ready
#   dies        one second after it was ready     ill       is ready, and never healthy
#   stubborn    ignores SIGTERM                   full      fills /data before it is ready
#   forks       makes processes without end       hungry    takes memory without end
set -eu

key=
[ "${1-}" != --key ] || { key=$(realpath "$2") && shift 2; }
[ $# -eq 1 ] || { echo "usage: ${0##*/} [--key FILE] OUT_DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
here=$(dirname "$0")
: "${CC:=gcc}"
recipe=$(cat "$0" "$here/layouts.sh" "$here/services"/*.[ch] ${key:+"$key"} | sha256sum)$("$CC" --version)
[ "$(cat "$out/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

# shellcheck source=test-images/layouts.sh
. "$here/layouts.sh"
umask 022
SOURCE_DATE_EPOCH=1735689600
layout=$out/images
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# build PROGRAM SOURCE...
build() {
  program=$1
  shift
  (cd "$here/services" && "$CC" -std=gnu11 -D_GNU_SOURCE -Os -Wall -Wextra -pthread -static -s \
    -o "$out/$program" "$@")
}

# descriptor TYPE "DIGEST SIZE": the members of a JSON object
descriptor() { printf '"mediaType": "%s.%s", "digest": "%s", "size": %d' $oci "$1" "${2% *}" "${2#* }"; }

# add_layer_of FOLDER: diff_ids and layers go on with what the folder holds
add_layer_of() {
  pack_tree "$1" --owner=0 --group=0 --mtime="@$SOURCE_DATE_EPOCH" >"$scratch/tar"
  diff_ids="${diff_ids:+$diff_ids, }\"sha256:$(sha256sum <"$scratch/tar" | cut -d' ' -f1)\""
  layers="${layers:+$layers, }{$(descriptor layer.v1.tar+gzip "$(gzip -nc "$scratch/tar" | put_blob "$layout")")}"
}

make_base() {
  mkdir -p "$scratch/base/etc" "$scratch/base/tmp" "$scratch/base/run" "$scratch/base/data"
  chmod 1777 "$scratch/base/tmp" "$scratch/base/run" "$scratch/base/data"
  cp "$out/service" "$scratch/base/service"
  printf 'root:x:0:0::/:/service\napp:x:1000:1000::/data:/service\n' >"$scratch/base/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\n' >"$scratch/base/etc/group"
  diff_ids='' layers=''
  add_layer_of "$scratch/base"
  base_ids=$diff_ids base_layers=$layers
}

# What Go, and so every image, calls this machine.
case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  armv*) architecture=arm ;;
  *) architecture=$(uname -m) ;;
esac

# make_layers VERSION: those of the images from here on
make_layers() {
  diff_ids=$base_ids layers=$base_layers
  rm -rf "$scratch/top" && mkdir "$scratch/top"
  echo "$1" >"$scratch/top/version"
  head -c 100000 /dev/zero |
    openssl enc -aes-128-ctr -pass "pass:$1" -nosalt -pbkdf2 -iter 1 >"$scratch/top/noise"
  add_layer_of "$scratch/top"
}

# make_image TAG [WORD...]: the words go on after /service; manifests goes on with the image
make_image() {
  tag=$1
  shift
  config=$(put_blob "$layout" <<JSON
{"created": "$(stamp)", "architecture": "$architecture", "os": "linux",
 "config": {"Entrypoint": ["/service"$([ $# -eq 0 ] || printf ', "%s"' "$@")], "Env": ["PATH=/"], "WorkingDir": "/data"},
 "rootfs": {"type": "layers", "diff_ids": [$diff_ids]}}
JSON
  )
  manifest=$(put_blob "$layout" <<JSON
{"schemaVersion": 2, "mediaType": "$oci.manifest.v1+json",
 "config": {$(descriptor config.v1+json "$config")}, "layers": [$layers]}
JSON
  )
  manifests="${manifests:+$manifests, }{$(descriptor manifest.v1+json "$manifest"),
  \"annotations\": {\"org.opencontainers.image.ref.name\": \"$tag\"}}"
}

rm -f "$out/recipe"
build load load.c load_args.c load_ask.c &
build service service.c ready.c listen.c server.c beat.c trouble.c
wait $!
rm -rf "$layout" && mkdir -p "$layout/blobs/sha256"
echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
manifests=
make_base
for n in 1 2 3; do
  make_layers $n
  make_image v$n
done
make_layers bad
make_image crash --crash
make_image hang --hang
make_image dies --exit-after 1000
make_image ill --unhealthy-after 1
make_image stubborn --ignore-term
make_image full --fill /data/fill
make_image forks --fork-without-end
make_image hungry --eat-memory
echo "{\"schemaVersion\": 2, \"manifests\": [$manifests]}" >"$layout/index.json"
if [ -n "$key" ]; then
  for tag in v1 v2 v3 crash hang dies ill stubborn full forks hungry; do
    "${OTA:?}" sign -q --key "$key" "$layout:$tag" >/dev/null
  done
fi
echo "$recipe" >"$out/recipe"

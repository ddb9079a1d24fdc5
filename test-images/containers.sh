#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Container images to try and to measure with: OCI layouts below OUT_DIR, each with the tags v1, v2
# and v3. Made by root. They are kept until the recipe changes.
#   containers.sh OUT_DIR
#       gzip: a Debian image of three layers, base, runtime and application, some 200 MB. v2 is v1
#       with an application that differs by a few lines; v3 is v2 on a base and a runtime that were
#       rebuilt from the release with its updates. Takes a few minutes.
#   containers.sh --small OUT_DIR
#       gzip, zstd, plain, docker (a Docker manifest), index (for several machines): small images with
#       all that a layer may have, and a tag odd, of a layer that is none without those below. Takes seconds, and no network.
set -eu

small=
[ "${1-}" != --small ] || { small=yes && shift; }
[ $# -eq 1 ] || { echo "usage: ${0##*/} [--small] OUT_DIR" >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "${0##*/}: is for root: images have owners and capabilities" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
here=$(dirname "$0")
recipe=$(cat "$0" "$here/debian.sh" "$here/layouts.sh" "$here/oddities.sh" | sha256sum)$small
[ "$(cat "$out/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

# shellcheck source=test-images/debian.sh
. "$here/debian.sh"
# shellcheck source=test-images/layouts.sh
. "$here/layouts.sh"
# shellcheck source=test-images/oddities.sh
. "$here/oddities.sh"

runtime=python3,python3-requests,python3-yaml,python3-paho-mqtt,python3-flask
runtime=$runtime,python3-cryptography,python3-serial,sqlite3,openssl,ca-certificates,curl

# bootstrap_images: $scratch/1.0.base.tar, 1.0.runtime.tar and the same of 2.0; without the package
# that merges /usr, which brings all of perl
bootstrap_images() {
  merged=--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
  bootstrap_both base-files $merged
  for version in 1.0 2.0; do mv "$scratch/$version.tar" "$scratch/$version.base.tar"; done
  bootstrap_both "$runtime" $merged
  for version in 1.0 2.0; do mv "$scratch/$version.tar" "$scratch/$version.runtime.tar"; done
}

# become TAR: the opened image is just what the tar says, without devices; what stays the same is no
# part of the layer
become() {
  find "$scratch/bundle/rootfs" -mindepth 1 -delete
  tar --numeric-owner -C "$scratch/bundle/rootfs" --exclude='./dev/*' -xpf "$1"
}

# make_base VERSION TAG: the layers base and runtime
make_base() {
  open_image empty
  become "$scratch/$1.base.tar"
  umoci tag --image "$layout:empty" "$2"
  close_image "$2"
  open_image "$2"
  become "$scratch/$1.runtime.tar"
  close_image "$2"
}

# make_application FOLDER: 400 modules, and 10 files of data that is not easy to press
make_application() {
  mkdir -p "$1/opt/app/data" "$1/opt/app/modules"
  awk -v folder="$1/opt/app/modules" 'BEGIN {
    srand(7)
    for (file = 0; file < 400; file++) {
      name = sprintf("%s/part%03d.py", folder, file)
      for (line = 0; line < 340; line++)
        printf "def step_%d(value, scale=%d):\n    return value * scale + %d  # of part %d\n\n", line,
          rand() * 1e6, rand() * 1e9, file >name
      close(name)
    }
  }'
  for n in $(seq 10); do
    head -c 1000000 /dev/zero | openssl enc -aes-128-ctr -pass "pass:data$n" -nosalt -pbkdf2 -iter 1 \
      2>/dev/null | base64 >"$1/opt/app/data/model$n.txt"
  done
  echo 1.0 >"$1/opt/app/VERSION"
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# edit_application FOLDER: what a developer does in an afternoon
edit_application() {
  for n in 003 042 117 200 399; do
    sed -i -e 's/def step_7(value/def step_seven(value/' -e '30a\
def added(value):\
    return value\
' "$1/opt/app/modules/part$n.py"
  done
  sed -i 1000s/./A/g "$1/opt/app/data/model5.txt"
  echo 2.0 >"$1/opt/app/VERSION"
  find "$1" -newermt "@$((SOURCE_DATE_EPOCH + 1))" -exec touch -h -d "@$((SOURCE_DATE_EPOCH + 86400))" {} +
}

make_large() {
  bootstrap_images
  begin_layout "$out/gzip"
  make_base 1.0 old
  mkdir "$scratch/app"
  make_application "$scratch/app"
  pack_tree "$scratch/app" | add_layer old v1
  edit_application "$scratch/app"
  pack_tree "$scratch/app" >"$scratch/app.tar"
  add_layer old v2 <"$scratch/app.tar"
  SOURCE_DATE_EPOCH=$rebuilt
  make_base 2.0 new
  add_layer new v3 <"$scratch/app.tar"
  for tag in v1 v2 v3; do
    finish_image $tag --config.workingdir /opt/app --config.env LANG=C.UTF-8 \
      --config.entrypoint /usr/bin/python3 --config.cmd modules/part000.py
  done
  end_layout
}

# A rebuild has later times than what was built before, if its packages do not say so themselves.
SOURCE_DATE_EPOCH=1735689600 rebuilt=$((1735689600 + 30 * 86400))
export SOURCE_DATE_EPOCH
rm -f "$out/recipe"
if [ -n "$small" ]; then make_small "$out"; else make_large; fi
echo "$recipe" >"$out/recipe"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# A pulled image is, under overlay, what umoci makes of it: each name with its type, mode, owner, times,
# extended attributes, contents and links. Images with all oddities, in each form that they come in.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"

need 'is for root' test "$(id -u)" -eq 0
need 'this ota has no containers' "$OTA" container list --help
need 'umoci is not installed' command -v umoci
mkdir -p low up merged
need 'the kernel has no overlay here' mount -t overlay overlay -o ro,lowerdir=low:up merged
must umount merged
make_images

for tag in v1 v2 v3 odd; do reference_of "$images/gzip" $tag $tag.wanted; done
holds 'the images differ' test "$(sha256sum ./*.wanted | cut -d' ' -f1 | sort -u | wc -l)" -eq 4

is_as_wanted() { tree_of "$1" got && same_tree "$1.wanted" got; }

# compare FORM SOURCE TAG...: each tag into one store, then a look at all
compare() {
  local form=$1 source=$2 tag
  shift 2
  for tag; do
    exits 0 "$form: $tag is pulled" container pull --name "$tag" "$source:$tag"
  done
  for tag; do
    holds "$form: $tag is what umoci makes of it" is_as_wanted "$tag"
  done
}

configure "$dir/gzip"
compare gzip "oci:$images/gzip" v1 v2 v3 odd
for form in zstd plain docker index; do
  configure "$dir/$form"
  compare $form "oci:$images/$form" v1 odd
done

# --- from a registry, as it gives them ---
must "$tree/test-images/registry.sh" start registry 0
port=$(cat registry/port)
push() { skopeo copy -q --dest-tls-verify=false "$@"; }
for tag in v1 odd; do
  must push --format v2s2 "oci:$images/gzip:$tag" "docker://localhost:$port/docker:$tag"
  must push --all "oci:$images/index:$tag" "docker://localhost:$port/index:$tag"
done
for form in docker index; do
  configure "$dir/registry-$form" "localhost:$port"
  compare "$form of a registry" "docker://localhost:$port/$form" v1 odd
done

# --- where each form has the same layers, they are stored once ---
configure "$dir/all"
for form in gzip zstd plain docker index; do
  exits 0 "$form beside the others" container pull --name "$form" "oci:$images/$form:v1"
done
exits 0 'they share all layers' test "$(for form in gzip zstd plain docker index; do layers_of $form; done |
  sort -u | wc -l)" -eq 4
finish

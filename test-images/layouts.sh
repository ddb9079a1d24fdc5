# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# OCI layouts of container images: umoci makes them, and jq what umoci cannot. Sourced beside
# debian.sh, whose $scratch and SOURCE_DATE_EPOCH are used; $layout is the one that is worked on.

# What is laid down is dated by this version's day: a rebuild a month later has later times.
stamp() { date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ; }

# begin_layout DIR: an empty one, with a tag `empty` to build upon
begin_layout() {
  layout=$1
  rm -rf "$layout"
  umoci init --layout "$layout"
  umoci new --image "$layout:empty"
}

# end_layout: what no tag but v1, v2, v3 and those of its arguments needs is gone
end_layout() {
  for tag in $(umoci list --layout "$layout"); do
    case " v1 v2 v3 $* " in *" $tag "*) ;; *) umoci rm --image "$layout:$tag" ;; esac
  done
  umoci gc --layout "$layout"
}

# add_layer FROM TO < TAR: the image FROM with one layer more is TO
add_layer() {
  cat >"$scratch/layer.tar"
  umoci raw add-layer --image "$layout:$1" --tag "$2" --history.created "$(stamp)" \
    --history.created_by "add $2" "$scratch/layer.tar"
  rm "$scratch/layer.tar"
}

# open_image TAG: its tree as $scratch/bundle/rootfs, to be changed
open_image() {
  rm -rf "$scratch/bundle"
  umoci unpack --image "$layout:$1" "$scratch/bundle"
}

# close_image TO: what was changed there is a layer on top, and TO has it
close_image() {
  umoci repack --image "$layout:$1" --history.created "$(stamp)" --history.created_by "build $1" \
    "$scratch/bundle"
  rm -rf "$scratch/bundle"
}

# finish_image TAG [OPTION...]: its configuration
finish_image() {
  tag=$1
  shift
  umoci config --image "$layout:$tag" --no-history --created "$(stamp)" \
    --config.label "org.opencontainers.image.version=$tag" "$@"
}

# pack_tree FOLDER [OPTION...]: a tar of it on stdout, the same for the same files
pack_tree() {
  folder=$1
  shift
  tar -C "$folder" --sort=name --numeric-owner "$@" -cf - .
}

# manifest_of TAG: the path of its manifest
manifest_of() {
  echo "$layout/blobs/sha256/$(jq -r --arg tag "$1" '.manifests[] |
    select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest[7:]' "$layout/index.json")"
}

# layer_of TAG NUMBER: that layer's tar on stdout; 0 is the lowest
layer_of() {
  gzip -dc "$layout/blobs/sha256/$(jq -r ".layers[$2].digest[7:]" "$(manifest_of "$1")")"
}

# --- layouts of other forms, of what is in $layout ---
# put_blob DIR < BYTES: "DIGEST SIZE" of the blob that they are now
put_blob() {
  cat >"$scratch/blob"
  hex=$(sha256sum <"$scratch/blob" | cut -d' ' -f1)
  stat -c "sha256:$hex %s" "$scratch/blob"
  mv "$scratch/blob" "$1/blobs/sha256/$hex"
}

# name_blob DIR TAG "DIGEST SIZE" MEDIA_TYPE: the layout's index has that manifest as TAG
name_blob() {
  jq --arg tag "$2" --arg digest "${3% *}" --argjson size "${3#* }" --arg type "$4" \
    '.manifests += [{mediaType: $type, $digest, $size,
      annotations: {"org.opencontainers.image.ref.name": $tag}}]' "$1/index.json" >"$scratch/index"
  mv "$scratch/index" "$1/index.json"
}

# begin_other DIR
begin_other() {
  rm -rf "$1"
  mkdir -p "$1/blobs/sha256"
  cp "$layout/oci-layout" "$1"
  echo '{"schemaVersion": 2, "manifests": []}' >"$1/index.json"
}

oci=application/vnd.oci.image
docker=application/vnd.docker

# convert DIR TYPE MANIFEST_TYPE CONFIG_TYPE COMMAND...: all images, each layer what COMMAND makes of
# its tar, and called TYPE
convert() {
  other=$1 type=$2 manifest_type=$3 config_type=$4
  shift 4
  begin_other "$other"
  for tag in $(umoci list --layout "$layout"); do
    manifest=$(manifest_of "$tag")
    put_blob "$other" <"$layout/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")" >/dev/null
    for hex in $(jq -r '.layers[].digest[7:]' "$manifest"); do
      gzip -dc "$layout/blobs/sha256/$hex" | "$@" | put_blob "$other"
    done | jq -Rn --arg type "$type" \
      '[inputs | split(" ") | {mediaType: $type, digest: .[0], size: .[1] | tonumber}]' >"$scratch/layers"
    written=$(jq -c --arg type "$manifest_type" --arg config "$config_type" --slurpfile layers "$scratch/layers" \
      '.mediaType = $type | .config.mediaType = $config | .layers = $layers[0]' "$manifest" | put_blob "$other")
    name_blob "$other" "$tag" "$written" "$manifest_type"
  done
}

convert_zstd() { convert "$1" $oci.layer.v1.tar+zstd $oci.manifest.v1+json $oci.config.v1+json zstd -q -c; }
convert_plain() { convert "$1" $oci.layer.v1.tar $oci.manifest.v1+json $oci.config.v1+json cat; }
convert_docker() {
  convert "$1" $docker.image.rootfs.diff.tar.gzip $docker.distribution.manifest.v2+json \
    $docker.container.image.v1+json gzip -nc
}

# foreign MANIFEST DIR ARCHITECTURE: a manifest of the lowest layer alone, for that machine
foreign() {
  config=$(jq -c --arg architecture "$3" '.architecture = $architecture | .rootfs.diff_ids |= .[:1] |
    .history |= .[:1]' "$layout/blobs/sha256/$(jq -r '.config.digest[7:]' "$1")" | put_blob "$2")
  jq -c --arg digest "${config% *}" --argjson size "${config#* }" '.config.digest = $digest |
    .config.size = $size | .layers |= .[:1]' "$1" | put_blob "$2"
}

# convert_index DIR: each tag an index of the image, of lesser ones for other machines, and of the
# attestation that builders add, which is for none
convert_index() {
  begin_other "$1"
  ln "$layout"/blobs/sha256/* "$1/blobs/sha256/"
  for tag in $(umoci list --layout "$layout"); do
    manifest=$(manifest_of "$tag")
    own=$(jq -r .architecture "$layout/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")")
    {
      for machine in riscv64 ppc64le; do echo "$(foreign "$manifest" "$1" $machine) $machine linux"; done
      echo "sha256:${manifest##*/} $(stat -c %s "$manifest") $own linux"
      echo "$(foreign "$manifest" "$1" unknown) unknown unknown"
    } | jq -Rn --arg type $oci.manifest.v1+json --arg index $oci.index.v1+json '{schemaVersion: 2,
        mediaType: $index, manifests: [inputs | split(" ") | {mediaType: $type, digest: .[0],
        size: .[1] | tonumber, platform: {architecture: .[2], os: .[3]}}]}' >"$scratch/list"
    name_blob "$1" "$tag" "$(put_blob "$1" <"$scratch/list")" $oci.index.v1+json
  done
}

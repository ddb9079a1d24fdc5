# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016,SC2317
# v2 for a device that has v1: what crosses the network, what it takes to make and to apply.
# Each way has make_WAY IMAGE, and apply_WAY IMAGE, whose `update` writes the target.
# Sourced by bench.sh.

declare -A way_name=(
  [xdelta3]='xdelta3' [zstd]="zstd -$LEVEL --patch-from" [rdiff]="rdiff, zstd -$LEVEL"
  [casync]='casync' [zchunk]='zchunk'
  [ota_delta]='ota, delta' [ota_any]='ota, any base' [ota_full]='ota, full' [full]="full image, zstd -$LEVEL")
declare -A way_tool=([zstd]=zstd [xdelta3]=xdelta3 [rdiff]=rdiff [casync]=casync [zchunk]=zck)

# update IMAGE WAY [OPTION VALUE]... -- COMMAND...
update() {
  local image=$1 way=$2
  shift 2
  run delta "$image" "${way_name[$way]}" apply --target target --holds "$corpus/v2.$image" "$@"
}

make_full() { full_zstd "$1"; }
apply_full() {
  update "$1" full -- sh -c "curl -sf $url/$1.zst | zstd -d >target"
}

make_xdelta3() { made "$1-xdelta3" xdelta3 -e -f -s "$corpus/v1.$1" "$corpus/v2.$1" "www/$1.xdelta3"; }
apply_xdelta3() {
  update "$1" xdelta3 --wire "$(size_of "www/$1.xdelta3")" -- \
    xdelta3 -d -f -s "$corpus/v1.$1" "www/$1.xdelta3" target
}

make_zstd() {
  made "$1-patch" zstd -q -f "-$LEVEL" --long=31 --patch-from="$corpus/v1.$1" "$corpus/v2.$1" -o "www/$1.patch.zst"
}
apply_zstd() {
  update "$1" zstd --wire "$(size_of "www/$1.patch.zst")" -- \
    zstd -q -d -f --long=31 --patch-from="$corpus/v1.$1" "www/$1.patch.zst" -o target
}

make_rdiff() {
  made "$1-rdiff" sh -c "rdiff -f signature $corpus/v1.$1 made/$1.signature &&
    rdiff -f delta made/$1.signature $corpus/v2.$1 - | zstd -q -f -$LEVEL - -o www/$1.rdiff.zst"
}
apply_rdiff() {
  update "$1" rdiff -- sh -c "curl -sf $url/$1.rdiff.zst | zstd -q -d -f - -o rdiff.delta &&
    rdiff -f patch $corpus/v1.$1 rdiff.delta target"
}

# The index of a device's own image is not on it: it is made from the seed each time.
make_casync() { made "$1-casync" casync make --store="www/$1.castr" "www/$1.caibx" "$corpus/v2.$1"; }
apply_casync() {
  update "$1" casync -- casync extract --seed="$corpus/v1.$1" --store="$url/$1.castr" "$url/$1.caibx" target
}

make_zchunk() {
  made "$1-zchunk" sh -c "zck -o made/$1-v1.zck $corpus/v1.$1 && zck -o www/$1-v2.zck $corpus/v2.$1"
}
apply_zchunk() {
  rm -f "$1-v2.zck"
  update "$1" zchunk -- sh -c "zckdl -s made/$1-v1.zck $url/$1-v2.zck && unzck -c $1-v2.zck >target"
}

# ota_update IMAGE WAY DEVICE
ota_update() {
  reset_device "$3"
  run delta "$1" "${way_name[$2]}" apply --target "$3/slots/b.img" --holds "$corpus/v2.$1" -- \
    sh -c '"$OTA" -q --root "$1" fetch && "$OTA" -q --root "$1" write' - "$3"
}
make_ota_full() { ota_release "$1"; }
apply_ota_full() { ota_update "$1" ota_full device; }
make_ota_any() { ota_release "$1"; }
apply_ota_any() { ota_update "$1" ota_any device-any; }
make_ota_delta() { ota_delta "$1"; }
apply_ota_delta() { ota_update "$1" ota_delta device-delta; }

# What a way's files were made by; a full release needs no base.
cost_name() {
  case $2 in
    full) echo "$1-zstd" ;;
    zstd) echo "$1-patch" ;;
    ota_any) echo "$1-ota-full" ;;
    *) echo "$1-${2/_/-}" ;;
  esac
}

# make_way IMAGE WAY: can it be applied?
make_way() {
  local tool=${way_tool[$2]-} name
  name=$(cost_name "$@")
  if [ -n "$tool" ] && ! has "$tool"; then
    not_run delta "$1" "${way_name[$2]}" apply "$tool is not installed"
  elif "make_$2" "$1"; then
    cost_of delta "$1" "${way_name[$2]}" "$name"
    return 0
  else
    not_run delta "$1" "${way_name[$2]}" apply "$(cut -f9 "made/$name.cost")"
  fi
  return 1
}

bench_delta() {
  local image way n ways
  for image in $IMAGES; do
    tell "  $image"
    ways=()
    for way in full ota_full ota_any ota_delta xdelta3 zstd rdiff casync zchunk; do
      if make_way "$image" "$way"; then ways+=("$way"); fi
    done
    ota_device device "$url/$image-ota-full"
    ota_device device-any "$url/$image-ota-full" "made/$image-ota-base"
    ota_device device-delta "$url/$image-ota-delta" "made/$image-ota-base"
    # the wire is the same each time
    for ((n = 1; n <= (REPEAT + 1) / 2; n++)); do
      for way in "${ways[@]}"; do
        fill target
        truncate -s "$(size_of "$corpus/v2.$image")" target
        settle target
        "apply_$way" "$image"
      done
    done
  done
}

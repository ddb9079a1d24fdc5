# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016,SC2317
# The whole image into a disk file that holds other bytes. Sourced by bench.sh.

# install WAY [OPTION VALUE]... -- COMMAND...
install() {
  local way=$1
  shift
  fill target
  run install ext4 "$way" apply --target target --holds "$corpus/v2.ext4" "$@"
}

install_dd() {
  install 'dd, the raw image' --wire 0 -- \
    dd if="$corpus/v2.ext4" of=target bs=1M conv=notrunc,fsync status=none
}

install_curl() {
  install 'curl, zstd -d, dd' -- sh -c "set -e; curl -sf $url/ext4.zst | zstd -d |
    dd of=target bs=1M iflag=fullblock conv=notrunc,fsync status=none"
}

install_rauc_file() { install 'RAUC, local bundle' --wire 0 -- rauc/install www/ext4.raucb; }

install_rauc_http() {
  rm -f bundle.raucb
  install 'curl, then RAUC' -- sh -c "curl -sf -o bundle.raucb $url/ext4.raucb && rauc/install bundle.raucb"
}

install_swupdate_file() { install 'SWUpdate, local file' --wire 0 -- "${swupdate[@]}" -i www/ext4.swu; }

install_swupdate_http() { install 'SWUpdate, http' -- "${swupdate[@]}" -d "-u $url/ext4.swu"; }

install_ota_fetch() {
  reset_device device
  run install ext4 'ota fetch, ota write' apply --target device/slots/b.img --holds "$corpus/v2.ext4" -- \
    sh -c '"$OTA" -q --root device fetch && "$OTA" -q --root device write'
}

install_ota_write() {
  reset_device device
  run install ext4 'ota write SOURCE, http' apply --target device/slots/b.img --holds "$corpus/v2.ext4" -- \
    "$OTA" -q --root device write "$url/ext4-ota-full"
}

install_ota_file() {
  reset_device device
  run install ext4 'ota write SOURCE, local' apply --target device/slots/b.img --holds "$corpus/v2.ext4" \
    --wire 0 -- "$OTA" -q --root device write oci:www/ext4-ota-full
}

bench_install() {
  local ways=(dd) way n
  full_zstd ext4 && ways+=(curl)
  if ! has rauc; then
    not_run install ext4 RAUC apply 'rauc is not installed'
  elif rauc_bundle ext4; then
    ways+=(rauc_file rauc_http)
  else
    not_run install ext4 RAUC apply "$(cut -f9 made/ext4-rauc.cost)"
  fi
  if ! has swupdate; then
    not_run install ext4 SWUpdate apply 'swupdate is not installed'
  elif swu ext4; then
    ways+=(swupdate_file swupdate_http)
  else
    not_run install ext4 SWUpdate apply 'its image could not be made'
  fi
  ota_release ext4 && ota_device device "$url/ext4-ota-full" && ways+=(ota_fetch ota_write ota_file)
  for ((n = 1; n <= REPEAT; n++)); do
    tell "  run $n of $REPEAT"
    for way in "${ways[@]}"; do "install_$way"; done
  done
}

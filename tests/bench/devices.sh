# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# ota's own releases, and devices in folders that they are for. Sourced by bench.sh.

# ota_release IMAGE: www/IMAGE-ota-full is v2, made/IMAGE-ota-base v1, both signed
ota_release() {
  local image=$1
  made "$image-ota-full" "$OTA" pack -q --rootfs "$corpus/v2.$image" --compatible bench --version 2.0 \
    --level "$LEVEL" -o "www/$image-ota-full" &&
    made "$image-ota-base" "$OTA" pack -q --rootfs "$corpus/v1.$image" --compatible bench --version 1.0 \
      --level 1 -o "made/$image-ota-base" &&
    "$OTA" sign -q --key made/bench.key "www/$image-ota-full" >/dev/null &&
    "$OTA" sign -q --key made/bench.key "made/$image-ota-base" >/dev/null
}

# ota_delta IMAGE: www/IMAGE-ota-delta is v2 again, with a delta from v1
ota_delta() {
  [ -e "made/$1-ota-delta.cost" ] || { rm -rf "www/$1-ota-delta" && cp -r "www/$1-ota-full" "www/$1-ota-delta"; }
  made "$1-ota-delta" "$OTA" delta -q --from "made/$1-ota-base" --to "www/$1-ota-delta" &&
    "$OTA" sign -q --key made/bench.key "www/$1-ota-delta" >/dev/null
}

# ota_device NAME SOURCE [BASE]: a device in the folder NAME; its slot a runs, and holds the release
# BASE as the factory writes it, or else noise. SIZE, if set, is that of its slots.
ota_device() {
  rm -rf "$1"
  "$tree/test-images/sandbox.sh" --size "${SIZE:-$slot_bytes}" --running "$([ $# -eq 3 ] && echo none || echo a)" \
    --compatible bench --source "$2" "$1" || return 1
  cp made/bench.pub "$1/etc/ota/trust.d/"
  printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\nstall-time = 1s\n' >>"$1/etc/ota/ota.conf"
  if [ $# -eq 3 ]; then
    "$OTA" --root "$1" write -q --slot a "oci:$3" && "$OTA" --root "$1" bootswap -q --factory --slot a &&
      boot "$1" || return 1
  else
    ln -f noise "$1/slots/a.img"
  fi
  mkdir -p "$1/var/lib/ota"
  cp -r "$1/var/lib/ota" "$1/kept"
}

# reset_device NAME: as ota_device left it, with noise in slot b
reset_device() {
  rm -rf "$1/var/lib/ota"
  cp -r "$1/kept" "$1/var/lib/ota"
  fill "$1/slots/b.img"
}

boot() {
  "$tree/test-images/bootloader" "$1/etc/fw_env.config" "$1/proc/cmdline" \
    "$1/proc/sys/kernel/random/boot_id" >/dev/null
}

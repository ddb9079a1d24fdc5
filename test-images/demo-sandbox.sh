#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole story on one screen after another: two real Debian releases and a broken one are made,
# signed and served over HTTPS, and a device in a folder goes from the first to the second, tries
# the third and comes back. Each outcome is checked: what is not as it should be ends the demo.
#   OTA=path of the binary   BUILD=folder for everything that is made   demo-sandbox.sh
set -euo pipefail

recipes=$(realpath "$(dirname "$0")")
ota=$(realpath "${OTA:?names the binary}")
mkdir -p "${BUILD:?names the folder to work in}/demo/bin"
cd "$BUILD/demo"
PATH=$PWD/bin:$PATH:/usr/sbin:/sbin
ln -sf "$ota" "$recipes"/../contrib/{ota-update,ota-boot,factory.sh} bin/

# shellcheck source=test-images/story.sh
. "$recipes/story.sh"
export no_proxy=localhost${no_proxy:+,$no_proxy} # whatever proxy the packages come through
trap '"$recipes/nginx.sh" stop server' EXIT

# holds REGEX...: each is found in what status says to programs
holds() {
  local told regex
  told=$(ota --root device --json status)
  for regex; do
    grep -Eq "$regex" <<<"$told" || fail "status does not tell $regex: $told"
  done
}

# slot_is SLOT VERSION: the slot holds this image, byte for byte
slot_is() {
  run 0 cmp -n "$(stat -c %s "images/v$2.ext4")" "device/slots/$1.img" "images/v$2.ext4"
}

# boot_files_are SLOT VERSION: the boot partition has this image's kernel for the slot, and its list
boot_files_are() {
  debugfs -R "cat /boot/vmlinuz" "images/v$2.ext4" 2>/dev/null >images/kernel
  run 0 cmp "device/boot/ota/$1/vmlinuz" images/kernel
  run 0 env -C "device/boot/ota/$1" sha256sum -c .ota-files
}

# The boot files are in the image. A device needs root to look into it, which whoever runs this may
# not have: then the release carries them.
# pack_release VERSION LAYOUT [OPTION...]
pack_release() {
  local boot=()
  if [ "$(id -u)" -ne 0 ]; then
    rm -rf "images/files$1" && mkdir "images/files$1"
    debugfs -R "rdump /boot images/files$1" "images/v$1.ext4" 2>/dev/null
    boot=(--boot "images/files$1/boot")
  fi
  run 0 ota pack --rootfs "images/v$1.ext4" "${boot[@]}" --compatible demo-board --version "$1.0" \
    -o "releases/$2" "${@:3}"
  run 0 ota sign --key demo.key "releases/$2"
}

make_releases() {
  local stamp
  stamp=$(cat images/recipe - <"$ota" | sha256sum)
  if [ "$(cat releases/stamp 2>/dev/null)" = "$stamp" ]; then
    printf '\n(Packed and signed in an earlier run; they are kept in %s.)\n' "$PWD/releases"
  else
    rm -rf releases demo.key demo.pub
    run 0 ota keygen demo
    pack_release 1 1.0
    pack_release 2 2.0
    pack_release 3 3.0
    pack_release 2 2.0-wave --phase 40 --level 1
    echo "$stamp" >releases/stamp
  fi
  run 0 ota inspect oci:releases/2.0
}

make_server() {
  run 0 ln -sfn releases/2.0 www
  run 0 "$recipes/nginx.sh" start server www 0
  source=https://localhost:$(cat server/ports)
}

make_device() {
  rm -rf device
  run 0 "$recipes/sandbox.sh" --running none --boot yes --compatible demo-board --source "$source" \
    --ca server/ca.pem device
  run 0 cp demo.pub device/etc/ota/trust.d/
  self_test
  run 0 ota --root device write --slot a oci:releases/1.0
  run 0 ota --root device bootswap --factory --slot a
  slot_is a 1
  boot_files_are a 1
  power_cycle
  run 0 ./power-cycle
  run 0 ota --root device status
  holds '"running": *"a"' '"trial": *false'
}

# Each device decides for itself: the same answer every time, and all of a wave are in the next.
wave() {
  local n in=0
  echo "for each of 20 devices, id = device-N in its ota.conf: ota check"
  for ((n = 1; n <= 20; n++)); do
    sed "s/^compatible/id = device-$n\n&/" device/etc/ota/ota.conf >device.conf
    if ota --root device --config device.conf check >/dev/null 2>&1; then
      printf ' device-%d: its turn\n' $n
      in=$((in + 1))
    fi
  done
  echo "$in of 20 devices take it in the first wave"
  [ $in -gt 0 ] && [ $in -lt 20 ]
}

# What the device runs after booting a release on trial: it looks into the slot that booted.
self_test() {
  cat >device/etc/ota/checks.d/required.d/services <<END
#!/bin/sh
slot=\$(sed 's/.*ota\.slot=//' '$PWD/device/proc/cmdline')
if /sbin/debugfs -R 'stat /etc/demo-broken' "$PWD/device/slots/\$slot.img" 2>/dev/null | grep -q ^Inode
then
  echo "/etc/demo-broken is there: the services of this release do not start"
  exit 1
fi
END
  chmod +x device/etc/ota/checks.d/required.d/services
}

power_cycle() {
  cat >power-cycle <<END
#!/bin/sh
exec '$recipes/bootloader' '$PWD/device/etc/fw_env.config' '$PWD/device/proc/cmdline' \
  '$PWD/device/proc/sys/kernel/random/boot_id'
END
  chmod +x power-cycle
}

title 'The images' <<'END'
Debian's release (v1), the same with its security updates (v2), and one that is
broken (v3), bootstrapped from this machine's own mirrors and kept between runs.
END
run 0 "$recipes/rootfs.sh" images

title 'The build machine: packing and signing' <<'END'
A release is a folder that any web server can offer: an OCI artifact.
END
make_releases

title 'The server' <<'END'
nginx with TLS on loopback. To publish a release is to copy a folder there; here
a link will do.
END
make_server

title 'The factory: a device with v1 in slot a' <<'END'
The device is a folder: its slots are files, its boot environment is U-Boot's.
`--root device` makes ota look there for all that is /etc, /var and /proc.
./power-cycle stands in for the bootloader: it picks the slot to boot, and counts.
END
make_device

title 'A disk of the factory, ready to flash' <<'END'
The same two steps, and a boot partition, a data partition and GPT around them,
without root and without mounting; then all of it is read back from the disk.
END
run 0 mkdir -p keys
run 0 cp demo.pub keys/
rm -f disk.img
run 0 factory.sh --compatible demo-board --trust keys --size 1280M --slot 520M disk.img oci:releases/1.0

title 'A wave' <<'END'
v2 goes to 40 percent of the devices first: the same image, packed with --phase 40.
END
run 0 ln -sfn releases/2.0-wave www
run 0 wave
run 0 ln -sfn releases/2.0 www

title 'The update, step by step' <<'END'
Each command is one step that happened or did not; each can be run again.
END
run 0 ota --root device check
run 0 ota --root device fetch
run 0 ota --root device write
slot_is b 2
run 0 ota --root device bootfiles
boot_files_are b 2
run 0 ota --root device bootswap
run 0 ./power-cycle
holds '"running": *"b"' '"trial": *true'
run 0 ota --root device commit
run 0 ota --root device status
holds '"running": *"b"' '"next": *"b"' '"trial": *false'
run 3 ota --root device check
slot_is a 1
boot_files_are a 1

title 'A bad release, and back' <<'END'
The same steps in two scripts: ota-update for cron, ota-boot for each boot. They
reboot with what OTA_REBOOT names.
END
run 0 ln -sfn releases/3.0 www
run 0 export OTA_REBOOT="$PWD/power-cycle"
run 0 ota-update --root device
slot_is a 3
holds '"running": *"a"' '"trial": *true'
run 0 ota-boot --root device
holds '"running": *"b"' '"next": *"b"' '"trial": *false' '"reason": *"check"'
run 0 ota-boot --root device
run 3 ota --root device check
slot_is b 2
boot_files_are b 2
run 0 ota --root device status

printf '\n%sAll %d steps went as they should, in %d s.%s\n' "$bold" "$steps" "$SECONDS" "$plain"
printf 'The device is still there:  build/ota --root build/demo/device status\n'

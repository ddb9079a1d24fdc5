#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2119,SC2317
# The hook that holds updates back on battery, on machines of every kind of power.
. "$(dirname "$0")/lib.sh"

# supply NAME FILE=TEXT...: one more in the class
supply() {
  local name=$1 file
  shift
  mkdir -p "class/$name"
  for file; do echo "${file#*=}" >"class/$name/${file%%=*}"; done
}

# on_battery: what the hook says of this machine, which is gone then
on_battery() {
  local status=0
  "$tree/contrib/hooks/on-battery" "$dir/class" >out 2>err || status=$?
  rm -rf class
  return "$status"
}

discharging=(type=Battery status=Discharging)

exits 0 'no power supply class at all' on_battery
mkdir class
exits 0 'a class with nothing in it' on_battery
supply AC type=Mains online=1
exits 0 'mains alone' on_battery
supply AC type=Mains online=1
supply BAT0 type=Battery status=Charging
exits 0 'mains, and a battery that charges' on_battery
supply AC type=Mains online=1
supply BAT0 "${discharging[@]}"
exits 0 'mains online counts, whatever the battery does' on_battery
supply AC type=Mains online=0
supply BAT0 "${discharging[@]}"
exits 75 'mains offline, and a battery that discharges' on_battery
holds 'it says which' says 'on battery: BAT0 discharges'
supply BAT0 "${discharging[@]}"
exits 75 'a battery that discharges, and nothing else' on_battery
supply AC type=Mains online=0
supply BAT0 "${discharging[@]}"
supply usb type=USB online=1
exits 0 'USB online' on_battery
supply usb type=USB online=2
supply BAT0 "${discharging[@]}"
exits 0 'USB online at a voltage of choice' on_battery
supply usb type=USB online=0
supply wireless type=Wireless online=0
supply BAT0 "${discharging[@]}"
exits 75 'neither USB nor the pad online' on_battery
supply BAT0 type=Battery status=Full
exits 0 'a battery that is full, and no mains known' on_battery
supply BAT0 type=Battery 'status=Not charging'
exits 0 'a battery that is kept below full, and no mains known' on_battery
supply BAT0 type=Battery status=Full
supply BAT1 "${discharging[@]}"
exits 75 'one of two batteries discharges' on_battery
supply ups type=UPS status=Discharging
exits 75 'a UPS that discharges' on_battery
supply mouse "${discharging[@]}" scope=Device
exits 0 'the battery of a mouse' on_battery
supply AC type=Mains
supply BAT0 status=Discharging
exits 0 'supplies that tell nothing of use' on_battery

# --- as a hook ---
make_release v1 1.0
make_device
on commit
mkdir -p device/etc/ota/hooks.d/pre-write
printf '#!/bin/sh\nexec "%s" "%s"\n' "$tree/contrib/hooks/on-battery" "$dir/class" \
  >device/etc/ota/hooks.d/pre-write/on-battery
chmod +x device/etc/ota/hooks.d/pre-write/on-battery
supply BAT0 "${discharging[@]}"
refused 18 'write is not now' on write oci:v1
holds 'and why' says 'hint: on battery'
supply AC type=Mains online=1
exits 0 'with mains it goes on' on write oci:v1
finish

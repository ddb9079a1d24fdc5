# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What it takes to ask how things are: CPU and libraries. Sourced by bench.sh.

# libraries COMMAND...: how many it loads, at its start or later
libraries() { LD_DEBUG=files "$@" 2>&1 >/dev/null | grep -ac 'calling init: '; }

# Words, of which none has blanks in it.
declare -A start_command

bench_startup() {
  local ways=() way n service=''
  start_command=(['ota status']="$OTA --root device status"
    ['fw_printenv']='fw_printenv -c device/etc/fw_env.config'
    ['rauc status']='rauc status' ['swupdate --version']='swupdate --version')
  ota_release ext4 && ota_device device "$url/ext4-ota-full" || return
  if has rauc && has dbus-daemon; then
    rauc --conf=rauc/system.conf --override-boot-slot=A service 2>rauc/log &
    service=$!
    rauc/ready
  fi
  for way in 'ota status' 'fw_printenv' 'rauc status' 'swupdate --version'; do
    if has "${start_command[$way]%% *}"; then
      ways+=("$way")
    else
      not_run startup - "$way" apply "${way% *} is not installed"
    fi
  done
  for ((n = 1; n <= starts; n++)); do
    for way in "${ways[@]}"; do start "$way"; done
  done
  for way in "${ways[@]}"; do count_libraries "$way"; done
  [ -z "$service" ] || { kill "$service"; wait "$service"; }
}

start() {
  # shellcheck disable=SC2086
  run startup - "$1" apply --wire 0 -- ${start_command[$1]}
}

# The number stands where other steps have the bytes that crossed.
count_libraries() {
  # shellcheck disable=SC2086
  note startup - "$1" libraries 0 0 0 0 0 0 "$(libraries ${start_command[$1]})" 0 ''
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# A rollout in waves: DEVICES devices that run v1, one server, and v2 for PHASES percent of them, a
# wave a night, the last for all. Each night every device runs what cron runs, and what a boot runs
# where it rebooted. A table tells who updated and what the server sent, as its log has it; TLS comes
# on top.
#   DEVICES=1000 PHASES='10 50 100' tests/bench/waves.sh
# Names and releases are the same each time, and so is who is drawn.
. "$(dirname "$0")/../cli/lib.sh"
: "${DEVICES:=1000}" "${PHASES:=10 50 100}"
PATH=$tree/contrib:$tree/test-images:$PATH
export OTA

# --- the fleet: one device leaves the factory with v1, the others are its copies ---
make_releases() {
  local name folder phase
  for name in v1 v2; do
    make_image $name.img $name
    truncate -s 300K $name.img # a thousand devices must fit on the disk
  done
  make_release v1 1.0
  for phase in $PHASES; do
    ln -s v2.img "v2-$phase.img"
    make_release "v2-$phase" 2.0 --phase "$phase"
  done
  for folder in v2-*/; do
    jq -r '.layers[].digest' "$(blob "$folder" "$(manifest_of "$folder")")" | cut -d: -f2
  done >payload
}

make_first_device() {
  make_device --running none --size 1M --ca server/ca.pem --source "https://localhost:$port/ID"
  sed -i '/^\[device\]/a id = ID' device/etc/ota/ota.conf
  must on write --slot a oci:v1
  must on bootswap --factory --slot a
  power_cycle
}

# It asks below its own name, so that the log tells the devices apart.
copy_device() {
  cp -r --sparse=always device "devices/$1"
  sed -i "s/\<ID\>/$1/" "devices/$1/etc/ota/ota.conf"
  sed -i "s#$dir/device/#$dir/devices/$1/#" "devices/$1/etc/fw_env.config"
  ln -s ../published "www/$1"
}

# each COMMAND: runs it with every device's id, as many at once as there are cores
each() {
  local worker
  for ((worker = 0; worker < cores; worker++)); do
    awk -v n="$cores" -v i="$worker" 'NR % n == i' devices.list |
      while read -r id; do "$1" "$id" </dev/null; done &
  done
  wait
}

# --- what devices do ---
# complain ID TEXT
complain() {
  echo "$1: $2"
  cat "devices/$1/said"
} >>"$dir/err"

# Asked while all still run v1: whom would each wave take?
ask() {
  local phase status
  for phase in $PHASES; do
    status=0
    "$OTA" --root "devices/$1" check -q "oci:v2-$phase" >/dev/null 2>"devices/$1/said" || status=$?
    case $status in
      0) echo "$1" >>"members.$phase" ;;
      3) ;;
      *) complain "$1" "check ended with $status" ;;
    esac
  done
  note_status "$1"
}

note_status() {
  "$OTA" --root "devices/$1" --json status >"devices/$1/status" 2>"devices/$1/said" ||
    complain "$1" "status ended with $?"
}

# What cron runs, and where that rebooted what the boot runs; no self-test fails there.
night() {
  local root=devices/$1
  OTA_REBOOT="bootloader $root/etc/fw_env.config $root/proc/cmdline $root/proc/sys/kernel/random/boot_id" \
    ota-update --root "$root" -q >"$root/said" 2>&1 || complain "$1" "ota-update ended with $?"
  grep -q ^bootloader: "$root/said" || return 0
  echo "$1" >>"updated.$wave"
  OTA_REBOOT=false ota-boot --root "$root" -q >"$root/said" 2>&1 || complain "$1" "ota-boot ended with $?"
  note_status "$1"
}

# --- what became of it ---
# The devices that run v2 for good.
running_v2() {
  (cd devices && jq -r '.slots[.running] as $slot |
    select($slot.version == "2.0" and $slot.state == "good" and (.trial | not)) | input_filename' \
    ./*/status) | cut -d/ -f2
}

# What each device cost: ID, requests and bytes of checks, requests and bytes of payload, which is
# the image and its index.
costs() {
  awk 'FILENAME == "payload" { is_payload[$1] = 1; next }
    FILENAME == "devices.list" { checks[$1] = 0; next }
    {
      n = split($2, path, "/")
      id = path[2]
      if (!(id in checks)) next
      if (path[n] in is_payload) { parts[id]++; part_bytes[id] += $4 }
      else { checks[id]++; check_bytes[id] += $4 }
    }
    END {
      for (id in checks) print id, checks[id], check_bytes[id] + 0, parts[id] + 0, part_bytes[id] + 0
    }' payload devices.list server/access.log | sort
}

heading() {
  printf '%-19s %17s %17s %17s %26s\n' "$DEVICES devices" updated requests 'kB sent' \
    'device with nothing to do'
  printf '%-19s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n' published anew 'in all' checks payload \
    checks payload devices requests bytes
}

# row TEXT: the night's line below it
row() {
  awk -v text="$1" -v n="$DEVICES" -v total="$(wc -l <"runs.$wave")" '
    FILENAME ~ /^updated/ { updated[$1] = 1; n_updated++; next }
    { checks += $2; check_bytes += $3; parts += $4; part_bytes += $5 }
    !($1 in updated) { idle++; idle_requests += $2 + $4; idle_bytes += $3 + $5 }
    END {
      printf "%-19s %6.1f %% %6.1f %% %8d %8d %8d %8d %8d", text, 100 * n_updated / n,
        100 * total / n, checks, parts, check_bytes / 1000, part_bytes / 1000, idle
      if (idle) printf " %8.1f %8.0f", idle_requests / idle, idle_bytes / idle
      print ""
    }' "updated.$wave" "cost.$wave"
}

# night_of WAVE TEXT RELEASE
night_of() {
  wave=$1
  ln -sfn "$3" published
  : >"updated.$wave"
  : >server/access.log
  each night
  # answered after all others, whose lines are written by then
  curl -s -o /dev/null --cacert server/ca.pem "https://localhost:$port/end"
  sort -o "updated.$wave" "updated.$wave"
  running_v2 >"runs.$wave"
  costs >"cost.$wave"
  row "$2" >>table
}

# --- what must hold ---
none() { [ -z "$1" ] || { echo "# ${2:+$2 }$(wc -l <<<"$1"): $(head -n 5 <<<"$1" | tr '\n' ' ')"; return 1; }; }
same() { none "$(comm -3 "$1" "$2")" "$1 and $2 differ in"; }
holds_all_of() { none "$(comm -13 "$1" "$2")" "not in $1, but in $2:"; }
# Of a million fair draws one lies further off than five standard deviations.
share_is() {
  awk -v n="$DEVICES" -v got="$(wc -l <"$2")" -v p="$1" 'BEGIN {
    p /= 100
    off = 5 * sqrt(n * p * (1 - p))
    if (got >= n * p - off && got <= n * p + off) exit 0
    printf "# %d of %d devices where %.0f to %.0f were to be\n", got, n, n * p - off, n * p + off
    exit 1
  }'
}
never_twice() { none "$(cat updated.* | sort | uniq -d)" 'updated twice:'; }
no_payload() { none "$(awk '$4 > 0 { print $1 }' "cost.$1" | comm -23 - "updated.$1")" 'fetched a layer and did not update:'; }
each_asked() { none "$(awk '$2 == 0 { print $1 }' "cost.$1")" 'did not ask the server:'; }
holds_image() {
  local id slot
  while read -r id slot; do
    cmp -s -n "$(stat -c %s v2.img)" "devices/$id/slots/$slot.img" v2.img || echo "$id"
  done < <(cd devices && jq -r '"\(input_filename | split("/")[1]) \(.running)"' ./*/status)
}

cores=$(nproc)
mkdir www
must nginx.sh start server www 0
port=$(cat server/ports)
seq -f 'd%05.0f' "$DEVICES" >devices.list
make_releases
make_first_device
mkdir devices
each copy_device
: >err
for phase in $PHASES; do : >"members.$phase"; done
each ask

for phase in $PHASES; do night_of "$phase" "v2 for $phase %" "v2-$phase"; done
night_of after 'v2, the night after' v2-100

heading
cat table

holds 'no step of a device fails' test ! -s err
narrower=/dev/null
for phase in $PHASES; do
  sort -o "members.$phase" "members.$phase"
  holds "v2 for $phase %: that share of the devices runs it, within five standard deviations" share_is "$phase" "runs.$phase"
  holds 'they are those that the wave is for' same "members.$phase" "runs.$phase"
  holds 'and hold those of the wave before' holds_all_of "members.$phase" "$narrower"
  narrower=members.$phase
  holds 'a device that has nothing to do fetches no layer' no_payload "$phase"
done
holds 'in the end every device runs v2' same runs.after devices.list
holds 'and its slot holds that image' none "$(holds_image)"
holds 'no device updates twice' never_twice
holds 'the night after none does' test ! -s updated.after
holds 'nor fetches a layer' no_payload after
holds 'but asks' each_asked after
finish

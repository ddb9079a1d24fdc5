# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016
# Links that reset, or stall, each so many bytes: what crosses again? Sourced by bench.sh.

# serve_badly FOLDER FILE: tests/cli/badserver.py, its log in badlog, its address in $bad
serve_badly() {
  : >badlog
  python3 "$tree/tests/cli/badserver.py" "$1" "$2" >>badlog &
  bad_server=$!
  for _ in {1..100}; do [ -s badlog ] && break; sleep 0.05; done
  bad=http://localhost:$(head -n 1 badlog)
}

# Its lines are printed once the client has left.
bad_bytes() {
  sleep 0.1
  awk '{ sum += $3 } END { print sum + 0 }' badlog
}

# over FAULT WAY COMMAND...: its bytes are those of bodies that the server sent
over() {
  local fault=${1%%-*} way=$2
  shift 2
  : >badlog
  run link "$fault" "$way" apply --count bad_bytes -- "$@"
}

over_curl() {
  rm -f download
  over "$1" 'curl -C -, until it is there' sh -c '
    n=0
    until curl -sf -C - --speed-limit 1 --speed-time 2 -o download "$1"; do
      n=$((n + 1)); [ $n -lt 100 ] || exit 1
    done' - "$bad/$1/ext4.zst"
}

over_swupdate() {
  fill target
  over "$1" 'SWUpdate, http' timeout 300 "${swupdate[@]}" -d "-u $bad/$1/ext4.swu -r 100 -t 2"
}

over_ota() {
  reset_device device
  over "$1" 'ota fetch' "$OTA" -q --root device fetch "$bad/$1"
}

# over_all WAY: each fault
over_all() {
  "over_$1" plain
  "over_$1" "reset-$fault_bytes"
  "over_$1" "stall-$fault_bytes"
  kill "$bad_server"
  wait "$bad_server" 2>/dev/null
}

bench_link() {
  local layer
  if full_zstd ext4; then
    serve_badly www ext4.zst
    over_all curl
  fi
  if ! has swupdate; then
    not_run link plain 'SWUpdate, http' apply 'swupdate is not installed'
  elif swu ext4; then
    serve_badly www ext4.swu
    over_all swupdate
  fi
  if ota_release ext4 && ota_device device "$url/ext4-ota-full"; then
    layer=$(largest_blob www/ext4-ota-full)
    serve_badly www/ext4-ota-full "$layer"
    over_all ota
  fi
}

largest_blob() { find "$1/blobs/sha256" -type f -printf '%s %f\n' | sort -n | tail -n 1 | cut -d' ' -f2; }

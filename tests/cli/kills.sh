#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2119
# One SIGKILL at each part of a fetch and of a streaming write, then fifty in one, and a link that resets
# every few MB: what crosses the network is counted at the server.
#   KILLS=N    at each Nth part (10)    MEGABYTES=N    of the image (24)    RESET=N    bytes (6000000)
. "$(dirname "$0")/lib.sh"

kills=${KILLS:-10} megabytes=${MEGABYTES:-24} reset=${RESET:-6000000}
head -c "${megabytes}M" /dev/urandom >v1.img
make_release v1 1.0
layer=$(layer_of v1 0)
size=$(stat -c %s "$layer")
name=$(basename "$layer")
make_device
printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\n' >>device/etc/ota/ota.conf
truncate -s "$((megabytes + 1))M" device/slots/a.img device/slots/b.img

serve log badserver.py v1 "$name"
base=http://localhost:$(head -n 1 log)

# once FAULT COMMAND...: a run that the server may kill at its fault
once() {
  "$OTA" --root device -q "${@:2}" "$base/$1" >out 2>err &
  echo $! >victim
  wait $! 2>/dev/null
}
moved() { awk -v name="/$name" 'index($1, name) { n += $3 } END { printf "%.0f\n", n }' log; }
clean() {
  rm -rf device/var/lib/ota
  truncate -s 0 device/slots/b.img
  truncate -s "$((megabytes + 1))M" device/slots/b.img
}
is_whole() {
  if [ "$1" = write ]; then
    slot_holds b v1
  else
    cmp -s "device/var/lib/ota/blobs/sha256/$name" "$layer"
  fi
}
percent() { awk "BEGIN { printf \"%.2f\", 100 * ($1 - $2) / $2 }"; }

# --- one at each part ---
for command in fetch write; do
  killed=0 wrong=0 worst=0 all=0
  for ((n = 1; n < kills; n++)); do
    clean
    before=$(moved)
    once "kill$command$n-$((size * n / kills))" $command
    [ $? -ne 137 ] || killed=$((killed + 1))
    once plain $command && is_whole $command || wrong=$((wrong + 1))
    bytes=$(($(moved) - before))
    all=$((all + bytes))
    [ $bytes -le $worst ] || worst=$bytes
  done 2>/dev/null
  echo "# $command: $killed kills, overhead $(percent $all $((size * (kills - 1)))) %, at most $(percent $worst "$size") %"
  holds "each $command was killed" test $killed -eq $((kills - 1))
  holds "each $command went on, and was right in the end" test $wrong -eq 0
  holds "on average with 2 % more at most" test $((all * 100)) -le $((size * (kills - 1) * 102))
done

# --- fifty in one ---
for command in fetch write; do
  clean
  before=$(moved) killed=0
  for ((n = 0; n < 50; n++)); do
    once "killed$command$n-$((size / 50))" $command
    [ $? -eq 137 ] || break
    killed=$((killed + 1))
  done 2>/dev/null
  exits 0 "a $command after $killed kills" once plain $command
  bytes=$(($(moved) - before))
  echo "# $command: $killed kills, overhead $(percent $bytes "$size") %"
  holds "ends right" is_whole $command
  # of each the frames in flight: one on each of up to four cores, two that wait, one half there
  holds "bounded" test $bytes -le $((size + killed * 7 * 262144))
done

# --- a link that resets ---
clean
before=$(moved)
exits 0 'a link that resets now and then' once "reset-$reset" fetch
bytes=$(($(moved) - before))
echo "# resets every $reset bytes: overhead $(percent $bytes "$size") %"
holds 'with 2 % more at most' test $((bytes * 100)) -le $((size * 102))
kill $server
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boot files when the power goes: bootswap is killed before each call that changes anything, and many
# such calls fail once. The running side stays, no half set counts, and the next run goes through.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"

if [ "$(id -u)" -ne 0 ] || ! strace -o trace true 2>/dev/null; then
  skip 'bootswap is killed at each call' 'needs root, loop devices and strace'
  finish
fi
OTA=$tree/build/release/ota # what is preloaded for the sanitizers would be traced as well
make_boot_image v0.img 0.9
make_release v0 0.9
make_boot_image v1.img 1.0
make_release v1 1.0
make_device --boot yes
must on write oci:v0
must on bootfiles
must on write oci:v1
mkdir -p device/boot/ota/a
echo 'the running kernel' >device/boot/ota/a/Image
cp -a device fresh
running=$(find device/boot/ota/a -type f -exec sha256sum {} +)
calls=pwrite64,fsync,rename,unlink,unlinkat,mkdir,ftruncate,fallocate

# again ACTION N: bootswap on a fresh device, with that done to its Nth changing call
again() {
  rm -rf device && cp -a fresh device
  strace -f -qq -o trace -e trace="$calls" -e inject="$calls:$1:when=$2" "$OTA" --root device -q bootswap >out 2>err
}

# Is what side b holds a set, by the judgement of sha256sum and of the list's own last line?
a_set() {
  local list=device/boot/ota/b/.ota-files
  [ "$(head -n -1 $list | sha256sum | cut -d' ' -f1)" = "$(tail -n 1 $list | cut -d' ' -f3)" ] &&
    (cd device/boot/ota/b && sha256sum -c --quiet .ota-files 2>/dev/null)
}
# Is it that of the slot, all of it?
whole() { a_set && diff -r -x .ota-files files/boot device/boot/ota/b >/dev/null; }

# What must hold wherever it was cut: else the reason.
fault_after() {
  local next
  [ "$(find device/boot/ota/a -type f -exec sha256sum {} +)" = "$running" ] || { echo 'the running side changed'; return; }
  next=$(fw_printenv -c device/etc/fw_env.config -n ota_slot 2>/dev/null)
  case $next in
    a) ;;
    b) whole || { echo 'it boots next, and its set is not whole'; return; } ;;
    *) echo "the environment names '$next'"; return ;;
  esac
  [ ! -e device/boot/ota/b/.ota-files ] || a_set || { echo 'a list, and no set'; return; }
  on -q bootswap || { echo 'the next run fails'; return; }
  whole || echo 'the next run makes no whole set'
}

# everywhere ACTION STEP TEXT: at the 1st call and each STEPth behind it, until there is none left to do
# it to; EACH=1 takes each call for all actions
everywhere() {
  local n status fault hits=0 faults=0 step=${EACH:-$2}
  for ((n = 1; n < 500; n += step)); do
    again "$1" "$n"
    status=$?
    grep -q -e INJECTED -e 'killed by' trace || break
    hits=$((hits + 1))
    fault=$(fault_after)
    # a failure that is told, or one that did not matter
    [ -z "$fault" ] && continue
    faults=$((faults + 1))
    echo "# call $n (status $status): $fault: $(tail -n 2 trace | head -n 1)"
  done
  holds "$3, at $hits of its calls" test "$hits" -gt $((40 / step)) -a "$faults" -eq 0
}

everywhere signal=KILL 1 'bootswap is killed'
everywhere error=EIO 3 'a disk fails'
everywhere error=ENOSPC 5 'a disk is full'

# --- FAT's rename makes an entry for an empty file: only a sync after it tells where the file lies ---
rm -rf device && cp -a fresh device
must strace -f -qq -y -o trace -e trace=rename,fsync "$OTA" --root device -q bootswap
for name in Image dtbs/acme/board.dtb .ota-files; do
  # shellcheck disable=SC2016
  holds "$name is synced under its own name" \
    awk -v path="device/boot/ota/b/$name" '
      /rename\(/ && index($0, path "\"") { named = 1 }
      /fsync\(/ && named && index($0, path ">") { synced = 1 }
      END { exit !synced }' trace
done

# --- a set that could not be looked at is no damaged set: the only good one stays as it is ---
make_device --boot yes
must on write oci:v0
must on bootswap
power_cycle
must on commit
must on write oci:v1
must on bootswap
power_cycle
good=$(find device/boot/ota/b -type f -exec sha256sum {} +)
# injected STATUS TEXT OPTION...: rollback with that done to it ends so, and leaves the set
injected() {
  local status=$1 text=$2
  shift 2
  exits "$status" "$text" strace -f -qq -o trace "$@" "$OTA" --root device -q rollback 2>err
  holds 'was done' grep -qE 'INJECTED|SIGTERM' trace
  holds 'the good set stays' test "$(find device/boot/ota/b -type f -exec sha256sum {} +)" = "$good"
  holds 'and so does the trial' is '.next + (.trial | tostring)' atrue
}
injected 130 'rollback is interrupted while it looks' -e inject=fadvise64:signal=TERM:when=1
injected 16 'rollback has no descriptor to look with' -P device/boot/ota/b/Image -e inject=openat:error=EMFILE
exits 0 'the next one goes back' on rollback
finish

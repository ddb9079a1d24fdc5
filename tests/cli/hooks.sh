#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A product's own programs around each step: what they are told, when they hold a step back, and
# that none of them, however it behaves, harms an update.
# shellcheck disable=SC2016,SC2119,SC2317
. "$(dirname "$0")/lib.sh"

must gcc -shared -fPIC -Wall -Wextra -o hurry.so "$tree/tests/fault/hurry.c" -ldl
make_release v1 1.0
make_release v2 2.0
hooks=device/etc/ota/hooks.d

# A device without hooks whose notes are in order: what changes from here on is a step's doing.
fresh() {
  make_device
  on commit
  rm -f told order
}

# hook FOLDER/NAME: a program of the lines on stdin
hook() {
  mkdir -p "$hooks/${1%/*}"
  { echo '#!/bin/sh'; cat; } >"$hooks/$1"
  chmod +x "$hooks/$1"
}

# hurried ARGUMENT...: on a device whose minutes are short; the limit only ends what is broken
hurried() {
  timeout -k 1 60 env LD_PRELOAD="$dir/hurry.so" CLOCK_SPEED=100 "$tree/build/release/ota" \
    --root device "$@" >out 2>err
}

# lean ARGUMENT...: on a device that has little memory
lean() {
  (ulimit -v 100000 && exec "$tree/build/release/ota" --root device "$@") >out 2>err
}

# --- what they are told ---
fresh
for step in fetch write bootswap commit rollback; do
  for when in pre post; do
    hook $when-$step/tell <<END
echo "$when \$OTA_COMMAND slot=\$OTA_SLOT \$OTA_VERSION \$OTA_DIGEST" >>'$dir/told'
END
  done
done

# told STEP SLOT RELEASE VERSION: the last step told so, before and after
told() {
  local said
  said="$1 slot=$2 $4 sha256:$(manifest_of "$3")"
  printf '%s\n' "pre $said" "post $said" | diff - told
}

: >told
exits 3 'a step with nothing to do' on commit
holds 'runs no hook' test ! -s told
must on fetch oci:v1
holds 'fetch tells them of the release' told fetch '' v1 1.0
: >told
must on fetch oci:v1
holds 'but not where it is there already' test ! -s told
export OTA_COMMAND=other OTA_SLOT=z OTA_VERSION=0 OTA_DIGEST=none # as within another hook
must on write
holds 'write tells them its slot, whatever we were told ourselves' told write b v1 1.0
unset OTA_COMMAND OTA_SLOT OTA_VERSION OTA_DIGEST
: >told
must on bootswap
holds 'so does bootswap' told bootswap b v1 1.0
power_cycle
: >told
must on commit
holds 'so does commit' told commit b v1 1.0
: >told
must on write oci:v2
: >told
must on bootswap
: >told
must on rollback
holds 'rollback tells them what is left' told rollback a v2 2.0

# --- which files, in which order ---
fresh
for name in 9-late 10-early Upper lower; do
  hook pre-write/$name <<<"echo $name >>'$dir/order'"
done
for name in .hidden backup~; do
  hook pre-write/$name <<<'exit 1'
done
must on write oci:v2
holds 'they run by name, byte for byte, without what editors leave' \
  diff <(printf '%s\n' 10-early 9-late Upper lower) order
rm order
hook pre-write/9-late <<<'exit 1'
refused 1 'one that fails' on write oci:v1
holds 'ends the row' diff <(echo 10-early) order
rm -r "$hooks"
hook pre-write/plain <<<':'
chmod -x "$hooks/pre-write/plain"
refused 1 'one that is not executable' on write oci:v1
holds 'is told with the reason' says 'pre-write: hook plain: exit status 127'
holds 'in its own words' says 'hint: cannot be run: Permission denied'
rm "$hooks/pre-write/plain"
mkdir "$hooks/pre-write/folder"
refused 1 'a folder among them' on write oci:v1
rmdir "$hooks/pre-write/folder"
printf '#!/nowhere/sh\n' >"$hooks/pre-write/plain"
chmod +x "$hooks/pre-write/plain"
refused 1 'one whose interpreter is missing' on write oci:v1
rm -r "$hooks"
: >"$hooks"
refused 16 'a hooks folder that is none' on write oci:v1
rm "$hooks"

# --- how they end ---
fresh
hook pre-write/product <<'END'
echo 'the valve is open' >&2
echo
exit 75
END
refused 18 'one that says: not now' on write oci:v1
holds 'and why' says 'hint: the valve is open$'
hook pre-write/product <<'END'
printf 'first\n\033[31mred\n'
exit 1
END
refused 1 'one whose words would colour the screen' on write oci:v1
holds 'is shown by its last line, made plain' says 'hint: \?\[31mred$'
hook pre-write/product <<<'kill -9 $$'
refused 1 'one that a signal ends' on write oci:v1
holds 'by its number' says 'exit status 137'
hook pre-write/product <<<'exit 75'
for step in fetch bootswap commit rollback; do
  cp -r "$hooks/pre-write" "$hooks/pre-$step"
done
rm -r "$hooks/pre-write"
refused 18 'so it goes for fetch' on fetch oci:v1
must on write oci:v1
refused 18 'and bootswap' on bootswap
refused 18 'and rollback' on rollback
rm -r "$hooks/pre-bootswap"
must on bootswap
power_cycle
exits 18 'and commit' on commit
holds 'which leaves the slot on trial' is .trial true

fresh
hook post-write/product <<'END'
echo 'nobody listens'
exit 1
END
exits 0 'one behind the step cannot undo it' on write oci:v2
holds 'but is warned of, with its words' \
  says 'warning: post-write: hook product: exit status 1: nobody listens'
holds 'the slot is proved' is .slots.b.state proved

# --- bad manners ---
fresh
hook pre-write/product <<END
echo 'waiting for Godot'
flock '$dir/held' sleep 86400 &
wait
END
refused 1 'one that hangs' hurried write oci:v1
holds 'has a minute' says 'hook product: no end within 60 s'
holds 'its last words are shown' says 'hint: waiting for Godot'
holds 'and nothing of it is left' flock -w 10 held true
hook pre-write/product <<<'trap "" TERM; while :; do sleep 1; done'
refused 1 'one that will not end' hurried write oci:v1
hook pre-write/product <<<'exec env -u LD_PRELOAD yes'
EAGER=1 refused 1 'one that never stops talking' hurried write oci:v1
holds 'has no more than that' says 'no end within 60 s'
hook pre-write/product <<<'exec >&- 2>&-; exit 4'
refused 1 'one that closes its output' on write oci:v1
holds 'ends by its status' says 'exit status 4'
hook pre-write/product <<'END'
setsid yes "$0" &
sleep 0.2
exit 0
END
exits 0 'one that leaves a talker behind' on write oci:v1
hook pre-write/product <<'END'
head -c 1G /dev/zero
echo 'the disk is on fire'
exit 3
END
refused 1 'one that says a gigabyte' lean write oci:v2
holds 'costs no memory, and its end is kept' says 'hint: the disk is on fire$'
hook pre-write/product <<<'exit 75'
refused 18 'a parent that ignores its children' python3 -c '
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$OTA" --root device write oci:v2 2>err
finish

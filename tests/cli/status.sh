#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The screen of ota status: what it tells in each state, what it says to type, and that it fits.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"
quick=$OTA

# shows REGEX...: each is a line of the screen
shows() {
  local regex
  on status
  for regex; do
    grep -Eq -- "$regex" out || { echo "# no line $regex"; return 1; }
  done
}

# advises COMMAND: the screen and the object name this very line to type; "": nothing
advises() {
  shows "^to do    ${1:-nothing: all is well}\$" && is '.advice // ""' "$1"
}

# on_terminal COLUMNS ENVIRONMENT... : the screen of a terminal of this width, as it comes
on_terminal() {
  local columns=$1
  shift
  env "$@" script -qec "stty cols $columns; '$OTA' --root device status" typescript >/dev/null </dev/null
  sed -e '/^Script /d' -e 's/\r$//' typescript >raw
  sed 's/\x1b\[[0-9;]*m//g' raw >screen
}

fits() {
  on_terminal "$1" TERM=xterm NO_COLOR=1
  [ -s screen ] && [ "$(wc -L <screen)" -le "$1" ]
}

long=2.0.0-rc.1+build.20261124.0123456789abcdef0123456789abcdef.arm64
make_release v1 1.0
make_release v2 2.0
make_release v3 "$long"
make_device

holds 'fresh: nothing to do' advises ''
holds 'what runs, what boots next' shows '^runs     slot a$' '^next     slot a$' '^slot b   empty '
must on fetch oci:v1
holds 'fetched: write it' advises 'ota write'
holds 'and it is told to wait' shows '^waits    release 1\.0, fetched$'
must on write
holds 'proved: swap to it' advises 'ota bootswap'
holds 'a slot has version, digest and device' shows '^slot b   proved   1\.0 +[0-9a-f]{12}$' '^ +device/slots/b\.img$'
on -v status
holds 'with -v the whole digest' grep -Eq '^ +[0-9a-f]{64}$' out
must on bootswap
holds 'swapped: reboot' advises reboot
holds 'and the trial is announced' shows '^next     slot b \(1\.0\)$' '^trial    begins with the reboot: 3 attempts, then slot a boots again$'
power_cycle
holds 'on trial: commit' advises 'ota commit'
must fw_setenv -c device/etc/fw_env.config bootlimit 0
holds 'a trial without a limit' shows '^trial    attempts without end: only ota rollback ends it$'
must fw_setenv -c device/etc/fw_env.config bootlimit 3
holds 'attempts are counted' shows '^trial    2 attempts left, then slot a boots again$'
power_cycle
power_cycle
holds 'to the last' shows '^trial    no attempt left: the next boot starts slot a$'
must on commit
holds 'committed: nothing to do' advises ''

must on write oci:v2
must on bootswap
for _ in 1 2 3 4; do power_cycle; done
holds 'fell back: nothing to do' advises ''
holds 'and why it did' shows '^rollback before this boot, from slot a \(2\.0\)$' 'the bootloader gave it up'
on commit
holds 'with its time, once noted' shows '^rollback [0-9-]+T[0-9:]+Z, from slot a \(2\.0\)$'
must on fetch --retry oci:v2
holds 'what failed here is not advised' advises ''
holds 'but told' shows '^waits    release 2\.0, fetched; it failed here before'

must on write --retry
must on bootswap
power_cycle
printf '#!/bin/sh\necho "no carrier on eth0, and %s"\nexit 4\n' "$(seq -s ' ' 40)" >device/etc/ota/checks.d/required.d/10-net
chmod +x device/etc/ota/checks.d/required.d/10-net
exits 19 'a self-test fails' on commit
holds 'then go back' advises 'ota rollback'
holds 'and why' shows '^failed   slot a \(2\.0\)$' '^ +a self-test failed: required\.d/10-net: exit status 4: no'
must on rollback
holds 'given up: reboot' advises reboot
holds 'to the slot before' shows '^next     slot b \(1\.0\)$' '^rollback at the next boot, from slot a \(2\.0\)$'
power_cycle
on commit
for columns in 80 60 40; do
  holds "it fits $columns columns with a long reason" fits $columns
done

make_device
must on write oci:v3
holds 'a version of 64 characters is told whole' shows "^ +${long//+/\\+}\$"
sed -i 's#^device = /slots/b.img#device = /slots/../slots/../slots/../slots/../slots/../slots/b.img#' \
  device/etc/ota/ota.conf
for columns in 80 60 40; do
  holds "it fits $columns columns with long names" fits $columns
done
on status
holds 'no terminal: 80 columns' test "$(wc -L <out)" -le 80
on_terminal 80 TERM=xterm NO_COLOR=
holds 'a terminal has the command in bold' grep -q $'\033\\[1mota bootswap\033\\[0m' raw
on_terminal 80 TERM=xterm NO_COLOR=1
holds 'not with NO_COLOR' grep -q '^to do    ota bootswap$' raw
on_terminal 80 TERM=dumb
holds 'nor on a dumb one' grep -q '^to do    ota bootswap$' raw
holds 'nor in a file' grep -q '^to do    ota bootswap$' out

must on bootswap
cat /proc/sys/kernel/random/uuid >device/proc/sys/kernel/random/boot_id
holds 'the environment is not followed: look at it' advises 'fw_printenv -c device/etc/fw_env.config'
holds 'and that is told' shows '^next     not known: the boot environment names slot b'
echo 'ota.slot=b' >device/proc/cmdline
must on commit --no-checks
must on fetch --downgrade oci:v1
echo 'console=ttyS0 ro' >device/proc/cmdline
holds 'what is fetched is told where the rest is not known' shows '^waits    release 1\.0, fetched$'
holds 'no running slot: look at the command line' advises 'cat device/proc/cmdline'
holds 'and why it is not known' shows '^runs     not known: device/proc/cmdline does not tell'
echo 'ota.slot=a' >device/proc/cmdline
truncate -s 0 device/uboot.env
holds 'no environment: look at it' advises 'fw_printenv -c device/etc/fw_env.config'
holds 'and what is wrong with it' shows '^next     not known: boot environment \(device'
holds 'the slots are told all the same' shows '^slot a   good'
finish

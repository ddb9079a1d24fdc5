#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The hardware watchdog through a trial, on a device that is preloaded, as is the time that it
# counts: what it was told stands in its log with the second of that clock.
# shellcheck disable=SC2016,SC2119,SC2317
. "$(dirname "$0")/lib.sh"

must gcc -shared -fPIC -Wall -Wextra -o watchdog.so "$tree/tests/fault/watchdog.c" -ldl
make_release v1 1.0
FAULT='' # of the device, for what follows

# line ARGUMENT...: ota watchdog as a command; the limit only ends what is broken
line() {
  line=(env "LD_PRELOAD=$dir/watchdog.so" "WATCHDOG_LOG=$dir/log" ${FAULT:+"WATCHDOG_FAULT=$FAULT"}
    timeout -k 1 100 "$tree/build/release/ota" --root device watchdog "$@")
}
keeper() {
  : >log
  line "$@"
  "${line[@]}" >wout 2>werr
}

# The same behind the script's back, waited for by its words or its log, until it is ended.
begin() {
  : >log
  line "$@"
  "${line[@]}" >wout 2>werr &
  keeper=$!
}
until_it() {
  local i
  for ((i = 0; i < 1000; i++)); do
    if "$@" 2>/dev/null; then return 0; fi
    sleep 0.05
  done
  return 1
}
end() {
  kill -TERM "$keeper"
  wait "$keeper"
}

told() { grep -Eq -- "$1" werr; }
log_is() { diff <(printf '%s\n' "$@") log; }
logged() { grep -Eqx "[0-9]+ $1" log; }
past_200_s() { grep -Eqx '2[0-9]{2} pet' log; }
pets() { grep -c ' pet$' log; }
pets_more_than() { [ "$(pets)" -gt "$1" ]; }
never() { ! logged "$1"; }

# A device that runs slot b on trial; a second attempt is left.
on_trial() {
  make_device
  mkdir device/dev && : >device/dev/watchdog0
  sed -i '/^\[boot\]/a attempts = 2' device/etc/ota/ota.conf
  must on write oci:v1
  must on bootswap
  power_cycle
}
configured() { sed -i "/^\[boot\]/a $1" device/etc/ota/ota.conf; }

# --- past the deadline ---
on_trial
exits 137 'a trial that nobody ends is reset' keeper --deadline 1min
holds 'after it was petted at a third of the timeout, up to the deadline and no more' \
  log_is '0 open' '0 timeout 30' '0 pet' '10 pet' '20 pet' '30 pet' '40 pet' '50 pet' '81 reset'
holds 'it says so' told 'not kept within 60 s: .*/dev/watchdog0 is petted no more'
holds 'the device is not closed' never 'close|leave'
holds 'while it counts, status tells what is coming' test "$(status '.slots.b.state + .advice')" = 'trialota rollback'
power_cycle
holds 'another attempt' is .trial true
exits 137 'and nobody keeps it' keeper --deadline 45s
holds 'a deadline that is no multiple of the pause is met' log_is \
  '0 open' '0 timeout 30' '0 pet' '10 pet' '20 pet' '30 pet' '40 pet' '71 reset'
power_cycle
holds 'the bootloader goes back' is .running a
holds 'because of the watchdog' is .rollback.reason watchdog
holds 'in its own words' is .rollback.detail 'it was not kept within 60 s'
on status
holds 'also for people' says 'the watchdog reset it: it was not kept within 60 s'

on_trial
configured 'watchdog-deadline = 20s'
configured 'watchdog-timeout = 6s'
exits 137 'deadline and timeout as configured' keeper
holds 'and no others' log_is '0 open' '0 timeout 6' \
  '0 pet' '2 pet' '4 pet' '6 pet' '8 pet' '10 pet' '12 pet' '14 pet' '16 pet' '18 pet' '25 reset'

on_trial
printf '#!/bin/sh\necho "no carrier"\nexit 1\n' >device/etc/ota/checks.d/required.d/net
chmod +x device/etc/ota/checks.d/required.d/net
exits 19 'a self-test fails' on commit
exits 137 'and the watchdog resets' keeper --deadline 10s
must power_cycle
power_cycle
holds 'what the self-test said is the reason' is .rollback.reason check

on_trial
exec 8>>device/var/lib/ota/lock
must flock 8
exits 137 'while a self-test that hangs holds the run lock' keeper --deadline 10s
holds 'the reason is noted all the same' test "$(jq -r .reason device/var/lib/ota/slots/b.json)" = watchdog
exec 8>&-

on_trial
rm -r device/var && : >device/var
exits 137 'with the store lost it resets, too' keeper --deadline 10s
holds 'and says what it could not note' told 'warning: the reason could not be noted: '
holds 'once' test "$(grep -c 'could not be noted' werr)" -eq 1

# --- a commit ---
on_trial
configured 'watchdog-after = close'
begin --deadline 30d
must until_it logged pet
must on commit
exits 0 'a commit ends it' wait "$keeper"
holds 'by a clean close' diff <(tail -n 3 log | cut -d' ' -f2) <(printf '%s\n' stop magic close)
holds 'which it says' told 'nothing is on trial any more: .* is closed$'
exits 3 'with nothing on trial it stays out' keeper
holds 'and does not touch the device' test ! -s log

on_trial
begin --deadline 30d
must until_it logged pet
must on commit
holds 'as configured otherwise, it goes on' until_it told 'nothing is on trial: .* is petted on$'
petted=$(pets)
holds 'petting' until_it pets_more_than $((petted + 3))
exits 130 'until a signal ends it' end
holds 'which does not stop the hardware' test "$(tail -n 1 log | cut -d' ' -f2)" = leave
holds 'by no magic' never 'magic|stop|close'
begin
must until_it told 'is petted on$'
holds 'with nothing on trial it pets from the start' until_it pets_more_than 2
end

on_trial
configured 'watchdog-after = close'
FAULT=nowayout begin --deadline 30d
must until_it logged pet
must on commit
holds 'one that cannot be stopped' until_it told 'watchdog0 cannot be stopped \(nowayout\)'
petted=$(pets)
holds 'is petted on' until_it pets_more_than $((petted + 3))
end
holds 'was not closed before' test "$(tail -n 1 log | cut -d' ' -f2)" = leave

# --- a rollback ---
on_trial
begin --deadline 30d
must until_it logged pet
must on rollback
holds 'a slot that was given up' until_it told 'this slot was given up, its reboot is due: .* is petted on$'
petted=$(pets)
holds 'is petted until its reboot' until_it pets_more_than $((petted + 3))
end
must power_cycle
holds 'whose reason is not the watchdog' is .rollback.reason operator

# --- signals ---
on_trial
begin --deadline 30d
must until_it logged pet
exits 130 'a signal on trial' end
holds 'leaves the hardware counting' test "$(tail -n 1 log | cut -d' ' -f2)" = leave
holds 'by no magic close' never 'magic|stop|close'
holds 'and says how long' told 'watchdog0 counts on, and resets the machine: ended by signal 15'
holds 'with what to do' told 'hint: unless ota watchdog or another holder opens it within 30 s'
FAULT=nomagic begin --deadline 30d
must until_it logged pet
holds 'a driver without magic close is warned of' told 'knows no magic close: it stops if this is killed'
end
holds 'and said to have stopped' told 'watchdog0 stops: its driver knows no magic close'

# --- who holds it ---
on_trial
begin --deadline 30d
must until_it logged pet
# second ARGUMENT...: one more, whose words go elsewhere
second() { (
  line "$@"
  "${line[@]}" >out 2>err
); }
exits 18 'a second one is refused' second
holds 'and told by whom it is held' says "device/dev/watchdog0 is held by ota \\(pid [0-9]+\\)$"
held_by=$(sed -nE 's/.*held by ota \(pid ([0-9]+)\)$/\1/p' err)
holds 'by its number' grep -qa watchdog "/proc/$held_by/cmdline"
holds 'and how to take over' says 'hint: one is enough'
exits 18 'so is it for programs' second --json
holds 'by its code' test "$(jq -r .error.code err)" = busy
petted=$(pets)
holds 'the first one pets on' until_it pets_more_than $((petted + 3))
holds 'and nobody else opened the device' test "$(grep -c ' open$' log)" -eq 1
kill -KILL "$(pgrep -P "$keeper")"
wait "$keeper" 2>/dev/null
begin --deadline 30d
holds 'after a crash the next one takes over' until_it logged pet
end

# --- what a look does not tell ---
on_trial
: >device/proc/cmdline
begin --deadline 1min
holds 'the running slot does not show' until_it told 'whether this slot is on trial does not show: '
holds 'it is petted, past the deadline, too' until_it past_200_s
echo 'ro ota.slot=b' >device/proc/cmdline
exits 137 'until it shows' wait "$keeper"
holds 'that it is on trial, long enough' told 'not kept within 60 s'

on_trial
cp device/uboot.env env
begin --deadline 30d
must until_it logged pet
for at in 100 16500; do
  printf 'torn' | dd of=device/uboot.env bs=1 seek=$at conv=notrunc status=none
done
holds 'an environment that is lost on trial is told' until_it told 'on trial does not show: '
petted=$(pets)
holds 'and petted through' until_it pets_more_than $((petted + 3))
holds 'told once' test "$(grep -c 'does not show' werr)" -eq 1
cp env device/uboot.env
must on commit
holds 'the commit is seen when it is back' until_it told 'nothing is on trial'
end
printf 'torn' | tee >(dd of=device/uboot.env bs=1 seek=100 conv=notrunc status=none) |
  dd of=device/uboot.env bs=1 seek=16500 conv=notrunc status=none
begin --deadline 1min
holds 'with no environment at all' until_it past_200_s
end
holds 'nothing is reset' never reset

on_trial
begin --deadline 30min
must until_it logged pet
for at in 100 16500; do
  printf 'torn' | dd of=device/uboot.env bs=1 seek=$at conv=notrunc status=none
done
exits 137 'but a trial that was seen, and nobody can end, is reset' wait "$keeper"

on_trial
echo 'ro ota.slot=a' >device/proc/cmdline
begin --deadline 1min
holds 'a bootloader that does not follow its environment' until_it told 'what boots next is not known'
holds 'is no reason to reset' until_it past_200_s
end

# --- devices ---
on_trial
FAULT=round exits 137 'a driver that rounds' keeper --deadline 20s
holds 'is petted by what it took' log_is '0 open' '0 timeout 20' '0 pet' '6 pet' '13 pet' '19 pet' '40 reset'
holds 'and said so' told 'takes 20 s for its timeout in place of 30 s'
FAULT=mute exits 137 'a driver that tells nothing' keeper --deadline 3s
holds 'is petted each second' log_is '0 open' '0 timeout 30' '0 pet' '1 pet' '2 pet' '33 reset'
FAULT=eio exits 137 'pets that fail' keeper --deadline 50s
holds 'are tried again each second' log_is '0 open' '0 timeout 30' '0 pet' '10 pet' '20 pet' \
  '30 failed' '31 failed' '32 failed' '33 failed' '34 failed' '35 failed' '36 failed' '37 failed' '38 failed' \
  '39 failed' '40 pet' '71 reset'
holds 'said once' test "$(grep -c 'warning: pet .*Input/output error; tried again each second' werr)" -eq 1
holds 'and when they are over' told 'watchdog0 is petted again'
FAULT=none exits 20 'a file that is no watchdog' keeper
holds 'is not written to' test ! -s device/dev/watchdog0
rm device/dev/watchdog0
exits 16 'no device' keeper
holds 'and what to do' told 'hint: load its driver, or name another by watchdog = '
exits 2 'no deadline at all' on watchdog --deadline 0
finish

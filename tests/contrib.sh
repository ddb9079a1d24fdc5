#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317
# What init systems and cron are given: systemd takes the units as they are installed, the scripts
# are shell, their headers are whole, and what they call is there.
set -u
cd "$(dirname "$0")/.." || exit 1
count=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
units=$work/usr/lib/systemd/system

# check TEXT COMMAND...
check() {
  local text=$1
  count=$((count + 1))
  shift
  if "$@" >"$work/said" 2>&1; then
    echo "ok $count - $text"
  else
    echo "not ok $count - $text"
    sed 's/^/# /' "$work/said"
    failed=1
  fi
}

fails() { ! "$@"; }

make -s MODE=release install PREFIX="$work/usr" SYSCONFDIR="$work/etc" >/dev/null || exit 1
make -s MODE=release install DESTDIR="$work/root" >/dev/null || exit 1

# --- systemd ---
# started ROOT UNIT-FOLDER: what the units start, each there and executable below ROOT
started() {
  local command
  sed -nE 's/^ExecStart=([^ ]+).*/\1/p' "$1$2"/ota-*.service >"$work/commands"
  [ "$(wc -l <"$work/commands")" -eq 4 ] || return 1
  while read -r command; do [ -x "$1$command" ] || { echo "$command"; return 1; }; done <"$work/commands"
}
check 'the units start what is installed' started '' "$units"
check 'so they do in a package' started "$work/root" /usr/local/lib/systemd/system
check 'anyone may read them' test "$(stat -c %a "$units"/ota-* | sort -u)" = 644

# verified UNIT: systemd has nothing to say; it gives 0 for an unknown key, too
verified() {
  local status=0
  systemd-analyze verify --man=no "$units/$1" >"$work/verify" 2>&1 || status=1
  cat "$work/verify"
  [ "$status" -eq 0 ] && [ ! -s "$work/verify" ]
}

# As `systemctl enable` links them: does a boot with them find an order?
orderly() {
  local unit name target
  for unit in "$units"/ota-*; do
    target=$(sed -n 's/^WantedBy=//p' "$unit")
    [ -n "$target" ] || continue
    name=$(basename "$unit")
    mkdir -p "$units/$target.wants"
    ln -s "$unit" "$units/$target.wants/${name/@/@web}"
  done
  [ -e "$units/sysinit.target.wants/ota-watchdog.service" ] &&
    [ -e "$units/multi-user.target.wants/ota-boot.service" ] &&
    [ -e "$units/multi-user.target.wants/ota-service@web.service" ] &&
    [ -e "$units/timers.target.wants/ota-update.timer" ] || return 1
  # what other units of this machine do is theirs
  ! SYSTEMD_UNIT_PATH=$units: systemd-analyze verify --man=no sysinit.target multi-user.target timers.target 2>&1 |
    grep ota-
}

if command -v systemd-analyze >/dev/null; then
  for unit in ota-boot.service ota-update.service ota-update.timer ota-watchdog.service ota-service@.service; do
    check "systemd takes $unit" verified $unit
  done
  check 'and boots with them in an order' orderly
else
  count=$((count + 1))
  echo "ok $count - systemd takes the units # SKIP no systemd-analyze"
fi

# --- OpenRC ---
# With what openrc-run gives to a script.
openrc() {
  printf '#!/bin/sh\nexit %s\n' "$1" >"$work/ota-boot"
  chmod +x "$work/ota-boot"
  PATH=$work:$PATH sh -c '
    ebegin() { :; }
    eend() { return $1; }
    after() { echo "after $*" >&3; }
    keyword() { :; }
    set -f
    . contrib/openrc/ota-boot
    depend && start' 3>"$work/depends"
}
check 'the OpenRC script is shell' sh -n contrib/openrc/ota-boot
check 'it is run by openrc-run' test "$(head -n 1 contrib/openrc/ota-boot)" = '#!/sbin/openrc-run'
check 'it starts ota-boot' openrc 0
check 'behind all others' grep -qx 'after \*' "$work/depends"
check 'and passes on its failure' fails openrc 1

# What supervise-daemon is told to keep running.
supervised() {
  sh -c '
    . contrib/openrc/ota-watchdog
    need() { echo "need $*"; }
    after() { echo "after $*"; }
    before() { echo "before $*"; }
    keyword() { echo "keyword $*"; }
    depend
    echo "$supervisor $command $command_args"' >"$work/supervised"
}
check 'the OpenRC script of the watchdog' supervised
check 'pets under supervision' grep -qx "supervise-daemon /usr/local/bin/ota -q watchdog" "$work/supervised"
check 'is not stopped at shutdown' grep -qx 'keyword -shutdown' "$work/supervised"

# supervised_as LINK: what supervise-daemon is told of the service that the link names
supervised_as() {
  RC_SVCNAME=$1 sh -c '
    . contrib/openrc/ota-service
    eerror() { :; }
    start_pre && echo "$supervisor $respawn_max $command $command_args"' >"$work/supervised"
}
reloaded() {
  printf '#!/bin/sh\necho "$*"\n' >"$work/supervise-daemon"
  chmod +x "$work/supervise-daemon"
  PATH=$work:$PATH RC_SVCNAME=ota-service.web sh -c '
    ebegin() { :; }
    eend() { return $1; }
    . contrib/openrc/ota-service
    reload' >"$work/reloaded" && grep -qx 'ota-service.web --signal HUP' "$work/reloaded"
}
check 'the OpenRC script of services goes by its link' supervised_as ota-service.web
check 'and runs that service, whenever it ends' grep -qx \
  'supervise-daemon 0 /usr/local/bin/ota container run web' "$work/supervised"
check 'without a link it says so' fails supervised_as ota-service
check 'it lets a new ota take over' reloaded

# --- System V ---
header() { sed -n '/^### BEGIN INIT INFO$/,/^### END INIT INFO$/p' contrib/sysvinit/ota-boot; }
whole_header() {
  local field
  [ "$(header | head -n 1)" = '### BEGIN INIT INFO' ] && [ "$(header | tail -n 1)" = '### END INIT INFO' ] || return 1
  for field in Provides Required-Start Required-Stop Default-Start Default-Stop Short-Description Description; do
    [ "$(header | grep -c "^# $field:")" -eq 1 ] || { echo "$field"; return 1; }
  done
}
field() { header | sed -nE "s/^# $1: *//p"; }
check 'the System V script is shell' sh -n contrib/sysvinit/ota-boot
check 'it is executable' test -x contrib/sysvinit/ota-boot
check 'its LSB header is whole' whole_header
check 'it provides ota-boot' test "$(field Provides)" = ota-boot
check 'behind all others' test "$(field Required-Start)" = '$all'
check 'in the runlevels of Debian' test "$(field Default-Start)" = '2 3 4 5'
check 'stop has nothing to do' sh contrib/sysvinit/ota-boot stop
sh contrib/sysvinit/ota-boot frobnicate 2>/dev/null
check 'an action that is none' test $? -eq 2
while read -r command; do
  check "what it calls is installed: $command" test -x "$work/usr/bin/$command"
done < <(sed -nE 's/.*exec ([a-z-]+).*/\1/p' contrib/sysvinit/ota-boot)

# pets STATUS...: the loop with an ota that ends so each time: how often was it started?
pets() {
  printf '%s\n' "$@" >"$work/statuses"
  : >"$work/pets"
  mkdir -p "$work/bin"
  printf '#!/bin/sh\necho "$*" >>"%s"\nexit "$(sed -n "$(wc -l <"%s")p" "%s")"\n' \
    "$work/pets" "$work/pets" "$work/statuses" >"$work/bin/ota"
  printf '#!/bin/sh\n' >"$work/bin/sleep"
  chmod +x "$work/bin/ota" "$work/bin/sleep"
  # the first line that sets PATH would hide them; `wait` for what start leaves behind
  sed 's#^PATH=#&'"$work/bin:#"'' contrib/sysvinit/ota-watchdog >"$work/petting"
  echo wait >>"$work/petting"
  sh "$work/petting" start
  [ "$(grep -cx -- '-q watchdog' "$work/pets")" -eq $# ]
}
check 'the System V script of the watchdog is executable' test -x contrib/sysvinit/ota-watchdog
check 'it starts in early runlevels' grep -qx '# Default-Start:     S' contrib/sysvinit/ota-watchdog
check 'it pets again after a crash, a signal, a device that is late' pets 139 130 16 0
for status in 0 2 3 18 20; do check "but not after status $status" pets $status; done
check 'its stop does nothing' sh contrib/sysvinit/ota-watchdog stop

# --- where they are installed ---
share=$work/usr/share/ota
for script in openrc/ota-{boot,watchdog,service} sysvinit/ota-{boot,watchdog}; do
  check "installed, and sound: $script" sh -n "$share/$script"
done
for script in ota-watchdog ota-service; do
  check "OpenRC starts what is installed: $script" grep -qx "command=$work/usr/bin/ota" "$share/openrc/$script"
done
check 'so does init, by its table' grep -q "^::respawn:$work/usr/bin/ota container run web " "$share/ota.inittab"

# --- cron ---
line=$(grep -vE '^#|^[A-Z]+=' contrib/cron.example)
read -r minute hour _ _ _ user command options <<<"$line"
check 'cron has one line' test "$(wc -l <<<"$line")" -eq 1
check 'at a time of day, by root' grep -qx '[0-9]* [0-9]* root' <<<"$minute $hour $user"
check "whose command is installed: $command" test -x "$work/usr/bin/$command"
# shellcheck disable=SC2086 # a list of words
check 'which takes its options' env OTA=true OTA_REBOOT=true "$work/usr/bin/$command" $options
check 'README has the same line' grep -qxF "    $line" README.md

# --- services by night ---
line=$(grep -vE '^#|^[A-Z]+=' contrib/cron-containers.example)
read -r minute hour _ _ _ user command options <<<"$line"
check 'cron has one line for services' test "$(wc -l <<<"$line")" -eq 1
check 'at a time of day, by root, too' grep -qx '[0-9]* [0-9]* root' <<<"$minute $hour $user"
check "whose command is installed, too: $command" test -x "$work/usr/bin/$command"
check 'README has that line as well' grep -qxF "    $line" README.md

# night STATUS [OPTION...]: a run with an ota that ends so for the handover of web; what it was asked
night() {
  local status=$1
  shift
  cat >"$work/bin/ota" <<END
#!/bin/sh
echo "\$*" >>"$work/asked"
case \$* in
  *'container check') printf '%s\n' 'service  web' 'label    update=kill-then-download' 'update   hand-over' \\
    'service  old' 'update   delete-then-download' 'service  job' 'update   download-then-kill' \\
    'service  big' 'update   kill-then-download' ;;
  *'handover web') exit $status ;;
  *'handover job') exit 3 ;;
esac
END
  printf '#!/bin/sh\necho "$1" >"%s"\n' "$work/slept" >"$work/bin/sleep"
  rm -f "$work/asked" "$work/slept"
  env -u OTA PATH="$work/bin:$PATH" "$work/usr/bin/ota-containers" "$@"
}
ends() { # STATUS COMMAND...
  local wanted=$1 status=0
  shift
  "$@" || status=$?
  [ "$status" -eq "$wanted" ] || { echo "status $status"; return 1; }
}
asks() { diff "$work/asked" <(printf -- '-q container %s\n' check 'pull web' 'handover web' 'pull job' 'handover job' \
  'handover big'); }
check 'services are moved, but those without a way back' night 0 -q
check 'each brought, then handed over' asks
check 'with nothing to do it ends with 0' night 3
for status in 10 18 19; do check "it passes on $status" ends $status night $status; done
check 'and goes on with the others' grep -qx 'container handover job' "$work/asked"
check 'it comes at a time of its own' night 0 --jitter 20m
check 'within what is asked for' test "$(cat "$work/slept")" -lt 1200
for word in '' 1h30 m x; do check "a time that is none: '$word'" ends 2 night 0 --jitter "$word"; done
check 'nor is nothing at all' ends 2 night 0 --jitter
check 'the example of services is sound' "$work/usr/bin/ota" container check "$share/examples/compose.yaml"

# --- hooks ---
check 'the hooks are installed' test -x "$work/usr/share/ota/hooks/on-battery"
exit $failed

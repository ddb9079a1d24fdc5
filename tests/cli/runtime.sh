#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317
# What a service is confined to, seen from the inside: runc and crun run what is made of a compose
# file and an image.
. "$(dirname "$0")/lib.sh"

busybox=$(command -v busybox) || busybox=/bin/busybox
mkdir -p bundle volume data && mkdir -p root/bin root/proc root/sys root/dev root/tmp root/etc root/srv
cp "$busybox" root/bin/busybox
for tool in sh cat grep id ls env touch stat readlink dd mknod; do ln -s busybox "root/bin/$tool"; done
printf 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/srv:/bin/sh\n' >root/etc/passwd
printf 'root:x:0:\nweb:x:1000:\ndialout:x:20:web\nlast:x:21:other,web\n' >root/etc/group
chmod 1777 root/tmp
echo '{"config":{"Entrypoint":["/bin/sh","-c"],"Cmd":["echo of the image; pwd"],"Env":["OF=image","LEVEL=1"],"WorkingDir":"/srv","Labels":null}}' >image.json

read -ra libs <<<"$(pkg-config --libs libcrypto libzstd libubootenv jansson)"
must gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -I"$tree/src" -o bundle/make "$tree/tests/cli/bundle.c" \
  "$tree/build/release/libota.a" "${libs[@]}" -ldl -pthread
must gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -static -o root/bin/probe "$tree/tests/cli/probe.c"

name=ota-test-$$
remove() {
  runc --root "$dir/state" delete -f "$name" 2>/dev/null
  rmdir /sys/fs/cgroup/{,*/}"$name" 2>/dev/null
  umount "$dir/netns" 2>/dev/null
  cleanup
}
trap remove EXIT

with_runc() { runc --root "$dir/state" "$@" --bundle bundle "$name" </dev/null >out 2>err; }
# crun refuses machines that have cgroups of both kinds; it is shown one.
with_crun() {
  unshare -m sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec crun --root "$0" --cgroup-manager=disabled "$@"' \
    "$dir/state" "$@" --bundle bundle "$name" </dev/null >out 2>err
}

# config KEYS [LINE]: the bundle of a service with these keys, that runs the line in a shell
config() {
  {
    printf 'volumes: {volume: }\nservices:\n  web:\n    image: a\n'
    [ -z "$1" ] || printf '    %s\n' "${1//$'\n'/$'\n'    }"
    [ -z "${2-}" ] || printf '    command: %s\n' "$(jq -cn --arg l "${2//\$/\$\$}" '[$l]')"
  } >compose.yaml
  bundle/make compose.yaml image.json "$dir/root" "/$name" "${@:3}" >bundle/config.json 2>err
}
# runs KEYS [LINE [SOCKETS]]: and runs it
runs() { config "$@" && "$runtime" run; }
lacks() { ! grep -q -- "$1" out; }
prints() { grep -qxF -- "$1" out || { echo "# there is no line '$1'"; return 1; }; }
# its capabilities, as the kernel writes them: sets INH PRM EFF BND AMB
sets() { [ "$(sed -n 's/^Cap...:\t0*//p' out | tr '\n' ' ')" = "$* " ]; }

able=
if [ "$(id -u)" -eq 0 ] && command -v runc >/dev/null && (cd bundle && runc spec) &&
  jq -c --arg root "$dir/root" '.process.terminal = false | .process.args = ["/bin/id"] | .root.path = $root | del(.process.rlimits)' \
    bundle/config.json >config.json && mv config.json bundle && with_runc run; then
  able=yes
fi
if [ -z "$able" ]; then
  skip 'runc runs a service' 'runc is missing, or can run nothing here'
  finish
fi

confined() {
  runtime=with_$1
  exits 0 "$1: what the image says is run" runs ''
  holds "$1: its command" prints 'of the image'
  holds "$1: in its folder" prints /srv

  status='cat /proc/self/status; id; env; cat /proc/self/oom_score_adj; touch /srv/x && echo written || :'
  exits 0 "$1: root" runs $'environment: {LEVEL: "2"}\nworking_dir: /tmp' "$status; pwd"
  holds "$1: has the usual capabilities, and passes none on" sets '' a80425fb a80425fb a80425fb ''
  holds "$1: gains none" prints $'NoNewPrivs:\t1'
  holds "$1: is filtered" prints $'Seccomp:\t2'
  holds "$1: has the image's variables" prints OF=image
  holds "$1: the file's win" prints LEVEL=2
  holds "$1: and ours are there" prints OTA_SERVICE=web
  holds "$1: it has a PATH" says '^PATH=.*/usr/bin'
  holds "$1: and is no service that sockets are passed to" lacks LISTEN
  holds "$1: goes before the host where memory ends" prints 500
  holds "$1: its folder is the file's" prints /tmp
  holds "$1: and it writes to its root" prints written
  rm -f root/srv/x

  exits 0 "$1: a user of a name" runs $'user: web\nread_only: true\ncap_add: [NET_BIND_SERVICE]' "$status"
  holds "$1: has its groups" says 'uid=1000\(web\) gid=1000\(web\) groups=.*20\(dialout\),21\(last\)'
  holds "$1: its home" prints HOME=/srv
  holds "$1: what the file adds, alone" sets 400 400 400 a80425fb 400
  holds "$1: and no root to write to" says 'Read-only file system'
  exits 0 "$1: a user of a number" runs 'user: "77:5"' "$status"
  holds "$1: without a home" prints HOME=/
  holds "$1: has no capability" sets '' '' '' a80425fb ''
  exits 0 "$1: all dropped but one" runs $'cap_drop: [ALL]\ncap_add: [CHOWN]' "$status"
  holds "$1: leaves that one" sets '' 1 1 1 ''
  exits 20 "$1: a user that the image lacks is refused" config 'user: nobody'

  calls='keyctl clone-user unshare setns mount fsopen bpf settime'
  exits 0 "$1: calls" runs '' "probe $calls keyctl32 clone3 io_uring fork port80"
  for call in $calls; do
    holds "$1: $call is refused" prints "$call EPERM"
  done
  holds "$1: a 32-bit call is no way around" says '^keyctl32 (EPERM|ENOSYS)$'
  holds "$1: clone3 is as if it were not there" prints 'clone3 ENOSYS'
  holds "$1: so is io_uring" prints 'io_uring ENOSYS'
  holds "$1: forks work" prints 'fork ok'
  holds "$1: port 80 is its own" prints 'port80 ok'
  exits 0 "$1: calls of a user" runs 'user: web' 'probe port80 unshare'
  holds "$1: port 80 in its own network is nobody's privilege" prints 'port80 ok'
  holds "$1: and namespaces are not to be had" prints 'unshare EPERM'
  exits 0 "$1: what CAP_SYS_ADMIN lifts" runs 'cap_add: [SYS_ADMIN]' 'probe mount fsopen setns settime'
  holds "$1: mount" prints 'mount ok'
  holds "$1: setns" prints 'setns EBADF'
  holds "$1: not the clock" prints 'settime EPERM'

  echo secret >data/file
  exits 0 "$1: mounts" runs "volumes:
  - ./data:/srv/deep/er:ro
  - volume:/srv/deep
tmpfs: /run:size=1m,mode=700
devices: ['/dev/null:/dev/none:rw', '/dev/full:/dev/full:r']" \
    'cat /srv/deep/er/file; touch /srv/deep/made && echo kept; touch /srv/deep/er/x || echo ro
     stat -c %a /run; grep " /run " /proc/mounts; echo x >/dev/none && echo none; ls /dev
     echo "$(cat /proc/kcore /proc/keys | grep -c .) of the kernel"; echo 1 >/proc/sysrq-trigger || echo guarded
     touch /proc/sys/kernel/domainname || echo fixed; mknod /tmp/sda b 8 0; dd if=/tmp/sda count=1 || echo no disk
     echo x >/dev/full || :'
  holds "$1: a parent is mounted first" prints secret
  holds "$1: a volume is written to" test -e volume/made
  holds "$1: a read-only one is not" prints ro
  holds "$1: a tmpfs has its mode" prints 700
  holds "$1: and its size" says ' /run tmpfs rw,nosuid,nodev.*size=1024k'
  holds "$1: a device of another name works" prints none
  holds "$1: what tells of the kernel is empty" prints "0 of the kernel"
  holds "$1: sysrq is guarded" prints guarded
  holds "$1: so are the kernel's knobs" prints fixed
  # without a cgroup manager there is nobody who would hold it back
  [ "$1" = crun ] || holds "$1: a disk is not read" prints 'no disk'
  rm -rf root/srv/deep root/tmp/sda volume/made

  exits 0 "$1: the machine's network" runs 'network_mode: host' 'ls /sys/class/net; cat /proc/net/dev'
  holds "$1: is seen" cmp -s <(grep -o '^ *[a-z0-9]*:' out | sort) <(grep -o '^ *[a-z0-9]*:' /proc/net/dev | sort)
  exits 20 "$1: nothing to run is refused" config 'entrypoint: []'
}

confined runc
if command -v crun >/dev/null && config '' && with_crun run; then
  confined crun
else
  skip 'crun runs a service' 'crun is missing, or can run nothing here'
fi

runtime=with_runc
exits 0 'limits' runs $'mem_limit: 32m\ncpus: 0.5' \
  'cd /sys/fs/cgroup; for f in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max memory.max memory.swap.max cpu.max pids.max; do [ ! -e $f ] || cat $f; done'
holds 'of memory' says '^33554432$'
if [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]; then
  holds 'and swap together' test "$(grep -c '^33554432$' out)" -eq 2
fi
holds 'of CPU' says '^50000( 100000)?$'
holds 'of processes' prints 1024
exits 137 'what takes more memory is killed' runs 'mem_limit: 32m' 'exec dd if=/dev/zero of=/dev/null bs=64M count=1'

with_sockets() { runc --root "$dir/state" "$1" --preserve-fds 2 --bundle bundle "$name" 3</dev/null 4</dev/null >out 2>err; }
runtime=with_sockets
exits 0 'sockets' runs 'environment: {LISTEN_FDS: "9"}' 'env; ls /proc/self/fd' 2
holds 'are told' prints LISTEN_FDS=2
holds 'to the first process' prints LISTEN_PID=1
holds 'and are there' prints 4

runtime=with_runc
must touch netns
must unshare -n mount --bind /proc/self/ns/net "$dir/netns"
exits 0 'a network that is there' runs '' 'readlink /proc/self/ns/net' 0 "$dir/netns"
holds 'is joined' prints "net:[$(stat -L -c %i netns)]"
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# What the scripts about services measure with must itself be right: the service of the test images
# behaves as its arguments say, and the load client counts each loss, and none that is not there.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
# shellcheck source=tests/cli/service.sh
. "$tree/tests/cli/service.sh"
make_services
port=$(free_port) to=127.0.0.1:$port

# begin OPTION...: a service in the background
begin() {
  "$services/service" --port "$port" "$@" >service.out 2>service.err &
  pid=$!
}
# end [SIGNAL]: ends as the service does
end() {
  kill -"${1:-TERM}" "$pid"
  wait "$pid"
}
get() { curl -s -o body -w '%{http_code}' "http://$to$1" >code; }
gets() { get "$1" && [ "$(cat code)" = "$2" ] && [ "$(cat body)" = "$3" ]; }

# --- the service ---
begin --version 7 --listen reuseport --unhealthy-after 1000000
must waits_for answers
holds 'it answers with its version' gets / 200 7
holds 'after a while where that is asked for' gets '/slow?ms=20' 200 7
holds 'with its health' gets /health 200 ok
holds 'and not to anything' gets /else 404 'not here'
exits 0 'which its own client tells by the status' service --probe "$port"
holds 'two requests may come at once' bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"
  printf "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n" >&3; [ "$(grep -c "^7$" <&3)" -eq 2 ]' "$port"
exits 0 'SIGTERM ends it in peace' end
begin --unhealthy-after 1
must waits_for answers
holds 'one that is ill says so' gets /health 500 ill
exits 1 'so does its client' service --probe "$port"
exits 143 'one that knows nothing dies of SIGTERM' end
exits 1 'none is there to be asked' service --probe "$port"
exits 1 'sockets are not guessed' env LISTEN_FDS=1 LISTEN_PID=1 "$services/service" --listen fds

# --- readiness ---
# notified SOCKET COMMAND...: what the command tells there
notified() {
  NOTIFY_SOCKET=$1 timeout 20 python3 -c 'import os, socket, subprocess, sys
name = sys.argv[1]
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.bind("\0" + name[1:] if name[0] == "@" else name)
    with subprocess.Popen(sys.argv[2:]) as p:
        print(s.recv(100).decode())
        p.terminate()' "$@"
}
is_ready() { [ "$(notified "$1" "$services/service" --listen none --ready notify)" = READY=1 ]; }
holds 'readiness is told to a socket' is_ready "$dir/notify"
holds 'and to one without a file' is_ready "@ota-test-$$"
begin --listen none --ready "file:$dir/ready" --ready-after 300
exits 0 'or by a file' waits_for test -e ready
exits 0 'by a service without sockets' end
begin --hang --ready "file:$dir/never"
sleep 0.3
exits 0 'one that hangs' end
holds 'never says so' test ! -e never

# --- what it does wrong ---
exits 4 'it ends by itself' service --listen none --exit-after 10:4
exits 134 'it crashes' service --crash 2>/dev/null
begin --ignore-term
must waits_for answers
kill "$pid"
holds 'it ignores SIGTERM' answers
exits 137 'not SIGKILL' end KILL
begin --listen none --version 3 --say 50
holds 'it says much' waits_for grep -q '^3 says 9$' service.out
holds 'on both' grep -q '^3 warns 2$' service.err
end
if [ "$(id -u)" -eq 0 ] && mkdir mnt && mount -t tmpfs -o size=2m none mnt 2>/dev/null; then
  begin --fill mnt/all
  exits 0 'it goes on when all is full' waits_for answers
  holds 'as it is' grep -q 'No space left' service.err
  end
  umount mnt
else
  skip 'it goes on when all is full' 'no tmpfs can be mounted'
fi
begin --listen none --lock "$dir/lock" --lock-flock "$dir/flocked"
must waits_for test -e flocked
exits 1 'a lock is held by flock' flock -n flocked true
holds 'and by a file' test -e lock
end
holds 'up to its end' test ! -e lock
begin --listen none --lock "$dir/lock" --lock-for 100
must waits_for test -e lock
exits 0 'or for a time' waits_for test ! -e lock
end

# --- the load client ---
begin --version 1 --listen reuseport
must waits_for answers
exits 0 'nothing is lost of a service that stays' load --requests 2000
holds 'and all are counted' counted '.answered == 2000 and .failed == 0 and .versions == {"1": 2000}'
exits 0 'nor by connections that are kept' load --requests 2000 --keep-alive
holds 'of which there are as many' counted '.answered == 2000'
load_begin --path '/slow?ms=100' --keep-alive
end KILL 2>/dev/null
sleep 0.3
exits 1 'a service that was killed loses something' load_end
holds 'each of 8 clients was cut short or reset, and then refused' counted \
  '.answered >= 0 and .short + .reset >= 8 and .refused >= 8 and .failed == .short + .reset + .refused'
begin --unhealthy-after 1
must waits_for answers
exits 1 'an error is none of the answers' load --path /health --requests 8
holds 'but counted' counted '.status == 8 and .answered == 0'
end
begin --hang
exits 1 'none answers for one that hangs' load --requests 8
end
# speak TEXT: a server that says this to whoever comes, and hangs up or, after "wait", does not
speak() {
  python3 -c 'import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as s:
    while True:
        c = s.accept()[0]
        c.recv(1000)
        c.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
        time.sleep(9 if len(sys.argv) > 3 else 0)
        c.close()' "$port" "$@" &
  pid=$!
  must waits_for bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "$port"
}
speak 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1'
exits 1 'half an answer is none' load --clients 1 --requests 3
holds 'and short' counted '.short == 3'
end 2>/dev/null
speak 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1' wait
exits 1 'nor is one that stalls' load --clients 1 --requests 1 --timeout 200
holds 'but late' counted '.timeout == 1'
end 2>/dev/null

# --- two versions at one place ---
# share [OPTION...]: versions 1 and 2 get one socket; their numbers are in pids
share() {
  rm -f pids
  python3 -c 'import os, socket, sys
where, family = sys.argv[1], socket.AF_UNIX
if "/" not in where:
    where, family = ("127.0.0.1", int(where)), socket.AF_INET
s = socket.create_server(where, family=family)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
pids = []
for version in "12":
    pids.append(os.fork())
    if not pids[-1]:
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.execv(sys.argv[2], [*sys.argv[2:], "--version", version])
print(*pids, flush=True)
for pid in pids:
    os.waitpid(pid, 0)' "$1" "$services/service" --listen fds "${@:2}" >pids 2>service.err &
  pid=$!
  must waits_for test -s pids
  read -r first second <pids
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }
for kept in '' --keep-alive; do
  share "$port"
  # so many that none of the two takes all
  load_begin --clients 32 ${kept:+"$kept"}
  must waits_for answers 1
  must waits_for answers 2
  kill "$first"
  waits_for is_gone "$first"
  exits 0 "the old one goes, and nothing is lost ${kept:+by connections that are kept}" load_end
  holds 'both have answered' counted '.versions["1"] > 0 and .versions["2"] > 0 and .failed == 0'
  holds 'then the new one alone' answers_only 2
  kill "$second"
  wait "$pid"
done
to=unix:$dir/socket
share "$dir/socket"
exits 0 'a socket in a folder serves as well' load --requests 200
kill "$first" "$second"
wait "$pid"
to=127.0.0.1:$port

# in a network of its own, where the kernel may be told what to do with those that wait
migrate() {
  unshare -n bash -c 'ip link set lo up && echo 1 >/proc/sys/net/ipv4/tcp_migrate_req || exit 99
    "$0/service" --listen reuseport --version 1 & old=$!
    "$0/service" --listen reuseport --version 2 & new=$!
    sleep 0.3
    "$0/load" --to 127.0.0.1:8080 --until over >load.json & load=$!
    sleep 0.3
    kill $old && wait $old && sleep 0.3 && : >over
    wait $load; status=$?
    kill $new; exit $status' "$services"
}
if unshare -n true 2>/dev/null; then
  exits 0 'sockets of one port, whose queue the kernel migrates, lose nothing' migrate
  holds 'of both versions' counted '.versions["1"] > 0 and .versions["2"] > 0'
else
  skip 'sockets of one port' 'no network of its own can be made'
fi

# --- beats ---
beats() { service --count-beats beats >load.json; }
enough() { beats && counted ".beats >= $1"; }
begin --listen none --version 1 --beat 20 --beats beats
must waits_for enough 5
first=$pid
begin --listen none --version 2 --beat 20 --beats beats
both() { beats && counted '.both >= 3'; }
holds 'two versions may beat at once' waits_for both
end
pid=$first
end
beats
before=$(jq .missed load.json)
sleep 0.5
begin --listen none --version 1 --beat 20 --beats beats
waits_for enough $(($(jq .beats load.json) + 2))
end
beats
holds 'what nobody beats is missed' counted ".missed >= $before + 24 and .longest_missed >= 24"

# --- images ---
need 'is for root' test "$(id -u)" -eq 0
make_host
for tag in v1 v2 crash; do exits 0 "$tag is an image that ota takes" pull $tag; done
write_web 'watch: 5s'
exits 0 'its compose file is understood' on container check
holds 'as it is meant' says '^sharing +socket$'
holds 'and nothing runs yet' alive 0
finish

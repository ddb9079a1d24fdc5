#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's docker-registry on loopback; all its files lie below DIR, among them port, ca.pem (the
# authority to trust) and access.log (its log, with a line "METHOD PATH HTTP/1.1" STATUS BYTES for
# each request). What was pushed stays while it is started again.
#   registry.sh [OPTION]... start DIR PORT    PORT 0: any free one
#   registry.sh stop DIR
#   --tls                        with DIR/server.pem
#   --htpasswd USER:PASSWORD     only to this user
#   --token REALM CERTIFICATE    only with a token of the service REALM, signed by that certificate's key
set -euo pipefail

usage() {
  sed -n 's/^#   /usage: /p' "$0" >&2
  exit 2
}

is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

configuration() {
  cat <<END
version: 0.1
log: {level: warn, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: $dir/data}}
http:
  addr: 127.0.0.1:$port
  secret: one
END
  [ "$tls" = no ] || echo "  tls: {certificate: $dir/server.pem, key: $dir/server.key}"
  [ -z "$user" ] || echo "auth: {htpasswd: {realm: test, path: $dir/htpasswd}}"
  [ -z "$realm" ] ||
    echo "auth: {token: {realm: '$realm', service: test, issuer: test, rootcertbundle: $certificate}}"
}

# bcrypt is what it takes, and openssl has none
write_htpasswd() {
  python3 -W ignore -c 'import crypt, sys
user, password = sys.argv[1].split(":", 1)
print(user + ":" + crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' "$user" >"$dir/htpasswd"
}

start() {
  mkdir -p "$1"
  dir=$(realpath "$1") port=$2
  stop "$dir"
  "$(dirname "$0")/certificates.sh" "$dir"
  while [ "$port" = 0 ] || ! is_free "$port"; do
    [ "$2" = 0 ] || { echo "port $port is taken" >&2; exit 1; }
    port=$((20000 + RANDOM % 10000))
  done
  [ -z "$user" ] || write_htpasswd
  configuration >"$dir/registry.yml"
  echo "$port" >"$dir/port"
  docker-registry serve "$dir/registry.yml" </dev/null >>"$dir/access.log" 2>&1 &
  echo $! >"$dir/registry.pid"
  for ((tries = 0; tries < 500; tries++)); do
    is_free "$port" || return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.02
  done
  cat "$dir/access.log" >&2
  exit 1
}

# A pid file that a crash left behind may name a stranger's process by now.
stop() {
  local pid tries
  pid=$(cat "$1/registry.pid" 2>/dev/null) || return 0
  if grep -qsF "$1/registry.yml" "/proc/$pid/cmdline" && kill "$pid"; then
    for ((tries = 0; tries < 500; tries++)); do
      is_free "$(cat "$1/port")" && break
      sleep 0.01
    done
  fi
  rm -f "$1/registry.pid"
}

tls=no user='' realm='' certificate=''
while :; do
  case ${1-} in
    --tls) tls=yes ;;
    --htpasswd) user=$2 && shift ;;
    --token) realm=$2 certificate=$(realpath "$3") && shift 2 ;;
    *) break ;;
  esac
  shift
done
case ${1-}:$# in
  start:3) start "$2" "$3" ;;
  stop:2) stop "$(realpath -m "$2")" ;;
  *) usage ;;
esac

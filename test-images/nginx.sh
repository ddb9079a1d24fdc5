#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real nginx on loopback that serves the folder ROOT; all its own files lie below DIR, among
# them ca.pem (the authority to trust), ports (one a line, in the order asked) and access.log
# (method, path, status, bytes sent, range asked, bytes of the request).
#   nginx.sh [OPTION]... start DIR ROOT PORT...    PORT: TLS; http:PORT: plain; 0: any free one
#   nginx.sh stop DIR
#   --no-range       answer ranges with the whole file
#   --to URL         in front of another server, or as a proxy, in place of serving ROOT
#   --client-ca CA   only to those who show a certificate of this authority
set -euo pipefail
PATH=$PATH:/usr/sbin

usage() {
  sed -n 's/^#   /usage: /p' "$0" >&2
  exit 2
}

is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# listen_on PORT: `listen` for nginx, and the port's number into the list
listen_on() {
  local port=${1#http:} tls=' ssl'
  [ "$port" = "$1" ] || tls=
  while [ "$port" = 0 ] || ! is_free "$port"; do
    [ "${1#http:}" = 0 ] || { echo "port $port is taken" >&2; exit 1; }
    port=$((20000 + RANDOM % 10000))
  done
  echo "$port" >>"$dir/ports"
  echo "    listen 127.0.0.1:$port$tls;"
}

configuration() {
  cat <<END
user $(id -un) $(id -gn);
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { }
http {
  log_format brief '\$request_method \$uri \$status \$bytes_sent \$http_range \$request_length';
  access_log $dir/access.log brief;
  client_body_temp_path $dir/tmp;
  proxy_temp_path $dir/tmp;
  fastcgi_temp_path $dir/tmp;
  uwsgi_temp_path $dir/tmp;
  scgi_temp_path $dir/tmp;
  sendfile on;
  ssl_certificate $dir/server.pem;
  ssl_certificate_key $dir/server.key;
  server {
$listens
    root $root;
    default_type application/octet-stream;
    client_max_body_size 0;
$more
  }
}
END
}

start() {
  mkdir -p "$1/tmp"
  dir=$(realpath "$1") root=$(cd "$2" && pwd)
  stop "$dir"
  "$(dirname "$0")/certificates.sh" "$dir"
  local port listens=''
  : >"$dir/ports"
  for port in "${@:3}"; do
    listens+=$(listen_on "$port")$'\n'
  done
  configuration >"$dir/nginx.conf"
  nginx -e "$dir/error.log" -p "$dir" -c "$dir/nginx.conf" </dev/null >"$dir/start.log" 2>&1 || {
    cat "$dir/start.log" >&2
    exit 1
  }
}

# nginx removes its pid file last, once its ports are free again. One that a crash left behind may
# name a stranger's process by now.
stop() {
  local pid tries
  pid=$(cat "$1/nginx.pid" 2>/dev/null) || return 0
  if grep -qsF "$1/nginx.conf" "/proc/$pid/cmdline" && kill "$pid"; then
    for ((tries = 0; tries < 500; tries++)); do
      [ -e "$1/nginx.pid" ] || return 0
      sleep 0.01
    done
    echo "nginx $pid does not stop" >&2
    exit 1
  fi
  rm -f "$1/nginx.pid"
}

forwarding() {
  cat <<END
    location / {
      proxy_pass $1;
      proxy_set_header Host \$http_host;
      proxy_set_header X-Forwarded-Proto \$scheme;
      proxy_request_buffering off;
    }
END
}

more=''
while :; do
  case ${1-} in
    --no-range) more+=$'    max_ranges 0;\n' ;;
    --to) more+=$(forwarding "$2")$'\n' && shift ;;
    --client-ca)
      more+="    ssl_client_certificate $(realpath "$2");"$'\n'"    ssl_verify_client on;"$'\n'
      shift
      ;;
    *) break ;;
  esac
  shift
done
case ${1-}:$# in
  start:[4-9]) start "${@:2}" ;;
  stop:2) stop "$(realpath -m "$2")" ;;
  *) usage ;;
esac

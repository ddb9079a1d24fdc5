#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317
# The compose file, as people write it: what is understood, and what is refused where.
. "$(dirname "$0")/lib.sh"

mkdir device
mkdir -p device/etc/ota
printf '[device]\ncompatible = sandbox\n' >device/etc/ota/ota.conf
compose=device/etc/ota/compose.yaml

# As a project for balena has it.
cat >"$compose" <<'END'
version: '2.1'
x-base: &base
  restart: always
  environment: &env
    TZ: Europe/Vienna
volumes:
  app-data:
services:
  gateway:
    <<: *base
    image: registry.example.com/acme/gateway:2.4.1
    network_mode: host
    cap_add: [NET_ADMIN]
    devices: ["/dev/ttyUSB0:/dev/ttyUSB0"]
    volumes: ["app-data:/data", "/run/dbus:/host/run/dbus:ro"]
    labels:
      io.balena.features.dbus: '1'
      io.balena.update.strategy: hand-over
      io.balena.update.handover-timeout: 120000
    environment:
      <<: *env
      LEVEL: 3
END
holds 'a file of balena is taken' on container check
holds 'people read its service' says '^service  gateway$'
holds 'its strategy' says '^update   hand-over$'
holds 'and what a merge brought' says 'TZ=Europe/Vienna'
holds 'in 80 columns' awk 'length > 80 { exit 1 }' out

json() { on --json container check && jq -e "$1" out >/dev/null; }
holds 'programs read its strategy' json '.services[0].update | .strategy == "hand-over" and .handover_timeout_ms == 120000'
holds 'its environment' json '[.services[0].environment[] | "\(.name)=\(.value)"] | sort == ["LEVEL=3", "TZ=Europe/Vienna"]'
holds 'and paths below the root' json '.services[0].mounts[1].source | endswith("/device/run/dbus")'

# As a tutorial for Docker has it, cut down to what a device does.
cat >docker.yaml <<'END'
services:
  web:
    image: nginx:1.25
    ports: ["8080:80"]
    env_file: web.env
    depends_on:
      db: {condition: service_healthy}
    x-ota:
      ready: {http: "http://127.0.0.1:80/"}
      watch: 5m
  db:
    image: postgres@sha256:1111111111111111111111111111111111111111111111111111111111111111
    command: postgres -c 'shared_buffers=64MB'
    read_only: true
    tmpfs: /tmp
    volumes: [db:/var/lib/postgresql/data]
    mem_limit: 256m
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U postgres"]
      interval: 10s
      retries: 5
volumes: {db: }
END
printf '# of the web\nWORKERS=2\nNAME="a b"\n' >web.env
file() { ota container check "$@"; }
holds 'a file of Docker is taken, without an ota.conf' file docker.yaml
holds 'in the order of the file' bash -c '[ "$(grep ^service out | tr -s " " | tr "\n" ,)" = "service web,service db," ]'
holds 'its words are as a shell needs them' says "^command  postgres -c shared_buffers=64MB$"
holds 'variables of its file are there' says 'NAME=a b'
holds 'every field has its name' bash -c '"$0" --json container check docker.yaml | jq -e ".services[1] | (.command[2] == \"shared_buffers=64MB\") and .read_only and .mem_limit_bytes == 268435456 and .healthcheck.interval_ms == 10000 and .mounts[0].type == \"tmpfs\"" >/dev/null' "$OTA"

# refuses LINE WORD SED-SCRIPT: that change makes it a bad file
refuses() {
  sed "$3" docker.yaml >bad.yaml
  exits 20 "$2: refused" file bad.yaml
  holds "$2: with its line" says "bad.yaml:$1: .*$2"
}
refuses 3 "'build'" 's/image: nginx.*/build: ./'
refuses 4 "'networks'" 's/ports:.*/networks: [front]/'
refuses 4 'no port' 's/8080:80/8080-8090:80/'
refuses 3 'variables' 's/nginx:1.25/nginx:$TAG/'
refuses 7 "no service 'bd'" 's/  db: {cond/  bd: {cond/'
refuses 16 "no volume 'data'" 's/\[db:/[data:/'
refuses 16 'the store' 's/\[db:/[\/var\/lib\/ota:/'
refuses 11 "already given" 's/^  db:$/  web:/'
refuses 3 'no sound YAML' 's/^    image: nginx/\timage: nginx/'

printf 'A=1\nB\n' >web.env
exits 20 'a bad file of variables is refused' file docker.yaml
holds 'with its own line' says 'web.env:2: is not NAME=VALUE'
rm web.env
exits 20 'so is one that is not there' file docker.yaml
holds 'with the line that names it' says 'docker.yaml:5: .*web.env'

{
  echo services:
  for ((i = 0; i < 10000; i++)); do echo "  s$i: {image: a}"; done
} >many.yaml
exits 20 'ten thousand services are refused' file many.yaml
holds 'by a bound' says 'many.yaml:2049: more than 8192 values'
exits 20 'a file that is not there is refused' file none.yaml
ota --json container check many.yaml
is_object() { jq -e '.error.code == "config" and .error.exit == 20' err >/dev/null; }
holds 'the error is an object with --json' is_object

finish

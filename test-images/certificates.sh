#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One authority (DIR/ca.pem) and what it signs, for servers on loopback:
#   certificates.sh DIR           DIR/server.pem and its key: localhost and 127.0.0.1
#   certificates.sh DIR NAME      DIR/NAME.pem and its key: somebody who asks
# What is there stays for the folder's life: devices that trust it need no change.
set -euo pipefail
dir=$1 name=${2-}
new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650)

[ -e "$dir/ca.pem" ] ||
  "${new[@]}" -subj '/CN=test authority' -addext 'keyUsage=critical,keyCertSign' \
    -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>"$dir/openssl.log"
[ ! -e "$dir/${name:-server}.pem" ] || exit 0
new+=(-CA "$dir/ca.pem" -CAkey "$dir/ca.key" -addext 'basicConstraints=critical,CA:FALSE')
if [ -n "$name" ]; then
  new+=(-subj "/CN=$name" -addext 'extendedKeyUsage=clientAuth')
else
  new+=(-subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1')
fi
"${new[@]}" -keyout "$dir/${name:-server}.key" -out "$dir/${name:-server}.pem" 2>"$dir/openssl.log"

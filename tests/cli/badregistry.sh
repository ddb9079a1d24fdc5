#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A registry that misbehaves, and the parts of the protocol that Debian's does not have.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"
export HOME=$dir
unset DOCKER_CONFIG

make_release v1 1.0
make_device
serve said badregistry.py v1
port=$(head -n 1 said)
base=docker://localhost:$port
printf '[network]\ninsecure-http = localhost\nauth-file = /etc/ota/auth.json\n' >>device/etc/ota/ota.conf
printf '{"auths":{"localhost:%s":{"auth":"cHVtcDpzZS1jcmV0"}}}' "$port" >device/etc/ota/auth.json
on commit
said() { grep -Eq "$1" said; }

exits 0 'a registry that behaves' on check "$base/sound/x"
while read -r name status text; do
  rm -rf device/var/lib/ota/partial/*
  refused "$status" "a registry that gives $text" on fetch "$base/$name/x"
done <<'END'
html 14 an HTML page for a manifest
other 14 a manifest with the digest of another
huge 14 an endless manifest
headers 14 headers without end
long-header 14 a header without end
loop 11 redirects without end
nonsense 14 a challenge that cannot be read
no-signature 12 no signature
forbidden-signature 11 no leave to read the signature
token-endless 14 a token without end
token-none 14 no token
token-lines 14 a token of two lines
plain-realm 11 a token service without TLS that is not named
not-named 11 a redirect to http on a host that is not named
END
holds 'errors do not tell where a redirect led' bash -c '! grep -e secret -e 127.0.0.2 err'
refused 14 'a digest that was asked for, and other bytes' on fetch "$base/damaged/x@sha256:$(manifest_of v1)"
holds 'no token was asked for where it should not be' bash -c '! grep stolen said'
exits 0 'a registry that knows no ranges' on fetch "$base/whole/x"
rm -rf device/var
on commit
exits 0 'a link that breaks now and then' on fetch "$base/flaky/x"

# --- blobs on another host ---
sed -i 's/^insecure-http.*/& 127.0.0.1/' device/etc/ota/ota.conf
rm -rf device/var
on commit
exits 0 'blobs on another host' on fetch "$base/elsewhere/x"
exits 1 'which is not told who asks' said leak
holds 'though the registry was' said 'token /token/good\?service=s&scope=a&scope=b'
rm -rf device/var
on commit
refused 11 'another host that asks who asks' on fetch "$base/asks-elsewhere/x"
exits 1 'is told nothing' said 'leak|stolen'
tokens=$(grep -c ^token said)
exits 0 'a token that expires on the way' on fetch "$base/expires/x"
holds 'is asked for again' test "$(grep -c ^token said)" -ge $((tokens + 2))
rm -rf device/var
on commit
tokens=$(grep -c ^token said)
exits 0 'one that expires within a blob, twice, when the link breaks' on fetch "$base/expires-within/x"
holds 'is asked for again each time' test "$(grep -c ^token said)" -eq $((tokens + 3))
rm -rf device/var
on commit
tokens=$(grep -c ^token said)
refused 11 'a registry to which no token is good enough' on fetch "$base/never/x"
holds 'is not asked for them on and on' test "$(grep -c ^token said)" -le $((tokens + 2))

# --- a registry that lists referrers ---
read -ra libs <<<"$(pkg-config --libs libcrypto libzstd libubootenv jansson)"
must gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -I"$tree/src" -o referrers "$tree/tests/cli/referrers.c" \
  "$tree/build/release/libota.a" "${libs[@]}" -ldl -pthread
listed() { ./referrers "$base/lists/x" application/x.test localhost >listed; }
exits 0 'a registry that lists referrers' listed
holds 'is believed as far as the type goes' grep -qx "sha256:$(manifest_of v1)" listed
holds 'and no further' test "$(grep -c ^sha256 listed)" -eq 1
finish

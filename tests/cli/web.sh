#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sources on the web: a real nginx with TLS, and a server of our own for what nginx does not do.
. "$(dirname "$0")/lib.sh"

make_release v1 1.0
ln -s v1 www
must "$tree/test-images/nginx.sh" start server www 0 http:0
{ read -r tls; read -r plain; } <server/ports
make_device --ca server/ca.pem --source "https://localhost:$tls"

exits 0 'check over TLS' on check
holds 'reads the list of manifests once' test "$(grep -c '/index\.json ' server/access.log)" -eq 1
exits 0 'fetch over TLS' on fetch
exits 0 'write what was fetched' on write
holds 'the slot holds the image' slot_holds b v1
layer=$(layer_of v1 0)
sent() { awk -v path="/blobs/sha256/${1##*/}" '$2 == path { sum += $4 } END { print sum + 0 }' server/access.log; }
: >server/access.log

# --- goes on where it was ---
make_device --ca server/ca.pem --source "https://localhost:$tls"
partial=device/var/lib/ota/partial/${layer##*/}
mkdir -p device/var/lib/ota/partial
half=$(($(stat -c %s "$layer") / 2))
head -c $half "$layer" >"$partial"
: >server/access.log
exits 0 'a fetch that was cut goes on' on fetch
holds 'what was there is not sent again' test "$(sent "$layer")" -lt $((half + 262144 + 1000))
holds 'and says so' says 'from an earlier run'

make_device --ca server/ca.pem --source "https://localhost:$tls"
mkdir -p device/var/lib/ota/partial
head -c $half "$layer" >"$partial"
printf 'X' | dd of="$partial" bs=1 seek=1000 conv=notrunc status=none
exits 0 'a part that rotted is brought again' on fetch

# --- straight into the slot ---
make_device --ca server/ca.pem
exits 0 'write straight from the web' on write "https://localhost:$tls"
holds 'the slot holds it' slot_holds b v1
holds 'the store has no copy' test ! -e "device/var/lib/ota/blobs/sha256/${layer##*/}"
# as a killed write leaves it: `writing`, the first half there
sed -i 's/"proved"/"writing"/' device/var/lib/ota/slots/b.json
dd if=/dev/urandom of=device/slots/b.img bs=1M seek=1 count=2 conv=notrunc status=none
: >server/access.log
exits 0 'a write that was cut goes on' on write "https://localhost:$tls"
holds 'the slot holds it then' slot_holds b v1
holds 'and less is sent than all' test "$(sent "$layer")" -lt "$(stat -c %s "$layer")"

# --- a server without ranges ---
must "$tree/test-images/nginx.sh" --no-range start server www "$tls" "http:$plain"
make_device --ca server/ca.pem --source "https://localhost:$tls"
mkdir -p device/var/lib/ota/partial
head -c $half "$layer" >"$partial"
exits 0 'a server that only gives whole files' on fetch
make_device --ca server/ca.pem
exits 0 'and straight into the slot' on write "https://localhost:$tls"
holds 'which holds it' slot_holds b v1

# --- refused ---
on commit
sed -i '/^\[network/a budget = 100K' device/etc/ota/ota.conf
rm -rf device/var/lib/ota/slots/b.json
refused 15 'more than the budget allows' on fetch --retry "https://localhost:$tls"
holds 'and how to allow more is told' says 'ota fetch --budget SIZE'
exits 0 'unless the command line allows more' on fetch --budget 10M --limit-rate 5M "https://localhost:$tls"
rm -rf device/var
on commit
refused 15 'or less' on fetch --budget 1K "https://localhost:$tls"
holds 'and what is needed is told' says 'needs 71[0-9].* KiB, and 0 B of the budget of 1.0 KiB are left'
exits 0 'a stick costs nothing' on fetch oci:v1
rm -rf device/var
sed -i 's/^budget.*/limit-rate = 1M/' device/etc/ota/ota.conf
exits 0 'a rate that is limited' on fetch "https://localhost:$tls"
rm -rf device/var
on commit
refused 20 'no TLS to a host that is not named' on fetch "http://localhost:$plain"
printf 'insecure-http = localhost\n' >>device/etc/ota/ota.conf
exits 0 'unless it is named' on check "http://localhost:$plain"
refused 11 'an address that is not there' on fetch "https://localhost:$tls/elsewhere"
refused 11 'a tag that is not there' on fetch "https://localhost:$tls#other"
sed -i 's/^ca-file.*/retry-wait = 10ms/' device/etc/ota/ota.conf
refused 11 'a certificate that nobody vouches for' on fetch "https://localhost:$tls"
refused 10 'nobody listens' on fetch http://localhost:9

# --- a server that misbehaves ---
serve badport badserver.py v1 "$(basename "$layer")"
base=http://localhost:$(head -n 1 badport)
rm -rf device/var/lib/ota/partial
for case in \
  'forbidden 11 403' 'error 10 500' 'gone 11 404' 'html 14 an HTML page for index.json' \
  'close 10 an answer that ends early, each time' 'wrongrange 14 another range than asked' \
  'wrongsize 14 a length that is not the file'\''s' 'longer 14 more bytes than it says' \
  'huge 14 an endless index.json' 'loop 11 redirects without end'; do
  read -r name status text <<<"$case"
  rm -rf device/var/lib/ota/partial/*
  # half is there, so that a range is asked for
  mkdir -p device/var/lib/ota/partial
  head -c $half "$layer" >"$partial"
  refused "$status" "a server that gives $text" on fetch "$base/$name"
done
rm -rf device/var/lib/ota/partial/*
exits 0 'a release that is published while it is asked for' on check --retry "$base/published"
kill $server
finish

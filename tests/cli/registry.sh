#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's docker-registry as a source, and as what `push` copies to: plain, by TLS, with a password,
# with tokens, behind an nginx that wants a client certificate, and with skopeo at the other end.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"
export HOME=$dir/home # nobody's ~/.docker
unset DOCKER_CONFIG
mkdir home
registry() { must "$tree/test-images/registry.sh" "$@" start registry "${port:-0}" && port=$(cat registry/port); }
# asked METHOD REGEX: how often, since the log was emptied
asked() { grep -acE "\"$1 [^ ]*$2[^ ]* HTTP" registry/access.log; }
network() { printf '[network]\ninsecure-http = localhost:%s\n' "$port" >>device/etc/ota/ota.conf; }

registry
make_release v1 1.0
plain=(--insecure-http "localhost:$port")
source=docker://localhost:$port/acme/gateway
make_device
on commit

# --- push ---
exits 10 'no push without TLS to a host that is not named' ota push v1 "$source"
holds 'the hint tells how to name it' says 'hint: .*insecure-http = '
exits 0 'push' ota push "${plain[@]}" v1 "$source"
holds 'prints the digest' grep -qx "sha256:$(manifest_of v1)" out
uploads=$(asked POST /blobs/uploads/)
holds 'each blob went once' test "$uploads" -eq 5
exits 0 'push once more' ota push "${plain[@]}" v1 "$source"
holds 'says that all is there' says 'already'
holds 'and sends nothing' test "$(asked POST /)" -eq "$uploads"
cp -r v1 wider && cp v1.img wider.img
must ota pack -q --no-reuse --rootfs v1.img --compatible sandbox --version 1.0 --level 1 --frame-size 256K --phase 99 -o wider
must ota sign -q --key "$key" wider
: >registry/access.log
exits 0 'the same image in a wider wave' ota push "${plain[@]}" wider "$source:wide"
holds 'is sent as config, signature and its config alone' test "$(asked POST /)" -eq 3
exits 0 'push --json' ota --json push "${plain[@]}" v1 "$source"
holds 'tells it in numbers' test "$(jq -c '[.already,.signed,.referrers,.sent_bytes]' out)" = '[true,true,0,0]'
exits 2 'push to a digest' ota push "${plain[@]}" v1 "$source@sha256:$(manifest_of v1)"
exits 2 'push to a folder' ota push v1 oci:v2
exits 11 'push a tag that is not there' ota push "${plain[@]}" v1:none "$source"
cp -r v1 rotten
printf 'X' | dd of="$(layer_of rotten 0)" bs=1 seek=4000 conv=notrunc status=none
exits 14 'push a blob that is damaged' ota push "${plain[@]}" rotten "docker://localhost:$port/acme/rotten"
holds 'sends no byte of it, and no manifest' test "$(asked PUT acme/rotten/manifests)" -eq 0

# --- check, fetch, write ---
refused 10 'a host that is not named is spoken to by TLS' on check "$source"
network
: >registry/access.log
exits 0 'check' on check "$source"
holds 'asks four times' test "$(asked GET /)" -eq 4
exits 0 'fetch' on fetch "$source"
exits 0 'write what was fetched' on write
holds 'the slot holds the image' slot_holds b v1
make_device
network
exits 0 'write straight from the registry' on write "$source"
holds 'which holds it, too' slot_holds b v1
exits 0 'inspect' ota --config device/etc/ota/ota.conf inspect --trust device/etc/ota/trust.d "$source"
holds 'names the signer' says 'signed by    key.pub'
make_device
network
on commit
layer=$(layer_of v1 0)
half=$(($(stat -c %s "$layer") / 2))
mkdir -p device/var/lib/ota/partial
head -c $half "$layer" >"device/var/lib/ota/partial/${layer##*/}"
: >registry/access.log
exits 0 'a fetch that was cut goes on' on fetch "$source"
sent=$(grep -a "\"GET .*${layer##*/} HTTP" registry/access.log | awk '{ sum += $10 } END { print sum + 0 }')
holds 'what was there is not sent again' test "$sent" -lt $((half + 262144 + 1000))
rm -rf device/var
on commit
refused 11 'a tag that is not there' on fetch "$source:none"
refused 11 'a repository that is not there' on fetch "docker://localhost:$port/acme/none"
exits 0 'a manifest by its digest' on check "$source@sha256:$(manifest_of v1)"
refused 11 'a digest that is not there' on fetch "$source@sha256:$(printf '%064d' 1)"
for form in "docker://localhost:$port" 'docker://localhost/' 'docker://localhost/A' \
  'docker://localhost/a:' 'docker://localhost/a@sha256:1' 'docker://u@localhost/a' 'docker://localhost/a//b'; do
  refused 2 "no source: $form" on fetch "$form"
done
sed -i 's/^insecure-http/budget = 100K\n&/' device/etc/ota/ota.conf
refused 15 'more than the budget allows' on fetch "$source"
sed -i '/^budget/d' device/etc/ota/ota.conf
cp -r v1 unsigned
jq 'del(.manifests[] | select(.annotations[] | endswith(".sig")))' v1/index.json >unsigned/index.json
exits 0 'push what is not signed' ota push "${plain[@]}" unsigned "docker://localhost:$port/acme/unsigned"
holds 'warns' says 'not signed'
refused 12 'and no device takes it' on fetch "docker://localhost:$port/acme/unsigned"
sed -i "s#^compatible#source = $source\n&#" device/etc/ota/ota.conf
exits 0 'as the source of ota.conf' on check

# --- skopeo ---
sig=sha256-$(manifest_of v1).sig
copy() { skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false "$@" >/dev/null 2>err; }
same_blobs() { diff <(cd v1/blobs/sha256 && sha256sum ./*) <(cd "$1/blobs/sha256" && sha256sum ./*); }
other=docker://localhost:$port/acme/skopeo
exits 0 'skopeo copies a release into the registry' copy oci:v1:latest "$other:latest"
exits 0 'and its signature' copy "oci:v1:$sig" "$other:$sig"
exits 0 'from where a device takes it' on check "$other"
exits 0 'skopeo copies what ota pushed' copy "$source:latest" oci:back:latest
exits 0 'and the signature' copy "$source:$sig" "oci:back:$sig"
holds 'not a byte is other than it was' same_blobs back
exits 0 'and a device takes it' on check oci:back

# --- several platforms under one tag ---
case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
entry() { jq -c --argjson p "$2" '.manifests[0] | del(.annotations) + {platform: $p}' "$1/index.json"; }
put_index() {
  local body
  body=$(jq -cn '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: $ARGS.positional}' --jsonargs "${@:2}")
  must curl -sf -o out -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary "$body" \
    "http://localhost:$port/v2/acme/gateway/manifests/$1"
}
ours=$(entry v1 "{\"os\":\"linux\",\"architecture\":\"$arch\"}")
strange=$(entry wider '{"os":"linux","architecture":"pdp11"}')
put_index both "$strange" "$ours"
exits 0 'an index: the manifest for this machine' on check "$source:both"
holds 'and no other' says "sha256:$(manifest_of v1)"
put_index strange "$strange"
refused 13 'an index without one for it' on fetch "$source:strange"
put_index sole "$(entry v1 null | jq -c 'del(.platform)')"
exits 0 'an index of one that tells no platform' on check "$source:sole"

# --- referrers ---
# refer FILE TEXT: adds to v1 a manifest whose subject is its release
refer() {
  local f
  printf '{}' >config
  printf '%s' "$2" >blob
  for f in config blob; do cp $f "$(blob v1 "$(sha256sum <$f | cut -d' ' -f1)")"; done
  jq -cn --arg c "$(sha256sum <config | cut -d' ' -f1)" --arg b "$(sha256sum <blob | cut -d' ' -f1)" \
    --arg s "$(manifest_of v1)" --argjson z "$(stat -c %s "$(blob v1 "$(manifest_of v1)")")" --argjson n "${#2}" '
    def d($t; $h; $n): {mediaType: $t, digest: ("sha256:" + $h), size: $n};
    {schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "application/x.test",
     config: d("application/vnd.oci.empty.v1+json"; $c; 2), layers: [d("application/x.test"; $b; $n)],
     subject: d("application/vnd.oci.image.manifest.v1+json"; $s; $z)}' | tr -d '\n' >"$1"
  cp "$1" "$(blob v1 "$(sha256sum <"$1" | cut -d' ' -f1)")"
  jq -c --arg h "sha256:$(sha256sum <"$1" | cut -d' ' -f1)" --argjson n "$(stat -c %s "$1")" \
    '.manifests += [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $h, size: $n}]' \
    v1/index.json >index && cp index v1/index.json
}
read -ra libs <<<"$(pkg-config --libs libcrypto libzstd libubootenv jansson)"
must gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -I"$tree/src" -o referrers "$tree/tests/cli/referrers.c" \
  "$tree/build/release/libota.a" "${libs[@]}" -ldl -pthread
listed() { ./referrers "$1" "${2:-application/x.test}" "localhost:$port" >out 2>err; }
list_of() { for f in "$@"; do echo "sha256:$(sha256sum <"$f" | cut -d' ' -f1)"; done; }
exits 0 'nothing refers to it yet' listed "$source"
holds 'an empty list' test ! -s out
refer one 'first'
exits 0 'push with one that refers to it' ota push "${plain[@]}" v1 "$source"
exits 0 'which is found by the tag, since this registry keeps no list' listed "$source"
holds 'it alone' cmp -s out <(list_of one)
exits 0 'of another type' listed "$source" application/x.other
holds 'there is none' test ! -s out
refer two 'second'
must ota sign -q --key "$key" v1
exits 0 'push with a second one' ota push "${plain[@]}" v1 "$source"
listed "$source"
holds 'the list has both' cmp -s out <(list_of one two)
exits 0 'push all of it once more' ota push "${plain[@]}" v1 "$source"
holds 'is nothing to do' says 'already'

# --- TLS ---
registry --tls
source=docker://localhost:$port/acme/gateway
make_device --source "$source"
refused 11 'a certificate that nobody vouches for' on check
make_device --source "$source" --ca registry/ca.pem
exits 0 'check over TLS' on check
exits 0 'push over TLS' ota push --ca-file registry/ca.pem v1 "docker://localhost:$port/acme/tls"
exits 0 'with ota.conf it needs no option' ota --config device/etc/ota/ota.conf --root device push v1 "docker://localhost:$port/acme/tls"

# --- a client certificate, at an nginx in front ---
must "$tree/test-images/certificates.sh" registry device-1
must "$tree/test-images/nginx.sh" --to "https://localhost:$port" --client-ca registry/ca.pem start server v1 0 http:0
{ read -r front; read -r proxy; } <server/ports
make_device --ca server/ca.pem
refused 11 'no client certificate' on check "docker://localhost:$front/acme/gateway"
cp registry/device-1.{pem,key} device/etc/ota/
printf 'client-cert = /etc/ota/device-1.pem\nclient-key = /etc/ota/device-1.key\n' >>device/etc/ota/ota.conf
exits 0 'a client certificate' on fetch "docker://localhost:$front/acme/gateway"
exits 0 'push with it' ota --config device/etc/ota/ota.conf --root device push v1 "docker://localhost:$front/acme/front"

# --- user and password ---
registry --htpasswd pump:se-cret
make_device
network
source=docker://localhost:$port/acme/gateway
refused 11 'no credentials' on check "$source"
holds 'the hint names where they belong' says 'auth-file = in \[network\], or ~/.docker/config.json'
credentials() { printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf %s "$2" | base64)"; }
credentials "localhost:$port" pump:se-cret >device/etc/ota/auth.json
printf 'auth-file = /etc/ota/auth.json\n' >>device/etc/ota/ota.conf
exits 0 'credentials by auth-file' on check -v "$source"
shows_secrets() { grep -q -e se-cret -e "$(printf pump:se-cret | base64)" out err; }
exits 1 'are not shown' shows_secrets
exits 11 'push without them' ota push "${plain[@]}" v1 "docker://localhost:$port/acme/user"
exits 0 'push with them' ota push "${plain[@]}" --auth-file device/etc/ota/auth.json v1 "docker://localhost:$port/acme/user"
credentials "https://localhost:$port/v1/" pump:se-cret >device/etc/ota/auth.json
exits 0 'a key as docker login writes it' on fetch "$source"
rm -rf device/var
on commit
credentials "localhost:$port" pump:wrong >device/etc/ota/auth.json
refused 11 'a password that is wrong' on fetch "$source"
holds 'the hint names file and host' says "skopeo login --authfile .*/auth.json localhost:$port"
credentials "localhost:$port" pump:se-cret | tr -d = | sed 's/}}}/" }}}/' >device/etc/ota/auth.json
refused 20 'a file that is damaged' on fetch "$source"
rm device/etc/ota/auth.json
refused 20 'a file that is missing' on fetch "$source"
sed -i '/^auth-file/d' device/etc/ota/ota.conf
mkdir home/.docker
credentials "localhost:$port" pump:se-cret >home/.docker/config.json
exits 0 "the user's own file" on check "$source"
mv home/.docker moved
DOCKER_CONFIG=$dir/moved exits 0 'or where DOCKER_CONFIG says' on check "$source"

# --- tokens ---
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=tokens -keyout token.key -out token.pem 2>/dev/null
serve tokens tokenserver.py token.key token.pem pump:se-cret
realm=http://localhost:$(head -n 1 tokens)/token
registry --token "$realm" token.pem
credentials "localhost:$port" pump:se-cret >auth.json
printf 'auth-file = /etc/ota/auth.json\n' >>device/etc/ota/ota.conf
sed -i 's/^insecure-http.*/insecure-http = localhost/' device/etc/ota/ota.conf
cp device/etc/ota/ota.conf named.conf
as_user() { cp auth.json device/etc/ota/auth.json; }
as_nobody() { echo '{}' >device/etc/ota/auth.json; }
with() { ota --config named.conf --root device "$@"; }
as_nobody
exits 11 'push without credentials' with push v1 "docker://localhost:$port/open/gateway"
as_user
exits 0 'push with a token' with push v1 "docker://localhost:$port/open/gateway"
exits 0 'also where nobody else may read' with push v1 "docker://localhost:$port/closed/gateway"
as_nobody
: >registry/access.log
lines=$(wc -l <tokens)
exits 0 'a token for nobody reads what is open' on check "docker://localhost:$port/open/gateway"
holds 'one token serves them all' test "$(wc -l <tokens)" -eq $((lines + 1))
holds 'five questions to the registry' test "$(asked GET /)" -eq 5
refused 11 'and nothing else' on check "docker://localhost:$port/closed/gateway"
as_user
exits 0 'but for who has credentials' on check "docker://localhost:$port/closed/gateway"
holds 'asking for no more than to read' test "$(tail -n 1 tokens)" = 'user repository:closed/gateway:pull'
credentials "localhost:$port" pump:wrong >device/etc/ota/auth.json
refused 11 'a password that the token service does not take' on check "docker://localhost:$port/open/gateway"
holds 'the hint names the file' says 'auth.json'
as_user
sed -i "s/^insecure-http.*/insecure-http = localhost:$port/" device/etc/ota/ota.conf
lines=$(wc -l <tokens)
refused 11 'a token service without TLS on a host that is not named' on check "docker://localhost:$port/open/gateway"
holds 'is not even asked' test "$(wc -l <tokens)" -eq "$lines"

# --- a proxy ---
registry
make_device
network
printf 'proxy = http://localhost:%s\n' "$proxy" >>device/etc/ota/ota.conf
must "$tree/test-images/nginx.sh" --to "http://localhost:$port" start server v1 "$front" "http:$proxy"
: >server/access.log
no_proxy='' exits 0 'through a proxy' on check "docker://localhost:$port/acme/gateway"
holds 'which saw it all' test "$(grep -c ' /v2/acme/gateway/' server/access.log)" -eq 4
finish

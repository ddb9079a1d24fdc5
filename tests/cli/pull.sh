#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# Images are pulled, listed, removed and proved as promised: who must have signed them, what they go
# by, what is stored and fetched once, and what comes again where something rotted.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
need_registry
mkdir trust
cp "${key%.key}.pub" trust/
must ota keygen -q "$dir/other"

must "$tree/test-images/registry.sh" start registry 0
port=$(cat registry/port)
docker=docker://localhost:$port
cp -r "$images/gzip" signed
for tag in v1 v2 v3; do must ota sign -q --key "$key" signed:$tag; done
for tag in v1 v2 v3; do must ota push -q --insecure-http "localhost:$port" signed:$tag "$docker/app:$tag"; done

# device STORE refuse|allow: another ota.conf
device() {
  configure "$dir/$1" "localhost:$port"
  sed -i -e "s/^unsigned = .*/unsigned = $2/" -e "s#^store#trust = $dir/trust\n&#" ota.conf
  : >registry/access.log
}
pull() { container pull --json "$@"; }
# pulled FILTER VALUE: does the last pull say so?
pulled() { [ "$(jq -c "$1" out)" = "$2" ] || { echo "# $1 is $(jq -c "$1" out) instead of $2"; return 1; }; }
# asked REGEX: how often for a blob
asked() { grep -acE "\"GET [^ ]*/blobs/sha256:$1[^ ]* HTTP" registry/access.log; }
digests_of() { jq -r '.layers[].digest[7:]' "$(blob signed "$(tagged "$1")")"; }
tagged() { jq -r --arg t "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $t) | .digest[7:]' signed/index.json; }
asked_layers() {
  local hex n=0
  for hex in $(digests_of "$1"); do n=$((n + $(asked "$hex"))); done
  echo $n
}
is_empty() {
  [ -z "$(find "$1/layers" "$1/partial" "$1/blobs/sha256" -mindepth 1 2>/dev/null)" ] && [ -z "$(containers)" ]
}
n_signatures() { jq -r '.manifests[].annotations[]' "$1/index.json" | grep -c '\.sig$'; }
n_layers() { find "$1/layers" -mindepth 1 -maxdepth 1 | wc -l; }

# --- who must have signed it ---
device refuse refuse
exits 12 'an image without a signature' pull "oci:$images/gzip:v1"
holds 'says what there is to do' says 'unsigned = allow'
holds 'and leaves nothing in the store' is_empty refuse
exits 0 'one that a trusted key signed' pull oci:signed:v1
holds 'is told to be signed' pulled '.images[0] | [.name, .signed, .already, .brought]' '["signed:v1",true,false,4]'
holds 'its signature is kept' test "$(n_signatures refuse)" -eq 1
cp -r "$images/gzip" foreign
must ota sign -q --key other.key foreign:v1
device strange refuse
exits 12 'one that another key signed' pull oci:foreign:v1
holds 'leaves nothing, either' is_empty strange
cp -r "$images/index" listed
must ota sign -q --key "$key" listed:v1
device multi refuse
exits 0 'one of a signed index' pull oci:listed:v1
holds 'is the one for this machine' pulled '.images[0] | [.signed, (.layers | length)]' '[true,4]'
holds 'a signature of what is not kept is not kept, either' test "$(n_signatures multi)" -eq 0
exits 12 'one of an index that nobody signed' pull oci:listed:v2
device pinned refuse
digest=$(skopeo inspect --raw "oci:$images/gzip:v3" | sha256sum | cut -d' ' -f1)
must skopeo copy -q --dest-tls-verify=false "oci:$images/gzip:v3" "$docker/unsigned:v3"
exits 12 'one of a registry without a signature' pull "$docker/unsigned:v3"
exits 0 'one that is pinned by its digest' pull "$docker/unsigned@sha256:$digest"
holds 'goes by it' pulled '.images[0] | [.name, .signed]' "[\"localhost:$port/unsigned@sha256:$digest\",false]"
exits 11 'a digest that is not there' pull "$docker/unsigned@sha256:$(sha256sum <ota.conf | cut -d' ' -f1)"
device allow allow
exits 0 'unsigned = allow takes one without a signature' pull "oci:$images/gzip:v1"
holds 'and tells' pulled '.images[0].signed' false
exits 0 'and one of a foreign key' pull oci:foreign:v1
exits 11 'a tag that is not there' pull oci:foreign:none
exits 11 'nor in the registry' pull "$docker/app:none"

# --- what is none for this machine ---
device none allow
cp -r "$images/gzip" riscv
umoci config --image riscv:v1 --architecture riscv64
exits 13 'an image for another machine' pull oci:riscv:v1
holds 'says which' says 'linux/riscv64'
make_release os 1.0
exits 13 'a release of the operating system' pull oci:os
holds 'is what ota fetch is for' says 'an OS release: ota fetch'
holds 'nothing of all this is left' is_empty none

# --- a layer that is right at the bottom alone ---
device bottom allow
for way in lowest upon; do
  must env ARCHITECTURE="$(skopeo inspect --config "oci:$images/gzip:v1" | jq -r .architecture)" python3 "$tree/tests/cli/forge-image.py" $way $way
  exits 0 "one that is $way" pull --name $way oci:$way:v1
done
mode() { stat -c %a "$(layers_of "$1" | tail -n 1)/app"; }
holds 'has a folder of its own where nobody told of it' test "$(mode lowest)" = 755
holds 'else it is that of the layer below' test "$(mode upon)" = 700
exits 0 'both are proved' container verify

# --- names ---
device names allow
for name in fetched written sha256-0 'a b' ''; do
  exits 2 "no image goes by the name '$name'" pull --name "$name" oci:signed:v1
done
exits 2 'nor by one of 300 letters' pull --name "$(printf 'x%.0s' {1..300})" oci:signed:v1
mkdir long && cp -r signed "long/$(printf 'y%.0s' {1..250})"
exits 2 'nor by that of a folder which is too long' pull "oci:$(echo long/*):v1"
holds 'says what helps' says '--name NAME'
exits 2 'one name for two' pull --name one oci:signed:v1 oci:signed:v2
exits 0 'a name of choice' pull --name app oci:signed:v1
holds 'is the name' pulled '.images[0].name' '"app"'
exits 0 'two at once' pull "$docker/app:v1" oci:signed:v2
holds 'by the names of their sources' pulled '[.images[].name]' "[\"localhost:$port/app:v1\",\"signed:v2\"]"
holds 'list has them all' test "$(containers | grep -cxE "app|signed:v2|localhost:$port/app:v1")" -eq 3
exits 0 'list' container list
holds 'says that they are complete' test "$(grep -cE '^(app|signed:v2|localhost).* 4  complete$' out)" -eq 3
exits 0 'list --json' container list --json
holds 'has each one with its layers, lowest first' test \
  "$(jq -c '.images[] | select(.name == "signed:v2") | [.state, .bytes > 0, [.layers[].diff_id[7:]]]' out)" = \
  "[\"complete\",true,$(skopeo inspect --config oci:signed:v2 | jq -c '[.rootfs.diff_ids[][7:]]')]"

# --- what two images share ---
device shared refuse
exits 0 'v1 of a registry' pull "$docker/app:v1"
holds 'each layer is asked for once' at_most 4 asked_layers v1
: >registry/access.log
exits 0 'v2, of which the base is the same' pull "$docker/app:v2"
holds 'asks for the two on top, of which one belongs to that below' at_most 2 asked_layers v2
sizes=0
for hex in $(digests_of v2 | tail -n 2); do sizes=$((sizes + $(stat -c %s "signed/blobs/sha256/$hex"))); done
holds 'and moves no more than that' pulled '.images[0] | [.brought, .moved_bytes]' "[2,$sizes]"
holds 'what is shared is stored once' test "$(n_layers shared)" -eq 6
: >registry/access.log
exits 0 'the same once more' pull "$docker/app:v2"
holds 'is there already' pulled '.images[0] | [.already, .brought, .moved_bytes]' '[true,0,0]'
holds 'and asks for no layer' test "$(asked_layers v2)" -eq 0
exits 0 'it under another name' pull --name other "$docker/app:v2"
holds 'takes no layer, either' test "$(asked_layers v2)" -eq 0
must tree_of "localhost:$port/app:v2" v2.before
exits 3 'rm of what is not there' container rm nobody
exits 3 'rm of what is no image' container rm fetched
exits 0 'rm of one of two names' container rm other
holds 'frees no layer' test "$(n_layers shared)" -eq 6
exits 0 'rm of an image' container rm "localhost:$port/app:v1"
holds 'frees what it alone had' test "$(n_layers shared)" -eq 4
holds 'and its signatures' test "$(n_signatures shared)" -eq 1
tree_of "localhost:$port/app:v2" v2.after
holds 'the other one is as before' same_tree v2.before v2.after
exits 0 'which is proved' container verify
exits 0 'a new image under an old name' pull --name "localhost:$port/app:v2" "$docker/app:v3"
exits 0 'gc' container gc --json
holds 'removes what was replaced' test "$(n_layers shared)" -eq 4

# --- by a service's name ---
printf 'services:\n  one:\n    image: localhost:%s/app:v1\n  two:\n    image: localhost:%s/app:v3\n' \
  "$port" "$port" >compose.yaml
sed -i "s#^unsigned#compose = $dir/compose.yaml\n&#" ota.conf
exits 0 'the image of a service' pull one
holds 'goes by its source' pulled '.images[0].name' "\"localhost:$port/app:v1\""
exits 2 'the image of a service that is none' pull three
holds 'says so' says "no service of $dir/compose.yaml"
exits 0 'the images of all services' pull
holds 'are all of them' pulled '[.images[].already]' '[true,false]'
exits 0 'rm of both' container rm "localhost:$port/app:v1" "localhost:$port/app:v3"
exits 0 'rm of the last' container rm "localhost:$port/app:v2"
holds 'leaves nothing' is_empty shared
holds 'not even where it came from' test -z "$(ls shared/sources)"

# --- a registry that asks for tokens ---
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=tokens -keyout token.key -out token.pem 2>/dev/null
serve tokens tokenserver.py token.key token.pem pump:se-cret
must "$tree/test-images/registry.sh" stop registry
must "$tree/test-images/registry.sh" --token "http://localhost:$(head -n 1 tokens)/token" token.pem start registry 0
port=$(cat registry/port)
printf '{"auths":{"localhost:%s":{"auth":"%s"}}}' "$port" "$(printf pump:se-cret | base64)" >auth.json
must ota push -q --insecure-http localhost --auth-file auth.json signed:v1 "docker://localhost:$port/closed/app:v1"
device guarded refuse
sed -i 's/^insecure-http.*/insecure-http = localhost/' ota.conf
exits 11 'without credentials' pull "docker://localhost:$port/closed/app:v1"
echo "auth-file = $dir/auth.json" >auth.line
sed -i '/^insecure-http/r auth.line' ota.conf
exits 0 'with a token' pull "docker://localhost:$port/closed/app:v1"
exits 0 'it is proved' container verify
finish

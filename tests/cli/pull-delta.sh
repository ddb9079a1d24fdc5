#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2119,SC2317
# An image comes by a delta from one that is there: it moves less, and gives the same tree; one that
# nobody signed, that is damaged, or whose base is, gives way to the layers.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"
need_registry
mkdir trust
cp "${key%.key}.pub" trust/
must "$tree/test-images/registry.sh" start registry 0
port=$(cat registry/port)
app=docker://localhost:$port/app

# device STORE refuse|allow [FROM]: another ota.conf, and the image FROM in the store
device() {
  configure "$dir/$1" "localhost:$port"
  sed -i -e "s/^unsigned = .*/unsigned = $2/" -e "s#^store#trust = $dir/trust\n&#" ota.conf
  [ $# -lt 3 ] || must container pull -q --name old "$3"
}
# by_delta SOURCE, by_layers SOURCE: it is pulled so, as v3
by() { container pull --json --name new "$2" && cp out told.json && [ "$(jq -r '.images[0].base // "none"' out)" = "$1" ] && tree_of new got && same_tree v3.wanted got; }
by_delta() { by old "$1"; }
by_layers() { by none "$1"; }
moved() { jq '.images[0].moved_bytes' moved.json; }
delta_of() { jq -r '.layers[0].digest[7:]' "$(delta_manifest "$1")"; }
# delta_manifest LAYOUT: of v3
delta_manifest() {
  local subject
  subject=$(jq -r '.manifests[] | select(.annotations[] == "v3") | .digest[7:]' "$1/index.json")
  blob "$1" "$(jq -r '.manifests[0].digest[7:]' "$(blob "$1" "$(jq -r --arg t "sha256-$subject" '.manifests[] |
    select(.annotations[] == $t) | .digest[7:]' "$1/index.json")")")"
}

cp -r "$images/gzip" plain
device wanted allow
must container pull -q --name new oci:plain:v3
must tree_of new v3.wanted

# --- make, sign, look, push ---
exits 0 'a delta between images' ota delta --from plain:v1 --to plain:v3
holds 'it is small' test "$(stat -c %s "$(blob plain "$(delta_of plain)")")" -lt 200000
cp -r plain again
exits 0 'the same once more' ota delta --from plain:v1 --to again:v3
holds 'is there already' says 'there already'
cp -r plain signed
for tag in v1 v3; do must ota sign -q --key "$key" signed:$tag; done
exits 0 'inspect' ota --json inspect --trust trust oci:signed:v3
holds 'tells layers, signer and delta' test \
  "$(jq -c '[(.layers | length), .signatures, (.signers | length), (.deltas | length), .sound]' out)" = '[4,1,1,1,true]'
exits 0 'inspect for people' ota inspect --trust trust oci:signed:v3
holds 'tells them, too' says '^signed by '
must ota push -q --insecure-http "localhost:$port" signed:v1 "$app:v1"
exits 0 'push of a signed image with its delta' ota --json push --insecure-http "localhost:$port" signed:v3 "$app:v3"
holds 'tells both' test "$(jq -c '[.signed, .referrers]' out)" = '[true,1]'

# --- by delta ---
device full refuse
exits 0 'v3 without a base' by_layers "$app:v3"
all=$(jq '.images[0].moved_bytes' told.json)
device first refuse "$app:v1"
: >registry/access.log
exits 0 'v3 where v1 is' container pull --json --name new "$app:v3"
cp out moved.json
# the layer on top is the base's, but belongs to what is below it, and comes again
top=$(jq -r '.layers[3].digest[7:]' "$(blob signed "$(jq -r '.manifests[] | select(.annotations[] == "v3") | .digest[7:]' signed/index.json)")")
holds 'moves the delta, and the layer that it does not make' test "$(moved)" -eq \
  $(($(stat -c %s "$(blob signed "$(delta_of signed)")") + $(stat -c %s "$(blob signed "$top")")))
holds 'which is less than the layers' test "$(($(moved) * 2))" -lt "$all"
holds 'tells its base' test "$(jq -r '.images[0].base' moved.json)" = old
large_blobs() { grep -aoE '"GET [^ ]*/blobs/[^ ]* HTTP[^ ]* 200 [0-9]*' registry/access.log | awk '$5 >= 1000' | wc -l; }
holds 'and no other blob of that size' at_most 1 large_blobs
tree_of new got
holds 'and gives the same tree' same_tree v3.wanted got
exits 0 'which is proved' container verify
holds 'nothing is left of the delta' test -z "$(ls first/partial)"
exits 0 'and stays without its base' eval 'container rm old && container verify'
# a base that came in another form
device docker allow "oci:$images/docker:v1"
exits 0 'a base of the form of Docker, zstd or plain is as good' by_delta oci:signed:v3
cp -r "$images/docker" docker-form
exits 0 'a delta to the form of Docker' ota delta --from docker-form:v1 --to docker-form:v3
exits 0 'is used' eval 'container rm new && by_delta oci:docker-form:v3'
device budget refuse "$app:v1"
exits 15 'a budget that is less' container pull --budget 20K --name new "$app:v3"
exits 0 'a budget that the delta alone fits' container pull --budget "$(($(moved) / 1024 + 1))K" --name new "$app:v3"

# --- signatures ---
cp -r plain halfway
subject=$(jq -r '.manifests[] | select(.annotations[] == "v3") | .digest[7:]' halfway/index.json)
python3 - signed halfway "$subject" <<'END'
import json, shutil, sys
signed, half, subject = sys.argv[1:]
with open(signed + "/index.json") as f:
    entries = json.load(f)["manifests"]
entry = [e for e in entries if e["annotations"]["org.opencontainers.image.ref.name"] == f"sha256-{subject}.sig"]
with open(half + "/index.json") as f:
    index = json.load(f)
index["manifests"] += entry
with open(half + "/index.json", "w") as f:
    json.dump(index, f)
shutil.copytree(signed + "/blobs", half + "/blobs", dirs_exist_ok=True)
END
device halfway.store refuse oci:signed:v1
exits 0 'a delta that nobody signed is left alone' by_layers oci:halfway:v3
device allowed allow oci:plain:v1
exits 0 'but where nothing needs a signature' by_delta oci:plain:v3

# --- damage ---
# damaged TEXT COMMAND...: the command damages the layout `rotten`, of which v3 is then pulled
damaged() {
  rm -rf rotten && cp -r signed rotten
  "${@:2}"
  exits 0 "$1: the layers come" by_layers oci:rotten:v3
  exits 0 "$1: and all is sound" eval 'container verify -q && container rm new && [ -z "$(ls damage/partial)" ]'
}
device damage refuse oci:signed:v1
rot_delta() { printf 'Z' | dd of="$(blob rotten "$(delta_of rotten)")" bs=1 seek="$1" conv=notrunc status=none; }
damaged 'the end of a delta that rotted' rot_delta 20000
damaged 'the head of one' rot_delta 9
damaged 'a delta that is cut' eval 'truncate -s 5000 "$(blob rotten "$(delta_of rotten)")"'
damaged 'a delta that is gone' eval 'rm "$(blob rotten "$(delta_of rotten)")"'
damaged 'its manifest that is gone' eval 'rm "$(delta_manifest rotten)"'
damaged 'its config that is no JSON' eval 'echo "{" >"$(blob rotten "$(jq -r ".config.digest[7:]" "$(delta_manifest rotten)")")"'

# --- a base that is not what it was ---
base() { echo "$(layers_of old | sed -n "$1p")/$2"; }
# tampered TEXT COMMAND...
tampered() {
  rm -rf base && device base refuse oci:signed:v1
  "${@:2}"
  exits 0 "$1: the layers come" by_layers oci:signed:v3
  exits 14 "$1: verify tells" container verify -q
  exits 0 "$1: repair mends it" container verify -q --repair
  holds "$1: nothing is left" test -z "$(ls base/partial)"
}
tampered 'a base with other bytes' eval 'sed -i "s/line/LINE/" "$(base 2 usr/lib/runtime.so)"'
tampered 'a base with a shorter file' eval 'truncate -s 1000 "$(base 2 usr/lib/runtime.so)"'
tampered 'a base that lacks a file' eval 'rm "$(base 2 usr/lib/runtime.so)"'
tampered 'a base that lacks what was kept' eval 'truncate -s 100 "$(base 2 ../split)"/*'
tampered 'a base with a pipe for a file' eval 'rm "$(base 2 usr/lib/runtime.so)" && mkfifo "$(base 2 usr/lib/runtime.so)"'

# --- others read what we wrote ---
device first refuse
exits 0 'skopeo reads the tag of the registry' skopeo inspect --tls-verify=false "$app:v3" >out
holds 'and the manifest of the store' test "$(skopeo inspect --raw oci:first:new | sha256sum | cut -d' ' -f1)" = "$subject"
holds 'and its config' test "$(skopeo inspect --config --raw oci:first:new)" = "$(skopeo inspect --config --raw oci:signed:v3)"
finish

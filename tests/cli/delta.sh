#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Deltas on the build machine: made, found again, signed, inspected, copied to a registry and back.
# shellcheck disable=SC2119,SC2317
. "$(dirname "$0")/lib.sh"
export HOME=$dir/home # nobody's ~/.docker
unset DOCKER_CONFIG
mkdir home trust
cp "${key%.key}.pub" trust/

# An image of which a small part is new: make_next FILE FROM WORD
make_next() {
  cp "$2" "$1"
  printf 'new in %s' "$3" | dd of="$1" bs=1 seek=100000 conv=notrunc status=none
  seq 1 400 | sed "s/\$/ $3/" | dd of="$1" bs=1 seek=2400000 conv=notrunc status=none
}
make_image v1.img v1
make_next v2.img v1.img v2
make_next v3.img v2.img v3
for v in 1 2 3; do make_release "v$v" "$v.0"; done
cp -r v3 clean # without a delta

list_tag() { echo "sha256-$(manifest_of "$1")"; }
tagged() { jq -r --arg t "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $t) | .digest' "$1/index.json" | cut -d: -f2; }
list_of() { jq -r '.manifests[].digest' "$(blob "$1" "$(tagged "$1" "$(list_tag "$1")")")" | cut -d: -f2; }
deltas() { ota --json inspect --trust trust "oci:$1" && jq -c "$2" out; }
# shows LAYOUT FILTER VALUE: does inspect say so of its deltas?
shows() {
  local got
  got=$(deltas "$1" "$2")
  [ "$got" = "$3" ] || { echo "# $2 is $got instead of $3"; return 1; }
}
# replace_list LAYOUT FILE: it takes the place of the list of what refers to the release
replace_list() {
  local new old
  new=$(sha256sum <"$2" | cut -d' ' -f1) old=$(tagged "$1" "$(list_tag "$1")")
  cp "$2" "$(blob "$1" "$new")"
  jq -c --arg o "sha256:$old" --arg d "sha256:$new" --argjson n "$(stat -c %s "$2")" \
    '(.manifests[] | select(.digest == $o)) += {digest: $d, size: $n}' "$1/index.json" >index
  cp index "$1/index.json"
}
tree_of() { (cd "$1" && find . -type f ! -name lock -exec sha256sum {} + | sort); }

# --- make ---
exits 0 'a delta from v1 to v3' ota delta --from v1 --to v3
holds 'prints the digest of its manifest' grep -qx "sha256:$(list_of v3)" out
holds 'says what it saves' says 'added a delta from 1.0 to 3.0: .* in place of'
holds 'and that it wants to be signed' says 'ota sign'
holds 'the release is the same' test "$(manifest_of v3)" = "$(manifest_of clean)"
m=$(blob v3 "$(list_of v3)")
holds 'its subject is the release' test "$(jq -r .subject.digest "$m")" = "sha256:$(manifest_of v3)"
holds 'it has the type of a delta' test "$(jq -r '.artifactType + " " + .layers[0].mediaType' "$m")" = \
  'application/vnd.ota.delta.v1 application/vnd.ota.delta.v1'
holds 'the list shows its base' test "$(jq -r '.manifests[0].annotations["dev.ota.delta.base"]' \
  "$(blob v3 "$(tagged v3 "$(list_tag v3)")")")" = "$(jq -r '.annotations["dev.ota.delta.base"]' "$m")"
c=$(blob v3 "$(jq -r .config.digest "$m" | cut -d: -f2)")
holds 'its config tells base and target' test "$(jq -r '[.image, .layer, .base.version, .base.size, .base.sha256] | join(" ")' "$c")" = \
  "rootfs $(jq -r '.layers[0].digest' "$(blob v3 "$(manifest_of v3)")") 1.0 $(stat -c %s v1.img) $(sha256sum <v1.img | cut -d' ' -f1)"
holds 'nothing else is left in the layout' test -z "$(find v3 -name '.*' ! -name . -o -name '*.tmp*')"
before=$(tree_of v3)
exits 0 'the same once more' ota delta --from oci:v1:latest --to oci:v3
holds 'says that it is there already' says 'there already'
holds 'and changes nothing' test "$(tree_of v3)" = "$before"
cp -r v1 v1wide && cp v1.img v1wide.img
must ota pack -q --no-reuse --rootfs v1.img --compatible sandbox --version 1.0 --level 1 --phase 50 --frame-size 512K -o v1wide
exits 0 'from the same release in another wave' ota --json delta --from v1wide --to v3
holds 'is the same base' test "$(jq -c '[.already, .from, .to]' out)" = '[true,"1.0","3.0"]'
cp -r clean again
exits 0 'made once more, elsewhere' ota delta --from v1 --to again
holds 'it is the same, byte for byte' test "$(tree_of again)" = "$before"
rm "$(blob again "$(jq -r '.layers[0].digest' "$m" | cut -d: -f2)")"
exits 0 'where its blob is lost' ota delta --from v1 --to again
holds 'it is made anew' test "$(tree_of again)" = "$before"
exits 0 'one from v2, too' ota --json delta --from v2 --to v3
holds 'tells it in numbers' test "$(jq -r '"\(.already) \(.from) \(.to) \(.bytes < .layer_bytes) \(.release)"' out)" = \
  "false 2.0 3.0 true sha256:$(manifest_of v3)"
holds 'the list has both' test "$(list_of v3 | wc -l)" -eq 2

# --- inspect and sign ---
exits 0 'inspect' ota inspect --trust trust oci:v3
holds 'lists them' test "$(grep -c '^delta        from [12].0, .*signatures 0 (no device uses it)' out)" -eq 2
holds 'as JSON, with nobody who signed' shows v3 '[.deltas[] | [.from, .signatures, .signers]]' '[["1.0",0,[]],["2.0",0,[]]]'
exits 0 'sign a release that is signed already' ota sign --key "$key" v3
holds 'says how many deltas were' says 'v3 and 2 deltas'
holds 'which inspect shows' shows v3 '[.deltas[] | [.from, .signers]]' '[["1.0",["key.pub"]],["2.0",["key.pub"]]]'
exits 0 'inspect in words' ota inspect --trust trust oci:v3
holds 'names the signer of each' test "$(grep -c 'signed by  *key.pub' out)" -eq 3
exits 0 'sign once more' ota --json sign --key "$key" v3
holds 'is done already' test "$(jq -c '[.already, .deltas, .signatures]' out)" = '[true,2,1]'
must ota keygen -q other
must ota sign -q --key other.key v3
holds 'a second signer signs all' shows v3 '[.signatures, .deltas[].signatures]' '[2,2,2]'
cp -r v3 damaged
d=$(blob damaged "$(jq -r '.layers[0].digest' "$m" | cut -d: -f2)")
printf X | dd of="$d" bs=1 seek=40 conv=notrunc status=none
exits 14 'inspect finds a damaged delta' ota inspect oci:damaged
holds 'and says that it is the delta' says 'it is sound itself, its delta sha256:.* is not'
cp -r v3 foreign
# a delta of another release, in this one's list
must ota delta -q --from v1 --to v2
f=$(list_of v2) l=$(tagged foreign "$(list_tag foreign)")
cp "$(blob v2 "$f")" "$(blob foreign "$f")"
cp "$(blob v2 "$(jq -r .config.digest "$(blob v2 "$f")" | cut -d: -f2)")" foreign/blobs/sha256/
jq -c --arg d "sha256:$f" --argjson n "$(stat -c %s "$(blob v2 "$f")")" '.manifests[0] += {digest: $d, size: $n}' "$(blob foreign "$l")" >list
replace_list foreign list
exits 14 'a delta of another release is found' ota inspect oci:foreign
exits 14 'and not signed' ota sign --key "$key" foreign

# --- what a device takes of them ---
read -ra libs <<<"$(pkg-config --libs libcrypto libzstd libubootenv jansson)"
must gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -I"$tree/src" -o deltas "$tree/tests/cli/deltas.c" \
  "$tree/build/release/libota.a" "${libs[@]}" -ldl -pthread
base=$(deltas v3 '.deltas[0].base' | tr -d '"') wanted="1.0 $(deltas v3 '.deltas[0].digest' | tr -d '"')"
# finds OUTPUT SOURCE [TRUST [SIGNERS [BASE]]]: a regular expression for all that is printed
finds() {
  ./deltas "$2" "${3:-trust}" "${4:-1}" "${5:-$base}" "${port:+localhost:$port}" >out 2>err
  grep -Ezqx "$1." out
}
mkdir both stranger
cp trust/* other.pub both/
must ota keygen -q stranger/stranger
holds 'the delta from what it runs' finds "$wanted" oci:v3
holds 'signed by two, where that is wanted' finds "$wanted" oci:v3 both 2
holds 'but not by a third' finds 'none.passed over: delta sha256:.*: 2 of 3 signatures .*' oci:v3 both 3
holds 'not one that nobody signed that it trusts' finds 'none.passed over: .* by a key that this device trusts' oci:v3 stranger
holds 'none from what it does not run' finds none oci:v3 trust 1 "sha256:$(printf '%064d' 7)"
holds 'none where there is none' finds none oci:clean
holds 'not one without a signature' finds 'none.passed over: .*: it is not signed' oci:again
must ota sign -q --key "$key" v2
jq -c --slurpfile v2 v2/index.json --arg s "sha256-$f.sig" \
  '.manifests += [$v2[0].manifests[] | select(.annotations[] == $s)]' foreign/index.json >index && cp index foreign/index.json
cp -n v2/blobs/sha256/* foreign/blobs/sha256/
holds 'not one that makes another release' finds 'none.passed over: .* it makes another release' oci:foreign
jq -c '.manifests += [.manifests[0] | .annotations["dev.ota.delta.base"] = "?"]' "$(blob v3 "$(tagged v3 "$(list_tag v3)")")" >list
cp -r v3 bare
jq -c 'del(.manifests[].annotations)' list >list.bare
replace_list bare list.bare
holds 'a list that tells no bases does as well' finds "$wanted" oci:bare
cp -r v3 cut
rm "$(blob cut "$(list_of v3 | head -n 1)")"
holds 'not one whose manifest is lost' finds 'none.passed over: .* is missing from the layout' oci:cut
echo '{}' >list
replace_list cut list
holds 'a list that is none is passed over' finds 'none.passed over: list of deltas: .*' oci:cut

# --- what is refused ---
before=$(tree_of clean)
unchanged() { test "$(tree_of clean)" = "$before"; }
make_image strange.img strange
must ota pack -q --no-reuse --rootfs strange.img --compatible other --version 1.0 --level 1 -o strange
exits 13 'a base for other hardware' ota delta --from strange --to clean
exits 2 'from a release to itself' ota delta --from v3 --to clean
exits 2 'no --to' ota delta --from v1
exits 2 'an argument' ota delta --from v1 --to clean more
exits 11 'a tag that is not there' ota delta --from v1:none --to clean
exits 16 'a layout that is not there' ota delta --from none --to clean
exits 16 'an output that is not there' ota delta --from v1 --to clean -o none
holds 'is not made' test ! -e none
exits 11 'an output that lacks the release' ota delta --from v1 --to clean -o v2
holds 'the hint tells what to do' says 'hint: .*skopeo copy'
cp -r v1 rotten
printf X | dd of="$(layer_of rotten 0)" bs=1 seek=4000 conv=notrunc status=none
exits 14 'a base that is damaged' ota delta --from rotten --to clean
head -c 3000000 /dev/urandom >random.img
must ota pack -q --no-reuse --rootfs random.img --compatible sandbox --version 9.0 --level 1 -o random
exits 3 'a delta that saves nothing' ota delta --from v1 --to random
holds 'says so' says 'saves less than a tenth'
holds 'and is not added' test -z "$(tagged random "$(list_tag random)")"
holds 'not a temporary file is left' test -z "$(find random clean -name '*.??????')"
flock clean/lock sleep 60 &
for _ in $(seq 100); do flock -n clean/lock true || break; sleep 0.05; done
exits 18 'while another run writes there' ota delta --from v1 --to clean
kill $! && wait 2>/dev/null
holds 'none of these changed the release' unchanged

# --- pack --delta-from ---
exits 0 'pack with two bases' ota --json pack --no-reuse --rootfs v3.img --compatible sandbox --version 3.0 --level 1 \
  --frame-size 256K --delta-from v1 --delta-from=oci:v2 -o packed
holds 'tells of both' test "$(jq -c '[.deltas[].from]' out)" = '["1.0","2.0"]'
holds 'the release is the one without' test "$(manifest_of packed)" = "$(manifest_of clean)"
exits 0 'once more' ota pack --no-reuse --rootfs v3.img --compatible sandbox --version 3.0 --level 1 \
  --frame-size 256K --delta-from v1 --delta-from v2 -o packed
holds 'finds both there' test "$(grep -c 'there already' err)" -eq 2
holds 'and prints the release alone' test "$(cat out)" = "sha256:$(manifest_of clean)"
exits 13 'a base that does not fit' ota pack --no-reuse --rootfs v3.img --compatible sandbox --version 3.0 --level 1 \
  --delta-from strange -o unpacked
holds 'is said before anything is packed' test ! -e unpacked
exits 0 'a base that saves nothing' ota pack --no-reuse --rootfs random.img --compatible sandbox --version 9.0 --level 1 \
  --delta-from v1 -o random
holds 'is a warning' says 'warning: .*saves less than a tenth'

# --- a registry and back ---
must "$tree/test-images/registry.sh" start registry 0
port=$(cat registry/port)
source=docker://localhost:$port/acme/gateway
printf '[device]\ncompatible = sandbox\n[slot.a]\ndevice = /a\n[slot.b]\ndevice = /b\n[network]\ninsecure-http = localhost:%s\n' \
  "$port" >ota.conf
plain=(--insecure-http "localhost:$port")
exits 0 'push' ota --json push "${plain[@]}" v3 "$source"
holds 'takes the deltas along' test "$(jq .referrers out)" -eq 2
exits 0 'push once more' ota push "${plain[@]}" v3 "$source"
holds 'is nothing to do' says 'already'
exits 0 'inspect there' ota --config ota.conf --json inspect --trust trust "$source"
holds 'shows them, signed' test "$(jq -c '[.deltas[] | [.from, .signers]]' out)" = '[["1.0",["key.pub"]],["2.0",["key.pub"]]]'
asked() { grep -acE '"GET [^ ]* HTTP' registry/access.log; }
: >registry/access.log
finds none "$source" trust 1 "sha256:$(printf '%064d' 7)"
n=$(asked)
holds 'a device finds the one for it' finds "$wanted" "$source"
holds 'by five requests more than none: manifest, config, and what two have signed' test $(($(asked) - 2 * n)) -eq 5
exits 0 'push with deltas that are not signed' ota push "${plain[@]}" packed "$source:packed"
holds 'warns' says '2 of its deltas are not signed'
copy() { skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false "$@" >/dev/null 2>err; }
exits 0 'skopeo copies the release' copy "$source:latest" oci:back:latest
exits 0 'and its list of deltas' copy "$source:$(list_tag v3)" "oci:back:$(list_tag v3)"
for tag in $(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] | select(endswith(".sig"))' v3/index.json); do
  must copy "$source:$tag" "oci:back:$tag"
done
holds 'from where they come back as they were' shows back '[.signatures, (.deltas[] | [.from, .signatures, .signers])]' \
  '[2,["1.0",2,["key.pub"]],["2.0",2,["key.pub"]]]'
exits 0 'push what came back to another repository' ota push "${plain[@]}" back "docker://localhost:$port/acme/other"
exits 0 'inspect that' ota --config ota.conf --json inspect --trust trust "docker://localhost:$port/acme/other"
holds 'nothing was lost' test "$(jq -c '[.deltas[].from]' out)" = '["1.0","2.0"]'
exits 0 'a delta between two releases of a registry' ota --config ota.conf delta --from v1 --to "$source:packed" -o packed
holds 'goes to the layout that is named' says 'there already'
exits 2 'without a layout' ota --config ota.conf delta --from v1 --to "$source:packed"
holds 'the hint names one' says 'hint: .*-o LAYOUT'

# --- a registry that lists referrers by itself ---
serve said badregistry.py v3
port=$(head -n 1 said)
holds 'a device finds the delta in its list' finds "$wanted" "docker://localhost:$port/lists-all/x"

# --- a web server ---
must "$tree/test-images/nginx.sh" start server v3 http:0
port=$(head -n 1 server/ports)
sed -i "s/^insecure-http.*/insecure-http = localhost:$port/" ota.conf
exits 0 'inspect there' ota --config ota.conf --json inspect --trust trust "http://localhost:$port"
holds 'shows them, signed' test "$(jq -c '[.deltas[] | [.from, .signers]]' out)" = '[["1.0",["key.pub"]],["2.0",["key.pub"]]]'
make_next v4.img v3.img v4
must ota pack -q --no-reuse --rootfs v4.img --compatible sandbox --version 4.0 --level 1 -o v4
holds 'a device finds it' finds "$wanted" "http://localhost:$port"
exits 0 'a base from there' ota --config ota.conf delta --from "http://localhost:$port" --to v4
holds 'gives a delta' says 'added a delta from 3.0 to 4.0'
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Releases that a device must refuse: each with its status, and nothing on the device changed.
# shellcheck disable=SC2016,SC2119
. "$(dirname "$0")/lib.sh"

make_release good 2.0 --epoch 5 --channel stable
make_device
on commit # nothing to do, but from here on there is a store

# --- signature ---
cp -r good unsigned
jq 'del(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] | endswith(".sig")))' good/index.json >unsigned/index.json
refused 12 'no signature' on fetch oci:unsigned
must ota keygen -q stranger
cp -r unsigned foreign
must ota sign -q --key stranger.key foreign
refused 12 "a stranger's signature" on fetch oci:foreign
must ota sign -q --key "$key" foreign
exits 0 "a stranger's beside a known one" on check oci:foreign

# signed_by_hand JQ-FILTER: the signatures' manifest of `hand`, made other by a filter
signed_by_hand() {
  local tag old new
  rm -rf hand && cp -r good hand
  tag=sha256-$(manifest_of good).sig
  old=$(jq -r ".manifests[] | select(.annotations[\"org.opencontainers.image.ref.name\"]==\"$tag\") | .digest" good/index.json | cut -d: -f2)
  jq -c "$1" "$(blob good "$old")" >new
  new=$(sha256sum <new | cut -d' ' -f1)
  cp new "hand/blobs/sha256/$new"
  sed -i "s/$old\",\"size\":[0-9]*/$new\",\"size\":$(stat -c %s new)/" hand/index.json
}
signed_by_hand '.layers=[]'
refused 12 'an empty list of signatures' on fetch oci:hand
signed_by_hand '.layers[0].annotations={}'
refused 12 'a signature that is missing' on fetch oci:hand
signed_by_hand '.layers[0].annotations["dev.cosignproject.cosign/signature"]=""'
refused 12 'a signature that is empty' on fetch oci:hand
signed_by_hand '.layers[0].annotations["dev.cosignproject.cosign/signature"]="AAAA"'
refused 12 'a signature that is too short' on fetch oci:hand
signed_by_hand '.layers=[.layers[0],.layers[0]]'
sed -i 's/^compatible/signers = 2\n&/' device/etc/ota/ota.conf
refused 12 'one signature twice is one signer' on fetch oci:hand
sed -i '/^signers/d' device/etc/ota/ota.conf
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out rsa.key 2>/dev/null
openssl pkey -in rsa.key -pubout -out device/etc/ota/trust.d/rsa.pub
signed_by_hand .
payload=$(blob good "$(jq -r '.layers[0].digest' new | cut -d: -f2)")
# rsa_signature [OPTION...]: of the payload by openssl, as an annotation holds it
rsa_signature() { openssl dgst -sha256 "$@" -sign rsa.key "$payload" | base64 -w0; }
by() { echo "(.layers[0] | .annotations[\"dev.cosignproject.cosign/signature\"]=\"$1\")"; }
v15=$(rsa_signature) pss=$(rsa_signature -sigopt rsa_padding_mode:pss)
short=$(rsa_signature -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:0)
for signature in "$v15" "$pss" "$short"; do
  signed_by_hand ".layers=[$(by "$signature")]"
  exits 0 'a signature of RSA, by either padding' on check oci:hand
done
sed -i 's/^compatible/signers = 2\n&/' device/etc/ota/ota.conf
signed_by_hand ".layers=[$(by "$v15"),$(by "$pss"),$(by "$short")]"
refused 12 'three signatures by one key are one signer' on fetch oci:hand
signed_by_hand ".layers=[.layers[0],$(by "$pss")]"
exits 0 'two keys are two' on check oci:hand
sed -i '/^signers/d' device/etc/ota/ota.conf
signed_by_hand ".layers=[$(by "$(openssl dgst -sha1 -sign rsa.key "$payload" | base64 -w0)")]"
refused 12 'a signature of RSA over SHA-1' on fetch oci:hand
rm device/etc/ota/trust.d/rsa.pub
signed_by_hand '.layers=[range(17) as $i | .layers[0]]'
refused 12 'more signatures than are read' on fetch oci:hand
make_release other 3.0
rm -rf moved && cp -r good moved
cp other/blobs/sha256/* moved/blobs/sha256/
python3 - <<'END'
import json
def tags(p): return {m['annotations']['org.opencontainers.image.ref.name']: m for m in json.load(open(p))['manifests']}
good, other = tags('good/index.json'), tags('other/index.json')
target = 'sha256-' + other['latest']['digest'][7:] + '.sig'
sig = next(v for k, v in good.items() if k.endswith('.sig'))
sig = dict(sig, annotations={'org.opencontainers.image.ref.name': target})
json.dump({'schemaVersion': 2, 'manifests': [other['latest'], sig]}, open('moved/index.json', 'w'))
END
refused 12 "another release's signature" on fetch oci:moved
mv device/etc/ota/trust.d kept && mkdir device/etc/ota/trust.d
refused 12 'an empty trust folder' on fetch oci:good
rmdir device/etc/ota/trust.d
refused 12 'no trust folder' on fetch oci:good
mv kept device/etc/ota/trust.d
echo nonsense >device/etc/ota/trust.d/broken.pub
refused 12 'a key that cannot be read' on fetch oci:good
rm device/etc/ota/trust.d/broken.pub

# --- policy ---
ota pack -q --rootfs good.img --compatible other-board --version 3.0 --level 1 -o board
must ota sign -q --key "$key" board
refused 13 'made for other hardware' on fetch oci:board
make_release expired 3.0 --expires 2020-01-01
refused 12 'expired' on fetch oci:expired
make_release current 3.0 --expires 2100-01-01
exits 0 'not expired yet' on check oci:current
sed -i 's/^compatible/channel = stable\n&/' device/etc/ota/ota.conf
refused 12 'another channel' on fetch oci:current
sed -i '/^channel/d' device/etc/ota/ota.conf
fw_setenv -c device/etc/fw_env.config ota_epoch 6
refused 12 'an epoch below the one in the environment' on fetch oci:good
fw_setenv -c device/etc/fw_env.config ota_epoch 5
exits 0 'the same epoch' on check oci:good
make_release none 3.0 --epoch 5 --phase 0
refused 3 'a wave that has not begun' on fetch oci:none
make_release some 3.0 --epoch 5 --phase 50
yes=0
for i in $(seq 30); do
  sed -i "/^id/d; s/^compatible/id = device-$i\n&/" device/etc/ota/ota.conf
  on check oci:some && yes=$((yes + 1))
done
holds "a wave of half the devices has some and not all ($yes of 30)" test $yes -gt 3 -a $yes -lt 27
sed -i '/^id/d' device/etc/ota/ota.conf

# --- a flipped bit in what helps reuse: an update can do without, inspect tells ---
reuse=-q make_release helpful 1.0
layers=$(jq -r '.layers[] | select(.mediaType | contains(".reuse.")) | .digest' \
  "helpful/blobs/sha256/$(manifest_of helpful)" | cut -d: -f2)
holds 'the release has layers for reuse' test "$(wc -w <<<"$layers")" -eq 2
for blob in $layers; do
  rm -rf flipped && cp -r helpful flipped
  printf 'x' | dd of="flipped/blobs/sha256/$blob" bs=1 seek=20 conv=notrunc status=none
  exits 14 'inspect finds a damaged layer for reuse' ota inspect oci:flipped
done

# --- a flipped bit in every file of the release, one at a time (nothing of oci-layout is read) ---
for file in $(cd good && find . -type f ! -name lock ! -name oci-layout); do
  rm -rf flipped && cp -r good flipped
  size=$(stat -c %s "flipped/$file")
  python3 - "flipped/$file" $((size / 2)) <<'END'
import sys
with open(sys.argv[1], 'r+b') as f:
    f.seek(int(sys.argv[2])); b = f.read(1)[0]
    f.seek(int(sys.argv[2])); f.write(bytes([b ^ 4]))
END
  before=$(fingerprint)
  on fetch oci:flipped
  status=$?
  case $status in
    11 | 12 | 13 | 14) result=0 ;;
    *) result=1 ;;
  esac
  [ "$(fingerprint)" = "$before" ] || result=1
  report $result "a flipped bit in ${file:0:24} gives $status"
done

# --- files that are not what they should be ---
broken() {
  rm -rf broken && cp -r good broken
}
layer=$(basename "$(layer_of good 0)") index=$(basename "$(layer_of good 1)") manifest=$(manifest_of good)
broken && truncate -s -1 "broken/blobs/sha256/$layer"
refused 14 'a truncated layer' on fetch oci:broken
broken && echo x >>"broken/blobs/sha256/$layer"
refused 14 'garbage behind the layer' on fetch oci:broken
broken && rm "broken/blobs/sha256/$layer"
refused 14 'a layer that is missing' on fetch oci:broken
broken && rm "broken/blobs/sha256/$index"
rm -rf device/var && on commit # the store has it else
refused 14 'an index that is missing' on fetch oci:broken
broken && mv "broken/blobs/sha256/$manifest" away && ln -s "$dir/away" "broken/blobs/sha256/$manifest"
refused 14 'a symlink where a file is expected' on fetch oci:broken
broken && rm "broken/blobs/sha256/$manifest" && mkfifo "broken/blobs/sha256/$manifest"
refused 14 'a fifo where a file is expected' on fetch oci:broken
broken && truncate -s 1G broken/index.json
refused 14 'a gigabyte of JSON' on fetch oci:broken
broken && echo '<html>log in here</html>' >broken/index.json
refused 14 'an HTML page' on fetch oci:broken
broken && sed -i 's/"schemaVersion":2/&,&/' broken/index.json
refused 14 'a doubled key' on fetch oci:broken
broken && { printf '{"manifests":'; head -c 10000 /dev/zero | tr '\0' '['; } >broken/index.json
refused 14 'deep nesting' on fetch oci:broken
broken && sed -i 's/"size":[0-9]*/"size":-1/' broken/index.json
refused 14 'a negative size' on fetch oci:broken
broken && sed -i 's/"size":[0-9]*/"size":9223372036854775808/' broken/index.json
refused 14 'a size of 2^63' on fetch oci:broken
broken && sed -i 's/"size":[0-9]*/"size":9223372036854775807/' broken/index.json
refused 14 'a size that cannot be' on fetch oci:broken
broken && sed -i 's/"size":[0-9]*/"size":"7"/' broken/index.json
refused 14 'a size of the wrong type' on fetch oci:broken
refused 11 'a tag that is not there' on fetch oci:good:other
refused 16 'a folder that is not there' on fetch oci:nowhere
refused 2 'no source at all' on fetch nonsense

# --- signed, and hostile all the same: layer and index of our own making ---
for case in sound overlap hole outside sums cells window expand unsized zeros garbage hash recoded phase; do
  FORGE=$case must python3 "$tree/tests/cli/forge.py" "forged-$case"
  must ota sign -q --key "$key" "forged-$case"
  if [ $case = sound ]; then
    exits 0 'a release by other tools' on check oci:forged-sound
    exits 0 'is inspected' ota inspect oci:forged-sound
    continue
  fi
  refused 14 "a signed index or layer with a fault: $case" on fetch oci:forged-$case
  # straight into the slot it is the cells that count, and these are as the signed index says
  case $case in zeros | recoded) continue ;; esac
  exits 14 "and straight into the slot: $case" on write --slot b oci:forged-$case
  holds 'which then does not boot' bash -c "! '$OTA' --root device bootswap 2>/dev/null"
done
finish

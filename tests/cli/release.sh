#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Making releases: what pack, sign, keygen and inspect promise, with other people's tools as judges.
# shellcheck disable=SC2016,SC2119
. "$(dirname "$0")/lib.sh"
quick=$OTA

make_release v1 1.0
layer=$(layer_of v1 0)
holds 'zstd gives the image back' bash -c "zstd -dcq '$layer' | cmp - v1.img"
holds 'every blob is what its name says' bash -c 'cd v1/blobs/sha256 && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet'
for again in once twice; do
  SOURCE_DATE_EPOCH='' ota pack -q --rootfs v1.img --compatible sandbox --version 1.0 --level 1 --frame-size 256K -o $again
done
holds 'the same input gives the same bytes' test "$(manifest_of once)" = "$(manifest_of twice)"
holds 'nothing is created without SOURCE_DATE_EPOCH' bash -c '! grep -rq created v1/blobs'
SOURCE_DATE_EPOCH=1700000000 ota pack -q --rootfs v1.img --compatible sandbox --version 1.0 --level 1 -o dated
exits 0 'inspect a dated release' ota inspect oci:dated
holds 'created is SOURCE_DATE_EPOCH' grep -q '^created *2023-11-14T22:13:20Z' out
truncate -s 64M sparse && printf end | dd of=sparse bs=1 seek=50000000 conv=notrunc status=none
must ota pack -q --rootfs sparse --compatible sandbox --version 1.0 --level 1 -o sparse.oci
holds 'runs of zeros cost nothing' test "$(stat -c %s "$(layer_of sparse.oci 0)")" -lt 8192
holds 'and zstd gives them back' bash -c "zstd -dcq '$(layer_of sparse.oci 0)' | cmp - sparse"
for fs in squashfs erofs ext4; do
  mkdir -p tree && seq 1 20000 >tree/numbers
  case $fs in
    squashfs) mksquashfs tree "$fs.img" -quiet -no-progress >/dev/null 2>&1 ;;
    erofs) mkfs.erofs "$fs.img" tree >/dev/null 2>&1 ;;
    ext4) truncate -s 8M "$fs.img" && mkfs.ext4 -q -d tree "$fs.img" ;;
  esac
  must ota pack -q --rootfs "$fs.img" --compatible sandbox --version 1 --level 1 -o "$fs"
  holds "$fs comes back" bash -c "zstd -dcq '$(layer_of "$fs" 0)' | cmp - $fs.img"
done

# --- refused ---
: >empty
exits 2 'an empty image' ota pack --rootfs empty --compatible sandbox --version 1 -o x
exits 16 'an image that is missing' ota pack --rootfs nowhere --compatible sandbox --version 1 -o x
exits 2 'a version with a blank' ota pack --rootfs v1.img --compatible sandbox --version '1 0' -o x
exits 2 'a phase of 101 percent' ota pack --rootfs v1.img --compatible sandbox --version 1 --phase 101 -o x
exits 2 'an epoch past the top' ota pack --rootfs v1.img --compatible sandbox --version 1 --epoch 9223372036854775808 -o x
SOURCE_DATE_EPOCH=1700000000 exits 2 'a date before its own creation' ota pack --rootfs v1.img --compatible sandbox --version 1 --expires 2023-11-14 -o x
exits 16 'a folder of boot files that is missing' ota pack --rootfs v1.img --boot nowhere --compatible sandbox --version 1 -o x
mkdir empty.d
exits 2 'a folder of boot files that is empty' ota pack --rootfs v1.img --boot empty.d --compatible sandbox --version 1 -o x
exits 2 'a date that is none' ota pack --rootfs v1.img --compatible sandbox --version 1 --expires soon -o x
exits 2 'a frame size between the powers of two' ota pack --rootfs v1.img --compatible sandbox --version 1 --frame-size 300K -o x
exits 2 'keygen does not overwrite' ota keygen "$dir/key"
holds 'the private key is private' test "$(stat -c %a "$key")" = 600
exits 11 'sign a tag that is missing' ota sign --key "$key" v1:other
exits 16 'sign a folder that is missing' ota sign --key "$key" nowhere
exits 20 'sign with a public key' ota sign --key "${key%.key}.pub" v1
flock v1/lock sleep 2 &
sleep 0.3
exits 18 'two runs on one layout' ota sign --key "$key" v1
wait

# --- signatures ---
exits 0 'signing again changes nothing' ota sign --key "$key" v1
holds 'and says so' says already
openssl genpkey -algorithm ed25519 -out ed.key 2>/dev/null
openssl pkey -in ed.key -pubout -out ed.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.key 2>/dev/null
openssl pkey -in ec.key -pubout -out ec.pub
exits 0 "a key of openssl's, Ed25519" ota sign --key ed.key v1
exits 0 "a key of openssl's, P-256" ota sign --key ec.key v1
mkdir trust && cp ed.pub ec.pub "${key%.key}.pub" trust/
exits 0 'inspect names the signers' ota --json inspect --trust trust oci:v1
holds 'all three' test "$(jq -c .signers out)" = '["ec.pub","ed.pub","key.pub"]'

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out rsa.key 2>/dev/null
openssl pkey -in rsa.key -pubout -out rsa.pub
exits 0 "a key of openssl's, RSA of 3072 bits" ota sign --key rsa.key v1
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out weak.key 2>/dev/null
exits 20 'RSA of 2048 bits is too weak' ota sign --key weak.key v1

# payload_and_signature NUMBER: the files `payload` and `sig` of that signature
payload_and_signature() {
  local tag manifest
  tag=sha256-$(manifest_of v1).sig
  manifest=$(jq -r ".manifests[] | select(.annotations[\"org.opencontainers.image.ref.name\"]==\"$tag\") | .digest" v1/index.json | cut -d: -f2)
  cp "$(blob v1 "$(jq -r ".layers[$1].digest" "$(blob v1 "$manifest")" | cut -d: -f2)")" payload
  jq -r ".layers[$1].annotations[\"dev.cosignproject.cosign/signature\"]" "$(blob v1 "$manifest")" | base64 -d >sig
}
payload_and_signature 0
holds 'openssl alone verifies an Ed25519 signature' openssl pkeyutl -verify -pubin -inkey "${key%.key}.pub" -rawin -in payload -sigfile sig
holds 'which names the manifest' test "$(jq -r '.critical.image["docker-manifest-digest"]' payload)" = "sha256:$(manifest_of v1)"
payload_and_signature 2
holds 'openssl alone verifies a P-256 signature' openssl dgst -sha256 -verify ec.pub -signature sig payload

payload_and_signature 3
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:3072 -out pss.key 2>/dev/null
openssl pkey -in pss.key -pubout -out pss.pub
exits 0 "a key of openssl's, bound to PSS" ota sign --key pss.key v1
cp pss.pub trust/
exits 0 'whose signature counts' ota --json inspect --trust trust oci:v1
holds 'by its name' test "$(jq -c '.signers | index("pss.pub") != null' out)" = true
holds 'openssl alone verifies an RSA signature' openssl dgst -sha256 -verify rsa.pub -signature sig payload
payload_and_signature 4
holds 'and one of PSS' openssl dgst -sha256 -sigopt rsa_padding_mode:pss -verify pss.pub -signature sig payload

# --- who must have signed ---
make_device
exits 0 'one signer is enough' on check oci:v1
sed -i 's/^compatible/signers = 2\n&/' device/etc/ota/ota.conf
refused 12 'two signers are needed, one is known' on check oci:v1
cp "${key%.key}.pub" device/etc/ota/trust.d/again.pub
refused 12 'one key under two names is one signer' on check oci:v1
cp ec.pub device/etc/ota/trust.d/
exits 0 'two signers' on check oci:v1
finish

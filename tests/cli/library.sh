#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# The library as it is installed: found by pkg-config, whole in its headers, and docs/fetch-and-write.c
# does with it what it says.
. "$(dirname "$0")/lib.sh"

must make -s -C "$tree" MODE=release install DESTDIR="$dir/root" >/dev/null
export PKG_CONFIG_PATH=$dir/root/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dir/root
read -ra cflags <<<"$(pkg-config --cflags libota)"
read -ra libs <<<"$(pkg-config --static --libs libota)"
strict=(gcc -Wall -Wextra -Werror "${cflags[@]}")

holds 'pkg-config knows the version' test "ota $(pkg-config --modversion libota)" = "$("$OTA" --version)"
lonely() {
  local header
  for header in $(cd root/usr/local/include/ota && find . -name '*.h'); do
    echo "#include \"$header\"" | "${strict[@]}" -fsyntax-only -x c - || { echo "# $header"; return 1; }
  done
}
holds 'what is installed includes nothing else' lonely
holds 'the example has 30 lines at most' test "$(wc -l <"$tree/docs/fetch-and-write.c")" -le 30
must "${strict[@]}" -o fetch-and-write "$tree/docs/fetch-and-write.c" "${libs[@]}"
holds 'neither libcurl nor libcrypto is linked' bash -c '! ldd fetch-and-write | grep -E "curl|crypto"'

make_image v1.img v1
must ota pack -q --rootfs v1.img --compatible acme-gateway-1 --version 1.0 --level 1 --frame-size 256K -o v1
example() { (cd device && "$dir/fetch-and-write" "$1") >said 2>err; }
make_device --compatible acme-gateway-1
mkdir -p device/dev/disk/by-partlabel
for slot in a b; do ln -s "../../../slots/$slot.img" "device/dev/disk/by-partlabel/rootfs_$slot"; done
on commit # settles what a new device has not noted
refused 12 'the example takes nothing unsigned' example "oci:$dir/v1"
must ota sign -q --key "$key" v1
exits 0 'the example brings a release' example "oci:$dir/v1"
holds 'the slot holds the image' slot_holds b v1
holds 'proved' is .slots.b.state proved
holds 'progress was called' grep -Eqx '[1-9][0-9]* bytes' said
holds 'nothing else was printed' test "$(grep -vcE '^[0-9]+ bytes$|^slot b: 1\.0$' said)" -eq 0
holds 'nor on stderr' test ! -s err
exits 0 'and once more: it stands already' example "oci:$dir/v1"
finish

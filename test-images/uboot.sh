#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A U-Boot like a product's, that keeps its environment in two copies and counts boots by itself, of
# Debian's source package:
#   OUT/u-boot.bin            for QEMU's arm64 board with an SD card
#   OUT/u-boot-initial-env    what it has compiled in
#   uboot.sh OUT
# This machine's apt hears of no source packages: it gets lists, a status file and a cache of its own
# below OUT, and the same mirrors. What is made is kept until the recipe changes.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: ${0##*/} OUT" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
mkdir -p "$1"
cd "$1"
out=$PWD

recipe=$(cat "$here/uboot.sh" "$here"/uboot/* | sha256sum)
[ "$(cat recipe 2>/dev/null)" != "$recipe" ] || exit 0
rm -rf recipe apt source log
mkdir -p apt/{lists,cache/archives}/partial apt/sources source

for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$list" >"apt/sources/${list##*/}"
done
: >apt/status
cat >apt/conf <<CONF
APT::Sandbox::User "";
APT::Update::Post-Invoke "";
APT::Update::Post-Invoke-Success "";
Dir::State::status "$out/apt/status";
Dir::State::Lists "$out/apt/lists";
Dir::Cache "$out/apt/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$out/apt/sources";
CONF
# APT_CONFIG is read before the machine's own files, and these would win: -c comes last
apt() { apt-get -qq -c "$out/apt/conf" "$@" </dev/null >/dev/null; }

echo "Building U-Boot" >&2
cd source
apt update
apt source u-boot
cd u-boot-*/
cp "$here/uboot/environment" ota.env
# what the make that calls this was told is not for U-Boot's; PCI comes up before the environment is
# read, since the card hangs on it
build() {
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL SOURCE_DATE_EPOCH=1680000000 make -s -j "$(nproc)" \
    CROSS_COMPILE=aarch64-linux-gnu- KCPPFLAGS=-DCONFIG_SYS_EARLY_PCI_INIT "$@" >"$out/log" 2>&1 ||
    { cat "$out/log" >&2 && exit 1; }
}
build qemu_arm64_defconfig
cat "$here/uboot/config" >>.config
build olddefconfig
while read -r line; do
  grep -qxF "$line" .config || { echo "${0##*/}: U-Boot does not take $line" >&2; exit 1; }
done < <(grep -E '^(CONFIG|# CONFIG)_' "$here/uboot/config")
build u-boot.bin u-boot-initial-env
cp u-boot.bin u-boot-initial-env "$out"
cd "$out"
rm -rf source apt log
echo "$recipe" >recipe

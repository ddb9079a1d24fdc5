#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make bench` updates between: the root file systems of a real device, some 250 packages and
# 370 MB, as images in OUT_DIR, each as .ext4 (512 MiB), .squashfs, .erofs and .erofs-lz4:
#   v1  the release pocket alone
#   v2  with its updates and security updates
# packages.v1 and packages.v2 tell what is in them. Images are kept until this recipe changes.
#   corpus.sh OUT_DIR
set -eu

[ $# -eq 1 ] || { echo "usage: ${0##*/} OUT_DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shared=${0%/*}/debian.sh
recipe=$(cat "$0" "$shared" | sha256sum)
[ "$(cat "$out/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

# shellcheck source=test-images/debian.sh
. "$shared"

packages=systemd-sysv,systemd-timesyncd,dbus,udev,kmod,openssl,curl,ca-certificates,wget
packages=$packages,openssh-server,network-manager,nginx,python3,python3-requests,python3-yaml,sudo,rsync
packages=$packages,iproute2,iputils-ping,iptables,nftables,tcpdump,ethtool,iw,wpasupplicant,bluez
packages=$packages,modemmanager,mosquitto,sqlite3,jq,vim-tiny,less,strace,htop,logrotate,cron,rsyslog
packages=$packages,e2fsprogs,dosfstools,parted,usbutils,pciutils,i2c-tools,can-utils,libubootenv-tool

# image VERSION NAME: the tar of VERSION as all the file systems
image() {
  unpack "$1"
  dpkg-query --admindir="$scratch/tree/var/lib/dpkg" -W >"$out/packages.$2"
  make_ext4 "$out/$2.ext4"
  as_root mkfs.erofs -T "$SOURCE_DATE_EPOCH" -U "$uuid" "$out/$2.erofs" "$scratch/tree" >/dev/null
  as_root mkfs.erofs -T "$SOURCE_DATE_EPOCH" -U "$uuid" -z lz4hc "$out/$2.erofs-lz4" \
    "$scratch/tree" >/dev/null
  as_root mksquashfs "$scratch/tree" "$out/$2.squashfs" -noappend -quiet -no-progress >/dev/null
}

bootstrap_both "$packages"
image 1.0 v1
image 2.0 v2
echo "$recipe" >"$out/recipe"

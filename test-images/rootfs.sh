#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian root file systems to update between, as ext4 images in OUT_DIR:
# with Debian's kernel in /boot, and nothing else of the kernel's package:
#   v1.ext4  the release pocket alone
#   v2.ext4  with its updates and security updates
#   v3.ext4  v2 again, but broken: its self-test finds /etc/demo-broken
# Images are kept until this recipe changes.
#   rootfs.sh OUT_DIR
set -eu

[ $# -eq 1 ] || { echo "usage: ${0##*/} OUT_DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shared=${0%/*}/debian.sh
recipe=$(cat "$0" "$shared" | sha256sum)
[ "$(cat "$out/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

# shellcheck source=test-images/debian.sh
. "$shared"

# What mmdebstrap runs with the root folder: the boot files of the newest kernel that its sources have
kernel_hook() {
  cat <<'END'
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends "linux-image-cloud-$(dpkg --print-architecture)" | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
cd "$1/tmp"
apt-get download -qq -o APT::Sandbox::User= "$kernel"
dpkg-deb --fsys-tarfile "$kernel"_*.deb | tar --no-same-owner -xf - -C "$1" ./boot
rm -f "$kernel"_*.deb "$1"/boot/System.map-*
mv "$1"/boot/vmlinuz-* "$1/boot/vmlinuz"
mv "$1"/boot/config-* "$1/boot/config"
END
}

# image VERSION NAME: the tar of VERSION as the file system NAME.ext4
image() {
  unpack "$1"
  make_ext4 "$out/$2.ext4"
}

# The broken release is made in place: a second bootstrap would differ in nothing else.
break_image() {
  echo 'VERSION_ID=3.0' >"$scratch/release"
  echo 'this release does not work' >"$scratch/demo-broken"
  cp --sparse=always "$out/v2.ext4" "$out/v3.ext4"
  printf '%s\n' "set_current_time @$SOURCE_DATE_EPOCH" 'rm /usr/lib/ota/release' \
    "write $scratch/release /usr/lib/ota/release" "write $scratch/demo-broken /etc/demo-broken" |
    debugfs -w -f - "$out/v3.ext4" >/dev/null 2>&1
  fix_times "$out/v3.ext4"
}

{ echo '#!/bin/sh'; kernel_hook; } >"$scratch/kernel"
chmod 755 "$scratch" "$scratch/kernel"
bootstrap_both systemd-sysv,openssl,curl,ca-certificates --customize-hook="$scratch/kernel"
image 1.0 v1
image 2.0 v2
break_image
echo "$recipe" >"$out/recipe"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian root file systems to update between, as ext4 images in OUT_DIR:
# with Debian's kernel in /boot, and nothing else of the kernel's package:
#   v1.ext4  the release pocket alone
#   v2.ext4  with its updates and security updates
#   v3.ext4  v2 again, but broken: its self-test finds /etc/demo-broken
# The mirrors are those of this machine's apt. Images are kept until this recipe changes. The same
# packages give the same bytes (on one machine: its file system decides the order inside a folder).
#   rootfs.sh OUT_DIR
set -eu

[ $# -eq 1 ] || { echo "usage: ${0##*/} OUT_DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
recipe=$(sha256sum <"$0")
[ "$(cat "$out/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

# shellcheck source=/dev/null
. /etc/os-release
codename=$VERSION_CODENAME
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Older than the release's packages, so that every time inside an image is this one.
export SOURCE_DATE_EPOCH=1680000000 E2FSPROGS_FAKE_TIME=1680000000
export LC_ALL=C.UTF-8 TZ=UTC MKE2FS_CONFIG=/dev/null PATH="$PATH:/usr/sbin:/sbin"
scratch=$(mktemp -d)
first=
trap '[ -z "$first" ] || kill "$first"; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# Every package index that apt knows: "CODENAME ORIGIN COMPONENT|deb line".
# shellcheck disable=SC2016 # apt fills these in
indexes() {
  apt-get indextargets "$@" 'Created-By: Packages' --format \
    '$(CODENAME) $(ORIGIN) $(COMPONENT)|deb [signed-by=@] $(REPO_URI) $(RELEASE) $(COMPONENT)' |
    sed "s|@|$keyring|" | sort -u
}

# apt knows an archive's origin only once it has its lists; a fresh machine has none, so they are
# fetched into a folder of ours, which needs no root.
find_archive() {
  indexes >"$scratch/indexes"
  grep -q "^$codename Debian main|" "$scratch/indexes" && return
  mkdir -p "$scratch/lists/partial"
  set -- -o Dir::State::Lists="$scratch/lists" -o APT::Sandbox::User= -o APT::Update::Post-Invoke=
  apt-get update -qq "$@" >&2
  indexes "$@" >"$scratch/indexes"
}

# sources POCKET...: the deb lines of these pockets of the Debian archive
sources() {
  for pocket; do
    line=$(grep "^$codename$pocket Debian main|" "$scratch/indexes") || {
      echo "apt has no source for Debian's $codename$pocket: add one below /etc/apt" >&2
      return 1
    }
    echo "${line#*|}"
  done
}

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

# bootstrap VERSION < deb lines: a tar of the root file system; nothing of this machine gets in
# but the way that its apt reaches the network.
bootstrap() {
  apt-config dump --no-empty --format '%F "%v";%n' Acquire |
    grep -E '^Acquire::(https?::|Check-|ForceIPv|Retries)' >"$scratch/$1.apt" || :
  # shellcheck disable=SC2016 # mmdebstrap's shell fills these in
  mmdebstrap --quiet --variant=minbase --format=tar --aptopt="$scratch/$1.apt" \
    --include=systemd-sysv,openssl,curl,ca-certificates \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='echo demo >"$1/etc/hostname"; : >"$1/etc/resolv.conf"; rm -f "$1"/etc/*-' \
    --customize-hook="$scratch/kernel" \
    --customize-hook='mkdir -p "$1/usr/lib/ota"; echo "VERSION_ID='"$1"'" >"$1/usr/lib/ota/release"' \
    "$codename" "$scratch/$1.tar" -
}

# The times of change, access and birth are mkfs's own: set them where it leaves the clock's.
fix_times() {
  dumpe2fs -h "$1" 2>/dev/null |
    awk -F: -v now="@$SOURCE_DATE_EPOCH" '
      $1 == "Inode count" { last = $2 }
      $1 == "Free inodes" { last -= $2 }
      END {
        print "set_current_time " now
        for (i = 2; i <= last; i = i == 2 ? 11 : i + 1)
          for (n = split("ctime atime crtime", field, " "); n; n--) {
            print "sif <" i "> " field[n] " " now
            print "sif <" i "> " field[n] "_extra 0"
          }
      }' | debugfs -w -f - "$1" >/dev/null 2>&1
}

# Root's eyes are needed for owners and device nodes; fakeroot lends them to anyone else.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    fakeroot -i "$scratch/owners" -s "$scratch/owners" "$@"
  fi
}

# image VERSION NAME: the tar of VERSION as the file system NAME.ext4
image() {
  mkdir "$scratch/tree"
  : >"$scratch/owners"
  as_root tar --numeric-owner -C "$scratch/tree" -xpf "$scratch/$1.tar"
  rm -f "$out/$2.ext4"
  truncate -s 512M "$out/$2.ext4"
  as_root mke2fs -q -b 4096 -I 256 -N 32768 -m 0 \
    -O none,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize \
    -O metadata_csum,64bit,filetype,ext_attr,dir_index -L rootfs -d "$scratch/tree" \
    -U 6f746100-0000-4000-8000-000000000001 \
    -E nodiscard,lazy_itable_init=0,hash_seed=6f746100-0000-4000-8000-000000000002 \
    "$out/$2.ext4"
  fix_times "$out/$2.ext4"
  rm -rf "$scratch/tree" "$scratch/$1.tar"
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

if [ "$(id -u)" -ne 0 ] && ! unshare -Ur true 2>/dev/null; then
  echo "${0##*/}: a file system is made as root, or where user namespaces are allowed" >&2
  exit 1
fi
find_archive
sources '' >"$scratch/1.0.list"
sources '' -updates -security >"$scratch/2.0.list"
{ echo '#!/bin/sh'; kernel_hook; } >"$scratch/kernel"
chmod 755 "$scratch" "$scratch/kernel"
echo "Bootstrapping Debian $codename twice; this takes about a minute." >&2
bootstrap 1.0 <"$scratch/1.0.list" &
first=$!
bootstrap 2.0 <"$scratch/2.0.list"
wait "$first"
first=
image 1.0 v1
image 2.0 v2
break_image
echo "$recipe" >"$out/recipe"

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the recipes of Debian images share: two bootstraps, of the release pocket alone and with its
# updates, and file systems made of them. Sourced, under `set -eu`; $scratch is gone at the end.
# The mirrors are those of this machine's apt. The same packages give the same bytes (on one
# machine: its file system decides the order inside a folder).

# shellcheck source=/dev/null
. /etc/os-release
codename=$VERSION_CODENAME
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Older than the release's packages, so that every time inside an image is this one.
export SOURCE_DATE_EPOCH=1680000000 E2FSPROGS_FAKE_TIME=1680000000
export LC_ALL=C.UTF-8 TZ=UTC MKE2FS_CONFIG=/dev/null PATH="$PATH:/usr/sbin:/sbin"
uuid=6f746100-0000-4000-8000-000000000001
scratch=$(mktemp -d)
first=
trap '[ -z "$first" ] || kill "$first" 2>/dev/null || :; rm -rf "$scratch"' EXIT
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

# bootstrap VERSION PACKAGES [OPTION...] < deb lines: $scratch/VERSION.tar, the root file system;
# nothing of this machine gets in but the way that its apt reaches the network.
bootstrap() {
  version=$1 packages=$2
  shift 2
  apt-config dump --no-empty --format '%F "%v";%n' Acquire |
    grep -E '^Acquire::(https?::|Check-|ForceIPv|Retries)' >"$scratch/$version.apt" || :
  # shellcheck disable=SC2016 # mmdebstrap's shell fills these in
  mmdebstrap --quiet --variant=minbase --format=tar --aptopt="$scratch/$version.apt" \
    --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='echo demo >"$1/etc/hostname"; : >"$1/etc/resolv.conf"; rm -f "$1"/etc/*-' \
    "$@" \
    --customize-hook='mkdir -p "$1/usr/lib/ota"; echo "VERSION_ID='"$version"'" >"$1/usr/lib/ota/release"' \
    "$codename" "$scratch/$version.tar" -
}

# bootstrap_both PACKAGES [OPTION...]: 1.0.tar and 2.0.tar in $scratch
bootstrap_both() {
  if [ "$(id -u)" -ne 0 ] && ! unshare -Ur true 2>/dev/null; then
    echo "${0##*/}: a file system is made as root, or where user namespaces are allowed" >&2
    exit 1
  fi
  find_archive
  sources '' >"$scratch/1.0.list"
  sources '' -updates -security >"$scratch/2.0.list"
  echo "Bootstrapping Debian $codename twice; this takes a minute or two." >&2
  bootstrap 1.0 "$@" <"$scratch/1.0.list" &
  first=$!
  bootstrap 2.0 "$@" <"$scratch/2.0.list"
  wait "$first"
  first=
}

# Root's eyes are needed for owners and device nodes; fakeroot lends them to anyone else.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    fakeroot -i "$scratch/owners" -s "$scratch/owners" "$@"
  fi
}

# unpack VERSION: its tar as the folder $scratch/tree, in place of what was there
unpack() {
  rm -rf "$scratch/tree"
  mkdir "$scratch/tree"
  : >"$scratch/owners"
  as_root tar --numeric-owner -C "$scratch/tree" -xpf "$scratch/$1.tar"
  rm "$scratch/$1.tar"
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

# make_ext4 FILE: 512 MiB of it with what `unpack` left
make_ext4() {
  rm -f "$1"
  truncate -s 512M "$1"
  as_root mke2fs -q -b 4096 -I 256 -N 32768 -m 0 \
    -O none,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize \
    -O metadata_csum,64bit,filetype,ext_attr,dir_index -L rootfs -d "$scratch/tree" \
    -U "$uuid" -E nodiscard,lazy_itable_init=0,hash_seed=6f746100-0000-4000-8000-000000000002 "$1"
  fix_times "$1"
}

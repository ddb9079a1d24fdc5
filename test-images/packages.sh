#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian packages that this project needs, and their only list:
#   packages.sh SET...     build, check, demo, air, board, uboot, bench
# installs those of the set that are missing when run by root; anyone else gets the line to type.
#   packages.sh --list sysroot|guest
# prints what a build for another machine, or the board's own root file system, has of that machine's
# packages; they are unpacked somewhere, and never installed.
set -eu

libraries='libcurl4-openssl-dev libssl-dev libzstd-dev libubootenv-dev libjansson-dev libinih-dev libarchive-dev libyaml-dev zlib1g-dev'
sysroot="libc6-dev $libraries"
guest='busybox-static libcurl4 libssl3 libzstd1 libubootenv0.1 libjansson4 libinih1 libubootenv-tool
  dosfstools linux-image-arm64'
build="gcc make pkg-config $libraries"
board="$build gcc-aarch64-linux-gnu qemu-system-arm u-boot-qemu u-boot-tools libubootenv-tool cpio kmod
  e2fsprogs fdisk dosfstools mtools nginx-light openssl jq python3"
uboot='gcc make bison flex bc xxd libssl-dev dpkg-dev gcc-aarch64-linux-gnu'
air='gcc openssl runc'
demo="$air mmdebstrap uidmap fakeroot e2fsprogs nginx-light libubootenv-tool openssl zstd fdisk dosfstools
  mtools libdivsufsort3"
check="$build clang libclang-rt-14-dev clang-format libcmocka-dev shellcheck openssl zstd curl
  nginx-light docker-registry skopeo umoci libubootenv-tool u-boot-tools e2fsprogs squashfs-tools erofs-utils fdisk dosfstools
  mtools strace libdivsufsort3 btrfs-progs
  attr libcap2-bin busybox-static universal-ctags mandoc jq python3 bash zsh fish bash-completion systemd
  runc crun iproute2"

# what `make bench` measures beside ota; a way whose package is not to be had is told so in its table
bench="$build $demo rauc rauc-service swupdate casync zchunk xdelta3 rdiff bsdiff bmap-tools time curl jq
  python3 erofs-utils squashfs-tools cpio dbus umoci skopeo docker-registry podman runc crun containerd
  docker.io"

wanted=
for set in "${@:-none}"; do
  case $set in
    build) wanted="$wanted $build" ;;
    check) wanted="$wanted $check" ;;
    demo) wanted="$wanted $demo" ;;
    air) wanted="$wanted $air" ;;
    board) wanted="$wanted $board" ;;
    uboot) wanted="$wanted $uboot" ;;
    bench) wanted="$wanted $bench" ;;
    --list)
      case ${2-} in
        sysroot) echo "$sysroot" && exit ;;
        guest) echo "$guest" && exit ;;
      esac
      exit 2
      ;;
    *)
      echo "usage: ${0##*/} build|check|demo|air|board|uboot|bench..." >&2
      exit 2
      ;;
  esac
done

missing=
for package in $wanted; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
  case "$missing " in *" $package "*) continue ;; esac
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "Packages are missing. Install them as root with this line, which starts no service:" >&2
  echo "  sudo $0 $*" >&2
  echo "or by hand:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
  exit 1
fi

# A package that brings a service (nginx, docker-registry) must not start it on a developer's machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing$missing" >&2
# shellcheck disable=SC2086 # a list of words
install() { apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends $missing </dev/null >&2; }
# The lists of a fresh machine are empty, those of an old one name packages that are gone.
install 2>/dev/null || { apt-get update -qq >&2 && install; }
# nor at its next start
for package in nginx-light docker-registry containerd docker.io; do
  case "$missing " in *" $package "*) ;; *) continue ;; esac
  service=${package%-light}
  service=${service%.io}
  systemctl disable -q "$service.service" 2>/dev/null ||
    rm -f "/etc/systemd/system/multi-user.target.wants/$service.service"
  update-rc.d "$service" disable 2>/dev/null || :
done

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a build for another machine needs, brought into SYSROOT/root: `make sysroot` is this.
#   cross.sh TRIPLET SYSROOT
# The compiler itself is a package of this machine: gcc-TRIPLET.
set -eu

[ $# -eq 2 ] || { echo "usage: ${0##*/} TRIPLET SYSROOT, such as aarch64-linux-gnu" >&2; exit 2; }
here=$(dirname "$0")
case $1 in
  aarch64-linux-gnu) architecture=arm64 ;;
  arm-linux-gnueabihf) architecture=armhf ;;
  riscv64-linux-gnu) architecture=riscv64 ;;
  x86_64-linux-gnu) architecture=amd64 ;;
  *)
    echo "Debian has no '$1': bring your own SYSROOT= with its pkg-config files" >&2
    exit 2
    ;;
esac
# shellcheck disable=SC2046 # a list of words
"$here/foreign.sh" "$architecture" "$2" $("$here/packages.sh" --list sysroot)

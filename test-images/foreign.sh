#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian packages of another architecture, with what they depend on, unpacked into OUT/root. Nothing
# is installed, and this machine's dpkg hears of no foreign architecture: apt gets lists, a status
# file and a cache of its own below OUT. The mirrors are those of this machine's apt. What is there
# already is kept until the list of packages or this recipe changes.
#   foreign.sh ARCHITECTURE OUT PACKAGE...
set -eu

[ $# -ge 3 ] || { echo "usage: ${0##*/} ARCHITECTURE OUT PACKAGE..." >&2; exit 2; }
architecture=$1
mkdir -p "$2/lists/partial" "$2/cache/archives/partial"
out=$(cd "$2" && pwd)
shift 2
recipe=$(echo "$architecture $*" | cat "$0" - | sha256sum)
[ "$(cat "$out/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

: >"$out/status"
cat >"$out/apt.conf" <<END
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Sandbox::User "";
APT::Update::Post-Invoke "";
APT::Install-Recommends "false";
Dir::State::status "$out/status";
Dir::State::Lists "$out/lists";
Dir::Cache "$out/cache";
END
# APT_CONFIG is read before the machine's own files, and these would win: -c comes last
apt() { apt-get -qq -c "$out/apt.conf" "$@" </dev/null >&2; }

echo "Fetching $architecture packages: $*" >&2
apt update
apt --download-only -y install "$@"

rm -rf "$out/root"
mkdir "$out/root"
for package in "$out"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$out/root"
done
echo "$recipe" >"$out/recipe"

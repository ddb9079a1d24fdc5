#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The house keeps its order: who may include and call whom, where each library lives, who prints,
# and that every header stands on its own.
# shellcheck disable=SC2001
set -u
cd "$(dirname "$0")/.." || exit 1
count=0 failed=0

# check TEXT OFFENDERS: passes where there are none
check() {
  count=$((count + 1))
  if [ -z "$2" ]; then
    echo "ok $count - $1"
    return
  fi
  echo "not ok $count - $1"
  sed 's/^/# /' <<<"$2"
  failed=1
}

# may FROM TO: may a file of room FROM use room TO?
may() {
  case $1:$2 in
    "$2:$1" | *:base) return 0 ;;
    base:*) return 1 ;;
    *:io) return 0 ;;
    io:*) return 1 ;;
    flow:release | flow:trust | flow:slot | flow:boot | flow:delta | flow:oci | delta:release) return 0 ;;
    service:flow | service:oci) return 0 ;;
    cmd:*) return 0 ;;
  esac
  return 1
}

# Here one process looks at all files: to start one for each takes minutes.
wrong_includes() {
  local room used file
  grep -oE '^#include "[a-z]+/' cmd/*.[ch] src/*/*.[ch] |
    sed -E 's#^((src/)?([a-z]+)/[^:]*):.*"([a-z]+)/$#\3 \4 \1#' | sort -u | while read -r room used file; do
    may "$room" "$used" || echo "$file includes $used/"
  done
}

# Every symbol that a room defines, and every one that it needs: none may lie in a higher room.
wrong_symbols() {
  local symbol room object used
  nm -Ag --defined-only build/release/src/*/*.o build/release/cmd/*.o |
    sed -E 's#^build/release/(src/)?([a-z]+)/.* ([^ ]+)$#\3 \2#' | sort >"$work/defined"
  nm -Agu build/release/src/*/*.o | sed -E 's#^(build/release/src/([a-z]+)/[^:]*):.* ([^ ]+)$#\3 \2 \1#' |
    sort | join - "$work/defined" | while read -r symbol room object used; do
    may "$room" "$used" || echo "$object calls $symbol of $used"
  done
}

lonely_headers() {
  local header
  for header in cmd/*.h src/*/*.h; do
    echo "#include \"${header#src/}\"" |
      gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -I. -fsyntax-only -x c - \
        2>/dev/null || echo "$header"
  done
}

# home HEADER-REGEX FILE-REGEX: the library is included nowhere else
home() {
  grep -lE "^#include <($1)" cmd/*.[ch] src/*/*.[ch] | grep -vE "^($2)$"
}

long_functions() {
  ctags --fields=+ne -o - --kinds-C=f cmd/*.c src/*/*.c | awk -F'\t' '{
    for (i = 4; i <= NF; i++) {
      if ($i ~ /^line:/) begin = substr($i, 6)
      if ($i ~ /^end:/) end = substr($i, 5)
    }
    if (end - begin >= 60) print $2 ": " $1
  }'
}

# those of the sources that say so in their first three lines
licensed() { xargs awk 'FNR > 3 { nextfile } /SPDX-License-Identifier/ { print FILENAME }' <<<"$sources"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s MODE=release all >/dev/null || exit 1
files=$(git ls-files 2>/dev/null || find . -type f -not -path './build/*' | sed 's#^\./##')
sources=$(grep -E '\.(c|h|def|sh|py)$|^(Makefile|contrib/.*|test-images/bootloader|\.ci/run)$' <<<"$files")

check 'includes go one way: cmd, flow, release trust slot boot oci, io, base' "$(wrong_includes)"
check 'so do calls' "$(wrong_symbols)"
check 'each header compiles alone' "$(lonely_headers)"
check 'libcurl lives in io/curl.h' "$(home 'curl/' 'src/io/curl\.h')"
check 'and only io/http.c, http_once.c, http_lanes.c and http_curl.c call it' "$(grep -lE '"io/(http_curl|http_handle|curl).h"' cmd/*.[ch] src/*/*.[ch] | grep -vE '^src/io/(curl|http|http_once|http_lanes|http_curl)\.c$|^src/io/http_(curl|handle)\.h$')"
check 'zstd lives in io/zstd.c' "$(home 'zstd' 'src/io/zstd\.c')"
check 'OpenSSL lives in io/openssl.h' "$(home 'openssl/' 'src/io/openssl\.h')"
check 'and only io/digest.c and trust/ call it' "$(grep -l '"io/openssl.h"' cmd/*.[ch] src/*/*.[ch] | grep -vE '^src/(trust/|io/(digest|openssl)\.c$)')"
check 'libubootenv lives in boot/uboot.c and uboot_vars.c' "$(home 'libuboot' 'src/boot/uboot(_vars)?\.c')"
check 'jansson lives in io/json.c' "$(home 'jansson' 'src/io/json\.c')"
check 'libarchive lives in oci/archive.c' "$(home 'archive' 'src/oci/archive\.c')"
check 'libyaml lives in oci/yaml.c' "$(home 'yaml' 'src/oci/yaml\.c')"
check 'inih lives in cmd/config.c' "$(home 'ini\.h' 'cmd/config\.c')"
check 'only cmd prints' "$(grep -nE '\b(printf|puts|putchar|perror|vprintf)\(|f(printf|puts)\((std(out|err)\b|.*, std(out|err)\))' src/*/*.[ch])"
check 'only main ends the process' "$(grep -nE '\b(_?exit|abort|quick_exit)\(' cmd/*.[ch] src/*/*.[ch] | grep -vE '^src/base/(proc.c:.*_exit\(127\)|child.c:)')"
check 'each file names its licence' "$(grep -vxFf <(licensed) <<<"$sources")"
check 'no file is past 350 lines' "$(wc -l cmd/*.[ch] src/*/*.[ch] | awk '$1 > 350 && $2 != "total"')"
check 'no function is past 60 lines' "$(long_functions)"
check 'clang-format has nothing to say' "$(grep -E '\.[ch]$' <<<"$files" | xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error' | head -n 20)"
exit $failed

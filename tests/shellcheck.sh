#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every shell script of the tree through the linter, one result a script.
set -eu
cd "$(dirname "$0")/.."

scripts=$(find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0 |
  xargs -0 awk 'FNR == 1 && (/^#!.*[\/ ]((ba|da)?sh|openrc-run)( |$)/ || FILENAME ~ /\.sh$/) { print FILENAME }
    { nextfile }' | sort)
count=0
failed=0
# one start for all: three quarters of the time that it takes one by one
# shellcheck disable=SC2086 # a list of words
problems=$(shellcheck --format=gcc --external-sources --source-path=SCRIPTDIR $scripts) || failed=1
for script in $scripts; do
  count=$((count + 1))
  if said=$(printf '%s\n' "$problems" | grep -F "$script:"); then
    echo "not ok $count - ${script#./}"
    printf '%s\n' "$said" | sed 's/^/# /'
  else
    echo "ok $count - ${script#./}"
  fi
done
exit $failed

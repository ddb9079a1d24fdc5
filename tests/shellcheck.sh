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
for script in $scripts; do
  count=$((count + 1))
  if problems=$(shellcheck --external-sources --source-path=SCRIPTDIR "$script"); then
    echo "ok $count - ${script#./}"
  else
    echo "not ok $count - ${script#./}"
    printf '%s\n' "$problems" | sed 's/^/# /'
    failed=1
  fi
done
exit $failed

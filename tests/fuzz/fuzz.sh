#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes every parser of foreign bytes: fuzz.sh DIR SECONDS, with the targets in DIR. What is found
# new is kept in DIR/corpus; a crash is left in DIR and named.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1 seconds=$2
for target in "$here"/fuzz_*.c; do
  name=$(basename "$target" .c)
  mkdir -p "$dir/corpus/$name"
  echo "$name: $seconds s"
  "$dir/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -artifact_prefix="$dir/$name-" \
    -print_final_stats=0 -verbosity=0 "$dir/corpus/$name" "$here/corpus/${name#fuzz_}"
done

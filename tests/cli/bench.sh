#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# `make bench` works: on tiny images every way has its row, with figures or with the reason why not.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/store.sh
. "$tree/tests/cli/store.sh"

# row WAY [CELL]: the table has it; CELL matches its next one
row() { grep -Eq "^\| $1 \| ${2:-.*}" out; }
# figures WAY: it ran
figures() { row "$1" '[0-9.]+ '; }
# told WAY: figures, or a note where it is not installed
told() { figures "$1" || grep -Eq "^- $1: .*(not installed|not built|has no containers|needs root)" out; }

bench() { QUICK=1 BUILD=$dir/bench "$tree/tests/bench/bench.sh" >out 2>err; }
export OTA=$tree/build/release/ota # what is measured is not the build of the sanitizers
if [ "$(id -u)" -eq 0 ]; then
  make_images
  export CONTAINERS=$images
fi
holds 'the bench runs' bench
for way in 'dd, the raw image' 'curl, zstd -d, dd' 'ota fetch, ota write' 'ota write SOURCE, http' \
  'ota write SOURCE, local'; do
  holds "a whole image: $way" figures "$way"
done
for way in RAUC SWUpdate; do holds "a whole image: $way" told "$way.*"; done
for way in 'full image, zstd -1' 'ota, full' 'ota, any base' 'zstd -1 --patch-from'; do
  holds "v1 to v2: $way" figures "$way"
done
for way in xdelta3 'rdiff, zstd -1' casync zchunk 'ota, delta'; do
  holds "v1 to v2: $way" told "$way"
done
for command in check fetch write bootswap commit status rollback; do
  holds "memory of $command, on both images" row "ota $command" '[0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$'
done
for way in 'ota status' fw_printenv; do
  holds "start-up: $way, and its libraries" row "$way" '[0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [1-9][0-9]* \|$'
done
holds 'a bad link: ota fetch, with resets and stalls' row 'ota fetch' '[0-9.]+ \| [+-][0-9.]+ \| [+-][0-9.]+ \|$'
for way in 'ota container pull' 'skopeo copy, packed'; do holds "containers: $way" told "$way"; done
if [ "$(id -u)" -eq 0 ] && command -v runc >/dev/null; then
  for way in 'the socket passed' 'SO_REUSEPORT' 'a proxy'; do
    holds "hand-over, $way: nothing is lost" row "hand-over, $way" '1 \| [1-9][0-9]* \| 0 \| 0-0 \|.*'
  done
  holds 'the memory of a supervisor' figures 'ota container run'
  holds 'the time of a handover' row 'ota container handover' '[1-9][0-9]* \| [1-9][0-9]* \|$'
else
  holds 'hand-over' told 'hand-over, the socket passed'
fi
holds 'the table is folded for a page' test -z "$(awk 'length > 120' out)"
holds 'and kept' cmp -s out "$dir/bench/table.md"
finish

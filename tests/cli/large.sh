#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317
# An image past 4 GiB, nearly all of it holes: fetched, and written straight from the web, in bounded
# memory.
. "$(dirname "$0")/lib.sh"

OTA=$tree/build/release/ota # a sanitizer's memory is not what we ask about
truncate -s 4400M v1.img
for at in 0 2047 4095 4096 4399; do
  head -c 700000 /dev/urandom | dd of=v1.img bs=1M seek=$at conv=notrunc status=none
done
make_release v1 1.0 --frame-size 512K
must "$tree/test-images/sandbox.sh" --size 4401M device
cp "${key%.key}.pub" device/etc/ota/trust.d/
printf '[network]\ninsecure-http = localhost\nretry-wait = 10ms\n' >>device/etc/ota/ota.conf
serve log badserver.py v1 "$(basename "$(layer_of v1 0)")"
base=http://localhost:$(head -n 1 log)

# peak ARGUMENT...: runs ota, and leaves the most memory that it had, in KiB, in `memory`
peak() {
  python3 - "$OTA" --root device "$@" >memory 2>err <<'END'
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
END
}
# same: the slot holds the image, hole for hole
same() {
  local at
  for at in 0 2047 4095 4096 4399; do
    cmp -n 1M -i "${at}M" device/slots/b.img v1.img || return
  done
  [ "$(du -k device/slots/b.img | cut -f1)" -lt 10000 ]
}

exits 0 'a fetch of an image past 4 GiB' peak fetch "$base/reset-1000000"
echo "# fetch: $(cat memory) KiB"
holds 'in bounded memory' test "$(cat memory)" -lt 24000
exits 0 'which is written' peak write
holds 'byte for byte' same
rm -rf device/var
truncate -s 0 device/slots/b.img
truncate -s 4401M device/slots/b.img
exits 0 'straight from the web' peak write "$base/reset-1000000"
echo "# write: $(cat memory) KiB"
holds 'in bounded memory, too' test "$(cat memory)" -lt 24000
holds 'byte for byte, too' same
kill $server
finish

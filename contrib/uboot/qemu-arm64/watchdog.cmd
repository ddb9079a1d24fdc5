# SPDX-License-Identifier: Apache-2.0
# Arms the watchdog (QEMU: -device i6300esb,addr=0x1e), which has no driver in U-Boot: its registers
# are mapped where no other device is, then set as its data sheet tells. It runs in two stages of
# ota_watchdog each, and resets the board after the second. With a driver it is one line:
#   wdt dev NAME; wdt start MILLISECONDS
if test ${ota_watchdog} != 0; then
  pci write.l 0.1e.0 10 3e000000
  pci write.w 0.1e.0 4 2
  # a reset at the end, no interrupt, in steps of 1/1024 s
  pci write.w 0.1e.0 60 3
  # each register is written behind a key
  mw.w 3e00000c 80 1
  mw.w 3e00000c 86 1
  mw.l 3e000000 ${ota_watchdog} 1
  mw.w 3e00000c 80 1
  mw.w 3e00000c 86 1
  mw.l 3e000004 ${ota_watchdog} 1
  pci write.b 0.1e.0 68 2
fi

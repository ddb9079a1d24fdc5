# SPDX-License-Identifier: Apache-2.0
# Which slot boots: the one that ota_slot names; the other one once its trial is used up. The boots
# are counted when this begins. Leaves ota_boot (a or b), and ota_changed (yes: to be stored).
# A trial whose slot has no name may be of either one: slot a has its attempts, then slot b has as many,
# and where that fails, too, slot a stays.
ota_changed=no
ota_boot=a
if test "${ota_slot}" = b; then ota_boot=b; fi
if test "${upgrade_available}" = 1 && test "${bootlimit}" -gt 0 && test "${bootcount}" -gt "${bootlimit}"; then
  echo "ota: slot ${ota_boot} used up its ${bootlimit} attempts"
  if test ${ota_boot} = a; then ota_boot=b; else ota_boot=a; fi
  if test "${ota_slot}" = a || test "${ota_slot}" = b; then
    setenv upgrade_available 0
    setenv bootcount 0
    setenv ota_rolled_back 1
  else
    setenv bootcount 1
  fi
  setenv ota_slot ${ota_boot}
  ota_changed=yes
fi

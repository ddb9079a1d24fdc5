# SPDX-License-Identifier: Apache-2.0
# Nothing could be stored. A trial that cannot be counted would never end: the other slot boots.
echo "ota: the environment is full"
if test "${upgrade_available}" = 1; then
  if test ${ota_boot} = a; then ota_boot=b; else ota_boot=a; fi
fi

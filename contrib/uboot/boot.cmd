# SPDX-License-Identifier: Apache-2.0
# For a U-Boot that keeps its environment in two copies and counts boots by itself:
#   CONFIG_ENV_REDUNDANT (SYS_REDUNDAND_ENVIRONMENT before 2025), CONFIG_BOOTCOUNT_LIMIT,
#   CONFIG_BOOTCOUNT_ENV
# It has counted and stored before this script begins. Past the limit it runs altbootcmd in place of
# bootcmd: let both run this script.
include settings.cmd
# In memory it counts without a trial, too. What loading this script has set is not to be stored.
if test "${upgrade_available}" != 1; then setenv bootcount 0; fi
setenv fileaddr
setenv filesize

include choose.cmd

# U-Boot does not tell whether it could store the count: what cannot be exported could not.
ota_stored=yes
if test ${ota_changed} = yes; then
  if saveenv; then ; else ota_stored=no; fi
elif test "${upgrade_available}" = 1; then
  if env export -c ${ota_room}; then ; else ota_stored=no; fi
fi
if test ${ota_stored} = no; then
  include full.cmd
fi
include start.cmd

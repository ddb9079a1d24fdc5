# SPDX-License-Identifier: Apache-2.0
# For a U-Boot that keeps its environment in two copies and counts boots by itself:
#   CONFIG_ENV_REDUNDANT (SYS_REDUNDAND_ENVIRONMENT before 2025), CONFIG_BOOTCOUNT_LIMIT,
#   CONFIG_BOOTCOUNT_ENV
# It has counted and stored before this script begins. Past the limit it runs altbootcmd in place of
# bootcmd: let both run this script.
include settings.cmd
include choose.cmd
if test ${ota_changed} = yes; then saveenv; fi
include start.cmd

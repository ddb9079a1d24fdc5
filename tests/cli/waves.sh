#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollout in waves to few devices; `make waves` has a thousand. Of so few, a tenth would be too few
# to tell a wave that draws anew.
DEVICES=40 PHASES='30 60 100' exec "$(dirname "$0")/../bench/waves.sh"

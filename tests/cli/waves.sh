#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollout in waves, to few devices; `make waves` has a thousand.
DEVICES=60 exec "$(dirname "$0")/../bench/waves.sh"

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a device asks: a fleet whose clocks are right must not come at once.
 */
#ifndef OTA_FLOW_JITTER_H
#define OTA_FLOW_JITTER_H

#include "base/err.h"

/* The device's share of a time, less than it, and 0 of none. With a name it is always the same, and
 * fleets spread evenly; without one (NULL) it is another each time. Errors: failed (OpenSSL, no
 * random numbers). */
int jitter_share(const char *id, unsigned bound_ms, unsigned *share_ms, struct err *err) MUST_USE;

#endif

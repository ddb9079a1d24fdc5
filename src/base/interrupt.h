/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGINT, SIGTERM and SIGHUP as a question that long loops ask, so that a step ends cleanly.
 */
#ifndef OTA_BASE_INTERRUPT_H
#define OTA_BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/err.h"

/* From now on these signals only set a flag. Called once, by main. */
void interrupt_arm(void);

bool interrupt_pending(void);

/* Fails with OTA_INTERRUPTED once a signal came. */
int interrupt_check(struct err *err) MUST_USE;

/* Sleeps, and fails with OTA_INTERRUPTED as soon as a signal comes. */
int interrupt_sleep_ms(unsigned ms, struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that are shared with whoever made them non-blocking: the flag belongs to the socket and
 * not to a descriptor, and a program that is handed one (anything written in Go, runc among it) may
 * switch it off for all. Then a service that runs on, and accepts until nothing is left, hangs in
 * accept(2).
 */
#ifndef OTA_BASE_NONBLOCK_H
#define OTA_BASE_NONBLOCK_H

#include "base/err.h"

/* From now on this process, and all that come from it, cannot switch O_NONBLOCK off for n
 * descriptors from `first` on: it seems to succeed, and does nothing. Errors: incompatible (the
 * kernel has no seccomp, or it is not known how on this kind of machine). */
int nonblock_keep(int first, int n, struct err *err) MUST_USE;

#endif

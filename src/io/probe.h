/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a service whether it is ready, in the network namespace that one is in. Each call
 * blocks for timeout_ms at most; nothing is tried again.
 */
#ifndef OTA_IO_PROBE_H
#define OTA_IO_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* "HTTP/1.1 200" and what ends the number */
#define PROBE_STATUS_LEN 13

/* Whoever accepts a connection on 127.0.0.1, or else on ::1, is ready. Errors: unhealthy. */
int probe_tcp(uint16_t port, unsigned timeout_ms, struct err *err) MUST_USE;

/* GET of http://HOST[:PORT][/PATH]: a status of 200 to 399 is ready; a redirect is not followed.
 * HOST is localhost or an IP address, [::1] in brackets: no name server is asked. Errors: unhealthy
 * (no answer in time, another status, not HTTP), usage (such a URL is not taken). */
int probe_http(const char *url, unsigned timeout_ms, struct err *err) MUST_USE;

bool probe_url_is_sound(const char *url);

/* The status in the first bytes of an answer. Errors: unhealthy (they are not HTTP/1.0 or 1.1). */
int probe_read_status(const char bytes[PROBE_STATUS_LEN], struct err *err) MUST_USE;

#endif

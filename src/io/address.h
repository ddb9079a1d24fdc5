/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of the web, http:// and https://: who may be spoken to without TLS, and which two are
 * of one server.
 */
#ifndef OTA_IO_ADDRESS_H
#define OTA_IO_ADDRESS_H

#include <stdbool.h>

#include "base/err.h"
#include "io/http.h"

/* Is a host among those that may be spoken to without TLS? "HOST" there covers every port; a
 * `host` without a port is one of port 80. */
bool address_is_named(const char *host, const struct http_options *options);

/* Is this https, or http to a host that is named? Nothing else is. */
bool address_is_allowed(const char *url, const struct http_options *options);

/* The same with an error that says why not; a user in it is refused of https as well. Errors: usage
 * (no such address), config. */
int address_check(const char *url, const struct http_options *options, struct err *err) MUST_USE;

/* Are scheme, host and port the same, letter by letter? */
bool address_is_same_server(const char *a, const char *b);

/* How many characters of a URL name scheme, host and port. */
size_t address_server_len(const char *url);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "io/address.h"

#include <string.h>

#define ENDS_HOST "/?#\\"

size_t address_server_len(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return (size_t)(host - url) + strcspn(host, ENDS_HOST);
}

bool address_is_same_server(const char *a, const char *b)
{
	size_t len = address_server_len(a);

	return len == address_server_len(b) && !strncmp(a, b, len);
}

/* Splits what stands before a path: HOST, and the port behind it. */
static size_t split(const char *host, const char **port, size_t *port_len)
{
	size_t all = strcspn(host, ENDS_HOST);
	size_t len = *host == '[' ? strcspn(host, "]" ENDS_HOST) + 1 : strcspn(host, ":" ENDS_HOST);

	*port = "80";
	*port_len = 2;
	if (len < all && host[len] == ':') {
		*port = host + len + 1;
		*port_len = all - len - 1;
	}
	return len < all ? len : all;
}

bool address_is_named(const char *host, const struct http_options *options)
{
	const char *port;
	size_t port_len, len = split(host, &port, &port_len);

	for (size_t i = 0; i < options->n_insecure_http; i++) {
		const char *name = options->insecure_http[i];
		if (strncmp(name, host, len))
			continue;
		name += len;
		if (!*name || (*name == ':' && strlen(name + 1) == port_len &&
				      !strncmp(name + 1, port, port_len)))
			return true;
	}
	return false;
}

static bool has_user(const char *host)
{
	return memchr(host, '@', strcspn(host, ENDS_HOST)) != NULL;
}

bool address_is_allowed(const char *url, const struct http_options *options)
{
	if (!strncmp(url, "https://", 8))
		return true;
	return !strncmp(url, "http://", 7) && !has_user(url + 7) &&
	       address_is_named(url + 7, options);
}

/* An address is shown in errors, and kept with what came from it: a password must not be in it,
 * nor in what is said here. */
static int no_user(struct err *err)
{
	err_set(err, OTA_USAGE, "no user name or password may stand in an address");
	return err_hint(
		err, "auth-file = in [network] has those for registries; else use client-cert =");
}

int address_check(const char *url, const struct http_options *options, struct err *err)
{
	const char *host = strstr(url, "://"), *port;
	size_t port_len;

	if (strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
		return err_set(err, OTA_USAGE, "'%.100s' is no address on the web", url);
	host += strlen("://");
	if (has_user(host))
		return no_user(err);
	if (address_is_allowed(url, options))
		return 0;
	err_set(err, OTA_CONFIG, "%.100s: http without TLS to a host that is not named", url);
	return err_hint(err, "use https, or name the host: insecure-http = %.*s in [network]",
		(int)split(host, &port, &port_len), host);
}

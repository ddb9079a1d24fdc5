/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <string.h>

#include "oci/compose_reader.h"

int compose_take_network_mode(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;
	unsigned i;

	(void)r;
	if (compose_choice(
		    value, compose_network_words, ARRAY_LEN(compose_network_words), &i, err) < 0)
		return err_hint(err, "private is a network of its own, and the default");
	s->network = (enum compose_network)i;
	return 0;
}

const char *compose_cut_protocol(struct compose_reader *r, const struct yaml *at, const char *text,
	struct compose_port *port, struct err *err)
{
	const char *word, *rest = compose_cut(r, text, '/', &word, err);

	port->protocol = word && !strcmp(word, "udp") ? COMPOSE_UDP : COMPOSE_TCP;
	if (!rest || !word || !strcmp(word, "tcp") || !strcmp(word, "udp"))
		return rest;
	yaml_fail(at, err, "'%.100s' is not tcp or udp", word);
	return NULL;
}

static int take_number(const struct yaml *at, const char *text, uint16_t *port, struct err *err)
{
	uint64_t n;

	if (!compose_digits(text, UINT16_MAX, &n) || !n)
		return yaml_fail(at, err, "'%.100s' is no port from 1 to 65535", text);
	*port = (uint16_t)n;
	return 0;
}

/* Its one way to be written, without brackets; NULL: it is none. */
static const char *sound_address(struct compose_reader *r, const char *text, struct err *err)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char out[INET6_ADDRSTRLEN + 1];
	size_t len = strlen(text);
	int family = AF_INET;

	if (*text == '[' && len > 2 && len < sizeof(out) && text[len - 1] == ']') {
		family = AF_INET6;
		text = arena_copy(r->arena, text + 1, len - 2, err);
	}
	if (!text || inet_pton(family, text, bytes) != 1 ||
		!inet_ntop(family, bytes, out, sizeof(out)))
		return NULL;
	return arena_copy(r->arena, out, strlen(out), err);
}

int compose_address(struct compose_reader *r, const struct yaml *at, const char *text,
	struct compose_port *port, struct err *err)
{
	const char *colon = strrchr(text, ':');

	port->line = at->line;
	port->address = "";
	if (!colon)
		return take_number(at, text, &port->port, err);
	const char *address = arena_copy(r->arena, text, (size_t)(colon - text), err);
	if (!address)
		return -1;
	port->address = sound_address(r, address, err);
	if (!port->address) {
		yaml_fail(at, err, "'%.100s' is no IP address", address);
		return err_hint(err, "write 127.0.0.1, 0.0.0.0 or, in brackets, [::1]");
	}
	return take_number(at, colon + 1, &port->port, err);
}

/* [IP:]HOST:CONTAINER[/udp] */
static int take_port(
	struct compose_reader *r, const struct yaml *at, struct compose_port *port, struct err *err)
{
	const char *text = compose_word(r, at, err);

	if (!text || !(text = compose_cut_protocol(r, at, text, port, err)))
		return -1;
	const char *colon = strrchr(text, ':');
	if (!colon) {
		yaml_fail(at, err, "'%.100s' does not say which port of the machine", text);
		return err_hint(err, "write HOST:CONTAINER, as in \"8080:80\"");
	}
	const char *outside = arena_copy(r->arena, text, (size_t)(colon - text), err);
	if (!outside || compose_address(r, at, outside, port, err) < 0)
		return -1;
	return take_number(at, colon + 1, &port->inside, err);
}

int compose_take_ports(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_ports *ports = &((struct service *)out)->ports;

	if (value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list is expected here");
	ports->items = arena_take(r->arena, value->n, sizeof(*ports->items), err);
	if (!ports->items)
		return -1;
	for (; ports->n < value->n; ports->n++) {
		struct compose_port *p = &ports->items[ports->n];

		if (take_port(r, value->items[ports->n], p, err) < 0)
			return -1;
		for (size_t i = 0; i < ports->n; i++)
			if (ports->items[i].inside == p->inside &&
				ports->items[i].protocol == p->protocol)
				return yaml_fail(value->items[ports->n], err,
					"port %u inside is taken in line %u already", p->inside,
					ports->items[i].line);
	}
	return 0;
}

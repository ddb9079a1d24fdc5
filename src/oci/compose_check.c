/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "oci/compose_reader.h"

static struct yaml in_line(const struct compose_reader *r, unsigned line)
{
	return (struct yaml){.file = r->place->file, .line = line};
}

/* --- depends_on --- */

static int resolve(const struct compose_reader *r, struct service *s, struct err *err)
{
	for (size_t i = 0; i < s->depends_on.n; i++) {
		struct compose_dependency *d = &s->depends_on.items[i];
		const struct service *found = compose_find(r->compose, d->name);
		const struct yaml at = in_line(r, d->line);

		if (!found)
			return yaml_fail(&at, err, "there is no service '%.100s'", d->name);
		d->service = (size_t)(found - r->compose->services);
		if (d->must_be_healthy && found->health.test == COMPOSE_TEST_NONE)
			return yaml_fail(
				&at, err, "'%.100s' has no test, and is never healthy", d->name);
	}
	return 0;
}

enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE };

/* From a service to all that it needs; one that is still open needs itself. */
static int visit(const struct compose_reader *r, size_t number, enum visit *seen, struct err *err)
{
	const struct service *s = &r->compose->services[number];

	seen[number] = VISIT_OPEN;
	for (size_t i = 0; i < s->depends_on.n; i++) {
		const struct compose_dependency *d = &s->depends_on.items[i];
		const struct yaml at = in_line(r, d->line);

		if (seen[d->service] == VISIT_OPEN)
			return yaml_fail(&at, err,
				"'%.100s' waits for '%.100s', which waits for it", s->name,
				d->name);
		if (seen[d->service] == VISIT_NEW && visit(r, d->service, seen, err) < 0)
			return -1;
	}
	seen[number] = VISIT_DONE;
	return 0;
}

/* --- ports --- */

static bool is_any(const char *address)
{
	return !*address || !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

static bool collide(const struct compose_port *a, const struct compose_port *b)
{
	if (a->protocol != b->protocol)
		return false;
	if (a->protocol == COMPOSE_UNIX)
		return !strcmp(a->address, b->address);
	return a->port == b->port &&
	       (is_any(a->address) || is_any(b->address) || !strcmp(a->address, b->address));
}

/* The ports of the machine that a service takes: those of `ports`, then those it listens on. */
static const struct compose_port *port_at(const struct service *s, size_t i)
{
	if (i < s->ports.n)
		return &s->ports.items[i];
	i -= s->ports.n;
	return i < s->update.listen.n ? &s->update.listen.items[i] : NULL;
}

static int check_port(
	const struct compose_reader *r, const struct compose_port *port, struct err *err)
{
	const struct compose_port *other;

	for (size_t k = 0; k < r->compose->n; k++)
		for (size_t i = 0; (other = port_at(&r->compose->services[k], i)); i++) {
			if (other == port)
				return 0;
			if (!collide(port, other))
				continue;
			const struct yaml at = in_line(r, port->line);
			char what[16] = "the socket";
			if (port->protocol != COMPOSE_UNIX)
				snprintf(what, sizeof(what), "port %u", port->port);
			return yaml_fail(&at, err, "%s is taken in line %u already, by '%.100s'",
				what, other->line, r->compose->services[k].name);
		}
	return 0;
}

/* --- a service --- */

static bool is_declared(const struct compose *c, const char *volume)
{
	for (size_t i = 0; i < c->volumes.n; i++)
		if (!strcmp(c->volumes.items[i], volume))
			return true;
	return false;
}

static int check_volumes(const struct compose_reader *r, const struct service *s, struct err *err)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct compose_mount *m = &s->mounts.items[i];
		const struct yaml at = in_line(r, m->line);

		if (m->kind != COMPOSE_VOLUME || is_declared(r->compose, m->source))
			continue;
		yaml_fail(&at, err, "there is no volume '%.100s'", m->source);
		return err_hint(
			err, "add a line '%.100s:' below 'volumes:' at the top level", m->source);
	}
	return 0;
}

/* What two versions cannot share, or be told apart by. */
static int check_update(const struct compose_reader *r, const struct service *s, struct err *err)
{
	const struct compose_update *u = &s->update;
	const struct yaml at = in_line(r, s->line);
	const bool is_asked = u->ready == COMPOSE_READY_HTTP || u->ready == COMPOSE_READY_TCP;

	if (u->sharing == COMPOSE_SHARING_PROXY && s->network == COMPOSE_NETWORK_HOST)
		return yaml_fail(&at, err,
			"'sharing: proxy' has no meaning with network_mode host: both versions "
			"would take the same port");
	for (size_t i = 0; u->sharing == COMPOSE_SHARING_PROXY && i < u->listen.n; i++)
		if (u->listen.items[i].protocol == COMPOSE_UNIX)
			return yaml_fail(&at, err, "'%.100s' cannot be shared by proxy",
				u->listen.items[i].address);
	if (is_asked && u->strategy == COMPOSE_HAND_OVER &&
		(s->network == COMPOSE_NETWORK_HOST || u->sharing == COMPOSE_SHARING_REUSEPORT)) {
		yaml_fail(&at, err, "'ready: %s' would be answered by the old version, too",
			compose_ready_word(u->ready));
		return err_hint(err, "both are in one network: use notify, file or exec");
	}
	return 0;
}

static int check_service(const struct compose_reader *r, struct service *s, struct err *err)
{
	const struct compose_port *port;

	if (s->ports.n && s->network != COMPOSE_NETWORK_PRIVATE) {
		const struct yaml at = in_line(r, s->ports.items[0].line);
		return yaml_fail(&at, err, "'ports' have no meaning with network_mode %s",
			compose_network_word(s->network));
	}
	for (size_t i = 0; (port = port_at(s, i)); i++)
		if (check_port(r, port, err) < 0)
			return -1;
	if (check_update(r, s, err) < 0 || check_volumes(r, s, err) < 0)
		return -1;
	return resolve(r, s, err);
}

int compose_check(const struct compose_reader *r, struct err *err)
{
	enum visit seen[COMPOSE_MAX_SERVICES] = {VISIT_NEW};

	for (size_t i = 0; i < r->compose->n; i++)
		if (check_service(r, &r->compose->services[i], err) < 0)
			return -1;
	for (size_t i = 0; i < r->compose->n; i++)
		if (seen[i] == VISIT_NEW && visit(r, i, seen, err) < 0)
			return -1;
	return 0;
}

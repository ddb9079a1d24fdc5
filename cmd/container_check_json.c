/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/container_check.h"

/* A list is made one by one, and handed over whole; NULL on failure. */
typedef json_t *make_item(const void *of, size_t i, struct err *err);

static json_t *make_list(const void *of, size_t n, make_item *make, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");

	for (size_t i = 0; list && i < n; i++)
		if (json_append(list, make(of, i, err), err) < 0)
			return NULL;
	json_t *taken = list;
	list = NULL;
	return taken;
}

static json_t *make_word(const void *of, size_t i, struct err *err)
{
	return json_make(err, "s", ((const struct compose_list *)of)->items[i]);
}

static json_t *words(const struct compose_list *list, struct err *err)
{
	return make_list(list, list->n, make_word, err);
}

/* null: what the image says. */
static json_t *command(const struct compose_command *c, struct err *err)
{
	return c->is_given ? words(&c->words, err) : json_make(err, "n");
}

static json_t *make_pair(const void *of, size_t i, struct err *err)
{
	const struct compose_pair *p = &((const struct compose_pairs *)of)->items[i];

	return json_make(err, "{s:s, s:s}", "name", p->name, "value", p->value);
}

static json_t *pairs(const struct compose_pairs *p, struct err *err)
{
	return make_list(p, p->n, make_pair, err);
}

static json_t *make_mount(const void *of, size_t i, struct err *err)
{
	const struct compose_mount *m = &((const struct compose_mounts *)of)->items[i];

	return json_make(err, "{s:s, s:s?, s:s, s:b, s:I, s:i}", "type",
		compose_mount_word(m->kind), "source", m->source, "target", m->target, "read_only",
		m->is_read_only, "size_bytes", (long long)m->size_bytes, "mode", (int)m->mode);
}

static json_t *make_device(const void *of, size_t i, struct err *err)
{
	const struct compose_device *d = &((const struct compose_devices *)of)->items[i];

	return json_make(err, "{s:s, s:s, s:s}", "source", d->source, "target", d->target, "access",
		d->access);
}

static json_t *make_port(const void *of, size_t i, struct err *err)
{
	const struct compose_port *p = &((const struct compose_ports *)of)->items[i];

	return json_make(err, "{s:s, s:s, s:i, s:i}", "protocol",
		compose_protocol_word(p->protocol), "address", p->address, "host", p->port,
		"container", p->inside);
}

static json_t *make_socket(const void *of, size_t i, struct err *err)
{
	const struct compose_port *p = &((const struct compose_ports *)of)->items[i];

	return json_make(err, "{s:s, s:s, s:i}", "protocol", compose_protocol_word(p->protocol),
		"address", p->address, "port", p->port);
}

static json_t *make_dependency(const void *of, size_t i, struct err *err)
{
	const struct compose_dependency *d = &((const struct compose_dependencies *)of)->items[i];

	return json_make(err, "{s:s, s:s}", "service", d->name, "condition",
		d->must_be_healthy ? "service_healthy" : "service_started");
}

static json_t *capabilities(uint64_t set, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");

	for (unsigned i = 0; list && i < COMPOSE_CAPABILITIES; i++)
		if (set >> i & 1 &&
			json_append(list, json_make(err, "s", compose_capability_word(i)), err) < 0)
			return NULL;
	json_t *taken = list;
	list = NULL;
	return taken;
}

static json_t *health(const struct compose_health *h, struct err *err)
{
	static const char *const tests[] = {"image", "none", "exec", "shell"};
	json_t *list = words(&h->words, err);

	return list ? json_make(err, "{s:s, s:o, s:I, s:I, s:I, s:i}", "test", tests[h->test],
			      "words", list, "interval_ms", (long long)h->interval_ms, "timeout_ms",
			      (long long)h->timeout_ms, "start_period_ms",
			      (long long)h->start_period_ms, "retries", (int)h->retries)
		    : NULL;
}

static json_t *ready(const struct compose_update *u, struct err *err)
{
	json_t *list = words(&u->ready_words, err);

	return list ? json_make(err, "{s:s, s:s?, s:i, s:o, s:I}", "by",
			      compose_ready_word(u->ready), "text", u->ready_text, "port",
			      u->ready_port, "words", list, "after_ms",
			      (long long)u->ready_after_ms)
		    : NULL;
}

static json_t *update(const struct compose_update *u, struct err *err)
{
	AUTO_JSON *listen = make_list(&u->listen, u->listen.n, make_socket, err);
	json_t *when = listen ? ready(u, err) : NULL;

	if (!when)
		return NULL;
	json_t *sockets = listen;
	listen = NULL;
	return json_make(err, "{s:o, s:o, s:s, s:s, s:I, s:I, s:b}", "listen", sockets, "ready",
		when, "strategy", compose_strategy_word(u->strategy), "sharing",
		compose_sharing_word(u->sharing), "handover_timeout_ms",
		(long long)u->handover_timeout_ms, "watch_ms", (long long)u->watch_ms, "updater",
		u->is_updater);
}

/* What is a list or an object; one that could not be made leaves the others to be freed. */
enum part {
	PART_COMMAND,
	PART_ENTRYPOINT,
	PART_ENVIRONMENT,
	PART_LABELS,
	PART_MOUNTS,
	PART_DEVICES,
	PART_PORTS,
	PART_CAP_ADD,
	PART_CAP_DROP,
	PART_HEALTH,
	PART_DEPENDS_ON,
	PART_UPDATE,
	PARTS
};

static int make_parts(const struct service *s, json_t *parts[PARTS], struct err *err)
{
	parts[PART_COMMAND] = command(&s->command, err);
	parts[PART_ENTRYPOINT] = command(&s->entrypoint, err);
	parts[PART_ENVIRONMENT] = pairs(&s->environment, err);
	parts[PART_LABELS] = pairs(&s->labels, err);
	parts[PART_MOUNTS] = make_list(&s->mounts, s->mounts.n, make_mount, err);
	parts[PART_DEVICES] = make_list(&s->devices, s->devices.n, make_device, err);
	parts[PART_PORTS] = make_list(&s->ports, s->ports.n, make_port, err);
	parts[PART_CAP_ADD] = capabilities(s->cap_add, err);
	parts[PART_CAP_DROP] = capabilities(s->cap_drop, err);
	parts[PART_HEALTH] = health(&s->health, err);
	parts[PART_DEPENDS_ON] = make_list(&s->depends_on, s->depends_on.n, make_dependency, err);
	parts[PART_UPDATE] = update(&s->update, err);
	size_t made = 0;
	while (made < PARTS && parts[made])
		made++;
	for (size_t i = 0; made < PARTS && i < PARTS; i++)
		if (parts[i])
			json_free(parts[i]);
	return made == PARTS ? 0 : -1;
}

static json_t *make_service(const void *of, size_t i, struct err *err)
{
	const struct service *s = &((const struct compose *)of)->services[i];
	json_t *p[PARTS];

	if (make_parts(s, p, err) < 0)
		return NULL;
	return json_make(err,
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:i, s:s?, s:s?, "
		"s:o, "
		"s:o, s:b, s:o, s:i, s:I, s:o, s:I, s:i, s:o}",
		"name", s->name, "image", s->image, "source", s->source, "command", p[PART_COMMAND],
		"entrypoint", p[PART_ENTRYPOINT], "environment", p[PART_ENVIRONMENT], "labels",
		p[PART_LABELS], "mounts", p[PART_MOUNTS], "devices", p[PART_DEVICES],
		"network_mode", compose_network_word(s->network), "ports", p[PART_PORTS], "restart",
		compose_restart_word(s->restart), "restart_max", (int)s->restart_max, "user",
		s->user, "working_dir", s->working_dir, "cap_add", p[PART_CAP_ADD], "cap_drop",
		p[PART_CAP_DROP], "read_only", s->is_read_only, "healthcheck", p[PART_HEALTH],
		"stop_signal", s->stop_signal, "stop_grace_period_ms", (long long)s->stop_grace_ms,
		"depends_on", p[PART_DEPENDS_ON], "mem_limit_bytes", (long long)s->memory_bytes,
		"cpu_milli", (int)s->cpu_milli, "update", p[PART_UPDATE]);
}

json_t *check_json(const struct compose *c, const char *file, struct err *err)
{
	AUTO_JSON *services = make_list(c, c->n, make_service, err);
	json_t *volumes = services ? words(&c->volumes, err) : NULL;

	if (!volumes)
		return NULL;
	json_t *all = services;
	services = NULL;
	return json_make(err, "{s:s, s:s?, s:o, s:o}", "file", file, "name", c->name, "services",
		all, "volumes", volumes);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/compose.h"
#include "oci/compose_reader.h"
#include "tests/fuzz/fuzz.h"

static void check_service(const struct compose *c, const struct service *s)
{
	PROMISE(compose_find(c, s->name) == s);
	PROMISE(s->image && !strncmp(s->source, "docker://", 9));
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct compose_mount *m = &s->mounts.items[i];

		PROMISE(m->target[0] == '/' && m->target[1] && !strstr(m->target, "/../"));
		PROMISE((m->kind == COMPOSE_TMPFS) == !m->source);
		if (m->kind == COMPOSE_BIND)
			PROMISE(m->source[0] == '/' && strncmp(m->source, "/none/store", 11) != 0);
	}
	for (size_t i = 0; i < s->depends_on.n; i++)
		PROMISE(s->depends_on.items[i].service < c->n);
	PROMISE(s->update.handover_timeout_ms);
}

static void read_compose(const uint8_t *data, size_t len)
{
	/* nothing of this machine is read */
	static const struct compose_place place = {
		.file = "fuzz", .dir = "/none/etc", .root = "/none", .store = "/none/store"};
	struct compose c;
	struct err err;

	if (compose_parse((const char *)data, len, &place, &c, &err) < 0) {
		PROMISE(err.code == OTA_CONFIG || err.code == OTA_FAILED);
		return;
	}
	PROMISE(c.n && c.n <= COMPOSE_MAX_SERVICES);
	for (size_t i = 0; i < c.n; i++)
		check_service(&c, &c.services[i]);
	compose_free(&c);
}

static void read_env(const uint8_t *data, size_t len)
{
	const struct compose_place place = {.file = "fuzz"};
	struct arena arena = {0};
	struct compose_reader r = {.arena = &arena, .place = &place};
	struct compose_pairs pairs = {0};
	struct err err;

	if (compose_env_parse(&r, (const char *)data, len, "fuzz", &pairs, &err) < 0)
		PROMISE(err.code == OTA_CONFIG || err.code == OTA_FAILED);
	for (size_t i = 0; i < pairs.n; i++)
		PROMISE(*pairs.items[i].name && pairs.items[i].value);
	arena_free(&arena);
}

/* The same bytes as a compose file, and as one of variables. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	read_compose(data, len);
	read_env(data, len);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cmd/container_check.h"
#include "cmd/screen.h"

#define TIME_LEN 24
#define PORT_LEN 160

/* "90s", "500ms": exact, in the largest unit that is whole. */
static const char *duration(unsigned ms, char out[TIME_LEN])
{
	static const struct {
		const char *name;
		unsigned ms;
	} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	size_t u = 0;

	while (ms % units[u].ms || ms < units[u].ms) {
		if (++u == ARRAY_LEN(units))
			return "0s";
	}
	snprintf(out, TIME_LEN, "%u%s", ms / units[u].ms, units[u].name);
	return out;
}

/* Words as a shell would need them. */
static void show_words(struct front *front, const char *label, const struct compose_list *words)
{
	AUTO_BUF line = BUF(SIZE_MAX / 2);
	struct err ignored;

	for (size_t i = 0; i < words->n; i++) {
		const char *w = words->items[i];
		bool plain = *w && !w[strcspn(w, " \t\n\"'\\$;&|<>()*?#~`")];

		if (buf_printf(&line, &ignored, plain ? "%s%s" : "%s'%s'", i ? " " : "", w) < 0)
			return;
	}
	screen_tell(front, label, "%s", words->n ? line.data : "none");
}

static void show_pairs(struct front *front, const char *label, const struct compose_pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++)
		screen_tell(front, i ? "" : label, "%s=%s", pairs->items[i].name,
			pairs->items[i].value);
}

static void show_mounts(struct front *front, const struct compose_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct compose_mount *m = &mounts->items[i];
		char size[TEXT_BYTES_LEN] = "";

		if (m->size_bytes)
			text_bytes(m->size_bytes, size);
		screen_tell(front, i ? "" : "mount", "%s: %s %s%s%s%s%s", m->target,
			compose_mount_word(m->kind), m->source ? m->source : "",
			m->source && m->is_read_only ? ", " : "",
			m->is_read_only ? "read only" : "", *size ? "of " : "", size);
	}
}

static const char *address(const struct compose_port *p, char out[PORT_LEN])
{
	if (p->protocol == COMPOSE_UNIX)
		return p->address;
	snprintf(out, PORT_LEN, strchr(p->address, ':') ? "[%s]:%u/%s" : "%s:%u/%s",
		*p->address ? p->address : "any", p->port, compose_protocol_word(p->protocol));
	return out;
}

static void show_network(struct front *front, const struct service *s)
{
	char text[PORT_LEN];

	screen_tell(front, "network", "%s", compose_network_word(s->network));
	for (size_t i = 0; i < s->ports.n; i++)
		screen_tell(front, i ? "" : "port", "%s leads to port %u inside",
			address(&s->ports.items[i], text), s->ports.items[i].inside);
}

static void show_capabilities(struct front *front, const char *what, uint64_t set)
{
	const uint64_t all = (UINT64_C(1) << COMPOSE_CAPABILITIES) - 1;
	AUTO_BUF line = BUF(4096);
	struct err ignored;

	for (unsigned i = 0; set != all && i < COMPOSE_CAPABILITIES; i++)
		if (set >> i & 1 &&
			buf_printf(&line, &ignored, " %s", compose_capability_word(i)) < 0)
			return;
	if (set)
		screen_tell(front, "caps", "%s%s", what, set == all ? " ALL" : line.data);
}

static void show_limits(struct front *front, const struct service *s)
{
	char size[TEXT_BYTES_LEN];

	if (s->memory_bytes) {
		text_bytes(s->memory_bytes, size);
		screen_tell(front, "memory", "at most %s", size);
	}
	if (s->cpu_milli)
		screen_tell(
			front, "cpus", "at most %u.%03u", s->cpu_milli / 1000, s->cpu_milli % 1000);
}

static void show_health(struct front *front, const struct compose_health *h)
{
	char every[TIME_LEN], limit[TIME_LEN], begin[TIME_LEN];

	if (h->test == COMPOSE_TEST_NONE)
		screen_tell(front, "health", "not tested");
	else if (h->test != COMPOSE_TEST_OF_IMAGE)
		show_words(front, "health", &h->words);
	if (h->interval_ms)
		screen_tell(front, "", "every %s", duration(h->interval_ms, every));
	if (h->timeout_ms)
		screen_tell(front, "", "within %s", duration(h->timeout_ms, limit));
	if (h->start_period_ms)
		screen_tell(
			front, "", "failures count after %s", duration(h->start_period_ms, begin));
	if (h->retries)
		screen_tell(front, "", "unhealthy after %u failures", h->retries);
}

static void show_life(struct front *front, const struct compose *c, const struct service *s)
{
	char grace[TIME_LEN];

	if (s->restart_max)
		screen_tell(front, "restart", "%s, %u times at most",
			compose_restart_word(s->restart), s->restart_max);
	else
		screen_tell(front, "restart", "%s", compose_restart_word(s->restart));
	for (size_t i = 0; i < s->depends_on.n; i++)
		screen_tell(front, i ? "" : "needs", "%s, %s",
			c->services[s->depends_on.items[i].service].name,
			s->depends_on.items[i].must_be_healthy ? "healthy" : "started");
	if (s->stop_signal)
		screen_tell(front, "stop", "signal %d, killed after %s", s->stop_signal,
			duration(s->stop_grace_ms, grace));
	else
		screen_tell(front, "stop", "the image's signal, killed after %s",
			duration(s->stop_grace_ms, grace));
}

static void show_ready(struct front *front, const struct compose_update *u)
{
	char after[TIME_LEN];

	switch (u->ready) {
	case COMPOSE_READY_UNSAID:
		return;
	case COMPOSE_READY_FILE:
		screen_tell(front, "ready", "when it has made %s", u->ready_text);
		return;
	case COMPOSE_READY_NOTIFY:
		screen_tell(front, "ready", "when it says so by sd_notify");
		return;
	case COMPOSE_READY_HTTP:
		screen_tell(front, "ready", "when %s answers", u->ready_text);
		return;
	case COMPOSE_READY_TCP:
		screen_tell(front, "ready", "when port %u is open", u->ready_port);
		return;
	case COMPOSE_READY_EXEC:
		show_words(front, "ready", &u->ready_words);
		return;
	case COMPOSE_READY_AFTER:
		screen_tell(front, "ready", "when it has run for %s",
			duration(u->ready_after_ms, after));
		return;
	}
}

static void show_update(struct front *front, const struct compose_update *u)
{
	char timeout[TIME_LEN], watch[TIME_LEN], text[PORT_LEN];

	for (size_t i = 0; i < u->listen.n; i++)
		screen_tell(front, i ? "" : "listen", "%s", address(&u->listen.items[i], text));
	if (u->sharing != COMPOSE_SHARING_NONE)
		screen_tell(front, "sharing", "%s", compose_sharing_word(u->sharing));
	show_ready(front, u);
	screen_tell(front, "update", "%s", compose_strategy_word(u->strategy));
	if (u->strategy == COMPOSE_HAND_OVER)
		screen_tell(front, "", "the new version is ready within %s, or does not count",
			duration(u->handover_timeout_ms, timeout));
	if (u->watch_ms)
		screen_tell(front, "", "goes back if it fails within %s after that",
			duration(u->watch_ms, watch));
	if (u->is_updater)
		screen_tell(front, "updater", "sees the store and /run/ota of the machine");
}

void check_show(struct front *front, const struct compose *c, const struct service *s)
{
	screen_stress(front, "service", "%s", s->name);
	screen_tell(front, "image", "%s", s->image);
	if (s->entrypoint.is_given)
		show_words(front, "entry", &s->entrypoint.words);
	if (s->command.is_given)
		show_words(front, "command", &s->command.words);
	if (s->user)
		screen_tell(front, "user", "%s", s->user);
	if (s->working_dir)
		screen_tell(front, "folder", "%s", s->working_dir);
	show_pairs(front, "env", &s->environment);
	show_pairs(front, "label", &s->labels);
	if (s->is_read_only)
		screen_tell(front, "root", "read only");
	show_mounts(front, &s->mounts);
	for (size_t i = 0; i < s->devices.n; i++)
		screen_tell(front, i ? "" : "device", "%s: %s %s", s->devices.items[i].target,
			s->devices.items[i].source, s->devices.items[i].access);
	show_network(front, s);
	show_capabilities(front, "dropped:", s->cap_drop);
	show_capabilities(front, "added:", s->cap_add);
	show_limits(front, s);
	show_health(front, &s->health);
	show_life(front, c, s);
	show_update(front, &s->update);
}

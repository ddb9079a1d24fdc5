/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/un.h>

#include "io/probe.h"
#include "oci/compose_reader.h"

#define MAX_TIME_MS (30u * 24 * 3600 * 1000)

/* --- balena's labels --- */

int compose_take_balena(const struct yaml *at, struct service *s, struct err *err)
{
	static const char strategy[] = "io.balena.update.strategy";
	static const char timeout[] = "io.balena.update.handover-timeout";
	uint64_t ms;

	for (size_t i = 0; i < s->labels.n; i++) {
		const struct compose_pair *label = &s->labels.items[i];

		/* there, what nobody knows is the default */
		for (unsigned k = 0;
			!strcmp(label->name, strategy) && k < ARRAY_LEN(compose_strategy_words);
			k++)
			if (!strcmp(label->value, compose_strategy_words[k]))
				s->update.strategy = (enum compose_strategy)k;
		if (strcmp(label->name, timeout) != 0)
			continue;
		if (!compose_digits(label->value, MAX_TIME_MS, &ms) || !ms)
			return yaml_fail(at, err, "'%s' is no number of milliseconds", timeout);
		s->update.handover_timeout_ms = (unsigned)ms;
	}
	return 0;
}

/* --- listen --- */

static int take_socket(
	struct compose_reader *r, const struct yaml *at, struct compose_port *p, struct err *err)
{
	const char *text = compose_word(r, at, err);

	if (!text)
		return -1;
	if (*text == '/') {
		p->protocol = COMPOSE_UNIX;
		p->line = at->line;
		p->address = compose_machine_path(r, at, text, err);
		if (!p->address)
			return -1;
		return strlen(p->address) < sizeof(((struct sockaddr_un *)0)->sun_path)
			       ? 0
			       : yaml_fail(at, err, "'%.120s' is too long for a socket", text);
	}
	const char *address = compose_cut_protocol(r, at, text, p, err);
	if (!address)
		return -1;
	if (!strchr(address, ':')) {
		yaml_fail(at, err, "'%.100s' is not HOST:PORT, nor a path", text);
		return err_hint(err, "0.0.0.0:PORT is listened on at every address");
	}
	return compose_address(r, at, address, p, err);
}

static int take_listen(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_ports *ports = &((struct compose_update *)out)->listen;

	if (value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list is expected here");
	ports->items = arena_take(r->arena, value->n, sizeof(*ports->items), err);
	if (!ports->items)
		return -1;
	for (; ports->n < value->n; ports->n++)
		if (take_socket(r, value->items[ports->n], &ports->items[ports->n], err) < 0)
			return -1;
	return 0;
}

/* --- ready --- */

static int take_file(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_update *u = out;

	u->ready = COMPOSE_READY_FILE;
	u->ready_text = compose_path(r, value, err);
	return u->ready_text ? 0 : -1;
}

static int take_notify(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	bool is_on;

	(void)r;
	if (compose_bool(value, &is_on, err) < 0)
		return -1;
	((struct compose_update *)out)->ready = COMPOSE_READY_NOTIFY;
	return is_on ? 0 : yaml_fail(value, err, "'notify' is true, or left out");
}

static int take_http(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_update *u = out;

	u->ready = COMPOSE_READY_HTTP;
	u->ready_text = compose_word(r, value, err);
	if (!u->ready_text)
		return -1;
	if (probe_url_is_sound(u->ready_text))
		return 0;
	yaml_fail(value, err, "'%.100s' does not look like http://HOST:PORT/PATH", u->ready_text);
	return err_hint(
		err, "HOST is localhost or an IP address: the service is asked from inside");
}

static int take_tcp(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_update *u = out;
	uint64_t n;

	(void)r;
	u->ready = COMPOSE_READY_TCP;
	if (compose_uint(value, 1, UINT16_MAX, &n, err) < 0)
		return -1;
	u->ready_port = (uint16_t)n;
	return 0;
}

static int take_exec(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_update *u = out;

	u->ready = COMPOSE_READY_EXEC;
	if (compose_list(r, value, &u->ready_words, err) < 0)
		return -1;
	return u->ready_words.n && *u->ready_words.items[0]
		       ? 0
		       : yaml_fail(value, err, "'exec' names no program");
}

static int take_after(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_update *u = out;

	(void)r;
	u->ready = COMPOSE_READY_AFTER;
	return compose_time(value, 1, &u->ready_after_ms, err);
}

static int take_ready(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const struct compose_key keys[] = {{"file", take_file}, {"notify", take_notify},
		{"http", take_http}, {"tcp", take_tcp}, {"exec", take_exec}, {"after", take_after}};

	if (value->kind == YAML_MAP && value->n != 1)
		return yaml_fail(
			value, err, "'ready' takes one of file, notify, http, tcp, exec and after");
	return compose_take_map(r, value, keys, ARRAY_LEN(keys), "ready", out, err);
}

/* --- the rest --- */

static int take_strategy(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	unsigned i;

	(void)r;
	if (compose_choice(
		    value, compose_strategy_words, ARRAY_LEN(compose_strategy_words), &i, err) < 0)
		return -1;
	((struct compose_update *)out)->strategy = (enum compose_strategy)i;
	return 0;
}

static int take_timeout(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_time(value, 1, &((struct compose_update *)out)->handover_timeout_ms, err);
}

static int take_watch(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_time(value, 0, &((struct compose_update *)out)->watch_ms, err);
}

static int take_sharing(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	unsigned i;

	(void)r;
	/* the first word is what it is called where nothing is shared */
	if (compose_choice(value, compose_sharing_words + 1, ARRAY_LEN(compose_sharing_words) - 1,
		    &i, err) < 0)
		return -1;
	((struct compose_update *)out)->sharing = (enum compose_sharing)(i + 1);
	return 0;
}

static int take_updater(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_bool(value, &((struct compose_update *)out)->is_updater, err);
}

int compose_take_ota(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const struct compose_key keys[] = {{"listen", take_listen}, {"ready", take_ready},
		{"strategy", take_strategy}, {"handover-timeout", take_timeout},
		{"watch", take_watch}, {"sharing", take_sharing}, {"updater", take_updater}};
	struct compose_update *u = &((struct service *)out)->update;

	if (compose_take_map(r, value, keys, ARRAY_LEN(keys), "x-ota", u, err) < 0)
		return -1;
	if (u->listen.n && u->sharing == COMPOSE_SHARING_NONE)
		u->sharing = COMPOSE_SHARING_SOCKET;
	if (u->sharing == COMPOSE_SHARING_SOCKET && !u->listen.n)
		return yaml_fail(value, err, "'sharing: socket' without anything to 'listen' on");
	return 0;
}

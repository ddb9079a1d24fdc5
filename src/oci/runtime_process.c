/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/capability.h>
#include <stdio.h>

#include "oci/runtime_part.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OOM_SCORE 500 /* the supervisor and the host go last */
#define C RUNTIME_CAPABILITY

/* What the usual engines give to a container. */
static const uint64_t usual_capabilities =
	C(CAP_CHOWN) | C(CAP_DAC_OVERRIDE) | C(CAP_FOWNER) | C(CAP_FSETID) | C(CAP_KILL) |
	C(CAP_SETGID) | C(CAP_SETUID) | C(CAP_SETPCAP) | C(CAP_NET_BIND_SERVICE) | C(CAP_NET_RAW) |
	C(CAP_SYS_CHROOT) | C(CAP_MKNOD) | C(CAP_AUDIT_WRITE) | C(CAP_SETFCAP);

/* Of adding and dropping at most one is "all", which the other has exceptions from. */
uint64_t runtime_capabilities(const struct service *s)
{
	const uint64_t all = C(COMPOSE_CAPABILITIES) - 1;

	return s->cap_drop == all ? s->cap_add : (usual_capabilities | s->cap_add) & ~s->cap_drop;
}

/* An entrypoint of the compose file leaves nothing of the image's command. */
static int put_args(const struct runtime_spec *spec, json_t *process, struct err *err)
{
	const struct service *s = spec->service;
	const struct compose_list none = {0};
	const struct compose_list *parts[] = {
		s->entrypoint.is_given ? &s->entrypoint.words : &spec->exec->entrypoint,
		s->command.is_given      ? &s->command.words
		: s->entrypoint.is_given ? &none
					 : &spec->exec->command};
	json_t *args = runtime_list(process, "args", err);

	for (size_t p = 0; args && p < ARRAY_LEN(parts); p++)
		for (size_t i = 0; i < parts[p]->n; i++)
			if (json_append(args, json_make(err, "s", parts[p]->items[i]), err) < 0)
				return -1;
	if (!args || json_length(args))
		return args ? 0 : -1;
	err_set(err, OTA_CONFIG, "service '%s': nothing says what to run", s->name);
	return err_hint(err, "the image has no command; give it one by command:");
}

/* Is there one of the same name behind it, in its own layer or a later one? */
static bool is_replaced(const struct compose_pairs *const *layer, size_t n, size_t i)
{
	const char *name = layer[0]->items[i].name;

	for (i++; n; layer++, n--, i = 0)
		for (; i < layer[0]->n; i++)
			if (!strcmp(layer[0]->items[i].name, name))
				return true;
	return false;
}

static int put_layers(
	const struct compose_pairs *const *layers, size_t n, json_t *env, struct err *err)
{
	for (size_t l = 0; l < n; l++)
		for (size_t i = 0; i < layers[l]->n; i++) {
			const struct compose_pair *p = &layers[l]->items[i];

			if (!is_replaced(layers + l, n - l, i) &&
				json_append(env, json_make(err, "s++", p->name, "=", p->value),
					err) < 0)
				return -1;
		}
	return 0;
}

static int put_env(const struct runtime_spec *spec, json_t *process, struct err *err)
{
	char n_sockets[24];
	struct compose_pair first[] = {
		{"PATH", DEFAULT_PATH}, {"HOSTNAME", spec->hostname}, {"HOME", spec->user->home}};
	struct compose_pair last[] = {{"LISTEN_FDS", n_sockets}, {"LISTEN_PID", "1"}};
	const struct compose_pairs defaults = {ARRAY_LEN(first), first};
	const struct compose_pairs sockets = {spec->n_sockets ? ARRAY_LEN(last) : 0, last};
	const struct compose_pairs none = {0};
	const struct compose_pairs *const layers[] = {&defaults, &spec->exec->environment,
		&spec->service->environment, spec->environment ? spec->environment : &none,
		&sockets};
	json_t *env = runtime_list(process, "env", err);

	snprintf(n_sockets, sizeof(n_sockets), "%zu", spec->n_sockets);
	return env ? put_layers(layers, ARRAY_LEN(layers), env, err) : -1;
}

static int put_set(json_t *object, const char *name, uint64_t set, struct err *err)
{
	const char *words[COMPOSE_CAPABILITIES + 1];
	size_t n = 0;

	for (unsigned i = 0; i < COMPOSE_CAPABILITIES; i++)
		if (set & C(i))
			words[n++] = compose_capability_word(i);
	words[n] = NULL;
	return runtime_put_texts(object, name, words, err);
}

/* Root has all that the container may have. With no_new_privs no file gives any, so that another
 * user has what is inherited and ambient, or nothing: exactly what the service adds by name. The
 * inheritable set of root stays empty, else a process that it starts as somebody else could raise
 * what it was not meant to have. */
static int put_capabilities(const struct runtime_spec *spec, json_t *process, struct err *err)
{
	uint64_t bounding = runtime_capabilities(spec->service);
	bool is_root = spec->user->uid == 0;
	uint64_t ambient = is_root ? 0 : bounding & spec->service->cap_add;
	uint64_t effective = is_root ? bounding : ambient;
	json_t *sets = runtime_object(process, "capabilities", err);

	if (!sets || put_set(sets, "bounding", bounding, err) < 0 ||
		put_set(sets, "effective", effective, err) < 0 ||
		put_set(sets, "permitted", effective, err) < 0 ||
		put_set(sets, "inheritable", ambient, err) < 0)
		return -1;
	return put_set(sets, "ambient", ambient, err);
}

static int put_user(const struct oci_user *u, json_t *process, struct err *err)
{
	json_t *user = runtime_object(process, "user", err);

	if (!user || json_set(user, "uid", json_make(err, "I", (long long)u->uid), err) < 0 ||
		json_set(user, "gid", json_make(err, "I", (long long)u->gid), err) < 0)
		return -1;
	json_t *groups = runtime_list(user, "additionalGids", err);
	for (size_t i = 0; groups && i < u->n_groups; i++)
		if (json_append(groups, json_make(err, "I", (long long)u->groups[i]), err) < 0)
			return -1;
	return groups ? 0 : -1;
}

int runtime_put_process(const struct runtime_spec *spec, json_t *root, struct err *err)
{
	const char *image_dir = *spec->exec->working_dir ? spec->exec->working_dir : "/";
	const char *dir = spec->service->working_dir ? spec->service->working_dir : image_dir;
	json_t *process = json_make(err, "{s:b, s:b, s:s, s:i}", "terminal", 0, "noNewPrivileges",
		1, "cwd", dir, "oomScoreAdj", OOM_SCORE);

	if (json_set(root, "process", process, err) < 0 || put_args(spec, process, err) < 0 ||
		put_env(spec, process, err) < 0 || put_user(spec->user, process, err) < 0)
		return -1;
	return put_capabilities(spec, process, err);
}

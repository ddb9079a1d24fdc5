/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that read the compose file share: values of one kind, maps by a table of their
 * keys, and one function a theme. All of them give config errors with file and line, or failed
 * for want of memory; what they return lives in the compose's arena.
 */
#ifndef OTA_OCI_COMPOSE_READER_H
#define OTA_OCI_COMPOSE_READER_H

#include "base/buf.h"
#include "base/mem.h"
#include "oci/compose.h"
#include "oci/yaml.h"

struct compose_reader {
	struct compose *compose;
	struct arena *arena; /* the compose's */
	const struct compose_place *place;
};

/* One key of a map, put into `out`. */
typedef int compose_take(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err);

struct compose_key {
	const char *name;
	compose_take *take; /* NULL: passed over here */
};

/* Takes each key of a map; one that is not in the table is an error, as is an empty value. `what`
 * names the map. */
int compose_take_map(struct compose_reader *r, const struct yaml *map,
	const struct compose_key *keys, size_t n, const char *what, void *out,
	struct err *err) MUST_USE;

/* One pair of such a map. */
int compose_take_pair(struct compose_reader *r, const struct yaml_pair *pair,
	const struct compose_key *keys, size_t n, const char *what, void *out,
	struct err *err) MUST_USE;

/* --- values --- */

/* Any text, `$$` being a dollar; a variable is an error. NULL on failure; so do the next two. */
const char *compose_text(
	struct compose_reader *r, const struct yaml *value, struct err *err) MUST_USE;

/* A text that is not empty and has no control characters. */
const char *compose_word(
	struct compose_reader *r, const struct yaml *value, struct err *err) MUST_USE;

/* A word that is an absolute path without `.` and `..`, slashes made single. */
const char *compose_path(
	struct compose_reader *r, const struct yaml *value, struct err *err) MUST_USE;

/* The same of a piece of a value; `text` is in the arena. */
const char *compose_clean_path(struct compose_reader *r, const struct yaml *at, const char *text,
	struct err *err) MUST_USE;

/* An absolute path of the machine: with the root before it. */
const char *compose_machine_path(struct compose_reader *r, const struct yaml *at, const char *text,
	struct err *err) MUST_USE;

int compose_bool(const struct yaml *value, bool *out, struct err *err) MUST_USE;

/* Digits alone. */
bool compose_digits(const char *text, uint64_t max, uint64_t *out);

int compose_uint(const struct yaml *value, uint64_t min, uint64_t max, uint64_t *out,
	struct err *err) MUST_USE;

/* "1m30s", "500ms", at most 30 days. */
int compose_time(const struct yaml *value, unsigned min_ms, unsigned *ms, struct err *err) MUST_USE;

/* "64m", "4096": bytes, k, m, g. */
bool compose_size(const char *text, uint64_t *bytes);

/* One of the words. */
int compose_choice(const struct yaml *value, const char *const *words, size_t n, unsigned *out,
	struct err *err) MUST_USE;

/* A list of texts. */
int compose_list(struct compose_reader *r, const struct yaml *value, struct compose_list *list,
	struct err *err) MUST_USE;

/* A list of words, or one alone. */
int compose_word_list(struct compose_reader *r, const struct yaml *value, struct compose_list *list,
	struct err *err) MUST_USE;

/* A list of texts, or one line that is split as a shell does, without its expansions. */
int compose_split(struct compose_reader *r, const struct yaml *value, struct compose_list *list,
	struct err *err) MUST_USE;

/* --- names --- */

extern const char *const compose_network_words[3], *const compose_restart_words[4],
							   *const compose_strategy_words[4],
								   *const compose_sharing_words[4];

/* With or without "CAP_"; -1: the kernel has none of that name. */
int compose_capability(const char *name);

/* A name with or without "SIG", or a number; 0: there is none. */
int compose_signal(const char *text);

/* [A-Za-z0-9][A-Za-z0-9_.-]*, without capitals where said so. */
bool compose_is_name(const char *text, bool capitals);

/* Is it this folder, or below it? Both are clean paths. */
bool compose_is_within(const char *path, const char *folder);

/* Takes the kind of a health's test off the begin of its words; false where there is no such. */
bool compose_test(struct compose_health *h);

/* --- keys of a service, by theme; `out` is the service --- */

compose_take compose_take_image, compose_take_command, compose_take_entrypoint,
	compose_take_restart, compose_take_user, compose_take_working_dir, compose_take_cap_add,
	compose_take_cap_drop, compose_take_read_only, compose_take_stop_signal,
	compose_take_stop_grace, compose_take_memory, compose_take_cpus, compose_take_depends_on,
	compose_take_environment, compose_take_env_file, compose_take_labels, compose_take_volumes,
	compose_take_tmpfs, compose_take_devices, compose_take_network_mode, compose_take_ports,
	compose_take_healthcheck, compose_take_ota;

/* The pairs of a .env file, added to those that are there; a later one of the same name wins. */
int compose_env_parse(struct compose_reader *r, const char *text, size_t len, const char *file,
	struct compose_pairs *pairs, struct err *err) MUST_USE;

/* The whole file, which may be a symlink. Errors: config. */
int compose_load(const char *path, struct buf *text, struct err *err) MUST_USE;

/* A path that begins at the compose file's folder, or one of the machine. */
const char *compose_resolve(struct compose_reader *r, const struct yaml *at, const char *text,
	struct err *err) MUST_USE;

/* Strategy and timeout from the labels of balena. */
int compose_take_balena(const struct yaml *at, struct service *s, struct err *err) MUST_USE;

/* Sets or replaces. */
int compose_pair_set(struct compose_reader *r, struct compose_pairs *pairs, const char *name,
	const char *value, struct err *err) MUST_USE;

/* What is the text up to the first of these, in the arena; *rest is what follows it, or NULL. */
const char *compose_cut(struct compose_reader *r, const char *text, char at, const char **rest,
	struct err *err) MUST_USE;

/* Takes "/tcp" or "/udp" off the end; without, it is tcp. */
const char *compose_cut_protocol(struct compose_reader *r, const struct yaml *at, const char *text,
	struct compose_port *port, struct err *err) MUST_USE;

/* "IP:PORT", "[IP]:PORT", or "PORT": then the address is "". */
int compose_address(struct compose_reader *r, const struct yaml *at, const char *text,
	struct compose_port *port, struct err *err) MUST_USE;

/* What can only be checked when all services are there. */
int compose_check(const struct compose_reader *r, struct err *err) MUST_USE;

#endif

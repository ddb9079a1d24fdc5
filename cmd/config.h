/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ota.conf, typed and checked. Strings are owned by the config and freed by config_free(); where a
 * key without default is not given they are NULL. Paths of the
 * machine already carry the --root prefix.
 */
#ifndef OTA_CMD_CONFIG_H
#define OTA_CMD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CONFIG_MAX_BYTES (64 * 1024)
#define CONFIG_MAX_LINE 190 /* bytes; inih's own line buffer holds 197 */
#define CONFIG_MAX_ROWS 64
#define CONFIG_DEFAULT_STORE "/var/lib/ota"

struct config_list {
	char **items;
	size_t count;
};

struct config {
	struct {
		char *compatible, *source, *channel, *id, *trust, *store, *hooks, *cmdline;
		uint64_t signers;
	} device;
	struct {
		char *device;
	} slot_a, slot_b;
	struct {
		char *backend, *preset, *env, *files, *target; /* files "": none */
		uint64_t attempts;
		char *watchdog, *watchdog_after;
		unsigned watchdog_timeout_ms, watchdog_deadline_ms;
	} boot;
	struct {
		char *checks;
		unsigned timeout_ms;
	} commit;
	struct {
		struct config_list insecure_http; /* HOST or HOST:PORT */
		char *proxy, *ca_file, *client_cert, *client_key, *auth_file;
		uint64_t limit_rate; /* bytes a second; 0: none */
		uint64_t budget;     /* bytes; 0: none */
		unsigned retry_wait_ms, stall_time_ms;
		unsigned max_time_ms; /* of the command line alone; 0: none */
	} network;
	struct {
		char *compose, *runtime, *unsigned_images;
	} container;
};

enum config_type {
	CONFIG_STRING, /* char * */
	CONFIG_PATH,   /* char *, absolute in the file */
	CONFIG_INSIDE, /* the same inside an image: without the --root prefix */
	CONFIG_SOURCE, /* char *; the folder of an oci: source is a path */
	CONFIG_CHOICE, /* char *, one of the words in `form` */
	CONFIG_HOSTS,  /* struct config_list */
	CONFIG_UINT,   /* uint64_t, min to max */
	CONFIG_SIZE,   /* uint64_t, bytes */
	CONFIG_RATE,   /* uint64_t, bytes a second */
	CONFIG_TIME,   /* unsigned, milliseconds, at least min */
};

struct config_row {
	const char *section, *key;
	enum config_type type;
	size_t offset;
	const char *form;   /* what the page calls its value; the words of a choice */
	const char *preset; /* as it would stand in the file; NULL: none */
	const char *help;
	uint64_t min, max;
	bool required;
	bool may_be_empty;
};

/* Every section and key, in the order of the page. */
extern const struct config_row config_rows[];
extern const size_t n_config_rows;

/* Reads a whole ota.conf from memory. `name` is what errors call it ("FILE:LINE: ..."); root is
 * put before every path, defaults too, "" for none. The caller frees with config_free(); a failure
 * leaves nothing to free. Errors: config. */
int config_parse(const char *text, size_t len, const char *name, const char *root,
	struct config *config, struct err *err) MUST_USE;

/* Does it have what updates of the host need: name and slots? Those of containers do without.
 * Errors: config. */
int config_check_host(const struct config *config, const char *name, struct err *err) MUST_USE;

void config_free(struct config *config);

#endif

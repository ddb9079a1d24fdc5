/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compose file of a device: which services it runs, and how. A subset of the Compose
 * specification with `x-ota` for what that lacks; a key that is not understood is an error with
 * its line, never passed over. Values are checked and typed, defaults are filled in.
 */
#ifndef OTA_OCI_COMPOSE_H
#define OTA_OCI_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define COMPOSE_MAX_SERVICES 64
#define COMPOSE_CAPABILITIES 41 /* that the kernel knows: bits of a uint64_t */

struct compose_list {
	size_t n;
	const char **items;
};

struct compose_pair {
	const char *name, *value;
};

struct compose_pairs {
	size_t n;
	struct compose_pair *items;
};

/* In place of what the image says. */
struct compose_command {
	bool is_given;
	struct compose_list words;
};

enum compose_mount_kind { COMPOSE_BIND, COMPOSE_VOLUME, COMPOSE_TMPFS };

struct compose_mount {
	enum compose_mount_kind kind;
	const char *source; /* a path of the machine, a volume's name; NULL for a tmpfs */
	const char *target;
	bool is_read_only;
	uint64_t size_bytes; /* of a tmpfs; 0: the kernel's default */
	unsigned mode;       /* of a tmpfs */
	unsigned line;
};

struct compose_mounts {
	size_t n;
	struct compose_mount *items;
};

struct compose_device {
	const char *source, *target, *access; /* of "rwm" */
};

struct compose_devices {
	size_t n;
	struct compose_device *items;
};

enum compose_network { COMPOSE_NETWORK_PRIVATE, COMPOSE_NETWORK_HOST, COMPOSE_NETWORK_NONE };
enum compose_protocol { COMPOSE_TCP, COMPOSE_UDP, COMPOSE_UNIX };

/* A port of the machine that leads into the service, or a socket that is passed to it. */
struct compose_port {
	enum compose_protocol protocol;
	const char *address;   /* an IP address, "" for any; the path of a unix socket */
	uint16_t port, inside; /* inside: of `ports` only */
	unsigned line;
};

struct compose_ports {
	size_t n;
	struct compose_port *items;
};

enum compose_restart {
	COMPOSE_RESTART_NO,
	COMPOSE_RESTART_ALWAYS,
	COMPOSE_RESTART_ON_FAILURE,
	COMPOSE_RESTART_UNLESS_STOPPED,
};

enum compose_test {
	COMPOSE_TEST_OF_IMAGE, /* whatever the image says, if anything */
	COMPOSE_TEST_NONE,
	COMPOSE_TEST_EXEC,
	COMPOSE_TEST_SHELL, /* one word, for /bin/sh -c */
};

struct compose_health {
	enum compose_test test;
	struct compose_list words;
	unsigned interval_ms, timeout_ms, start_period_ms; /* 0: not said */
	unsigned retries;                                  /* 0: not said */
};

struct compose_dependency {
	const char *name;
	size_t service; /* its place in the file */
	bool must_be_healthy;
	unsigned line;
};

struct compose_dependencies {
	size_t n;
	struct compose_dependency *items;
};

enum compose_strategy {
	COMPOSE_DOWNLOAD_THEN_KILL,
	COMPOSE_KILL_THEN_DOWNLOAD,
	COMPOSE_DELETE_THEN_DOWNLOAD,
	COMPOSE_HAND_OVER,
};

enum compose_ready {
	COMPOSE_READY_UNSAID,
	COMPOSE_READY_FILE,
	COMPOSE_READY_NOTIFY,
	COMPOSE_READY_HTTP,
	COMPOSE_READY_TCP,
	COMPOSE_READY_EXEC,
	COMPOSE_READY_AFTER,
};

enum compose_sharing {
	COMPOSE_SHARING_NONE, /* nothing is listened on */
	COMPOSE_SHARING_SOCKET,
	COMPOSE_SHARING_REUSEPORT,
	COMPOSE_SHARING_PROXY,
};

struct compose_update {
	struct compose_ports listen;
	enum compose_ready ready;
	const char *ready_text; /* the file inside, the URL */
	uint16_t ready_port;
	struct compose_list ready_words;
	unsigned ready_after_ms;
	enum compose_strategy strategy;
	enum compose_sharing sharing;
	unsigned handover_timeout_ms;
	unsigned watch_ms; /* 0: not watched */
	bool is_updater;   /* sees the machine's store and /run/ota */
};

struct service {
	const char *name;
	unsigned line;
	const char *image;  /* as it stands there */
	const char *source; /* the same as docker://HOST/REPO:TAG, or @DIGEST */
	struct compose_command command, entrypoint;
	struct compose_pairs environment; /* env_file included, what comes first of it first */
	struct compose_pairs labels;
	struct compose_mounts mounts; /* tmpfs included; a child may come before its parent */
	struct compose_devices devices;
	enum compose_network network;
	struct compose_ports ports;
	enum compose_restart restart;
	unsigned restart_max; /* of on-failure; 0: no end */
	const char *user;     /* NULL: the image's; so is working_dir */
	const char *working_dir;
	uint64_t cap_add, cap_drop;
	bool is_read_only;
	struct compose_health health;
	int stop_signal; /* 0: the image's */
	unsigned stop_grace_ms;
	struct compose_dependencies depends_on;
	uint64_t memory_bytes; /* 0: no limit */
	unsigned cpu_milli;    /* thousandths of a CPU; 0: no limit */
	struct compose_update update;
};

struct compose {
	const char *name; /* NULL: not said */
	size_t n;
	struct service *services; /* in the order of the file */
	struct compose_list volumes;
	struct arena arena; /* owns all of it */
};

struct compose_place {
	const char *file;  /* what errors call it */
	const char *dir;   /* of the file, absolute: relative paths begin there */
	const char *root;  /* put before absolute paths of the machine; "" for none */
	const char *store; /* that no service may see; absolute */
};

/* Reads a compose file from memory. The caller frees with compose_free(); a failure leaves nothing
 * to free. Errors: config ("FILE:LINE: ..."), failed. */
int compose_parse(const char *text, size_t len, const struct compose_place *place,
	struct compose *c, struct err *err) MUST_USE;

/* The same from a file, its folder being the file's. store and root may be relative to the working
 * directory. Errors: config, also where there is no such file; failed. */
int compose_read(const char *path, const char *root, const char *store, struct compose *c,
	struct err *err) MUST_USE;

void compose_free(struct compose *c);

/* The service of that name, or NULL. */
const struct service *compose_find(const struct compose *c, const char *name);

/* What they are called in the file. */
const char *compose_mount_word(enum compose_mount_kind kind);
const char *compose_network_word(enum compose_network network);
const char *compose_protocol_word(enum compose_protocol protocol);
const char *compose_restart_word(enum compose_restart restart);
const char *compose_strategy_word(enum compose_strategy strategy);
const char *compose_ready_word(enum compose_ready ready);
const char *compose_sharing_word(enum compose_sharing sharing);
const char *compose_capability_word(unsigned number);

static inline void cleanup_compose(struct compose *c)
{
	compose_free(c);
}

#define AUTO_COMPOSE CLEANUP(cleanup_compose) struct compose

#endif

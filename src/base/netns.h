/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces. One lives as long as something is in it or holds a descriptor of it; it is
 * never mounted anywhere, so that nothing is left behind however a process ends. All of it takes
 * CAP_SYS_ADMIN.
 */
#ifndef OTA_BASE_NETNS_H
#define OTA_BASE_NETNS_H

#include "base/err.h"

#define NETNS_PATH_LEN 40

/* Makes a new one, whose loopback is up, and gives its descriptor (O_CLOEXEC); the caller stays in
 * its own. Errors: io. */
int netns_new(struct err *err) MUST_USE;

/* The calling thread enters it, and so does what it forks from now on. Errors: io. */
int netns_enter(int fd, struct err *err) MUST_USE;

/* A connection that waits for a listening socket which closes goes over to another one of the same
 * port (SO_REUSEPORT): switches that on in a namespace, or with -1 in the caller's own. Errors:
 * nothing (a kernel before 5.14 has no such thing), io. */
int netns_migrate_requests(int fd, struct err *err) MUST_USE;

/* What runc and crun take as the path of a namespace in config.json: good for as long as the
 * calling process lives and keeps the descriptor open. */
void netns_path(int fd, char out[NETNS_PATH_LEN]);

#endif

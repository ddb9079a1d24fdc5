/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets of the machine that a service is reached by. The supervisor opens them once and holds
 * them, so that nobody is turned away while containers come and go: `listen` with sharing: socket
 * goes to the container, `ports` and what is shared by proxy to its relay.
 */
#ifndef OTA_SERVICE_SOCKETS_H
#define OTA_SERVICE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "oci/compose.h"

#define SOCKETS_MAX 64
#define SOCKET_KEY_LEN 128

struct held_socket {
	char key[SOCKET_KEY_LEN]; /* "tcp 0.0.0.0:80" */
	int fd;
	bool is_udp;
	bool is_passed;  /* to the container; else it is relayed */
	uint16_t inside; /* where the relay leads */
};

struct sockets {
	size_t n;
	struct held_socket items[SOCKETS_MAX];
};

/* Opens what the service needs; what `have` holds already is shared with it. A failure leaves
 * nothing open. Errors: config (too many), failed (an address is taken, or is none of ours). */
int sockets_open(const struct service *service, const struct sockets *have, struct sockets *s,
	struct err *err) MUST_USE;
void sockets_close(struct sockets *s);

/* The same sockets, whatever they are for. Errors: failed. */
int sockets_share(const struct sockets *have, struct sockets *s, struct err *err) MUST_USE;

/* Closes those that the service does not name: they may have an address that it wants otherwise. */
void sockets_leave(struct sockets *s, const struct service *service);

/* Binds a unix socket that anybody may connect to who can enter its folder. -1 with errno. */
int sockets_bind_local(int fd, const struct sockaddr_un *address);

/* How many go to the container. */
size_t sockets_passed(const struct sockets *s);

#endif

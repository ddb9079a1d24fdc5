/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relays what comes to ports of the machine to one instance of a service, in the network namespace
 * that the calling process has entered. It is the whole life of a forked child: that child closes
 * what it has inherited and does not need first (a relay that keeps a socket of its neighbour's
 * keeps its port), and ends when this returns. The limit of open files is raised, SIGPIPE ignored;
 * other signals stay as they are, and one that has a handler does not end the relay.
 *
 * The sockets were opened in the machine's namespace and are shared: at a handover, the relays of
 * both versions accept from them. They are made non-blocking for all who share them.
 *
 * TCP: bytes go through pipes by splice(2), not through this process's memory. A pipe belongs to a
 * connection only while there are bytes in it, at most 64 KiB for each direction; while a reader
 * does not read, nothing more is taken from its writer. A half-close is passed on, and so is a
 * reset. A byte of urgent data (MSG_OOB) is dropped, as for a reader without SO_OOBINLINE; all
 * around it is passed on in its order. Where nobody listens inside, on 127.0.0.1 or else on ::1,
 * this is tried again every 20 ms for a second before the client is reset: a service that is just
 * being started loses no request.
 *
 * UDP: a client is known by its address; its datagrams leave from a socket of its own, and the
 * answers go back from the address that it has written to. The client that was silent longest makes
 * room for a new one, and all do after a minute of silence. While two relays run, each takes what
 * comes first to it.
 */
#ifndef OTA_IO_RELAY_H
#define OTA_IO_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RELAY_MAX 256         /* connections at a time; fewer where fewer files may be open */
#define RELAY_UDP_MAX 64      /* clients of UDP at a time */
#define RELAY_CONNECT_MS 1000 /* for so long, a service that refuses is tried again */

struct relay_port {
	int socket; /* listening (TCP) or bound (UDP) */
	bool is_udp;
	uint16_t inside; /* the service's port, of the namespace */
};

/* Relays until stop_fd can be read (its other end closed, that counts too; nothing is read). From
 * then on it takes nothing more: listening sockets are closed, and who waits in their queue is left
 * to the other relay. What was accepted goes on to its end, but for drain_ms at most: then it is
 * closed, or reset where bytes were under way; so are connections that a client keeps alive and
 * idle, since only their ends know that they are. A client of UDP still gets the answers that come
 * within a second of the last. At RELAY_MAX, whoever comes waits in the queue. Errors: io,
 * failed. */
int relay_run(const struct relay_port *ports, size_t n, int stop_fd, unsigned drain_ms,
	struct err *err) MUST_USE;

#endif

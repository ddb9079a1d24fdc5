/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the relay, relay*.c, share. */
#ifndef OTA_IO_RELAY_PART_H
#define OTA_IO_RELAY_PART_H

#include <netinet/in.h>
#include <sys/epoll.h>

#include "io/relay.h"

#define RELAY_NEVER UINT64_MAX

enum relay_kind { RELAY_STOP, RELAY_LISTENING, RELAY_LINK, RELAY_UDP_PORT, RELAY_UDP_CLIENT };

/* epoll_ctl(), for the index-th of a kind. */
int relay_watch(int epoll_fd, int op, int fd, uint32_t events, enum relay_kind kind, size_t index);

/* --- connections (relay_link.c) --- */

enum relay_side { RELAY_CLIENT, RELAY_SERVICE };

static inline enum relay_side relay_other(enum relay_side s)
{
	return s == RELAY_CLIENT ? RELAY_SERVICE : RELAY_CLIENT;
}

/* What goes from one side to the other. */
struct relay_flow {
	int pipe[2]; /* -1: none, since nothing is held */
	size_t held; /* taken from the one, not yet given to the other */
	bool has_ended;
	bool is_closed; /* and the other side was told */
};

struct relay_link {
	int fds[2]; /* by side; -1: none */
	uint32_t watched[2];
	bool is_gone[2]; /* nothing new will come from this side, nor go there */
	bool is_connected;
	bool is_v6;                 /* the address of the service that is tried */
	struct relay_flow flows[2]; /* by the side that they come from */
	uint16_t inside;
	uint64_t next_ms; /* when it is tried again, while there is no socket of the service */
	uint64_t give_up_ms;
};

struct relay_links {
	int epoll_fd;
	int spare[2]; /* an empty pipe; -1: none */
	size_t n, max;
	struct relay_link items[RELAY_MAX];
};

void relay_links_begin(struct relay_links *ls, int epoll_fd);

/* Takes an accepted client over; there is room. */
void relay_link_add(struct relay_links *ls, int client_fd, uint16_t inside, uint64_t now_ms);

/* The index is 2 * link + side. */
void relay_link_event(struct relay_links *ls, size_t index, uint32_t events, uint64_t now_ms);

/* Does what is due; gives the moment of what is next. */
uint64_t relay_links_tick(struct relay_links *ls, uint64_t now_ms);

void relay_links_end(struct relay_links *ls);

/* --- what they carry (relay_flow.c) --- */

/* Moves what can be moved without waiting, and passes the end on. -1: the connection is broken. */
int relay_flow_pump(struct relay_links *ls, struct relay_link *l, enum relay_side from);

/* Gives its pipe up: to the next who needs one, if nothing is in it. */
void relay_flow_leave_pipe(struct relay_links *ls, struct relay_flow *f);
void relay_pipe_close(int pipe[2]);

/* --- UDP (relay_udp.c) --- */

struct relay_client {
	int fd; /* -1: free */
	size_t port;
	bool is_v6; /* the address of the service that its socket is connected to */
	struct sockaddr_in6 address; /* or a sockaddr_in */
	socklen_t address_len;
	_Alignas(size_t) char control[64]; /* which address of ours it has written to */
	size_t control_len;
	uint64_t used_ms;
};

struct relay_udp {
	int epoll_fd;
	const struct relay_port *ports;
	size_t n;        /* clients */
	bool prefers_v6; /* the service was last seen to refuse 127.0.0.1 */
	struct relay_client clients[RELAY_UDP_MAX];
	char data[65536];
};

void relay_udp_begin(
	struct relay_udp *u, int epoll_fd, const struct relay_port *ports, size_t n_ports);
void relay_udp_end(struct relay_udp *u);

/* The port, or the client's socket, has something to read. */
void relay_udp_from_client(struct relay_udp *u, size_t port, uint64_t now_ms);
void relay_udp_from_service(struct relay_udp *u, size_t client, uint64_t now_ms);

/* Forgets who was silent for so long; gives the moment of the next. */
uint64_t relay_udp_tick(struct relay_udp *u, uint64_t silence_ms, uint64_t now_ms);

#endif

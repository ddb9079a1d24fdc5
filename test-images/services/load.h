/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the load client: what is asked, and how one request ends. */
#ifndef SERVICES_LOAD_H
#define SERVICES_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define CLIENTS_MAX 256
#define ANSWER_MAX 4096

struct load {
	struct sockaddr_storage to;
	socklen_t to_size;
	const char *path, *until;
	bool keeps_alive;
	unsigned long n_clients, n_requests, rate, timeout_ms;
};

/* Reads the command line, or ends the program. */
void load_parse(int argc, char **argv, struct load *load);

enum outcome { ANSWERED, REFUSED, RESET, SHORT, TIMEOUT, STATUS, OTHER, N_OUTCOMES };

struct line {
	int fd; /* -1: not connected */
	char answer[ANSWER_MAX + 1];
	const char *body; /* of an answer that came whole */
};

/* One request and its answer. The line is kept where that is wanted, and both ends agree. */
enum outcome line_ask(const struct load *load, struct line *line);
void line_close(struct line *line);

#endif

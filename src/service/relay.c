/* SPDX-License-Identifier: Apache-2.0 */
#include "io/relay.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/netns.h"
#include "service/instance_parts.h"

struct relaying {
	const struct instance *instance;
	int stop_fd;
};

static int enter_network(const struct instance *i, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", i->pid);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, OTA_IO, "%s", path) : netns_enter(fd, err);
}

static int relay(void *ctx)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const struct relaying *r = ctx;
	const struct instance *i = r->instance;
	struct relay_port ports[SOCKETS_MAX];
	size_t n = 0;
	struct err err;

	/* signals for all of a terminal or a unit: when to end is the supervisor's word */
	for (size_t k = 0; k < ARRAY_LEN(ignored); k++)
		signal(ignored[k], SIG_IGN);
	for (size_t k = 0; k < i->sockets.n; k++) {
		const struct held_socket *s = &i->sockets.items[k];
		if (!s->is_passed)
			ports[n++] = (struct relay_port){s->fd, s->is_udp, s->inside};
	}
	return enter_network(i, &err) < 0 ||
	       relay_run(ports, n, r->stop_fd, i->plan->service->stop_grace_ms, &err) < 0;
}

int relay_start(struct instance *i, struct err *err)
{
	int ends[2], keep[SOCKETS_MAX + 1];
	size_t n = 0;

	if (i->sockets.n == sockets_passed(&i->sockets))
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, OTA_FAILED, "a relay");
	struct relaying r = {i, ends[0]};
	keep[n++] = ends[0];
	for (size_t k = 0; k < i->sockets.n; k++)
		if (!i->sockets.items[k].is_passed)
			keep[n++] = i->sockets.items[k].fd;
	i->relay = child_start(keep, n, relay, &r, err);
	close(ends[0]);
	if (i->relay < 0) {
		i->relay = 0;
		close(ends[1]);
		return -1;
	}
	i->relay_stop = ends[1];
	i->relay_ms = clock_mono_ms();
	return 0;
}

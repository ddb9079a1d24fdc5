/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "service/instance_parts.h"

#define MESSAGE_MAX 4096
#define MESSAGES_A_TURN 16

/* Paths may be longer than a socket's address takes: it goes by the folder's descriptor. */
int notify_open(struct instance *i, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char path[PATH_MAX];

	if (place_instance(i->host->place, i->letter, "in", path, err) < 0)
		return -1;
	AUTO_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/notify", dir);
	if (dir < 0 || fd < 0 || sockets_bind_local(fd, &a) < 0)
		return err_errno(err, OTA_IO, "%s/notify", path);
	i->notify = fd_take(&fd);
	return 0;
}

static bool says_ready(char *message)
{
	for (char *line = strtok(message, "\n"); line; line = strtok(NULL, "\n"))
		if (!strcmp(line, "READY=1"))
			return true;
	return false;
}

void notify_read(struct instance *i)
{
	char message[MESSAGE_MAX];

	/* one that sends without pause is not all that there is to do */
	for (unsigned k = 0; k < MESSAGES_A_TURN; k++) {
		ssize_t n = recv(i->notify, message, sizeof(message) - 1, 0);
		if (n < 0)
			return;
		message[n] = '\0';
		if (!says_ready(message))
			continue;
		/* it may be quicker than the runtime that started it */
		i->has_said_ready = true;
		if (i->state == INSTANCE_UP)
			probe_ready(i);
	}
}

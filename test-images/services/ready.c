/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The protocol of sd_notify(3). */
static void send_notification(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	static const char text[] = "READY=1";

	if (len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (fd < 0 || sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, size) < 0)
		fail(path);
	close(fd);
}

void ready_tell(const struct manner *m)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (!strcmp(m->ready, "notify") && path) {
		send_notification(path);
	} else if (!strncmp(m->ready, "file:", 5)) {
		int fd = open(m->ready + 5, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			fail(m->ready + 5);
		close(fd);
	}
}

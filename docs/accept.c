/* SPDX-License-Identifier: Apache-2.0 */
/* A service that can be handed over: docs/services.md. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET 3 /* the first that is passed; LISTEN_FDS tells how many there are */

static volatile sig_atomic_t is_stopping;

static void stop(int signal)
{
	(void)signal;
	is_stopping = 1;
}

static void serve(int client)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
				     "Content-Length: 7\r\n\r\nserved\n";
	char request[4096];

	if (read(client, request, sizeof(request)) > 0)
		(void)!write(client, answer, sizeof(answer) - 1);
	close(client);
}

int main(void)
{
	const struct sigaction on_stop = {.sa_handler = stop};
	struct pollfd listening = {.fd = SOCKET, .events = POLLIN};
	sigset_t stopping, before;

	/* heeded in ppoll() alone: what was accepted is answered */
	sigemptyset(&stopping);
	sigaddset(&stopping, SIGTERM);
	sigprocmask(SIG_BLOCK, &stopping, &before);
	sigaction(SIGTERM, &on_stop, NULL);
	/* both versions wake up for a client, and one of them finds it taken */
	fcntl(SOCKET, F_SETFL, O_NONBLOCK);
	int ready = open("/run/ota/handover-complete", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (ready >= 0)
		close(ready);
	while (!is_stopping) {
		if (ppoll(&listening, 1, NULL, &before) <= 0)
			continue;
		int client = accept4(SOCKET, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			serve(client);
	}
	return 0;
}

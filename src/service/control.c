/* SPDX-License-Identifier: Apache-2.0 */
#include "service/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/interrupt.h"
#include "base/text.h"

static const char *const verbs[] = {"hand-over", "replace", "hold", "stop"};
static const char *const tells[] = {"step", "held", "done", "error"};

/* --- the socket --- */

/* By the folder's descriptor: the path may be longer than an address. */
static int open_socket(
	const struct service_place *p, struct sockaddr_un *a, int *dir, struct err *err)
{
	char path[PATH_MAX];

	if (place_path(p, "", path, err) < 0)
		return -1;
	*dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return err_errno(err, OTA_IO, "%s", path);
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/control", *dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return fd < 0 ? err_errno(err, OTA_IO, "a socket") : fd;
}

int control_listen(const struct service_place *p, struct err *err)
{
	struct sockaddr_un a;
	AUTO_FD dir = -1;
	AUTO_FD fd = open_socket(p, &a, &dir, err);

	if (fd < 0)
		return -1;
	unlinkat(dir, "control", 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		fchmodat(dir, "control", 0600, 0) < 0 || listen(fd, 4) < 0)
		return err_errno(err, OTA_IO, "the control socket of '%s'", p->name);
	return fd_take(&fd);
}

int control_connect(const struct service_place *p, struct err *err)
{
	struct sockaddr_un a;
	AUTO_FD dir = -1;
	AUTO_FD fd = open_socket(p, &a, &dir, err);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_set(err, OTA_NOTHING, "'%s' does not run", p->name);
	return fd_take(&fd);
}

static void send_object(int fd, json_t *object)
{
	AUTO_BUF text = BUF(CONTROL_MAX);
	struct err ignored;

	if (object && json_write(object, &text, &ignored) == 0)
		send(fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	json_free(object);
}

static json_t *receive(int fd, struct err *err)
{
	char text[CONTROL_MAX];
	ssize_t n = recv(fd, text, sizeof(text), 0);

	/* told once, and first, where the other end hung up without reading all that we sent: what
	 * it said before is still there */
	if (n < 0 && errno == ECONNRESET)
		n = recv(fd, text, sizeof(text), 0);
	if (n < 0 && errno == EINTR && interrupt_check(err) < 0)
		return NULL;
	if (n < 0 && errno != ECONNRESET)
		err_errno(err, OTA_IO, "the control socket");
	else if (n <= 0)
		err_set(err, OTA_NOTHING, "the other end hung up");
	else
		return json_parse(text, (size_t)n, "the control socket", err);
	return NULL;
}

static int find_word(const char *word, const char *const *words, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(word, words[i]))
			return (int)i;
	return err_set(err, OTA_CORRUPT, "the control socket: '%s' is not known", word);
}

/* --- requests --- */

void control_ask(int fd, const struct control_request *r)
{
	struct err ignored;
	json_t *version = NULL;

	if (app_has(&r->version))
		version = app_version_json(&r->version, &ignored);
	send_object(fd,
		json_make(&ignored, "{s:s, s:o*, s:b, s:b, s:b}", "verb", verbs[r->verb], "version",
			version, "proceed", r->proceed, "forget", r->forget, "back", r->is_back));
}

int control_read_request(int fd, struct control_request *r, struct err *err)
{
	json_t *version = NULL;
	char verb[16];
	const struct json_field fields[] = {
		{.name = "verb", .kind = JSON_KIND_STRING, .out = verb, .size = sizeof(verb)},
		{.name = "version", .kind = JSON_KIND_OBJECT, .out = &version, .optional = true},
		{.name = "proceed", .kind = JSON_KIND_BOOL, .out = &r->proceed},
		{.name = "forget", .kind = JSON_KIND_BOOL, .out = &r->forget},
		{.name = "back", .kind = JSON_KIND_BOOL, .out = &r->is_back}};
	AUTO_JSON *object = receive(fd, err);

	*r = (struct control_request){0};
	if (!object || json_read(object, fields, ARRAY_LEN(fields), "a request", err) < 0)
		return -1;
	int found = find_word(verb, verbs, ARRAY_LEN(verbs), err);
	if (found < 0)
		return -1;
	r->verb = (enum control_verb)found;
	if (version)
		return app_version_parse(version, &r->version, err);
	return r->verb >= CONTROL_HOLD ? 0 : err_set(err, OTA_CORRUPT, "a request without version");
}

/* --- answers --- */

void control_tell(int fd, const struct control_answer *a)
{
	struct err ignored, error = a->error;

	/* programs of others had a say in it, and it may have been cut within a character */
	text_clean(error.msg);
	text_clean(error.hint);
	send_object(fd, json_make(&ignored, "{s:s, s:i, s:i, s:s, s:s}", "tell", tells[a->tell],
				"step", (int)a->step, "code", (int)error.code, "message", error.msg,
				"hint", error.hint));
}

int control_read_answer(int fd, struct control_answer *a, struct err *err)
{
	uint64_t step, code;
	char tell[16];
	const struct json_field fields[] = {
		{.name = "tell", .kind = JSON_KIND_STRING, .out = tell, .size = sizeof(tell)},
		{.name = "step", .kind = JSON_KIND_UINT, .out = &step},
		{.name = "code", .kind = JSON_KIND_UINT, .out = &code},
		{.name = "message",
			.kind = JSON_KIND_STRING,
			.out = a->error.msg,
			.size = sizeof(a->error.msg)},
		{.name = "hint",
			.kind = JSON_KIND_STRING,
			.out = a->error.hint,
			.size = sizeof(a->error.hint)}};
	AUTO_JSON *object = receive(fd, err);

	*a = (struct control_answer){0};
	if (!object || json_read(object, fields, ARRAY_LEN(fields), "an answer", err) < 0)
		return -1;
	int found = find_word(tell, tells, ARRAY_LEN(tells), err);
	if (found < 0)
		return -1;
	if (step > APP_WATCHING || code >= OTA_CODE_COUNT)
		return err_set(err, OTA_CORRUPT, "an answer that makes no sense");
	a->tell = (enum control_tell)found;
	a->step = (enum app_step)step;
	a->error.code = (enum ota_code)code;
	return 0;
}

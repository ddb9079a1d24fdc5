/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/text.h"
#include "io/json.h"

#define CALL_MS 30000
#define OLDEST_MAJOR 1
#define LOG_MAX (256 * 1024)

static bool in_path(const char *name, char out[PATH_MAX])
{
	const char *path = getenv("PATH");
	size_t len;

	for (path = path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"; *path;
		path += path[len] ? len + 1 : len) {
		len = strcspn(path, ":");
		if (snprintf(out, PATH_MAX, "%.*s/%s", (int)len, path, name) < PATH_MAX &&
			access(out, X_OK) == 0)
			return true;
	}
	return false;
}

/* crun takes nothing but the one hierarchy of version 2. */
static bool has_cgroup2(void)
{
	struct statfs s;

	return statfs("/sys/fs/cgroup", &s) == 0 && s.f_type == CGROUP2_SUPER_MAGIC;
}

/* "runc version 1.1.5" */
static int check_version(const struct runtime *r, struct err *err)
{
	const char *argv[] = {r->path, "--version", NULL}, *const env[] = {NULL};
	AUTO_FREE struct proc_result *result = malloc(sizeof(*result));
	unsigned major;

	if (!result)
		return err_set(err, OTA_FAILED, "out of memory");
	if (proc_run(argv, env, CALL_MS, result, err) < 0)
		return -1;
	const char *version = strstr(result->output, " version ");
	if (result->exit_status != 0 || !version || sscanf(version, " version %u", &major) != 1)
		return err_set(err, OTA_INCOMPATIBLE, "%s does not tell its version", r->path);
	return major >= OLDEST_MAJOR ? 0
				     : err_set(err, OTA_INCOMPATIBLE, "%s is older than %d.0",
					       r->path, OLDEST_MAJOR);
}

int runtime_find(const char *wanted, struct runtime *r, struct err *err)
{
	static const char *const names[] = {"runc", "crun"};
	const size_t first = has_cgroup2();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *name = names[(first + i) % ARRAY_LEN(names)];
		if ((!strcmp(wanted, "auto") || !strcmp(wanted, name)) && in_path(name, r->path))
			return check_version(r, err);
	}
	err_set(err, OTA_INCOMPATIBLE, "%s is not installed",
		!strcmp(wanted, "auto") ? "neither runc nor crun" : wanted);
	return err_hint(err, "containers need one of them: apt install runc, opkg install crun");
}

void runtime_words(
	const struct runtime *r, const char *const *words, const char *argv[RUNTIME_ARGS_MAX])
{
	size_t n = 0;

	argv[n++] = r->path;
	argv[n++] = "--root";
	argv[n++] = r->state;
	while (*words && n < RUNTIME_ARGS_MAX - 1)
		argv[n++] = *words++;
	argv[n] = NULL;
}

int runtime_delete(const struct runtime *r, const char *id, struct err *err)
{
	const char *const words[] = {"delete", "--force", id, NULL}, *const env[] = {NULL};
	const char *argv[RUNTIME_ARGS_MAX];
	AUTO_FREE struct proc_result *result = malloc(sizeof(*result));
	char path[PATH_MAX];

	if (!result)
		return err_set(err, OTA_FAILED, "out of memory");
	if (path_join(path, r->state, id, err) < 0)
		return -1;
	if (access(path, F_OK) < 0)
		return 0;
	runtime_words(r, words, argv);
	if (proc_run(argv, env, CALL_MS, result, err) < 0)
		return -1;
	if (result->exit_status == 0 && access(path, F_OK) < 0)
		return 0;
	char said[256];
	text_last_line(result->output, said, sizeof(said));
	text_clean_line(said);
	return err_set(err, OTA_FAILED, "%s cannot remove %s: %s", r->path, id, said);
}

void runtime_complaint(const char *log, char *text, size_t size)
{
	AUTO_BUF lines = BUF(LOG_MAX);
	char line[4096], message[2048];
	const struct json_field field = {
		.name = "msg", .kind = JSON_KIND_STRING, .out = message, .size = sizeof(message)};
	struct err ignored;

	*text = '\0';
	if (file_read(log, &lines, &ignored) < 0 || !lines.len)
		return;
	text_last_line(lines.data, line, sizeof(line));
	AUTO_JSON *object = json_parse(line, strlen(line), log, &ignored);
	if (!object || json_read_open(object, &field, 1, log, &ignored) < 0)
		return;
	text_clean_line(message);
	snprintf(text, size, "%s", message);
}

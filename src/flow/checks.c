/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/checks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/text.h"

struct run {
	const struct checks *c;
	unsigned n_failed;
	char *detail; /* of the first required one that failed */
};

/* The last line that says something, without its end. */
static void last_line(const char *text, char *out, size_t size)
{
	size_t end = strlen(text);

	while (end > 0 && strchr("\r\n\t ", text[end - 1]))
		end--;
	size_t begin = end;
	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	snprintf(out, size, "%.*s", (int)(end - begin), text + begin);
}

static void note_failure(struct run *run, const struct check_report *report)
{
	char said[DETAIL_LEN / 2];

	if (run->n_failed++)
		return;
	last_line(report->output, said, sizeof(said));
	snprintf(run->detail, DETAIL_LEN, "%.48s: %s%s%s", report->name, report->why,
		said[0] ? ": " : "", said);
	text_clean_line(run->detail);
}

static void judge(
	const struct checks *c, const struct proc_result *result, struct check_report *report)
{
	report->output = result->output;
	report->passed = !result->timed_out && result->exit_status == 0;
	if (result->timed_out)
		snprintf(report->why, sizeof(report->why), "no end within %u s",
			c->timeout_ms / 1000);
	else if (!report->passed)
		snprintf(report->why, sizeof(report->why), "exit status %d", result->exit_status);
}

static int run_one(struct run *run, const char *folder, const char *file, struct err *err)
{
	bool required = !strcmp(folder, "required.d");
	AUTO_FREE struct proc_result *result = malloc(sizeof(*result));
	char name[NAME_MAX + 16], path[PATH_MAX];
	struct check_report report = {.name = name, .required = required};

	if (!result)
		return err_set(err, OTA_FAILED, "out of memory");
	snprintf(name, sizeof(name), "%s/%s", folder, file);
	if (path_join(path, run->c->dir, name, err) < 0 ||
		proc_run(path, run->c->env, run->c->timeout_ms, result, err) < 0)
		return -1;
	judge(run->c, result, &report);
	if (run->c->report)
		run->c->report(run->c->ctx, &report);
	if (required && !report.passed)
		note_failure(run, &report);
	return 0;
}

/* Editors' and package managers' leavings are no checks. */
static int is_check(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && e->d_name[len - 1] != '~';
}

static int run_folder(struct run *run, const char *folder, struct err *err)
{
	struct dirent **names;
	char path[PATH_MAX];
	int rc = 0;

	if (path_join(path, run->c->dir, folder, err) < 0)
		return -1;
	int n = scandir(path, &names, is_check, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s", path);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = run_one(run, folder, names[i]->d_name, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

int checks_run(const struct checks *c, char detail[DETAIL_LEN], struct err *err)
{
	struct run run = {.c = c, .detail = detail};

	detail[0] = '\0';
	if (run_folder(&run, "required.d", err) < 0)
		return -1;
	if (run.n_failed)
		return err_set(err, OTA_UNHEALTHY, "%s", detail);
	return run_folder(&run, "wanted.d", err);
}

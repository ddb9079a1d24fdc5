/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/checks.h"

#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

struct run {
	const struct checks *c;
	struct parts parts;
	const char *folder;
	bool required;
	char *detail; /* of the first required one that failed */
};

static void note_failure(struct run *run, const struct check_report *report)
{
	char said[DETAIL_LEN / 2];

	text_last_line(report->output, said, sizeof(said));
	snprintf(run->detail, DETAIL_LEN, "%.48s: %.48s%s%s", report->name, report->why,
		said[0] ? ": " : "", said);
	text_clean_line(run->detail);
}

static int ended(void *ctx, const char *file, const struct proc_result *result, struct err *err)
{
	struct run *run = ctx;
	char name[NAME_MAX + 16], why[OUTCOME_LEN];
	const struct check_report report = {
		name, run->required, parts_outcome(&run->parts, result, why), result->output};

	(void)err;
	snprintf(name, sizeof(name), "%s/%s", run->folder, file);
	if (run->c->report)
		run->c->report(run->c->ctx, &report);
	if (run->required && why[0] && !run->detail[0])
		note_failure(run, &report);
	return 0;
}

static int run_folder(struct run *run, const char *folder, bool required, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, run->c->dir, folder, err) < 0)
		return -1;
	run->folder = folder;
	run->required = required;
	run->parts.dir = path;
	return parts_run(&run->parts, err);
}

int checks_run(
	const struct checks *c, const struct step *step, char detail[DETAIL_LEN], struct err *err)
{
	struct run run = {.c = c, .detail = detail};

	run.parts = (struct parts){
		.step = step, .timeout_ms = c->timeout_ms, .ended = ended, .ctx = &run};
	detail[0] = '\0';
	if (run_folder(&run, "required.d", true, err) < 0)
		return -1;
	if (detail[0])
		return err_set(err, OTA_UNHEALTHY, "%s", detail);
	return run_folder(&run, "wanted.d", false, err);
}

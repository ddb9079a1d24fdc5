/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/hooks.h"

#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

#define TIMEOUT_MS 60000
#define NOT_NOW 75 /* EX_TEMPFAIL */

static int judge(void *ctx, const char *name, const struct proc_result *result, struct err *err)
{
	const struct parts *p = ctx;
	char why[OUTCOME_LEN], said[200];

	if (!result->timed_out && result->exit_status == 0)
		return 0;
	bool not_now = !result->timed_out && result->exit_status == NOT_NOW;
	if (not_now)
		err_set(err, OTA_BUSY, "hook %s says: not now", name);
	else
		err_set(err, OTA_FAILED, "hook %s: %s", name, parts_outcome(p, result, why));
	text_last_line(result->output, said, sizeof(said));
	if (said[0])
		return err_hint(err, "%s", said);
	if (not_now)
		return err_hint(err, "run the same command again later, when the hook lets it");
	return err_hint(err, "it said nothing; try it by hand: %s/%s", p->dir, name);
}

static int run(const struct hooks *h, const char *when, const struct step *step, struct err *err)
{
	char name[64], path[PATH_MAX];
	struct parts p = {
		.dir = path, .step = step, .timeout_ms = TIMEOUT_MS, .ended = judge, .ctx = &p};

	snprintf(name, sizeof(name), "%s-%s", when, step->command);
	if (path_join(path, h->dir, name, err) < 0)
		return -1;
	return parts_run(&p, err) < 0 ? err_wrap(err, "%s", name) : 0;
}

int hooks_before(const struct hooks *h, const struct step *step, struct err *err)
{
	return run(h, "pre", step, err);
}

void hooks_after(const struct hooks *h, const struct step *step)
{
	char text[sizeof(struct err)];
	struct err err;

	if (run(h, "post", step, &err) == 0 || !h->warn)
		return;
	snprintf(text, sizeof(text), "%s%s%s", err.msg, err.hint[0] ? ": " : "", err.hint);
	h->warn(h->ctx, text);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/hooks.h"

#include <limits.h>
#include <stdio.h>

#include "base/file.h"

#define TIMEOUT_MS 60000
#define NOT_NOW 75 /* EX_TEMPFAIL */

static int not_now(const char *name, struct err *err)
{
	err_set(err, OTA_BUSY, "hook %s says: not now", name);
	return err_hint(err, "run the same command again later, when the hook lets it");
}

static int judge(void *ctx, const char *name, const struct proc_result *result, struct err *err)
{
	const struct parts *p = ctx;
	char why[OUTCOME_LEN];

	if (!result->timed_out && result->exit_status == 0)
		return 0;
	if (!result->timed_out && result->exit_status == NOT_NOW)
		return not_now(name, err);
	err_set(err, OTA_FAILED, "hook %s: %s", name, parts_outcome(p, result, why));
	if (!result->output[0])
		return err_hint(err, "it said nothing; try it by hand: %s/%s", p->dir, name);
	return err_hint(err, "%.200s", result->output);
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
	struct err err;

	if (run(h, "post", step, &err) < 0 && h->warn)
		h->warn(h->ctx, err.msg);
}

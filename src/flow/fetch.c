/* SPDX-License-Identifier: Apache-2.0 */
/* check and fetch; install.h tells what they promise. */
#include <stdio.h>
#include <string.h>

#include "flow/accept.h"
#include "flow/bring.h"
#include "flow/budget.h"
#include "flow/store.h"

int install_check(const struct device *d, struct source *source,
	const struct policy_options *options, struct install_result *result, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;
	struct situation s;

	situation_read(d, &s);
	if (accept_newer(d, &s, source, options, &a, err) < 0)
		return -1;
	accept_result(&a, result);
	return 0;
}

static int fetch_by_way(struct bring *b, struct authentic *a, const struct situation *s,
	struct budget *budget, struct install_result *result, struct err *err)
{
	AUTO_WAY way = {0};

	b->way = &way;
	if (bring_plan(b, result, err) < 0 || way_choose(b, a, s, &way, result, err) < 0 ||
		budget_open(budget, b->d, b->source, &a->release.content, result->moved_bytes,
			err) < 0 ||
		bring_check_room(b, result->moved_bytes + way.room_bytes, err) < 0)
		return -1;
	return bring_run(b, result, err);
}

/* A delta or chunks that are missing or damaged at their source hold nobody back: the frames come
 * in their place, within the same budget, and that is told. */
static int fetch_somehow(struct bring *b, struct authentic *a, const struct situation *s,
	struct budget *budget, struct install_result *result, struct err *err)
{
	char reason[sizeof(result->reason)];

	if (fetch_by_way(b, a, s, budget, result, err) == 0)
		return 0;
	if (result->way == WAY_IMAGE || (err->code != OTA_CORRUPT && err->code != OTA_REFUSED))
		return -1;
	snprintf(reason, sizeof(reason), "%.128s failed: %.200s", result->reason, err->msg);
	budget_close(budget);
	result->found_bytes = result->moved_bytes = result->whole_bytes = 0;
	b->frames_only = true;
	if (fetch_by_way(b, a, s, budget, result, err) < 0)
		return -1;
	strcpy(result->reason, reason);
	return 0;
}

static int fetch(struct bring *b, struct authentic *a, const struct situation *s,
	struct install_result *result, struct err *err)
{
	const struct device *d = b->d;
	const struct step step = {
		.command = "fetch", .version = a->release.version, .digest = &a->manifest.digest};
	AUTO_BUDGET budget = {0};

	if (hooks_before(&d->hooks, &step, err) < 0)
		return -1;
	if (signatures_load_config(b->source, &a->signatures, err) < 0 ||
		fetch_somehow(b, a, s, &budget, result, err) < 0)
		return err_wrap(err, "fetch release %s", a->release.version);
	if (store_keep(d->store, TAG_FETCHED, a, err) < 0 || budget_done(&budget, err) < 0)
		return -1;
	/* a delta needs the frames that it does not make */
	bool by_delta = store_has_delta(d->store, &release_rootfs(&a->release)->layer.digest);
	store_sweep_partial(d->store, by_delta ? &a->release : NULL);
	store_sweep_deltas(d->store, &a->release);
	hooks_after(&d->hooks, &step);
	return 0;
}

static int fetch_newer(const struct device *d, struct situation *s, struct source *source,
	const struct policy_options *options, const struct progress *progress,
	struct install_result *result, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;

	if (accept_newer(d, s, source, options, &a, err) < 0)
		return -1;
	accept_result(&a, result);
	result->already = bring_is_done(d, &a);
	struct bring b = {.d = d,
		.source = source,
		.release = &a.release,
		.progress = progress,
		.running = s->running};
	return result->already ? 0 : fetch(&b, &a, s, result, err);
}

/* What was published meanwhile may have taken the place of what was to be fetched: then the list is
 * read once more. */
static bool is_outrun(
	struct source *source, const struct install_result *result, const struct err *err)
{
	return (err->code == OTA_REFUSED || err->code == OTA_CORRUPT) &&
	       source_is_renewed(source, &result->manifest.digest);
}

int install_fetch(const struct device *d, struct source *source,
	const struct policy_options *options, const struct progress *progress,
	struct install_result *result, struct err *err)
{
	AUTO_STORE store = STORE;
	struct situation s;

	*result = (struct install_result){0};
	/* what is read before the lock is held, another run may change */
	if (store_open(&store, d->store, "ota fetch", err) < 0)
		return -1;
	situation_read(d, &s);
	if (situation_settle(d, &s, true, err) < 0)
		return -1;
	int rc = fetch_newer(d, &s, source, options, progress, result, err);
	return rc < 0 && is_outrun(source, result, err)
		       ? fetch_newer(d, &s, source, options, progress, result, err)
		       : rc;
}

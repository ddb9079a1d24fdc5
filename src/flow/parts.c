/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/parts.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define N_VARIABLES 5

struct variables {
	char text[N_VARIABLES][160];
	const char *list[N_VARIABLES + 1];
};

static void fill_variables(const struct step *step, struct variables *v)
{
	const char slot[2] = {step->slot, '\0'};
	char digest[DIGEST_TEXT_LEN] = "";

	if (step->digest)
		digest_text(step->digest, digest);
	const char *const pairs[N_VARIABLES][2] = {{"OTA_COMMAND", step->command},
		{"OTA_SLOT", slot}, {"OTA_VERSION", step->version}, {"OTA_DIGEST", digest},
		{"OTA_SERVICE", step->service ? step->service : ""}};
	for (size_t i = 0; i < N_VARIABLES; i++) {
		snprintf(v->text[i], sizeof(v->text[i]), "%s=%s", pairs[i][0], pairs[i][1]);
		v->list[i] = v->text[i];
	}
	v->list[N_VARIABLES] = NULL;
}

static int run_one(
	const struct parts *p, const struct variables *v, const char *name, struct err *err)
{
	AUTO_FREE struct proc_result *result = malloc(sizeof(*result));
	char path[PATH_MAX];

	if (!result)
		return err_set(err, OTA_FAILED, "out of memory");
	if (path_join(path, p->dir, name, err) < 0 ||
		proc_run((const char *const[]){path, NULL}, v->list, p->timeout_ms, result, err) <
			0)
		return -1;
	return p->ended(p->ctx, name, result, err);
}

static int is_part(const struct dirent *e)
{
	return e->d_name[0] != '.' && e->d_name[strlen(e->d_name) - 1] != '~';
}

int parts_run(const struct parts *p, struct err *err)
{
	struct dirent **names;
	struct variables v;
	int rc = 0, n = scandir(p->dir, &names, is_part, alphasort);

	if (n < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s", p->dir);
	fill_variables(p->step, &v);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = run_one(p, &v, names[i]->d_name, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

const char *parts_outcome(
	const struct parts *p, const struct proc_result *result, char text[OUTCOME_LEN])
{
	text[0] = '\0';
	if (result->timed_out)
		snprintf(text, OUTCOME_LEN, "no end within %u s", p->timeout_ms / 1000);
	else if (result->exit_status)
		snprintf(text, OUTCOME_LEN, "exit status %d", result->exit_status);
	return text;
}

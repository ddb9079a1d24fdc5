/* SPDX-License-Identifier: Apache-2.0 */
#include "service/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct plan *plan_read(const struct plan_source *from, struct err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	plan->users = 1;
	if (compose_read(from->compose, from->root, from->store, &plan->compose, err) < 0) {
		free(plan);
		return NULL;
	}
	plan->service = compose_find(&plan->compose, from->service);
	if (plan->service)
		return plan;
	err_set(err, OTA_USAGE, "%s has no service '%.64s'", from->compose, from->service);
	err_hint(err, "ota container check tells the services");
	plan_drop(plan);
	return NULL;
}

struct plan *plan_use(struct plan *plan)
{
	plan->users++;
	return plan;
}

void plan_drop(struct plan *plan)
{
	if (!plan || --plan->users > 0)
		return;
	compose_free(&plan->compose);
	free(plan);
}

int plan_image(const struct service *service, const char *store, struct app_version *version,
	struct err *err)
{
	const char *name = service->source + strlen("docker://");

	*version = (struct app_version){0};
	if (strlen(name) < sizeof(version->name) &&
		layout_tag_get(store, name, &version->manifest, err) == 0) {
		strcpy(version->name, name);
		return 0;
	}
	err_set(err, OTA_NOTHING, "the image %.140s is not in the store", name);
	return err_hint(err, "ota container pull %s", service->name);
}

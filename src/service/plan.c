/* SPDX-License-Identifier: Apache-2.0 */
#include "service/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/images.h"
#include "io/reference.h"

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

static bool find_image(const char *store, const char *name, struct app_version *version)
{
	struct err ignored;

	if (strlen(name) >= sizeof(version->name) ||
		layout_tag_get(store, name, &version->manifest, &ignored) < 0)
		return false;
	strcpy(version->name, name);
	return true;
}

/* A pull names it by where it came from. One from elsewhere may have got the name that the file
 * has for it, by hand. */
int plan_image(const struct service *service, const char *store, struct app_version *version,
	struct err *err)
{
	const char *written = service->source + strlen(REFERENCE_PREFIX);
	char name[TAG_LEN];

	*version = (struct app_version){0};
	if (images_name_of(service->source, name, err) == 0 && find_image(store, name, version))
		return 0;
	if (find_image(store, written, version))
		return 0;
	err_set(err, OTA_NOTHING, "the image %.140s is not in the store", written);
	return err_hint(err, "ota container pull %s", service->name);
}

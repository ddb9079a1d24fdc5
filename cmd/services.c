/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/services.h"

#include "base/mem.h"
#include "cmd/container.h"

int services_each(struct front *front, service_visit *visit, void *ctx, struct err *err)
{
	const struct config *c = front_config(front, err);
	char run[PATH_MAX];

	if (!c || front_path(front, CONTAINER_RUN, run, err) < 0)
		return -1;
	return service_each(run, c->device.store, visit, ctx, err);
}

const char *services_word(const struct service_view *v)
{
	return v->is_supervised ? v->state.state : "down";
}

json_t *services_version_json(const struct app_version *v, struct err *err)
{
	char digest[DIGEST_TEXT_LEN];

	if (!app_has(v))
		return json_make(err, "n");
	digest_text(&v->manifest.digest, digest);
	return json_make(err, "{s:s, s:s}", "name", v->name, "digest", digest);
}

static int add(void *list, const struct service_view *v, struct err *err)
{
	json_t *versions[3];
	const struct app_version *of[] = {&v->app.current, &v->app.previous, &v->app.failed};

	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		versions[i] = services_version_json(of[i], err);
	/* one that could not be made frees the others, and says why */
	return json_append(list,
		json_make(err, "{s:s, s:s, s:s, s:b, s:I, s:s, s:o, s:o, s:o}", "name", v->name,
			"state", services_word(v), "step", app_step_name(v->app.step), "healthy",
			v->is_supervised && v->state.is_healthy, "restarts",
			(long long)(v->is_supervised ? v->state.restarts : 0), "reason",
			v->app.reason, "version", versions[0], "previous", versions[1], "failed",
			versions[2]),
		err);
}

json_t *services_json(struct front *front, struct err *err)
{
	json_t *list = json_make(err, "[]");

	if (list && services_each(front, add, list, err) == 0)
		return list;
	json_free(list);
	return NULL;
}

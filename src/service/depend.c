/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "service/state.h"
#include "service/supervisor.h"

static bool is_up(const struct supervisor *s, const struct compose_dependency *d)
{
	const struct service_place place = {s->place.run, s->place.store, d->name};
	struct service_state state;
	struct err ignored;

	if (state_read(&place, &state, &ignored) < 0)
		return false;
	if (d->must_be_healthy)
		return state.is_healthy;
	return strcmp(state.state, STATE_WAITING) && strcmp(state.state, phase_name(PHASE_END));
}

const char *depend_missing(const struct supervisor *s)
{
	const struct compose_dependencies *d = &s->plan->service->depends_on;

	for (size_t i = 0; i < d->n; i++)
		if (!is_up(s, &d->items[i]))
			return d->items[i].name;
	return NULL;
}

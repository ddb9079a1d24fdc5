/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/advice.h"

#include <stdarg.h>
#include <stdio.h>

static void PRINTF_LIKE(2, 3) command(struct advice *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->command, sizeof(a->command), fmt, ap);
	va_end(ap);
}

static void PRINTF_LIKE(2, 3) why(struct advice *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
}

/* Nothing waits and nothing is on trial: the other slot is free to be written. */
static bool is_at_rest(const struct situation *s)
{
	return s->running && s->has_env && (s->state == BOOT_SETTLED || s->state == BOOT_FELL_BACK);
}

static const struct slot_record *other_slot(const struct situation *s)
{
	return &s->slots[slot_other(s->running) - 'a'];
}

static bool holds_fetched(const struct slot_record *r, const struct device_status *status)
{
	return r->has_digest && digest_equal(&r->content, &status->fetched_content);
}

bool advice_fetched_waits(const struct device_status *status)
{
	const struct situation *s = &status->s;

	if (!is_at_rest(s) || !status->has_fetched ||
		holds_fetched(&s->slots[s->running - 'a'], status))
		return false;
	return other_slot(s)->state == SLOT_WRITING || other_slot(s)->state == SLOT_BAD ||
	       !holds_fetched(other_slot(s), status);
}

bool advice_proved_waits(const struct device_status *status)
{
	return is_at_rest(&status->s) && other_slot(&status->s)->state == SLOT_PROVED;
}

static void at_rest(const struct device_status *status, struct advice *a)
{
	char other = slot_other(status->s.running);

	if (advice_fetched_waits(status) && !status->fetched_bad) {
		command(a, "ota write");
		why(a, "writes release %s into slot %c", status->fetched_version, other);
	} else if (advice_proved_waits(status)) {
		command(a, "ota bootswap");
		why(a, "makes slot %c the next to boot, on trial", other);
	} else if (other_slot(&status->s)->state == SLOT_WRITING) {
		command(a, "ota write SOURCE");
		why(a, "slot %c is half written; the same source goes on where it was cut", other);
	}
}

static void on_trial(const struct situation *s, struct advice *a)
{
	char other = slot_other(s->running);

	if (s->slots[s->running - 'a'].reason[0]) {
		command(a, "ota rollback");
		why(a, "goes back to slot %c; once mended, ota commit tests again", other);
		return;
	}
	command(a, "ota commit");
	why(a, "tests and keeps slot %c; ota rollback goes back to slot %c", s->running, other);
}

static void by_state(const struct device *d, const struct device_status *status, struct advice *a)
{
	const struct situation *s = &status->s;

	switch (s->state) {
	case BOOT_SETTLED:
	case BOOT_FELL_BACK:
		at_rest(status, a);
		break;
	case BOOT_TRIAL:
		on_trial(s, a);
		break;
	case BOOT_SWAPPED:
		command(a, "reboot");
		why(a, "starts slot %c on trial; ota rollback takes the swap back", s->env.slot);
		break;
	case BOOT_LEAVING:
		command(a, "reboot");
		why(a, "starts slot %c", s->env.slot);
		break;
	case BOOT_LOST:
	case BOOT_STATE_COUNT:
		command(a, "fw_printenv -c %s", d->boot_env);
		why(a,
			"names slot %c, yet slot %c has started: which environment does the "
			"bootloader read?",
			s->env.slot, s->running);
		break;
	}
}

void advice_find(const struct device *d, const struct device_status *status, struct advice *advice)
{
	*advice = (struct advice){0};
	if (!status->s.running) {
		command(advice, "cat %s", d->cmdline);
		why(advice, "the boot script must pass ota.slot=a or ota.slot=b to the kernel");
	} else if (!status->s.has_env) {
		command(advice, "fw_printenv -c %s", d->boot_env);
		why(advice, "the environment must be readable, and ota_slot in it a or b");
	} else {
		by_state(d, status, advice);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/watchdog.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/watchdog.h"
#include "flow/situation.h"

#define LOOK_MS 10000 /* the longest between two looks at the boot environment */
#define RETRY_MS 1000

struct petter {
	const struct device *d;
	const struct watchdog_options *o;
	struct watchdog w;
	struct guard_facts facts;
	struct situation s; /* as last seen */
	uint64_t start_ms;
	bool blind;   /* the last look told nothing */
	bool failing; /* the last pet failed */
	bool unnoted; /* that was said */
	bool noted;
};

static void PRINTF_LIKE(3, 4) say(const struct petter *p, bool wrong, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->o->say(p->o->ctx, wrong, text);
}

/* What was known stays known where a look tells nothing: a trial is one until it is seen to end. */
static void look(struct petter *p)
{
	struct err why;
	bool was_blind = p->blind;

	situation_read(p->d, &p->s);
	p->blind = situation_require(&p->s, &why) < 0;
	if (p->blind && !was_blind)
		say(p, true, "whether this slot is on trial does not show: %s", why.msg);
	if (p->blind)
		return;
	p->facts.known = true;
	p->facts.state = p->s.state;
}

static enum guard_action decide(struct petter *p)
{
	p->facts.elapsed_ms = clock_mono_ms() - p->start_ms;
	return guard_decide(&p->facts);
}

static void tell_watching(const struct petter *p)
{
	if (p->facts.known && p->facts.state == BOOT_TRIAL)
		say(p, false,
			"slot %c is on trial: %s is petted for %u s, unless it is kept before",
			p->s.running, p->o->path, p->o->deadline_ms / 1000);
	else
		say(p, true, "what boots next is not known: %s is petted until it is", p->o->path);
}

static void tell(const struct petter *p, enum guard_action action)
{
	switch (action) {
	case GUARD_WATCH:
		tell_watching(p);
		break;
	case GUARD_STARVE:
		say(p, true, "not kept within %u s: %s is petted no more, and resets the machine",
			p->o->deadline_ms / 1000, p->o->path);
		break;
	case GUARD_PET:
		say(p, false, "%s: %s is petted on",
			p->facts.state == BOOT_LEAVING ? "this slot was given up, its reboot is due"
						       : "nothing is on trial",
			p->o->path);
		break;
	case GUARD_CLOSE:
		say(p, false, "nothing is on trial any more: %s is closed", p->o->path);
		break;
	case GUARD_STAY_OUT:
		break;
	}
}

static void pet(struct petter *p)
{
	struct err err;
	bool was_failing = p->failing;

	p->failing = watchdog_pet(&p->w, &err) < 0;
	if (p->failing && !was_failing)
		say(p, true, "%s; tried again each second", err.msg);
	else if (was_failing && !p->failing)
		say(p, false, "%s is petted again", p->o->path);
}

/* Without the run lock: a self-test that hangs holds it, and is the very case. What a commit writes
 * in the same moment may be lost, and is then repaired from the environment like any note. */
static int write_reason(struct petter *p, struct err *err)
{
	struct slot_record *r;

	if (!p->s.running)
		return err_set(err, OTA_CONFIG, "the running slot is not known");
	r = situation_slot(&p->s, p->s.running);
	if (r->reason[0]) /* a check that failed says more */
		return 0;
	strcpy(r->reason, "watchdog");
	snprintf(r->detail, sizeof(r->detail), "it was not kept within %u s",
		p->o->deadline_ms / 1000);
	return slot_record_write(p->d->store, p->s.running, r, err);
}

static void note_reason(struct petter *p)
{
	struct err err;

	if (p->noted)
		return;
	p->noted = write_reason(p, &err) == 0;
	if (!p->noted && !p->unnoted)
		say(p, true, "the reason could not be noted: %s", err.msg);
	p->unnoted = !p->noted;
}

/* A third of the timeout leaves room for two that fail. */
static unsigned pause_ms(const struct petter *p, enum guard_action action)
{
	unsigned long long ms = p->w.timeout_s ? p->w.timeout_s * 1000ULL / 3 : RETRY_MS;

	if (ms > LOOK_MS)
		ms = LOOK_MS;
	if ((p->failing || action == GUARD_STARVE) && ms > RETRY_MS)
		ms = RETRY_MS;
	return (unsigned)ms;
}

/* 0: closed. One that cannot be closed is petted on. */
static int close_cleanly(struct petter *p)
{
	struct err err;

	if (watchdog_stop(&p->w, &err) == 0)
		return 0;
	say(p, true, "%s", err.msg);
	p->facts.close_after = false;
	return -1;
}

static int interrupted(const struct petter *p, struct err *err)
{
	if (p->w.stops_at_close) {
		err_wrap(err, "%s stops: its driver knows no magic close", p->o->path);
		return err_hint(err, "the machine is not guarded until ota watchdog runs again");
	}
	err_wrap(err, "%s counts on, and resets the machine", p->o->path);
	return err_hint(err,
		"unless ota watchdog or another holder opens it within %u s; shutting down is safe",
		p->w.timeout_s);
}

static int keep(struct petter *p, struct err *err)
{
	enum guard_action last = GUARD_STAY_OUT;

	for (;;) {
		enum guard_action action = decide(p);
		if (action != last)
			tell(p, action);
		last = action;
		if (action == GUARD_CLOSE) {
			if (close_cleanly(p) == 0)
				return 0;
			continue;
		}
		if (action == GUARD_STARVE)
			note_reason(p);
		else
			pet(p);
		if (interrupt_sleep_ms(pause_ms(p, action), err) < 0)
			return interrupted(p, err);
		if (action != GUARD_PET)
			look(p);
	}
}

static void tell_driver(const struct petter *p)
{
	if (p->w.timeout_s != p->o->timeout_s)
		say(p, false, "%s takes %u s for its timeout in place of %u s", p->o->path,
			p->w.timeout_s, p->o->timeout_s);
	if (p->w.stops_at_close)
		say(p, true, "the driver of %s knows no magic close: it stops if this is killed",
			p->o->path);
}

int watchdog_keep(const struct device *d, const struct watchdog_options *o, struct err *err)
{
	struct petter p = {.d = d,
		.o = o,
		.facts = {.close_after = o->close_after, .deadline_ms = o->deadline_ms},
		.start_ms = clock_mono_ms()};

	look(&p);
	if (decide(&p) == GUARD_STAY_OUT)
		return err_set(err, OTA_NOTHING,
			"nothing is on trial, and watchdog-after = close leaves %s to others",
			o->path);
	if (watchdog_open(&p.w, o->path, o->timeout_s, err) < 0)
		return -1;
	p.facts.held = true;
	tell_driver(&p);
	watchdog_stay_resident();
	int rc = keep(&p, err);
	watchdog_leave(&p.w);
	return rc;
}

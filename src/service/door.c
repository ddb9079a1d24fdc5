/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "service/supervisor.h"

static void tell(int fd, enum control_tell what, enum app_step step, const struct err *error)
{
	struct control_answer answer = {.tell = what, .step = step};

	if (error)
		answer.error = *error;
	control_tell(fd, &answer);
}

void door_open(struct supervisor *s)
{
	int fd = accept4(s->control, NULL, NULL, SOCK_CLOEXEC);
	struct err busy;

	if (fd < 0)
		return;
	if (s->client < 0) {
		s->client = fd;
		s->is_heard = false;
		return;
	}
	err_set(&busy, OTA_BUSY, "another command is at '%s' already", s->place.name);
	tell(fd, CONTROL_ERROR, s->app.step, &busy);
	close(fd);
}

static void hang_up(struct supervisor *s)
{
	close(s->client);
	s->client = -1;
	supervisor_event(s, EVENT_HANG_UP);
}

void door_listen(struct supervisor *s)
{
	static const enum event events[] = {EVENT_HAND_OVER, EVENT_REPLACE, EVENT_HOLD, EVENT_END};
	struct control_request request;
	struct err err;

	if (control_read_request(s->client, &request, &err) < 0) {
		if (err.code != OTA_NOTHING)
			door_refuse(s, &err);
		hang_up(s);
		return;
	}
	const unsigned actions = phase_next(s->phase, events[request.verb]).actions;

	/* what a handover is about stays as it is until it is over */
	if (actions & ACTION_PREPARE ||
		(request.verb == CONTROL_HOLD && !(actions & ACTION_REFUSE)))
		s->request = request;
	s->is_heard = !(actions & ACTION_REFUSE);
	s->is_stop_asked = request.verb == CONTROL_STOP;
	s->is_ended |= s->is_stop_asked;
	supervisor_event(s, events[request.verb]);
}

/* What a client before it asked for is no answer to one that has not asked yet. */
void door_tell(struct supervisor *s, enum control_tell what)
{
	if (s->client >= 0 && s->is_heard)
		tell(s->client, what, s->app.step, what == CONTROL_ERROR ? &s->trouble : NULL);
}

void door_tell_step(struct supervisor *s)
{
	door_tell(s, CONTROL_STEP);
}

void door_refuse(struct supervisor *s, const struct err *why)
{
	if (s->client >= 0)
		tell(s->client, CONTROL_ERROR, s->app.step, why);
}

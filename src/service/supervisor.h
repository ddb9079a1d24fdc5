/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor from inside: one loop that waits, and a table (phase.h) that says what follows
 * from what happened.
 */
#ifndef OTA_SERVICE_SUPERVISOR_H
#define OTA_SERVICE_SUPERVISOR_H

#include "service/control.h"
#include "service/instance.h"
#include "service/phase.h"
#include "service/run.h"

#define QUEUE_MAX 8

struct supervisor {
	const struct service_spec *spec;
	struct service_place place;
	struct runtime runtime;
	struct instance_host host;
	struct app app;
	enum phase phase;
	enum event queue[QUEUE_MAX]; /* what followed from what is being done */
	size_t n_queued;
	struct instance instances[2];
	struct instance *old, *new, *leaving; /* which of them is what; NULL */
	struct plan *plan, *next_plan;        /* of the current version, and of the candidate */
	struct sockets sockets, next_sockets;
	int netns; /* that all versions share; -1 */
	int lock, signals, control, client;
	struct control_request request; /* of the handover that is under way */
	struct err trouble;             /* what it failed by */
	bool must_run;                  /* the old one is started whatever its policy says */
	bool is_waiting;                /* for those that it depends on, before its first start */
	bool is_reload_due;
	bool is_heard;      /* what is under way is what the client has asked for */
	bool is_stop_asked; /* by the client that is still there */
	bool is_trim_due;   /* something is over: the code that it took is not needed for a while */
	unsigned restarts;  /* in a row */
	uint64_t restart_ms; /* when to start it again; of the monotonic clock; 0: not */
	uint64_t late_ms;    /* when the candidate is late */
	uint64_t watched_ms; /* when it has proved itself */
	bool is_ended;       /* by a signal or by `stop` */
	int status;
};

/* Something happened: does what the table says, and what follows from that. */
void supervisor_event(struct supervisor *s, enum event event);

/* The same, later: for what is found while actions are being done. */
void supervisor_queue(struct supervisor *s, enum event event);

/* Waits and acts until the service is over. Errors: failed. */
int supervisor_loop(struct supervisor *s, struct err *err) MUST_USE;

void supervisor_say(struct supervisor *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Does one action; a failure means that none of those behind it are done. */
int action_do(struct supervisor *s, enum action action, struct err *err) MUST_USE;

/* --- the containers and their roles --- */

void roles_tell(void *ctx, struct instance *instance, enum happening what);
/* Starts the current version, or the candidate. Errors: those of instance_start(), busy. */
int roles_start_old(struct supervisor *s, struct err *err) MUST_USE;
int roles_start_new(struct supervisor *s, struct err *err) MUST_USE;
/* By the restart policy: at once, later, or never again. */
void roles_restart(struct supervisor *s);
bool roles_any(const struct supervisor *s);

/* Whom it depends on, and who is not there yet; NULL: all are there. */
const char *depend_missing(const struct supervisor *s);

/* --- its door --- */

void door_open(struct supervisor *s);   /* a client connects */
void door_listen(struct supervisor *s); /* the client says something, or hung up */
void door_tell(struct supervisor *s, enum control_tell tell);
void door_tell_step(struct supervisor *s);
void door_refuse(struct supervisor *s, const struct err *why);

/* RUN/services/NAME/state */
void state_write(const struct supervisor *s);

/* A new program takes over: *resumed is whether this one just did. Errors: failed. */
int resume_take(struct supervisor *s, bool *resumed, struct err *err) MUST_USE;
/* Becomes the new program; returns only where that was not possible. */
void resume_become(struct supervisor *s);

#endif

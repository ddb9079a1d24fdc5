/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container of a service: started, asked whether it is ready and well, told to end, cleared
 * away. Its owner is told what happens by the events of phase.h; whether these are about the old
 * or the new one, only the owner knows.
 */
#ifndef OTA_SERVICE_INSTANCE_H
#define OTA_SERVICE_INSTANCE_H

#include <poll.h>
#include <stdint.h>

#include "service/facts.h"
#include "service/start.h"

enum instance_state {
	INSTANCE_GONE,
	INSTANCE_STARTING, /* the runtime is at it */
	INSTANCE_UP,
	INSTANCE_ENDING,   /* it was told to */
	INSTANCE_CLEARING, /* it has ended; what it left is being removed */
};

/* What happened to one. */
enum happening {
	HAPPENING_UP,
	HAPPENING_FAILED, /* it could not be started; `why` tells */
	HAPPENING_READY,
	HAPPENING_SICK,
	HAPPENING_HEALTH, /* `is_healthy` is another than before */
	HAPPENING_ENDED,  /* after UP; `exit_status` and `why` tell how */
};

/* What is asked of one before it counts as ready. */
enum instance_wait {
	INSTANCE_WAIT_NOT,    /* nothing: it is the current one */
	INSTANCE_WAIT_ALONE,  /* what the plan says, or else its health, or else nothing */
	INSTANCE_WAIT_BESIDE, /* what the plan says, or else that it, or the other, says so */
};

struct instance;
typedef void instance_tell(void *ctx, struct instance *instance, enum happening what);

/* What all of a service share. */
struct instance_host {
	const struct service_place *place;
	const struct runtime *runtime;
	const char *store_inside; /* where an updater sees the store */
	instance_tell *tell;
	void *ctx;
};

struct instance {
	const struct instance_host *host;
	char letter;
	enum instance_state state;
	struct app_version version;
	struct plan *plan;
	struct sockets sockets;
	struct facts facts;
	int logs[2];         /* its output and its errors; -1 */
	bool is_log_held[2]; /* nobody takes it now */
	int notify;          /* where it says that it is ready; -1 */
	int netns;           /* shared with its like; -1 */
	int relay_stop;      /* closing it ends the relay; -1 */
	pid_t starter, pid, relay, probe, cleaner;
	pid_t early; /* one that ended before we knew its number, and how */
	int early_status;
	enum instance_wait wait;
	bool is_ready, is_healthy, has_said_ready;
	bool is_stop_due;  /* told to end while it was starting, or once the relay is through */
	unsigned failures; /* of health, in a row */
	uint64_t up_ms;    /* since when; of the monotonic clock, as all here */
	uint64_t relay_ms; /* the same of its relay */
	uint64_t kill_ms;  /* when it is made to end; 0: not yet */
	uint64_t probe_ms; /* when to look again; 0: not */
	int exit_status;
	char why[256];
};

void instance_init(struct instance *i, const struct instance_host *host, char letter);

/* From GONE. version, plan and sockets are taken (the sockets as copies). Errors: io,
 * failed. */
int instance_start(struct instance *i, const struct app_version *version, struct plan *plan,
	const struct sockets *sockets, int netns, enum instance_wait wait,
	struct err *err) MUST_USE;

/* Lets clients in, where a relay is what lets them. Errors: failed. */
int instance_open(struct instance *i, struct err *err) MUST_USE;

/* No more clients by the relay, then the stop signal, then, when its time is over, the end. */
void instance_stop(struct instance *i);

/* A signal for the container itself, as from whoever sent it to the supervisor. */
void instance_signal(const struct instance *i, int signal);

/* Is any part of it still there? */
bool instance_is_there(const struct instance *i);

/* A child of ours has ended: was it one of this instance's? */
bool instance_reap(struct instance *i, pid_t pid, int status);

/* Adds what it waits for; at most INSTANCE_POLLS. */
#define INSTANCE_POLLS 3
size_t instance_polls(const struct instance *i, struct pollfd *polls);
/* Looks at what of it is ready to be read. */
void instance_read(struct instance *i, const struct pollfd *polls, size_t n);

/* When it wants to be called again at the latest, 0: not; and that call. */
uint64_t instance_due_ms(const struct instance *i);
void instance_tick(struct instance *i, uint64_t now_ms);

#endif

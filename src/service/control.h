/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command and a supervisor say to each other over RUN/services/NAME/control: packets of
 * JSON, one request a connection but for `hold`, which a request to hand over follows. While the
 * connection stands, the supervisor tells each step; it ends with `done` or an error. A client that
 * hangs up before the commit has its handover undone.
 */
#ifndef OTA_SERVICE_CONTROL_H
#define OTA_SERVICE_CONTROL_H

#include <stdbool.h>

#include "flow/app.h"
#include "service/place.h"

#define CONTROL_MAX 8192 /* of a packet */

enum control_verb {
	CONTROL_HAND_OVER, /* to `version`, beside the running one */
	CONTROL_REPLACE,   /* to `version`, once the running one is stopped */
	CONTROL_HOLD, /* stop, and wait for one of these; `forget`: the version will be deleted */
	CONTROL_STOP, /* and end */
};

struct control_request {
	enum control_verb verb;
	struct app_version version;
	bool proceed; /* a version that is not ready in time counts as ready */
	bool forget;  /* keep no version to go back to */
	bool is_back; /* the version before: the one that is left counts as failed */
};

enum control_tell { CONTROL_STEP, CONTROL_HELD, CONTROL_DONE, CONTROL_ERROR };

struct control_answer {
	enum control_tell tell;
	enum app_step step; /* of CONTROL_STEP */
	struct err error;   /* of CONTROL_ERROR */
};

/* The supervisor's end: listens. Errors: io. */
int control_listen(const struct service_place *p, struct err *err) MUST_USE;

/* A command's end. Errors: nothing (no supervisor is there), io. */
int control_connect(const struct service_place *p, struct err *err) MUST_USE;

/* Sends; a peer that is gone is none of the sender's business. */
void control_ask(int fd, const struct control_request *request);
void control_tell(int fd, const struct control_answer *answer);

/* Receives one. Errors: nothing (the peer hung up), corrupt, io; interrupted. */
int control_read_request(int fd, struct control_request *request, struct err *err) MUST_USE;
int control_read_answer(int fd, struct control_answer *answer, struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of an instance.
 */
#ifndef OTA_SERVICE_INSTANCE_PARTS_H
#define OTA_SERVICE_INSTANCE_PARTS_H

#include "service/instance.h"

/* What the container says goes on to our own output, or errors, as long as somebody takes it: a
 * slow reader holds the container back, never us. */
size_t logs_polls(const struct instance *i, struct pollfd *polls);
void logs_forward(struct instance *i, int fd);
/* What is left in the pipes, at its end; closes them. */
void logs_drain(struct instance *i);
/* Can a piece, or a line of ours, be written there without waiting? */
bool logs_has_room(int fd);

/* The socket of sd_notify, in the folder that the container sees. Errors: io. */
int notify_open(struct instance *i, struct err *err) MUST_USE;
void notify_read(struct instance *i);

/* The child that relays connections into the container's network. Errors: failed. */
int relay_start(struct instance *i, struct err *err) MUST_USE;

/* Readiness first, then health, by children that look. */
void probe_begin(struct instance *i);
void probe_end(struct instance *i);
void probe_tick(struct instance *i, uint64_t now_ms);
void probe_reap(struct instance *i, int status);
/* It said so, or a look found it so. */
void probe_ready(struct instance *i);

/* What it once said of readiness is not about the version that comes now. */
void probe_forget(const struct instance *i);

/* Removes what is left of it. */
void instance_clear(struct instance *i);

#endif

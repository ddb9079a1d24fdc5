/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container image says of the process that it was made for: the `config` object of its
 * config, in the words of OCI or Docker. What is not known is passed over, and null, as Docker
 * writes it, says nothing; what is used is checked and bounded. Pure.
 */
#ifndef OTA_OCI_IMAGE_EXEC_H
#define OTA_OCI_IMAGE_EXEC_H

#include "oci/compose.h"

struct image_exec {
	struct compose_list entrypoint, command;
	struct compose_pairs environment; /* a later one of the same name wins */
	const char *user;                 /* "": root */
	const char *working_dir;          /* absolute; "": / */
	int stop_signal;                  /* 0: not said */
	struct compose_health health;     /* COMPOSE_TEST_OF_IMAGE: it has no test */
};

/* Reads the config of an image. All of it lives in the arena. Errors: corrupt, failed. */
int image_exec_parse(const char *text, size_t len, struct arena *arena, struct image_exec *e,
	struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker://HOST[:PORT]/REPO[:TAG|@DIGEST]: what in a registry is meant. docker.io stands for
 * Docker's registry, where a repository of one word is one of `library`.
 */
#ifndef OTA_IO_REFERENCE_H
#define OTA_IO_REFERENCE_H

#include "base/err.h"
#include "io/layout.h"

#define REFERENCE_PREFIX "docker://"
#define REFERENCE_HUB "registry-1.docker.io" /* what docker.io stands for */
#define REFERENCE_HOST_LEN 262               /* a name, ":65535" and NUL */
#define REFERENCE_REPO_LEN 256

struct reference {
	char host[REFERENCE_HOST_LEN]; /* HOST or HOST:PORT */
	char repo[REFERENCE_REPO_LEN];
	char name[TAG_LEN]; /* a tag, "latest" where none was given, or "sha256:HEX" */
};

/* Errors: usage. */
int reference_parse(const char *text, struct reference *r, struct err *err) MUST_USE;

#endif

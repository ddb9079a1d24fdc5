/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the processes of an image belong to: its user as numbers, by the image's own etc/passwd and
 * etc/group, which are as foreign as the rest of it: bounded, and no link leads out of the root. An
 * image may lack them.
 */
#ifndef OTA_OCI_PASSWD_H
#define OTA_OCI_PASSWD_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OCI_GROUPS_MAX 64

struct oci_user {
	uint32_t uid, gid;
	size_t n_groups; /* beside gid */
	uint32_t groups[OCI_GROUPS_MAX];
	char home[PATH_MAX]; /* "/" where none is known */
};

/* `user` is "" for root, or NAME or UID, and perhaps ":" with GROUP or GID. Digits are always a
 * number, which need not be listed; its group is then 0. A group that is given replaces all that
 * the files say. Errors: config (no such user, no such group), corrupt (a file that is none, is
 * past 1 MiB, or more groups than there can be), io, failed; incompatible (a kernel without
 * openat2). */
int oci_user_find(int root_fd, const char *user, struct oci_user *u, struct err *err) MUST_USE;

/* The same by the texts of the two files, which it takes apart. Lines that are not sound are passed
 * over. Errors: config, corrupt, failed. */
int oci_user_match(
	char *passwd, char *group, const char *user, struct oci_user *u, struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a device that lets in one at a time: found in /proc, as far as we may look there.
 */
#ifndef OTA_BASE_HOLDER_H
#define OTA_BASE_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#define HOLDER_NAME_LEN 32

struct holder {
	pid_t pid;
	char name[HOLDER_NAME_LEN]; /* as in "systemd" */
};

/* The first other process that has the file open. /dev/watchdog counts as /dev/watchdog0: two
 * names of one device. False where none shows: only root sees the files of others. */
bool holder_find(const char *path, struct holder *holder);

#endif

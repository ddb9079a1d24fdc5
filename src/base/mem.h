/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleanup by scope. A variable marked so is released when it goes out of scope, whichever way;
 * success hands a descriptor over with fd_take().
 */
#ifndef OTA_BASE_MEM_H
#define OTA_BASE_MEM_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* len is at least 1 */
static inline bool mem_is_zero(const void *data, size_t len)
{
	const unsigned char *p = data;

	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

#define AUTO_FD CLEANUP(cleanup_fd) int
#define AUTO_FREE CLEANUP(cleanup_free)

#endif

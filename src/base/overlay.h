/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders seen one above the other, by the kernel's overlay.
 */
#ifndef OTA_BASE_OVERLAY_H
#define OTA_BASE_OVERLAY_H

#include "base/err.h"
#include "base/mem.h"

#define OVERLAY_LOWER_MAX 128

struct overlay_spec {
	const char *lower[OVERLAY_LOWER_MAX]; /* the lowest first; one may come twice */
	size_t n_lower;
	const char *upper, *work; /* takes the changes, and a folder of the same disk; NULL: none */
	const char *at;           /* an empty folder, where it is seen */
};

/* Mounts it for the calling thread alone: the thread leaves the mount namespace of its process, and
 * the mount goes with the thread, however that ends. Returns the opened folder. Errors: io. */
int overlay_mount(const struct overlay_spec *spec, struct err *err) MUST_USE;

/* Before the thread ends; whoever still has a part of it open keeps that. */
void overlay_unmount(const char *at);

#endif

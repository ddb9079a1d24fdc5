/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runc and crun start: the config.json of a bundle, by the OCI runtime specification 1.0.2,
 * made of what the compose file and the image say. It gives a service what the usual engines give
 * it, and less: nothing that it executes ever gains privileges, calls that it has no use for are
 * refused, and it can not take all of the machine's processes. Pure.
 */
#ifndef OTA_OCI_RUNTIME_CONFIG_H
#define OTA_OCI_RUNTIME_CONFIG_H

#include "base/buf.h"
#include "oci/image_exec.h"
#include "oci/passwd.h"

struct runtime_mount {
	const char *source, *target;
	bool is_read_only;
};

/* A device node, as it is to stand in the container. */
struct runtime_device {
	const char *path;
	char type; /* 'c' or 'b' */
	unsigned major, minor;
	unsigned mode; /* of permissions */
	uint32_t uid, gid;
	const char *access; /* of "rwm" */
};

struct runtime_spec {
	const struct service *service;
	const struct image_exec *exec;
	const struct oci_user *user;
	const char *hostname;
	const char *rootfs;         /* absolute */
	const char *cgroup;         /* below the root of the hierarchies: "/ota/web-a" */
	const char *netns;          /* one to join; NULL: as network_mode says */
	const char *const *sources; /* for each of the service's mounts, where it lies on this
				       machine; NULL for a tmpfs */
	const struct runtime_mount *mounts; /* ours, without what is mounted below; those of the
					       service lie over them */
	size_t n_mounts;
	const struct runtime_device *devices; /* for each of the service's devices */
	size_t n_sockets; /* passed from descriptor 3 on, and told as LISTEN_FDS and LISTEN_PID */
	const struct compose_pairs *environment; /* ours, over all others; may be NULL */
	bool has_cgroup_namespace;               /* is there /proc/self/ns/cgroup? */
	bool has_swap_limit; /* does the memory controller limit swap, too? runc fails where not */
};

/* Appends the config.json. Errors: config (nothing says what to run), failed, or the buffer's cap.
 */
int runtime_config_make(const struct runtime_spec *spec, struct buf *out, struct err *err) MUST_USE;

#endif

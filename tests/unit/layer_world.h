/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the applier share: a layer is unpacked into a folder of its own in the
 * scratch folder, and what was told of it must make up its stream again. */
#ifndef OTA_TESTS_LAYER_WORLD_H
#define OTA_TESTS_LAYER_WORLD_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "oci/unpack.h"
#include "tests/unit/tar.h"
#include "tests/unit/unit.h"

struct part {
	char *path; /* NULL: literal */
	void *data;
	size_t len;
	uint64_t offset;
};

struct layer {
	struct buf tar;
	char root[128];
	size_t at, block;
	struct part parts[16384];
	size_t n;
	int root_fd;
	int (*lower)(struct layer *l); /* NULL: nothing is below */
	unsigned lower_calls, contents;
	bool counts; /* what is told counts against the policy */
	uint64_t told_bytes;
	struct unpack_policy policy;
	struct unpack_result result;
};

static inline int world_read(void *ctx, const void **data, size_t *len, struct err *err)
{
	struct layer *l = ctx;

	(void)err;
	*len = l->tar.len - l->at < l->block ? l->tar.len - l->at : l->block;
	*data = l->tar.data + l->at;
	l->at += *len;
	return 0;
}

static inline void world_part(struct layer *l, const char *path, const void *data, size_t len)
{
	struct part *p = &l->parts[l->n++];

	assert_true(l->n < ARRAY_LEN(l->parts));
	assert_true(len > 0);
	p->path = path ? strdup(path) : NULL;
	p->data = malloc(len);
	memcpy(p->data, data, len);
	p->len = len;
	l->told_bytes += path ? 0 : len;
}

static inline int world_literal(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)err;
	world_part(ctx, NULL, data, len);
	return 0;
}

static inline int world_content(
	void *ctx, const char *path, uint64_t offset, const void *data, size_t len, struct err *err)
{
	struct layer *l = ctx;

	(void)err;
	world_part(l, path, data, len);
	l->parts[l->n - 1].offset = offset;
	l->contents++;
	return 0;
}

static inline uint64_t world_beside(void *ctx)
{
	const struct layer *l = ctx;

	return l->counts ? l->told_bytes : 0;
}

static inline int world_lower(void *ctx, struct err *err)
{
	struct layer *l = ctx;

	(void)err;
	l->lower_calls++;
	return l->lower ? l->lower(l) : -2;
}

/* Both what was told, and what now stands in the files. */
static inline void world_rebuild(const struct layer *l)
{
	size_t at = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct part *p = &l->parts[i];
		assert_true(p->len <= l->tar.len - at);
		assert_memory_equal(l->tar.data + at, p->data, p->len);
		if (p->path && !l->result.replaced) {
			AUTO_FREE char *there = malloc(p->len);
			AUTO_FD fd = openat(l->root_fd, p->path, O_RDONLY | O_NOFOLLOW);
			assert_true(fd >= 0);
			assert_int_equal(
				pread(fd, there, p->len, (off_t)p->offset), (ssize_t)p->len);
			assert_memory_equal(l->tar.data + at, there, p->len);
		}
		at += p->len;
	}
	assert_int_equal(at, l->tar.len);
}

static inline struct layer *layer_new(void **state)
{
	struct layer *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->tar.cap = TAR_MAX;
	l->block = 65536;
	l->policy = (struct unpack_policy){true, true, 1u << 30, 100000};
	static unsigned count;
	snprintf(l->root, sizeof(l->root), "%s/root%u", (char *)*state, count++);
	assert_int_equal(mkdir(l->root, 0755), 0);
	l->root_fd = open(l->root, O_RDONLY | O_DIRECTORY);
	assert_true(l->root_fd >= 0);
	return l;
}

static inline void layer_free(struct layer *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->parts[i].path);
		free(l->parts[i].data);
	}
	buf_free(&l->tar);
	close(l->root_fd);
	free(l);
}

static inline void cleanup_layer(struct layer **l)
{
	layer_free(*l);
}

#define AUTO_LAYER CLEANUP(cleanup_layer) struct layer

static inline int layer_unpack(struct layer *l, struct err *err)
{
	struct unpack_spec spec = {.root_fd = l->root_fd,
		.policy = l->policy,
		.read = world_read,
		.literal = world_literal,
		.content = world_content,
		.beside = world_beside,
		.lower = world_lower,
		.ctx = l};

	l->at = 0;
	return unpack_layer(&spec, &l->result, err);
}

/* Ends the stream, unpacks it, and rebuilds it. */
static inline void layer_works(struct layer *l)
{
	struct err err;

	tar_end(&l->tar);
	assert_works(layer_unpack(l, &err));
	world_rebuild(l);
}

static inline struct stat stat_of(const struct layer *l, const char *path)
{
	struct stat st = {0};

	if (fstatat(l->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s is not there", path);
	return st;
}

static inline bool is_there(const struct layer *l, const char *path)
{
	struct stat st;

	return fstatat(l->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void assert_text(const struct layer *l, const char *path, const char *text)
{
	char found[256] = {0};
	AUTO_FD fd = openat(l->root_fd, path, O_RDONLY | O_NOFOLLOW);

	assert_true(fd >= 0);
	assert_true(read(fd, found, sizeof(found) - 1) >= 0);
	assert_string_equal(found, text);
}

static inline bool is_whiteout(const struct layer *l, const char *path)
{
	struct stat st = stat_of(l, path);

	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

/* The value of an attribute as text, or "" */
static inline const char *xattr_of(const struct layer *l, const char *path, const char *name)
{
	static char value[256];
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "/proc/self/fd/%d/%s", l->root_fd, path);
	memset(value, 0, sizeof(value));
	return lgetxattr(full, name, value, sizeof(value) - 1) < 0 ? "" : value;
}

#endif

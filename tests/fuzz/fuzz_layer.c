/* SPDX-License-Identifier: Apache-2.0 */
/* A layer is unpacked. Nothing beside its folder changes, whatever it says; one that is accepted is
 * made up again by what was told of it. Sums of headers are put right first, or few would be read.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/tree.h"
#include "oci/unpack.h"
#include "tests/fuzz/fuzz.h"

#define BLOCK 512
#define STREAM_MAX (4u << 20)
#define CONTENTS_MAX 4096

static char base[64];
static int base_fd = -1;

struct content {
	char *path;
	uint64_t offset;
	size_t at, len;
};

struct run {
	uint8_t *data;
	size_t len, at, block;
	struct buf told;
	struct content contents[CONTENTS_MAX];
	size_t n;
	int root_fd, below_fd;
	bool has_below;
};

static void remove_base(void)
{
	struct err err;

	PROMISE(tree_remove(base, &err) == 0 && rmdir(base) == 0);
}

static void make_base(void)
{
	/* in memory where that is to be had: the disk is spared */
	snprintf(base, sizeof(base), "%s/ota-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	PROMISE(mkdtemp(base));
	atexit(remove_base);
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PROMISE(base_fd >= 0);
	AUTO_FD fd = openat(base_fd, "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	PROMISE(fd >= 0 && write(fd, "alive", 5) == 5);
}

static int open_folder(const char *name)
{
	PROMISE(mkdirat(base_fd, name, 0755) == 0);
	return openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void check_base(void)
{
	char text[8] = {0};
	struct stat st;
	unsigned names = 0;
	AUTO_FD fd = openat(base_fd, "canary", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	PROMISE(fd >= 0 && read(fd, text, sizeof(text)) == 5 && memcmp(text, "alive", 5) == 0);
	PROMISE(fstat(fd, &st) == 0 && st.st_mode == (S_IFREG | 0600) && st.st_nlink == 1);
	DIR *d = opendir(base);
	PROMISE(d);
	while (readdir(d))
		names++;
	closedir(d);
	PROMISE(names == 5); /* canary, root, below, and the two that all have */
}

/* What a sum has is left as it is where a block is no header. */
static void put_sums_right(uint8_t *data, size_t len)
{
	for (uint8_t *h = data; len >= BLOCK; h += BLOCK, len -= BLOCK) {
		char text[8];
		unsigned sum = 0;

		if (memcmp(h + 257, "ustar", 5) != 0)
			continue;
		memset(h + 148, ' ', 8);
		for (unsigned i = 0; i < BLOCK; i++)
			sum += h[i];
		snprintf(text, sizeof(text), "%06o", sum & 0777777);
		memcpy(h + 148, text, 7);
	}
}

static int read_block(void *ctx, const void **data, size_t *len, struct err *err)
{
	struct run *r = ctx;

	(void)err;
	*len = r->len - r->at < r->block ? r->len - r->at : r->block;
	*data = r->data + r->at;
	r->at += *len;
	return 0;
}

static int take_literal(void *ctx, const void *data, size_t len, struct err *err)
{
	struct run *r = ctx;

	PROMISE(len > 0);
	return buf_add(&r->told, data, len, err);
}

static int take_content(
	void *ctx, const char *path, uint64_t offset, const void *data, size_t len, struct err *err)
{
	struct run *r = ctx;

	if (r->n == CONTENTS_MAX)
		return err_set(err, OTA_SPACE, "too many pieces for this test");
	PROMISE(len > 0 && *path && *path != '/');
	r->contents[r->n++] = (struct content){strdup(path), offset, r->told.len, len};
	return buf_add(&r->told, data, len, err);
}

static int give_below(void *ctx, struct err *err)
{
	struct run *r = ctx;

	(void)err;
	return r->has_below ? r->below_fd : -2;
}

static void check_content(const struct run *r, const struct content *c)
{
	AUTO_FREE char *text = malloc(c->len);
	AUTO_FD fd = openat(r->root_fd, c->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	PROMISE(text && fd >= 0);
	PROMISE(pread(fd, text, c->len, (off_t)c->offset) == (ssize_t)c->len);
	PROMISE(memcmp(text, r->told.data + c->at, c->len) == 0);
}

static void unpack(struct run *r)
{
	struct unpack_spec spec = {.root_fd = r->root_fd,
		.policy = {.devices = true,
			.setuid = true,
			.bytes_max = 1u << 20,
			.entries_max = 300},
		.read = read_block,
		.literal = take_literal,
		.content = take_content,
		.lower = give_below,
		.ctx = r};
	struct unpack_result result;
	struct err err;

	int rc = unpack_layer(&spec, &result, &err);
	PROMISE(result.bytes <= spec.policy.bytes_max);
	PROMISE(result.entries <= spec.policy.entries_max);
	PROMISE(r->told.len <= r->len &&
		(!r->told.len || memcmp(r->told.data, r->data, r->told.len) == 0));
	PROMISE(rc == 0 || err.msg[0]);
	PROMISE(rc < 0 || r->told.len == r->len);
	for (size_t i = 0; i < r->n; i++) {
		/* what stands for the view of all layers is no overlay, but a folder of its own */
		if (rc == 0 && !result.replaced && !result.by_chain)
			check_content(r, &r->contents[i]);
		free(r->contents[i].path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run r;
	struct err err;

	if (base_fd < 0)
		make_base();
	r = (struct run){.len = len,
		.block = 1 + len * 37 % 9000,
		.has_below = len / BLOCK % 2,
		.told = {.cap = STREAM_MAX}};
	AUTO_FREE uint8_t *copy = malloc(len + 1);
	PROMISE(copy);
	if (len)
		memcpy(copy, data, len);
	put_sums_right(copy, len);
	r.data = copy;
	r.root_fd = open_folder("root");
	r.below_fd = open_folder("below");
	PROMISE(mkdirat(r.below_fd, "etc", 0755) == 0);
	PROMISE(symlinkat("/etc", r.below_fd, "lib") == 0);
	PROMISE(mknodat(r.below_fd, "etc/conf", S_IFREG | 0644, 0) == 0);
	unpack(&r);
	check_base();
	buf_free(&r.told);
	close(r.root_fd);
	close(r.below_fd);
	PROMISE(tree_remove_at(base_fd, "root", &err) == 0);
	PROMISE(tree_remove_at(base_fd, "below", &err) == 0);
	return 0;
}

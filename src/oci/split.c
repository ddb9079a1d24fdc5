/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/split.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/le.h"
#include "io/zstd.h"
#include "oci/split_form.h"

int split_damaged(const struct split *s, const char *what, struct err *err)
{
	return err_set(err, OTA_CORRUPT, "%s: its split is damaged: %s", s->name, what);
}

static int open_part(int dir_fd, const char *name, uint64_t *bytes, struct err *err)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, OTA_CORRUPT, "split: %s is missing", name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "split: %s", name);
	*bytes = (uint64_t)st.st_size;
	return fd;
}

static int load_frames(struct split *s, int dir_fd, struct err *err)
{
	uint8_t head[SPLIT_FRAMES_HEAD];
	uint64_t bytes;
	AUTO_FD fd = open_part(dir_fd, SPLIT_FRAMES, &bytes, err);

	if (fd < 0)
		return -1;
	if (bytes < sizeof(head) || (bytes - sizeof(head)) % 4 ||
		(bytes - sizeof(head)) / 4 > SPLIT_FRAMES_MAX)
		return split_damaged(s, SPLIT_FRAMES, err);
	s->n_frames = s->cell_number = (bytes - sizeof(head)) / 4;
	s->frames = malloc(s->n_frames * 4 + 1);
	if (!s->frames)
		return err_set(err, OTA_FAILED, "out of memory");
	if (file_pread(fd, head, sizeof(head), 0, SPLIT_FRAMES, err) < 0 ||
		file_pread(fd, s->frames, s->n_frames * 4, sizeof(head), SPLIT_FRAMES, err) < 0)
		return -1;
	s->literal_bytes = le_get64(head);
	if ((s->literal_bytes + SPLIT_CELL_BYTES - 1) / SPLIT_CELL_BYTES != s->n_frames)
		return split_damaged(s, SPLIT_FRAMES, err);
	for (size_t i = 0; i < s->n_frames; i++) {
		s->frames[i] = le_get32(&s->frames[i]);
		if (s->frames[i] > zstd_bound(SPLIT_CELL_BYTES))
			return split_damaged(s, SPLIT_FRAMES, err);
	}
	return 0;
}

int split_load_content(struct split *s, uint64_t number, struct split_content *c, struct err *err)
{
	uint8_t r[SPLIT_CONTENT_BYTES];

	if (file_pread(s->contents_fd, r, sizeof(r), number * sizeof(r), s->name, err) < 0)
		return -1;
	*c = (struct split_content){le_get64(r), le_get64(r + 8), le_get64(r + 16),
		le_get64(r + 24), le_get64(r + 32), le_get32(r + 40), le_get32(r + 44)};
	if (c->len == 0 || c->at > INT64_MAX || c->len > INT64_MAX - c->at || c->before > c->at ||
		c->at - c->before > s->literal_bytes || c->offset > INT64_MAX - c->len ||
		c->name_len == 0 || c->name_len >= PATH_MAX || c->name > s->names_bytes ||
		c->name_len > s->names_bytes - c->name)
		return split_damaged(s, SPLIT_CONTENTS, err);
	return 0;
}

static int measure(struct split *s, struct err *err)
{
	struct split_content last;

	s->bytes = s->literal_bytes;
	if (s->n_contents == 0)
		return 0;
	if (split_load_content(s, s->n_contents - 1, &last, err) < 0)
		return -1;
	s->bytes += last.before + last.len;
	return last.at + last.len <= s->bytes ? 0 : split_damaged(s, SPLIT_CONTENTS, err);
}

static int open_all(struct split *s, int dir_fd, struct err *err)
{
	uint64_t contents_bytes, ignored;

	s->literals_fd = open_part(dir_fd, SPLIT_LITERALS, &ignored, err);
	if (s->literals_fd < 0)
		return -1;
	s->contents_fd = open_part(dir_fd, SPLIT_CONTENTS, &contents_bytes, err);
	if (s->contents_fd < 0)
		return -1;
	s->names_fd = open_part(dir_fd, SPLIT_NAMES, &s->names_bytes, err);
	if (s->names_fd < 0 || load_frames(s, dir_fd, err) < 0)
		return -1;
	if (contents_bytes % SPLIT_CONTENT_BYTES)
		return split_damaged(s, SPLIT_CONTENTS, err);
	s->n_contents = s->number = contents_bytes / SPLIT_CONTENT_BYTES;
	s->cell = malloc(SPLIT_CELL_BYTES);
	s->coded = malloc(zstd_bound(SPLIT_CELL_BYTES));
	s->decoder = zstd_decoder_new(err);
	if (!s->cell || !s->coded)
		return err_set(err, OTA_FAILED, "out of memory");
	return s->decoder ? measure(s, err) : -1;
}

struct split *split_open(int dir_fd, int tree_fd, const char *name, struct err *err)
{
	struct split *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	s->name = name;
	s->tree_fd = tree_fd;
	s->literals_fd = s->contents_fd = s->names_fd = s->file_fd = -1;
	if (open_all(s, dir_fd, err) == 0)
		return s;
	split_close(s);
	return NULL;
}

void split_close(struct split *s)
{
	cleanup_fd(&s->literals_fd);
	cleanup_fd(&s->contents_fd);
	cleanup_fd(&s->names_fd);
	cleanup_fd(&s->file_fd);
	zstd_decoder_free(s->decoder);
	free(s->frames);
	free(s->cell);
	free(s->coded);
	free(s);
}

uint64_t split_bytes(const struct split *s)
{
	return s->bytes;
}

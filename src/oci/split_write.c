/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a split; split.h tells its form. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "io/zstd.h"
#include "oci/split.h"
#include "oci/split_form.h"

#define LEVEL 3

/* The content that is being added to. */
struct run {
	char path[PATH_MAX];
	uint64_t at, len, offset;
	struct split_sum sum;
};

struct split_writer {
	const char *name;
	FILE *literals, *frames, *contents, *names;
	struct zstd_encoder *encoder;
	uint8_t *cell, *coded;
	size_t filled;
	uint64_t literal_bytes, content_bytes, name_bytes;
	uint64_t written;
	struct run run; /* len 0: there is none */
};

static FILE *make_file(int dir_fd, const char *name)
{
	AUTO_FD fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (f)
		fd_take(&fd);
	return f;
}

struct split_writer *split_writer_new(int dir_fd, const char *name, struct err *err)
{
	struct split_writer *w = calloc(1, sizeof(*w));

	if (!w) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	w->name = name;
	w->cell = malloc(SPLIT_CELL_BYTES);
	w->coded = malloc(zstd_bound(SPLIT_CELL_BYTES));
	w->literals = make_file(dir_fd, SPLIT_LITERALS);
	w->frames = make_file(dir_fd, SPLIT_FRAMES);
	w->contents = make_file(dir_fd, SPLIT_CONTENTS);
	w->names = make_file(dir_fd, SPLIT_NAMES);
	w->encoder = zstd_encoder_new(LEVEL, err);
	if (w->encoder && w->cell && w->coded && w->literals && w->frames && w->contents &&
		w->names && fseek(w->frames, SPLIT_FRAMES_HEAD, SEEK_SET) == 0)
		return w;
	err_errno(err, OTA_IO, "split of %s", name);
	split_writer_free(w);
	return NULL;
}

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
	*f = NULL;
}

void split_writer_free(struct split_writer *w)
{
	if (!w)
		return;
	close_file(&w->literals);
	close_file(&w->frames);
	close_file(&w->contents);
	close_file(&w->names);
	zstd_encoder_free(w->encoder);
	free(w->cell);
	free(w->coded);
	free(w);
}

static int put(struct split_writer *w, FILE *f, const void *data, size_t len, struct err *err)
{
	w->written += len;
	if (len == 0 || fwrite(data, 1, len, f) == len)
		return 0;
	return err_errno(err, OTA_IO, "split of %s", w->name);
}

uint64_t split_written(const struct split_writer *w)
{
	return w->written;
}

static int flush_cell(struct split_writer *w, struct err *err)
{
	uint8_t coded_len[4];
	size_t len;

	if (w->filled == 0)
		return 0;
	if (zstd_encode(w->encoder, w->cell, w->filled, w->coded, &len, err) < 0)
		return -1;
	le_put32(coded_len, (uint32_t)len);
	w->filled = 0;
	return put(w, w->literals, w->coded, len, err) < 0
		       ? -1
		       : put(w, w->frames, coded_len, sizeof(coded_len), err);
}

static int end_run(struct split_writer *w, struct err *err)
{
	struct run *run = &w->run;
	size_t name_len = strlen(run->path);
	uint8_t record[SPLIT_CONTENT_BYTES];

	if (run->len == 0)
		return 0;
	if (w->name_bytes + name_len > UINT32_MAX)
		return err_set(err, OTA_CORRUPT, "%s: too many names", w->name);
	le_put64(record, run->at);
	le_put64(record + 8, run->len);
	le_put64(record + 16, run->offset);
	le_put64(record + 24, w->content_bytes - run->len);
	le_put64(record + 32, split_sum_end(&run->sum));
	le_put32(record + 40, (uint32_t)w->name_bytes);
	le_put32(record + 44, (uint32_t)name_len);
	w->name_bytes += name_len;
	run->len = 0;
	return put(w, w->contents, record, sizeof(record), err) < 0
		       ? -1
		       : put(w, w->names, run->path, name_len, err);
}

int split_add_literal(struct split_writer *w, const void *data, size_t len, struct err *err)
{
	const uint8_t *bytes = data;

	if (len > 0 && end_run(w, err) < 0)
		return -1;
	if (len > SPLIT_LITERALS_MAX - w->literal_bytes)
		return err_set(err, OTA_SPACE, "over 4 GiB of it are no file's content");
	w->literal_bytes += len;
	while (len > 0) {
		size_t n = SPLIT_CELL_BYTES - w->filled;

		n = n < len ? n : len;
		memcpy(w->cell + w->filled, bytes, n);
		w->filled += n;
		bytes += n;
		len -= n;
		if (w->filled == SPLIT_CELL_BYTES && flush_cell(w, err) < 0)
			return -1;
	}
	return 0;
}

int split_add_content(struct split_writer *w, const char *path, uint64_t offset, const void *data,
	size_t len, struct err *err)
{
	struct run *run = &w->run;
	bool goes_on = run->len > 0 && run->offset + run->len == offset && !strcmp(run->path, path);

	if (!goes_on) {
		if (end_run(w, err) < 0)
			return -1;
		*run = (struct run){.at = w->literal_bytes + w->content_bytes,
			.offset = offset,
			.sum = {.value = SPLIT_SUM_SEED}};
		snprintf(run->path, sizeof(run->path), "%s", path);
	}
	split_sum_add(&run->sum, data, len);
	run->len += len;
	w->content_bytes += len;
	return 0;
}

static int end_file(const struct split_writer *w, FILE **f, struct err *err)
{
	FILE *file = *f;

	*f = NULL;
	return fclose(file) == 0 ? 0 : err_errno(err, OTA_IO, "split of %s", w->name);
}

int split_writer_end(struct split_writer *w, struct err *err)
{
	uint8_t head[SPLIT_FRAMES_HEAD];

	le_put64(head, w->literal_bytes);
	if (end_run(w, err) < 0 || flush_cell(w, err) < 0)
		return -1;
	if (fseek(w->frames, 0, SEEK_SET) < 0)
		return err_errno(err, OTA_IO, "split of %s", w->name);
	if (put(w, w->frames, head, sizeof(head), err) < 0 || end_file(w, &w->literals, err) < 0 ||
		end_file(w, &w->frames, err) < 0 || end_file(w, &w->contents, err) < 0)
		return -1;
	return end_file(w, &w->names, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a split; split.h tells its form. */
#include "base/file.h"
#include "base/interrupt.h"
#include "base/tree.h"
#include "io/zstd.h"
#include "oci/split.h"
#include "oci/split_form.h"

#define CHECK_BYTES (128u << 10)

/* The cell of the literals that has this number. */
static int load_cell(struct split *s, uint64_t number, size_t *len, struct err *err)
{
	uint64_t begin = number * SPLIT_CELL_BYTES, left = s->literal_bytes - begin;
	size_t used;

	*len = left < SPLIT_CELL_BYTES ? (size_t)left : SPLIT_CELL_BYTES;
	if (s->cell_number == number)
		return 0;
	if (s->cell_number != number - 1 || number == 0) {
		s->cell_offset = 0;
		for (uint64_t i = 0; i < number; i++)
			s->cell_offset += s->frames[i];
	} else {
		s->cell_offset += s->frames[number - 1];
	}
	s->cell_number = s->n_frames;
	if (file_pread(s->literals_fd, s->coded, s->frames[number], s->cell_offset, s->name, err) <
			0 ||
		zstd_decode(s->decoder, s->coded, s->frames[number], s->cell, *len, &used, err) < 0)
		return err_wrap(err, "split");
	s->cell_number = number;
	return 0;
}

static int read_literal(struct split *s, uint8_t *out, size_t len, uint64_t offset, struct err *err)
{
	while (len > 0) {
		uint64_t number = offset / SPLIT_CELL_BYTES;
		size_t from = (size_t)(offset % SPLIT_CELL_BYTES), cell_len;

		if (load_cell(s, number, &cell_len, err) < 0)
			return -1;
		size_t n = cell_len - from < len ? cell_len - from : len;
		memcpy(out, s->cell + from, n);
		out += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int take_content(struct split *s, uint64_t number, struct err *err)
{
	if (s->number == number && number < s->n_contents)
		return 0;
	s->number = s->n_contents;
	cleanup_fd(&s->file_fd);
	s->file_fd = -1;
	if (split_load_content(s, number, &s->content, err) < 0)
		return -1;
	s->number = number;
	return 0;
}

static int open_file(struct split *s, struct err *err)
{
	const struct split_content *c = &s->content;

	if (s->file_fd >= 0)
		return 0;
	if (file_pread(s->names_fd, s->path, c->name_len, c->name, s->name, err) < 0)
		return -1;
	s->path[c->name_len] = '\0';
	s->file_fd = tree_open(s->tree_fd, ".", s->path, err);
	if (s->file_fd >= 0)
		return 0;
	/* a folder or a pipe where a file was, too */
	if (err->code == OTA_IO || err->code == OTA_INCOMPATIBLE)
		err->code = OTA_CORRUPT;
	return err_wrap(err, "%s", s->name);
}

static int read_content(struct split *s, uint8_t *out, size_t len, uint64_t offset, struct err *err)
{
	if (open_file(s, err) < 0)
		return -1;
	return file_pread(s->file_fd, out, len, s->content.offset + offset, s->path, err);
}

/* The last content that does not begin behind `offset`; n_contents: there is none. */
static int find_content(struct split *s, uint64_t offset, uint64_t *number, struct err *err)
{
	uint64_t low = 0, high = s->n_contents;
	struct split_content c;

	if (s->number < s->n_contents && s->content.at <= offset) {
		low = s->number;
		if (low + 1 < high) { /* it goes on: mostly this one or the next */
			if (split_load_content(s, low + 1, &c, err) < 0)
				return -1;
			high = c.at > offset ? low + 1 : high;
		}
	}
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (split_load_content(s, middle, &c, err) < 0)
			return -1;
		if (c.at <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	*number = low ? low - 1 : s->n_contents;
	return 0;
}

/* What the stream has at `offset`: a literal, or a content; at most `len` bytes of it. */
static int read_some(
	struct split *s, uint8_t *out, size_t len, uint64_t offset, size_t *n, struct err *err)
{
	uint64_t number, cut = 0, next = s->bytes;
	struct split_content c;

	if (find_content(s, offset, &number, err) < 0)
		return -1;
	if (number < s->n_contents) {
		if (take_content(s, number, err) < 0)
			return -1;
		uint64_t within = offset - s->content.at;
		if (within < s->content.len) {
			uint64_t left = s->content.len - within;
			*n = left < len ? (size_t)left : len;
			return read_content(s, out, *n, within, err);
		}
		cut = s->content.before + s->content.len;
	}
	uint64_t following = number < s->n_contents ? number + 1 : 0;
	if (following < s->n_contents) {
		if (split_load_content(s, following, &c, err) < 0)
			return -1;
		next = c.at;
	}
	*n = next - offset < len ? (size_t)(next - offset) : len;
	if (*n == 0 || offset < cut || offset - cut > s->literal_bytes ||
		*n > s->literal_bytes - (offset - cut))
		return split_damaged(s, SPLIT_CONTENTS, err);
	return read_literal(s, out, *n, offset - cut, err);
}

int split_read(struct split *s, void *data, size_t len, uint64_t offset, struct err *err)
{
	uint8_t *out = data;
	size_t n;

	if (offset > s->bytes || len > s->bytes - offset)
		return err_set(err, OTA_CORRUPT, "%s: a read outside of the layer", s->name);
	while (len > 0) {
		if (read_some(s, out, len, offset, &n, err) < 0)
			return -1;
		out += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int check_content(struct split *s, uint8_t *piece, struct err *err)
{
	struct split_sum sum = {.value = SPLIT_SUM_SEED};
	uint64_t left = s->content.len;

	while (left > 0) {
		size_t n = left < CHECK_BYTES ? (size_t)left : CHECK_BYTES;
		if (interrupt_check(err) < 0 ||
			read_content(s, piece, n, s->content.len - left, err) < 0)
			return -1;
		split_sum_add(&sum, piece, n);
		left -= n;
	}
	if (split_sum_end(&sum) == s->content.sum)
		return 0;
	return err_set(
		err, OTA_CORRUPT, "%s: the content of %s is not what it was", s->name, s->path);
}

int split_check(struct split *s, struct err *err)
{
	AUTO_FREE uint8_t *piece = malloc(CHECK_BYTES);

	if (!piece)
		return err_set(err, OTA_FAILED, "out of memory");
	for (uint64_t i = 0; i < s->n_contents; i++)
		if (take_content(s, i, err) < 0 || check_content(s, piece, err) < 0)
			return -1;
	return 0;
}

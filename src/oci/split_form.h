/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a split, for those two who write and read them.
 */
#ifndef OTA_OCI_SPLIT_FORM_H
#define OTA_OCI_SPLIT_FORM_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

#define SPLIT_LITERALS "literals"
#define SPLIT_FRAMES "frames"
#define SPLIT_CONTENTS "contents"
#define SPLIT_NAMES "names"

#define SPLIT_CELL_BYTES (64u << 10)
#define SPLIT_FRAMES_MAX (64u << 10)
#define SPLIT_LITERALS_MAX ((uint64_t)SPLIT_FRAMES_MAX * SPLIT_CELL_BYTES) /* 4 GiB */
#define SPLIT_CONTENT_BYTES 48u
#define SPLIT_FRAMES_HEAD 8u

#define SPLIT_SUM_SEED UINT64_C(0x9e3779b97f4a7c15)

/* Tells two contents apart; it need not withstand anyone, since the diffID does that. The same
 * bytes give the same sum, however they are cut. */
struct split_sum {
	uint64_t value;
	uint8_t tail[8];
	size_t n_tail;
};

static inline uint64_t split_sum_word(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return sum ^ sum >> 32;
}

static inline void split_sum_add(struct split_sum *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word;

	while (len > 0 && s->n_tail > 0 && s->n_tail < 8) {
		s->tail[s->n_tail++] = *p++;
		len--;
	}
	if (s->n_tail == 8) {
		memcpy(&word, s->tail, 8);
		s->value = split_sum_word(s->value, word);
		s->n_tail = 0;
	}
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		s->value = split_sum_word(s->value, word);
	}
	memcpy(s->tail + s->n_tail, p, len);
	s->n_tail += len;
}

static inline uint64_t split_sum_end(const struct split_sum *s)
{
	uint64_t word = 0;

	memcpy(&word, s->tail, s->n_tail);
	return split_sum_word(split_sum_word(s->value, word), s->n_tail);
}

struct split_content {
	uint64_t at, len, offset, before, sum;
	uint32_t name, name_len;
};

struct split {
	const char *name;
	int tree_fd, literals_fd, contents_fd, names_fd;
	uint64_t n_contents, literal_bytes, bytes, names_bytes;
	uint32_t *frames; /* coded lengths */
	size_t n_frames;
	struct zstd_decoder *decoder;
	uint8_t *cell, *coded;
	uint64_t cell_number; /* of what `cell` holds; n_frames: nothing */
	uint64_t cell_offset; /* of its frame in the file */
	uint64_t number;      /* of the content that stands below; n_contents: none */
	struct split_content content;
	int file_fd; /* of the content's file; -1: not open */
	char path[PATH_MAX];
};

int split_damaged(const struct split *s, const char *what, struct err *err);
int split_load_content(
	struct split *s, uint64_t number, struct split_content *c, struct err *err) MUST_USE;

#endif

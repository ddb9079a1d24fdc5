/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar stream, read by libarchive, which is loaded at the first use and whose headers stay in
 * archive.c: ustar, pax and GNU, without a filter. Nothing of it is written anywhere by libarchive.
 *
 *   archive_open -> { archive_next -> { archive_data -> archive_cut? }* }* -> archive_close
 *
 * The bytes of the stream that are not cut out by archive_cut() are given to `literal`, in order:
 * with what was cut, they make up the stream again, byte for byte. A signal ends the reading, with
 * interrupted.
 */
#ifndef OTA_OCI_ARCHIVE_H
#define OTA_OCI_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"

struct archive_stream {
	/* Lends the next bytes of the stream, until the call after it; len is 0 at the end. */
	int (*read)(void *ctx, const void **data, size_t *len, struct err *err);
	/* Is told of the bytes that are not cut out, in order; NULL: nobody wants them. */
	int (*literal)(void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
};

enum archive_kind {
	ARCHIVE_FILE,
	ARCHIVE_FOLDER,
	ARCHIVE_SYMLINK,
	ARCHIVE_HARD_LINK,
	ARCHIVE_CHARACTER_DEVICE,
	ARCHIVE_BLOCK_DEVICE,
	ARCHIVE_FIFO,
};

/* What stands in the header, as it is: hostile. Strings live until the next entry. */
struct archive_item {
	enum archive_kind kind;
	const char *path;
	const char *target; /* of links */
	uint32_t mode;      /* permission bits, set-id and sticky bits too */
	uint32_t uid, gid;
	struct timespec mtime;
	uint64_t size_bytes;
	uint32_t major, minor;
};

struct archive_reader;

/* Errors: config (no libarchive), failed, those of read. */
struct archive_reader *archive_open(const struct archive_stream *stream, struct err *err) MUST_USE;
void archive_close(struct archive_reader *r);

/* The next entry; false in `more` behind the last, when all of the stream was read. Errors:
 * corrupt, those of read and literal. */
int archive_next(
	struct archive_reader *r, struct archive_item *item, bool *more, struct err *err) MUST_USE;

/* The next extended attribute of the entry; false behind the last. */
bool archive_xattr(struct archive_reader *r, const char **name, const void **value, size_t *len);

struct archive_piece {
	const void *data;
	size_t len;
	uint64_t offset; /* in the file; what lies between pieces is a hole */
};

/* The next piece of a file's content. Errors: as archive_next(). */
int archive_data(struct archive_reader *r, struct archive_piece *piece, bool *more,
	struct err *err) MUST_USE;

/* Cuts the piece that archive_data() gave last out of the stream. False where it does not stand in
 * the stream as it was given: then it stays a literal. Errors: those of literal. */
int archive_cut(struct archive_reader *r, bool *cut, struct err *err) MUST_USE;

static inline void cleanup_archive(struct archive_reader **r)
{
	if (*r)
		archive_close(*r);
}

#define AUTO_ARCHIVE CLEANUP(cleanup_archive) struct archive_reader

#endif

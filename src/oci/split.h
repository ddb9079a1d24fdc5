/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's tar stream without the contents of its files: with the tree that was unpacked from it,
 * any part of the stream can be read again, to prove the tree by the layer's diffID and to be the
 * base of a delta. In a folder of its own:
 *
 *   literals   what is no file's content, in zstd frames of 64 KiB raw
 *   frames     u64 raw bytes of them all, then u32 coded length of each
 *   contents   48 bytes each, in the order of the stream: u64 offset in the stream, u64 length,
 *              u64 offset in the file, u64 contents' bytes before it, u64 sum, u32 place of its
 * name in `names`, u32 length of that names      the files' paths below the tree, one behind the
 * other
 *
 * All little endian.
 */
#ifndef OTA_OCI_SPLIT_H
#define OTA_OCI_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct split_writer;

/* Makes the files in a folder, which is empty; nothing is synced. Errors: io, space, failed. */
struct split_writer *split_writer_new(int dir_fd, const char *name, struct err *err) MUST_USE;
/* Errors: also space: over 4 GiB of them in all. */
int split_add_literal(
	struct split_writer *w, const void *data, size_t len, struct err *err) MUST_USE;
int split_add_content(struct split_writer *w, const char *path, uint64_t offset, const void *data,
	size_t len, struct err *err) MUST_USE;
uint64_t split_written(const struct split_writer *w); /* to all files, so far */
int split_writer_end(struct split_writer *w, struct err *err) MUST_USE;
void split_writer_free(struct split_writer *w); /* NULL is fine */

struct split;

/* Opens the folder, and the tree that belongs to it; one thread reads. Errors: io, corrupt. */
struct split *split_open(int dir_fd, int tree_fd, const char *name, struct err *err) MUST_USE;
void split_close(struct split *s);
uint64_t split_bytes(const struct split *s); /* of the stream */

/* Gives exactly len bytes of the stream. Errors: corrupt (outside, or a file is not there or too
 * short: the message names it), io. */
int split_read(struct split *s, void *data, size_t len, uint64_t offset, struct err *err) MUST_USE;

/* Holds each content against its sum, and names the first file that differs. Errors: corrupt, io,
 * interrupted. */
int split_check(struct split *s, struct err *err) MUST_USE;

static inline void cleanup_split(struct split **s)
{
	if (*s)
		split_close(*s);
}

static inline void cleanup_split_writer(struct split_writer **w)
{
	split_writer_free(*w);
}

#define AUTO_SPLIT CLEANUP(cleanup_split) struct split
#define AUTO_SPLIT_WRITER CLEANUP(cleanup_split_writer) struct split_writer

#endif

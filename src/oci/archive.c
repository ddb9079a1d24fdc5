/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "base/interrupt.h"
#include "base/loaded.h"
#include "oci/literals.h"

#define BLOCK 512

LOADED_NOTE("[{\"feature\":\"containers\",\"description\":\"layers of container images\","
	    "\"priority\":\"suggested\",\"soname\":[\"libarchive.so.13\"]}]");

#define FUNCTIONS(X)                                                                               \
	X(archive_error_string)                                                                    \
	X(archive_filter_bytes)                                                                    \
	X(archive_read_new)                                                                        \
	X(archive_read_free)                                                                       \
	X(archive_read_support_format_tar)                                                         \
	X(archive_read_open)                                                                       \
	X(archive_read_next_header)                                                                \
	X(archive_read_data_block)                                                                 \
	X(archive_read_data_skip)                                                                  \
	X(archive_entry_filetype)                                                                  \
	X(archive_entry_gid)                                                                       \
	X(archive_entry_hardlink)                                                                  \
	X(archive_entry_mtime)                                                                     \
	X(archive_entry_mtime_nsec)                                                                \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_perm)                                                                      \
	X(archive_entry_rdevmajor)                                                                 \
	X(archive_entry_rdevminor)                                                                 \
	X(archive_entry_size)                                                                      \
	X(archive_entry_symlink)                                                                   \
	X(archive_entry_uid)                                                                       \
	X(archive_entry_xattr_next)                                                                \
	X(archive_entry_xattr_reset)

static struct {
#define X(name) __typeof__(name) *name;
	FUNCTIONS(X)
#undef X
} api;

struct archive_reader {
	struct archive_stream stream;
	struct archive *a;
	struct archive_entry *entry;
	struct archive_piece piece;
	struct literals literals;
	struct err failure; /* of the stream's functions, while libarchive was at work */
	locale_t bytes;     /* in which names are just that */
	bool failed, over, at_end;
	/* of this entry's content, how much there is and was given */
	uint64_t content_bytes, content_end;
	bool in_header; /* then all bytes stay open: what they are is known at its end */
};

static int load(struct err *err)
{
	static const struct loaded_symbol all[] = {
#define X(name) {#name, &api.name},
		FUNCTIONS(X)
#undef X
	};
	static bool loaded;

	if (loaded)
		return 0;
	if (loaded_library(
		    "libarchive.so.13", "containers need libarchive", all, ARRAY_LEN(all), err) < 0)
		return err_hint(err, "install libarchive (libarchive13 on Debian)");
	loaded = true;
	loaded_trim();
	return 0;
}

/* Where libarchive stands: what lies before is behind it. */
static uint64_t position(const struct archive_reader *r)
{
	la_int64_t at = api.archive_filter_bytes(r->a, 0);

	return at > 0 ? (uint64_t)at : 0;
}

/* All that is read comes by here, also what nobody looks at, which may be without end. */
static int read_stream(struct archive_reader *r, const void **data, size_t *len, struct err *err)
{
	return interrupt_check(err) < 0 ? -1 : r->stream.read(r->stream.ctx, data, len, err);
}

static int lend(struct archive_reader *r, const void **data, size_t *len)
{
	struct err *err = &r->failure;

	if ((!r->in_header && literals_settle(&r->literals, position(r), err) < 0) ||
		read_stream(r, data, len, err) < 0)
		return -1;
	return *len ? literals_add(&r->literals, *data, *len, err) : 0;
}

static la_ssize_t read_more(struct archive *a, void *ctx, const void **data)
{
	struct archive_reader *r = ctx;
	size_t len = 0;

	r->a = a;
	if (r->failed || lend(r, data, &len) < 0) {
		r->failed = true;
		return -1;
	}
	r->at_end = len == 0;
	return (la_ssize_t)len;
}

static int fail(struct archive_reader *r, struct err *err)
{
	if (r->failed) {
		*err = r->failure;
		return -1;
	}
	const char *why = api.archive_error_string(r->a);
	return err_set(err, OTA_CORRUPT, "no sound tar stream: %s", why ? why : "unknown");
}

struct archive_reader *archive_open(const struct archive_stream *stream, struct err *err)
{
	if (load(err) < 0)
		return NULL;
	AUTO_ARCHIVE *r = calloc(1, sizeof(*r));
	if (r) {
		r->a = api.archive_read_new();
		r->bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	}
	if (!r || !r->a || !r->bytes || api.archive_read_support_format_tar(r->a) != ARCHIVE_OK) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	r->stream = *stream;
	r->literals.sink = stream->literal;
	r->literals.ctx = stream->ctx;
	if (api.archive_read_open(r->a, r, NULL, read_more, NULL) != ARCHIVE_OK) {
		fail(r, err);
		return NULL;
	}
	struct archive_reader *opened = r;
	r = NULL;
	return opened;
}

void archive_close(struct archive_reader *r)
{
	if (r->a)
		api.archive_read_free(r->a);
	if (r->bytes)
		freelocale(r->bytes);
	buf_free(&r->literals.bytes);
	free(r);
}

/* -1 for what a layer cannot have. */
static int kind_of(const struct archive_reader *r)
{
	if (api.archive_entry_hardlink(r->entry))
		return ARCHIVE_HARD_LINK;
	switch (api.archive_entry_filetype(r->entry)) {
	case AE_IFREG:
		return ARCHIVE_FILE;
	case AE_IFDIR:
		return ARCHIVE_FOLDER;
	case AE_IFLNK:
		return ARCHIVE_SYMLINK;
	case AE_IFCHR:
		return ARCHIVE_CHARACTER_DEVICE;
	case AE_IFBLK:
		return ARCHIVE_BLOCK_DEVICE;
	case AE_IFIFO:
		return ARCHIVE_FIFO;
	}
	return -1;
}

static bool fits(int64_t value, uint32_t *out)
{
	*out = (uint32_t)value;
	return value >= 0 && value < UINT32_MAX; /* the last is no owner, but "leave it" */
}

static int fill_item(struct archive_reader *r, struct archive_item *item, struct err *err)
{
	struct archive_entry *e = r->entry;
	la_int64_t size = api.archive_entry_size(e);

	*item = (struct archive_item){.path = api.archive_entry_pathname(e),
		.mode = api.archive_entry_perm(e) & 07777,
		.mtime = {api.archive_entry_mtime(e), api.archive_entry_mtime_nsec(e)},
		.size_bytes = (uint64_t)size};
	int kind = kind_of(r);
	if (!item->path || kind < 0)
		return err_set(err, OTA_CORRUPT, "the tar stream has an entry of no known kind");
	item->kind = (enum archive_kind)kind;
	if (item->kind == ARCHIVE_HARD_LINK)
		item->target = api.archive_entry_hardlink(e);
	if (item->kind == ARCHIVE_SYMLINK)
		item->target = api.archive_entry_symlink(e);
	if (item->kind == ARCHIVE_SYMLINK && (!item->target || !*item->target))
		return err_set(err, OTA_CORRUPT, "%.200s: a link to nothing", item->path);
	if (size < 0 || !fits(api.archive_entry_uid(e), &item->uid) ||
		!fits(api.archive_entry_gid(e), &item->gid) ||
		!fits((int64_t)api.archive_entry_rdevmajor(e), &item->major) ||
		!fits((int64_t)api.archive_entry_rdevminor(e), &item->minor) ||
		item->mtime.tv_nsec < 0 || item->mtime.tv_nsec >= 1000000000)
		return err_set(err, OTA_CORRUPT, "%.200s: a number is out of range", item->path);
	api.archive_entry_xattr_reset(e);
	return 0;
}

/* What comes behind the end is of no meaning, but part of the stream. */
static int drain(struct archive_reader *r, struct err *err)
{
	const void *data;
	size_t len;

	r->over = true;
	if (literals_settle(&r->literals, UINT64_MAX, err) < 0)
		return -1;
	for (;;) {
		if (read_stream(r, &data, &len, err) < 0)
			return -1;
		if (!len)
			return 0;
		if (r->stream.literal && r->stream.literal(r->stream.ctx, data, len, err) < 0)
			return -1;
	}
}

/* Some writers leave out what comes behind the last content: its filling up to a block, and the
 * blocks of zeros. The diffID tells that nothing else is missing. */
static bool just_stops(const struct archive_reader *r)
{
	return r->at_end && !r->failed && r->content_end == r->content_bytes &&
	       !literals_peek(&r->literals, position(r), BLOCK);
}

/* Names are bytes to us, and stay so. That libarchive cannot put them into the characters of the
 * locale is all that it may warn of. */
static bool is_harmless(const struct archive_reader *r)
{
	const char *why = api.archive_error_string(r->a);

	return why && strstr(why, "can't be converted");
}

/* In a locale of UTF-8, which a program may have chosen, libarchive would compose names. */
static int read_header(struct archive_reader *r)
{
	locale_t before = uselocale(r->bytes);

	r->in_header = true;
	int rc = api.archive_read_next_header(r->a, &r->entry);
	r->in_header = false;
	uselocale(before);
	return rc;
}

int archive_next(struct archive_reader *r, struct archive_item *item, bool *more, struct err *err)
{
	*more = false;
	r->piece.len = 0;
	if (r->over)
		return 0;
	int rc = r->entry ? api.archive_read_data_skip(r->a) : ARCHIVE_OK;
	if (r->failed || (rc != ARCHIVE_OK && rc != ARCHIVE_EOF))
		return just_stops(r) ? drain(r, err) : fail(r, err);
	if (literals_settle(&r->literals, position(r), err) < 0)
		return -1;
	rc = read_header(r);
	if (rc == ARCHIVE_EOF)
		return r->failed ? fail(r, err) : drain(r, err);
	if (r->failed || (rc != ARCHIVE_OK && !(rc == ARCHIVE_WARN && is_harmless(r))))
		return fail(r, err);
	*more = true;
	if (fill_item(r, item, err) < 0)
		return -1;
	r->content_bytes = item->size_bytes;
	r->content_end = 0;
	return 0;
}

bool archive_xattr(struct archive_reader *r, const char **name, const void **value, size_t *len)
{
	return api.archive_entry_xattr_next(r->entry, name, value, len) == ARCHIVE_OK;
}

int archive_data(struct archive_reader *r, struct archive_piece *piece, bool *more, struct err *err)
{
	la_int64_t offset;

	r->piece = (struct archive_piece){0};
	*more = false;
	int rc = api.archive_read_data_block(r->a, &r->piece.data, &r->piece.len, &offset);
	if ((rc == ARCHIVE_EOF && !r->failed) || (rc == ARCHIVE_FATAL && just_stops(r))) {
		r->piece.len = 0;
		return 0;
	}
	if (rc != ARCHIVE_OK || r->failed)
		return fail(r, err);
	if (offset < 0)
		return err_set(err, OTA_CORRUPT, "a piece of a file lies before its begin");
	r->piece.offset = (uint64_t)offset;
	r->content_end = r->piece.offset + r->piece.len;
	*piece = r->piece;
	*more = true;
	return 0;
}

int archive_cut(struct archive_reader *r, bool *cut, struct err *err)
{
	if (literals_settle(&r->literals, position(r), err) < 0)
		return -1;
	*cut = r->piece.len && r->literals.position == position(r) &&
	       literals_cut(&r->literals, r->piece.data, r->piece.len);
	return 0;
}

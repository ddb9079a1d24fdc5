/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/unpack.h"

#include "base/interrupt.h"
#include "base/text.h"
#include "oci/unpacker.h"

/* What the kernel can have. */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

int unpack_charge_bytes(struct unpacker *u, uint64_t bytes, struct err *err)
{
	uint64_t most = u->spec->policy.bytes_max;
	uint64_t beside = u->spec->beside ? u->spec->beside(u->spec->ctx) : 0;
	uint64_t have = u->result->bytes + beside;
	char text[TEXT_BYTES_LEN];

	if (bytes > most || have > most - bytes) {
		text_bytes(most, text);
		return err_set(err, OTA_SPACE, "it holds more than the %s that are allowed", text);
	}
	u->result->bytes += bytes;
	return 0;
}

int unpack_charge_entry(struct unpacker *u, struct err *err)
{
	uint64_t most = u->spec->policy.entries_max;

	if (u->result->entries >= most)
		return err_set(err, OTA_SPACE, "it has more than the %llu entries that are allowed",
			(unsigned long long)most);
	u->result->entries++;
	return 0;
}

static bool is_device(const struct archive_item *item)
{
	return item->kind == ARCHIVE_CHARACTER_DEVICE || item->kind == ARCHIVE_BLOCK_DEVICE;
}

/* Does its mode give rights of another to who runs it? A link's is nobody's. */
static bool is_privileged(const struct archive_item *item)
{
	if (item->kind == ARCHIVE_SYMLINK || item->kind == ARCHIVE_HARD_LINK)
		return false;
	if (item->kind == ARCHIVE_FOLDER)
		return item->mode & S_ISUID;
	return item->mode & (S_ISUID | S_ISGID);
}

static int check_item(
	const struct unpack_policy *policy, const struct archive_item *item, struct err *err)
{
	if (is_device(item) && (item->major > MAJOR_MAX || item->minor > MINOR_MAX))
		return err_set(err, OTA_CORRUPT, "a device of a number that there is not");
	if (item->kind == ARCHIVE_CHARACTER_DEVICE && item->major == 0 && item->minor == 0)
		return err_set(err, OTA_CORRUPT, "a whiteout of overlay's, not of an image's");
	if (is_device(item) && !policy->devices)
		return err_set(err, OTA_INCOMPATIBLE, "a device, which is not allowed here");
	if (is_privileged(item) && !policy->setuid)
		return err_set(
			err, OTA_INCOMPATIBLE, "it has set-id bits, which are not allowed here");
	return 0;
}

static int unpack_item(struct unpacker *u, const struct archive_item *item, struct err *err)
{
	struct place root = {.fd = u->root_fd, .folder = "", .name = "."}, place;
	char path[PATH_MAX];

	if (unpack_path_clean(item->path, path, err) < 0 || unpack_charge_entry(u, err) < 0 ||
		check_item(&u->spec->policy, item, err) < 0)
		return -1;
	if (!*path && item->kind != ARCHIVE_FOLDER)
		return err_set(err, OTA_CORRUPT, "the root is no folder");
	if (!*path)
		return unpack_make(u, item, path, &root, err);
	if (unpack_place_find(u, path, &place, err) < 0)
		return -1;
	if (whiteout_is_name(place.name))
		return whiteout_make(u, &place, err);
	return unpack_make(u, item, path, &place, err);
}

static int unpack_all(struct unpacker *u, struct err *err)
{
	const struct timespec epoch = {0};
	struct archive_item item;
	bool more;

	/* a layer that does not tell of its root has one that is always the same */
	if (unpack_times_open(u, err) < 0 || unpack_times_note(u, "", &epoch, err) < 0)
		return -1;
	for (;;) {
		if (interrupt_check(err) < 0 || archive_next(u->reader, &item, &more, err) < 0)
			return -1;
		if (!more)
			return unpack_times_set(u, err);
		if (unpack_item(u, &item, err) < 0)
			return err_wrap(err, "%.200s", *item.path ? item.path : ".");
	}
}

static int read_stream(void *ctx, const void **data, size_t *len, struct err *err)
{
	const struct unpacker *u = ctx;

	return u->spec->read(u->spec->ctx, data, len, err);
}

/* What is no file's content is kept too, and may be without end. */
static int tell_literal(void *ctx, const void *data, size_t len, struct err *err)
{
	struct unpacker *u = ctx;

	if (!u->spec->literal)
		return 0;
	return u->spec->literal(u->spec->ctx, data, len, err) < 0 ? -1
								  : unpack_charge_bytes(u, 0, err);
}

int unpack_layer(const struct unpack_spec *spec, struct unpack_result *result, struct err *err)
{
	struct unpacker u = {.spec = spec,
		.result = result,
		.root_fd = spec->root_fd,
		.times_fd = -1,
		.folder_fd = -1};
	const struct archive_stream stream = {read_stream, tell_literal, &u};

	*result = (struct unpack_result){0};
	AUTO_ARCHIVE *reader = archive_open(&stream, err);
	u.reader = reader;
	int rc = reader ? unpack_all(&u, err) : -1;
	if (u.folder_fd >= 0)
		close(u.folder_fd);
	if (u.times_fd >= 0)
		close(u.times_fd);
	return rc;
}

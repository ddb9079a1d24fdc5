/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/record.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "io/json.h"

#define RECORD_MAX 4096

static const char *const state_names[SLOT_STATE_COUNT] = {
	[SLOT_EMPTY] = "empty",
	[SLOT_WRITING] = "writing",
	[SLOT_PROVED] = "proved",
	[SLOT_TRIAL] = "trial",
	[SLOT_GOOD] = "good",
	[SLOT_BAD] = "bad",
	[SLOT_UNKNOWN] = "unknown",
};

const char *slot_state_name(enum slot_state state)
{
	return state_names[state];
}

static enum slot_state state_by_name(const char *name)
{
	for (int i = 0; i < SLOT_STATE_COUNT; i++)
		if (!strcmp(state_names[i], name))
			return (enum slot_state)i;
	return SLOT_UNKNOWN;
}

static int record_path(const char *store, const char *name, char path[PATH_MAX], struct err *err)
{
	char file[64];

	snprintf(file, sizeof(file), "slots/%s.json", name);
	return path_join(path, store, file, err);
}

/* NULL where there is no sound note; *missing tells whether there is none at all. */
static json_t *record_load(const char *store, const char *name, bool *missing)
{
	AUTO_BUF text = BUF(RECORD_MAX);
	char path[PATH_MAX];
	struct err ignored;

	*missing = false;
	if (record_path(store, name, path, &ignored) < 0)
		return NULL;
	*missing = access(path, F_OK) < 0;
	if (*missing || file_read(path, &text, &ignored) < 0)
		return NULL;
	return json_parse(text.data ? text.data : "", text.len, path, &ignored);
}

static int record_save(const char *store, const char *name, const json_t *value, struct err *err)
{
	AUTO_BUF text = BUF(RECORD_MAX);
	char path[PATH_MAX];

	if (!value || json_write(value, &text, err) < 0 || record_path(store, name, path, err) < 0)
		return -1;
	return file_publish(path, text.data, text.len, 0644, err);
}

/* The digest as it stands in a note: "" where there is none. */
static bool digest_from_note(const char *text, struct digest *digest)
{
	struct err ignored;

	return text[0] && digest_parse(text, digest, &ignored) == 0;
}

static const char *digest_to_note(bool has, const struct digest *d, char text[DIGEST_TEXT_LEN])
{
	if (!has)
		return "";
	digest_text(d, text);
	return text;
}

void slot_record_read(const char *store, char slot, struct slot_record *r)
{
	char name[2] = {slot, '\0'}, state[16], digest[DIGEST_TEXT_LEN], content[DIGEST_TEXT_LEN];
	uint64_t created;
	const struct json_field fields[] = {
		{.name = "state", .kind = JSON_KIND_STRING, .out = state, .size = sizeof(state)},
		{.name = "digest",
			.kind = JSON_KIND_STRING,
			.out = digest,
			.size = DIGEST_TEXT_LEN},
		{.name = "content",
			.kind = JSON_KIND_STRING,
			.out = content,
			.size = DIGEST_TEXT_LEN},
		{.name = "boot_in_release", .kind = JSON_KIND_BOOL, .out = &r->boot_in_release},
		{.name = "version",
			.kind = JSON_KIND_STRING,
			.out = r->version,
			.size = VERSION_LEN},
		{.name = "epoch", .kind = JSON_KIND_UINT, .out = &r->epoch},
		{.name = "created", .kind = JSON_KIND_UINT, .out = &created},
		{.name = "proved",
			.kind = JSON_KIND_STRING,
			.out = r->proved_boot_id,
			.size = BOOT_ID_LEN},
		{.name = "swapped",
			.kind = JSON_KIND_STRING,
			.out = r->swapped_boot_id,
			.size = BOOT_ID_LEN},
		{.name = "reason", .kind = JSON_KIND_STRING, .out = r->reason, .size = REASON_LEN},
		{.name = "detail", .kind = JSON_KIND_STRING, .out = r->detail, .size = DETAIL_LEN},
	};
	struct err ignored;
	bool missing;

	memset(r, 0, sizeof(*r));
	AUTO_JSON *root = record_load(store, name, &missing);
	if (root && json_read_open(root, fields, ARRAY_LEN(fields), "slot", &ignored) == 0) {
		r->state = state_by_name(state);
		r->created = (int64_t)created;
		r->has_digest = digest_from_note(digest, &r->digest) &&
				digest_from_note(content, &r->content);
		return;
	}
	memset(r, 0, sizeof(*r));
	r->state = missing ? SLOT_EMPTY : SLOT_UNKNOWN;
}

int slot_record_write(const char *store, char slot, const struct slot_record *r, struct err *err)
{
	char name[2] = {slot, '\0'}, digest[DIGEST_TEXT_LEN], content[DIGEST_TEXT_LEN];
	AUTO_JSON *root = json_make(err, "{s:s, s:s, s:s, s:b, s:s, s:I, s:I, s:s, s:s, s:s, s:s}",
		"state", state_names[r->state], "digest",
		digest_to_note(r->has_digest, &r->digest, digest), "content",
		digest_to_note(r->has_digest, &r->content, content), "boot_in_release",
		r->boot_in_release, "version", r->version, "epoch", (long long)r->epoch, "created",
		(long long)r->created, "proved", r->proved_boot_id, "swapped", r->swapped_boot_id,
		"reason", r->reason, "detail", r->detail);

	return record_save(store, name, root, err);
}

void rollback_record_read(const char *store, struct rollback_record *r)
{
	char from[2], to[2], digest[DIGEST_TEXT_LEN];
	uint64_t when;
	const struct json_field fields[] = {
		{.name = "when", .kind = JSON_KIND_UINT, .out = &when},
		{.name = "from", .kind = JSON_KIND_STRING, .out = from, .size = sizeof(from)},
		{.name = "to", .kind = JSON_KIND_STRING, .out = to, .size = sizeof(to)},
		{.name = "digest",
			.kind = JSON_KIND_STRING,
			.out = digest,
			.size = DIGEST_TEXT_LEN},
		{.name = "version",
			.kind = JSON_KIND_STRING,
			.out = r->version,
			.size = VERSION_LEN},
		{.name = "reason", .kind = JSON_KIND_STRING, .out = r->reason, .size = REASON_LEN},
		{.name = "detail", .kind = JSON_KIND_STRING, .out = r->detail, .size = DETAIL_LEN},
	};
	struct err ignored;
	bool missing;

	memset(r, 0, sizeof(*r));
	AUTO_JSON *root = record_load(store, "rollback", &missing);
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "rollback", &ignored) < 0) {
		memset(r, 0, sizeof(*r));
		return;
	}
	r->happened = true;
	r->when_utc_s = (int64_t)when;
	r->from = from[0];
	r->to = to[0];
	r->has_digest = digest_from_note(digest, &r->digest);
}

int rollback_record_write(const char *store, const struct rollback_record *r, struct err *err)
{
	char from[2] = {r->from, '\0'}, to[2] = {r->to, '\0'}, digest[DIGEST_TEXT_LEN];
	AUTO_JSON *root = json_make(err, "{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "when",
		(long long)r->when_utc_s, "from", from, "to", to, "digest",
		digest_to_note(r->has_digest, &r->digest, digest), "version", r->version, "reason",
		r->reason, "detail", r->detail);

	return record_save(store, "rollback", root, err);
}

void committed_record_read(const char *store, struct committed_record *r)
{
	uint64_t created = 0;
	const struct json_field fields[] = {
		{.name = "epoch", .kind = JSON_KIND_UINT, .out = &r->epoch},
		{.name = "created", .kind = JSON_KIND_UINT, .out = &created},
	};
	struct err ignored;
	bool missing;

	memset(r, 0, sizeof(*r));
	AUTO_JSON *root = record_load(store, "committed", &missing);
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "committed", &ignored) < 0)
		memset(r, 0, sizeof(*r));
	else
		r->created = (int64_t)created;
}

int committed_record_write(const char *store, const struct committed_record *r, struct err *err)
{
	AUTO_JSON *root = json_make(
		err, "{s:I, s:I}", "epoch", (long long)r->epoch, "created", (long long)r->created);

	return record_save(store, "committed", root, err);
}

int committed_record_raise(
	const char *store, struct committed_record *c, const struct slot_record *r, struct err *err)
{
	if (r->epoch <= c->epoch && r->created <= c->created)
		return 0;
	if (r->epoch > c->epoch)
		c->epoch = r->epoch;
	if (r->created > c->created)
		c->created = r->created;
	return committed_record_write(store, c, err);
}

static int bad_path(
	const char *store, const struct digest *digest, char path[PATH_MAX], struct err *err)
{
	char name[16 + DIGEST_HEX_LEN] = "bad/sha256-";

	digest_hex(digest, name + strlen(name));
	return path_join(path, store, name, err);
}

bool bad_has(const char *store, const struct digest *digest)
{
	char path[PATH_MAX];
	struct err ignored;

	return bad_path(store, digest, path, &ignored) == 0 && access(path, F_OK) == 0;
}

int bad_add(const char *store, const struct digest *digest, struct err *err)
{
	char path[PATH_MAX];

	if (bad_has(store, digest))
		return 0;
	if (bad_path(store, digest, path, err) < 0)
		return -1;
	return file_publish(path, "", 0, 0644, err);
}

int bad_remove(const char *store, const struct digest *digest, struct err *err)
{
	char path[PATH_MAX];

	return bad_path(store, digest, path, err) < 0 ? -1 : file_remove(path, err);
}

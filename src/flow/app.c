/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/app.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define BLOCK_LEN 4096 /* its number chooses which: even ones are the first */
#define BLOCK_FORMAT "ota-app 1 %08" PRIx32 " %04zx\n"
#define SHORT_DIGEST 12
#define HEAD_LEN 24 /* "ota-app 1 CCCCCCCC LLLL\n" */

static const char *const step_names[] = {
	"settled", "prepared", "started", "ready", "committed", "draining", "watching"};

const char *app_step_name(enum app_step step)
{
	return step_names[step];
}

const char *app_text(const struct app_version *v, char text[APP_TEXT_LEN])
{
	char hex[DIGEST_HEX_LEN];

	digest_hex(&v->manifest.digest, hex);
	snprintf(text, APP_TEXT_LEN, "%s (%.*s)", v->name, SHORT_DIGEST, hex);
	return text;
}

void app_go_back(struct app *app)
{
	app->failed = app->current;
	app->current = app->previous;
	app->previous = (struct app_version){0};
}

int app_dir(const char *store, const char *service, char path[PATH_MAX], struct err *err)
{
	char apps[PATH_MAX];

	return path_join(apps, store, "apps", err) < 0 ? -1 : path_join(path, apps, service, err);
}

static int journal_path(
	const char *store, const char *service, char path[PATH_MAX], struct err *err)
{
	char dir[PATH_MAX];

	return app_dir(store, service, dir, err) < 0 ? -1 : path_join(path, dir, "journal", err);
}

/* CRC-32 of IEEE 802.3: the blocks are small, and a digest would cost the supervisor its memory. */
static uint32_t checksum(const char *data, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* --- a block --- */

int app_version_parse(json_t *object, struct app_version *v, struct err *err)
{
	json_t *manifest;
	const struct json_field fields[] = {
		{.name = "name", .kind = JSON_KIND_STRING, .out = v->name, .size = sizeof(v->name)},
		{.name = "manifest", .kind = JSON_KIND_OBJECT, .out = &manifest}};

	if (json_read(object, fields, ARRAY_LEN(fields), "a version", err) < 0)
		return -1;
	return descriptor_read(manifest, &v->manifest, "a version", err);
}

static int parse_version(json_t *object, struct app_version *v, struct err *err)
{
	return object ? app_version_parse(object, v, err) : 0;
}

static int parse_step(const char *word, enum app_step *step, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(step_names); i++)
		if (!strcmp(word, step_names[i])) {
			*step = (enum app_step)i;
			return 0;
		}
	return err_set(err, OTA_CORRUPT, "the journal: '%s' is no step", word);
}

static int parse_text(const char *text, size_t len, struct app *app, struct err *err)
{
	json_t *current = NULL, *previous = NULL, *candidate = NULL, *failed = NULL;
	char step[16];
	const struct json_field fields[] = {
		{.name = "number", .kind = JSON_KIND_UINT, .out = &app->number},
		{.name = "step", .kind = JSON_KIND_STRING, .out = step, .size = sizeof(step)},
		{.name = "starts", .kind = JSON_KIND_UINT, .out = &app->starts},
		{.name = "reason",
			.kind = JSON_KIND_STRING,
			.out = app->reason,
			.size = sizeof(app->reason)},
		{.name = "current", .kind = JSON_KIND_OBJECT, .out = &current, .optional = true},
		{.name = "previous", .kind = JSON_KIND_OBJECT, .out = &previous, .optional = true},
		{.name = "candidate",
			.kind = JSON_KIND_OBJECT,
			.out = &candidate,
			.optional = true},
		{.name = "failed", .kind = JSON_KIND_OBJECT, .out = &failed, .optional = true}};
	AUTO_JSON *object = json_parse(text, len, "the journal", err);

	*app = (struct app){0};
	if (!object || json_read(object, fields, ARRAY_LEN(fields), "the journal", err) < 0 ||
		parse_step(step, &app->step, err) < 0 ||
		parse_version(current, &app->current, err) < 0 ||
		parse_version(previous, &app->previous, err) < 0 ||
		parse_version(candidate, &app->candidate, err) < 0)
		return -1;
	return parse_version(failed, &app->failed, err);
}

static int parse_block(const char block[BLOCK_LEN], struct app *app, struct err *err)
{
	char head[HEAD_LEN + 1], same[HEAD_LEN + 1];
	uint32_t sum;
	size_t len;

	memcpy(head, block, HEAD_LEN);
	head[HEAD_LEN] = '\0';
	if (sscanf(head, "ota-app 1 %8" SCNx32 " %4zx", &sum, &len) == 2 &&
		len <= BLOCK_LEN - HEAD_LEN && checksum(block + HEAD_LEN, len) == sum) {
		/* scanf takes more than was ever written */
		snprintf(same, sizeof(same), BLOCK_FORMAT, sum, len);
		if (!strcmp(head, same))
			return parse_text(block + HEAD_LEN, len, app, err);
	}
	return err_set(err, OTA_CORRUPT, "a block of the journal is torn");
}

json_t *app_version_json(const struct app_version *v, struct err *err)
{
	json_t *manifest = descriptor_json(&v->manifest, err);

	return manifest ? json_make(err, "{s:s, s:o}", "name", v->name, "manifest", manifest)
			: NULL;
}

/* A version that is not there has no key: NULL, which json_make() leaves out. */
static int version_json(const struct app_version *v, json_t **out, struct err *err)
{
	*out = app_has(v) ? app_version_json(v, err) : NULL;
	return *out || !app_has(v) ? 0 : -1;
}

static int format_block(const struct app *app, char block[BLOCK_LEN], struct err *err)
{
	AUTO_BUF text = BUF(BLOCK_LEN - HEAD_LEN);
	const struct app_version *versions[] = {
		&app->current, &app->previous, &app->candidate, &app->failed};
	json_t *v[4] = {NULL};
	int rc = 0;

	for (size_t i = 0; i < 4 && rc == 0; i++)
		rc = version_json(versions[i], &v[i], err);
	AUTO_JSON *object = json_make(err, "{s:I, s:s, s:I, s:s, s:o*, s:o*, s:o*, s:o*}", "number",
		(long long)app->number, "step", app_step_name(app->step), "starts",
		(long long)app->starts, "reason", app->reason, "current", v[0], "previous", v[1],
		"candidate", v[2], "failed", v[3]);
	if (rc < 0 || !object || json_write(object, &text, err) < 0)
		return -1;
	memset(block, 0, BLOCK_LEN);
	snprintf(block, BLOCK_LEN, BLOCK_FORMAT, checksum(text.data, text.len), text.len);
	memcpy(block + HEAD_LEN, text.data, text.len);
	return 0;
}

/* --- the file --- */

int app_read(const char *store, const char *service, struct app *app, struct err *err)
{
	char path[PATH_MAX], block[BLOCK_LEN];
	struct app found[2];
	bool sound[2] = {false, false};

	if (journal_path(store, service, path, err) < 0)
		return -1;
	AUTO_FD fd = file_open_read(path, err);
	if (fd < 0)
		return errno == ENOENT ? err_set(err, OTA_NOTHING, "'%s' never ran", service) : -1;
	for (int i = 0; i < 2; i++)
		sound[i] =
			file_pread(fd, block, BLOCK_LEN, (uint64_t)i * BLOCK_LEN, path, err) == 0 &&
			parse_block(block, &found[i], err) == 0;
	if (!sound[0] && !sound[1])
		return err_set(err, OTA_CORRUPT, "%s: neither block is sound", path);
	*app = sound[1] && (!sound[0] || found[1].number > found[0].number) ? found[1] : found[0];
	return 0;
}

/* The blocks are written once before the name appears, so that later writes need no room. */
static int make_file(const char *path, const char block[BLOCK_LEN], struct err *err)
{
	AUTO_FREE char *both = calloc(2, BLOCK_LEN);

	if (!both)
		return err_set(err, OTA_FAILED, "out of memory");
	memcpy(both, block, BLOCK_LEN);
	return file_publish(path, both, 2 * BLOCK_LEN, 0644, err);
}

static int write_next(const char *store, const char *service, struct app *app, struct err *err)
{
	char path[PATH_MAX], dir[PATH_MAX], block[BLOCK_LEN];

	if (app_dir(store, service, dir, err) < 0 || journal_path(store, service, path, err) < 0)
		return -1;
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno != ENOENT)
		return err_errno(err, OTA_IO, "%s", path);
	app->number = fd < 0 ? 0 : app->number + 1;
	if (format_block(app, block, err) < 0)
		return -1;
	if (fd < 0)
		return dir_make(dir, err) < 0 ? -1 : make_file(path, block, err);
	if (file_pwrite(fd, block, BLOCK_LEN, app->number % 2 * BLOCK_LEN, path, err) < 0)
		return -1;
	return fdatasync(fd) < 0 ? err_errno(err, OTA_IO, "%s", path) : 0;
}

/* A write that failed leaves a doubtful block: the next one goes there, and not to the sound one.
 */
int app_write(const char *store, const char *service, struct app *app, struct err *err)
{
	const uint64_t before = app->number;

	if (write_next(store, service, app, err) == 0)
		return 0;
	app->number = before;
	return -1;
}

static int visit_app(
	const char *store, const char *service, app_visit *visit, void *ctx, struct err *err)
{
	struct app app;

	if (app_read(store, service, &app, err) < 0)
		return err->code == OTA_NOTHING ? 0 : err_wrap(err, "the service '%s'", service);
	const struct app_version *all[] = {&app.current, &app.previous, &app.candidate};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (app_has(all[i]) && visit(ctx, all[i], err) < 0)
			return -1;
	return 0;
}

int app_each(const char *store, app_visit *visit, void *ctx, struct err *err)
{
	char path[PATH_MAX];
	int rc = 0;

	if (path_join(path, store, "apps", err) < 0)
		return -1;
	DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s", path);
	for (struct dirent *e; rc == 0 && (e = readdir(dir));)
		if (e->d_name[0] != '.')
			rc = visit_app(store, e->d_name, visit, ctx, err);
	closedir(dir);
	return rc;
}

struct keeping {
	struct descriptor *list;
	size_t n;
};

static int keep(void *ctx, const struct app_version *version, struct err *err)
{
	struct keeping *k = ctx;
	struct descriptor *list = reallocarray(k->list, k->n + 1, sizeof(*list));

	if (!list)
		return err_set(err, OTA_FAILED, "out of memory");
	k->list = list;
	k->list[k->n++] = version->manifest;
	return 0;
}

int app_gc_blobs(const char *store, struct err *err)
{
	struct keeping k = {0};
	int rc = app_each(store, keep, &k, err);

	if (rc == 0)
		rc = layout_gc(store, k.list, k.n, err);
	free(k.list);
	return rc;
}

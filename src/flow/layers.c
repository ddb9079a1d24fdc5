/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/tree.h"
#include "flow/app.h"

#define PARTIAL_PREFIX "layer-"
#define OLD_PREFIX "old-"
#define DELTA_PREFIX "delta-"
#define BOOT_LEN 128
#define BY_CHAIN " chain"

static int name_path(const char *store, const char *format, const struct digest *name,
	char path[PATH_MAX], struct err *err)
{
	char hex[DIGEST_HEX_LEN], file[DIGEST_HEX_LEN + 32];

	digest_hex(name, hex);
	snprintf(file, sizeof(file), format, hex);
	return path_join(path, store, file, err);
}

static int named_path(
	const char *store, const struct digest *name, char path[PATH_MAX], struct err *err)
{
	return name_path(store, "layers/%s", name, path, err);
}

static int partial_path(
	const char *store, const struct digest *chain, char path[PATH_MAX], struct err *err)
{
	return name_path(store, "partial/" PARTIAL_PREFIX "%s", chain, path, err);
}

int layers_delta_path(
	const char *store, const struct digest *blob, char path[PATH_MAX], struct err *err)
{
	return name_path(store, "partial/" DELTA_PREFIX "%s", blob, path, err);
}

/* Is it whole, and of this boot? */
static bool is_whole(const char *path, const char *boot_id, bool *by_chain)
{
	AUTO_BUF text = BUF(BOOT_LEN);
	char file[PATH_MAX];
	struct err ignored;

	if (!boot_id || path_join(file, path, LAYER_BOOT, &ignored) < 0 ||
		file_read(file, &text, &ignored) < 0 || text.len < strlen(boot_id) ||
		strncmp(text.data, boot_id, strlen(boot_id)))
		return false;
	*by_chain = !strcmp(text.data + strlen(boot_id), BY_CHAIN);
	return *by_chain || text.len == strlen(boot_id);
}

/* May what goes by the diffID stand at the layer's place in its image? */
static bool fits(const char *path, const struct oci_layer *layer)
{
	char note[PATH_MAX];
	struct err ignored;

	return digest_equal(&layer->diff_id, &layer->chain_id) ||
	       (path_join(note, path, LAYER_LOWEST, &ignored) == 0 && access(note, F_OK) < 0);
}

int layers_find(const char *store, const struct oci_layer *layer, const char *boot_id,
	struct layer_place *place, struct err *err)
{
	*place = (struct layer_place){0};
	if (named_path(store, &layer->diff_id, place->path, err) < 0)
		return -1;
	place->is_there = access(place->path, F_OK) == 0 && fits(place->path, layer);
	if (place->is_there)
		return 0;
	if (named_path(store, &layer->chain_id, place->path, err) < 0)
		return -1;
	place->is_there = place->by_chain = access(place->path, F_OK) == 0;
	if (place->is_there)
		return 0;
	if (partial_path(store, &layer->chain_id, place->path, err) < 0)
		return -1;
	place->is_there = place->is_partial = is_whole(place->path, boot_id, &place->by_chain);
	return 0;
}

static int make_folder(const char *dir, const char *name, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, dir, name, err) < 0)
		return -1;
	/* whatever the umask is */
	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	return 0;
}

int layers_begin(
	const char *store, const struct oci_layer *layer, char path[PATH_MAX], struct err *err)
{
	if (partial_path(store, &layer->chain_id, path, err) < 0 || tree_discard(path, err) < 0)
		return -1;
	if (mkdir(path, 0700) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	return make_folder(path, LAYER_DIFF, err) < 0 ? -1 : make_folder(path, LAYER_SPLIT, err);
}

/* Without a sync, which comes once for all. */
static int write_note(const char *dir, const char *name, const char *text, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, dir, name, err) < 0)
		return -1;
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, OTA_IO, "%s", path);
	return file_pwrite(fd, text, strlen(text), 0, path, err);
}

int layers_whole(const char *path, uint64_t bytes, const struct unpack_result *unpacked,
	const char *boot_id, struct err *err)
{
	char text[BOOT_LEN];

	snprintf(text, sizeof(text), "%ju\n", (uintmax_t)bytes);
	if (write_note(path, LAYER_BYTES, text, err) < 0 ||
		(unpacked->lowest && write_note(path, LAYER_LOWEST, "", err) < 0))
		return -1;
	snprintf(text, sizeof(text), "%s%s", boot_id, unpacked->by_chain ? BY_CHAIN : "");
	return write_note(path, LAYER_BOOT, text, err);
}

static int sync_all(const char *store, struct err *err)
{
	AUTO_FD fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && syncfs(fd) == 0 ? 0 : err_errno(err, OTA_IO, "sync %s", store);
}

static int note_service(void *ctx, const struct app_version *version, struct err *err)
{
	(void)version, (void)err;
	*(bool *)ctx = true;
	return 0;
}

/* Where a journal cannot be read there may be one. */
static bool has_services(const char *store)
{
	struct err ignored;
	bool has = false;

	return app_each(store, note_service, &has, &ignored) < 0 || has;
}

/* A name for what is replaced in this boot that nothing has. */
static int old_path(const char *store, const char *boot_id, const struct digest *name,
	char path[PATH_MAX], struct err *err)
{
	char hex[DIGEST_HEX_LEN], file[BOOT_LEN + DIGEST_HEX_LEN + 48];

	digest_hex(name, hex);
	for (unsigned n = 0;; n++) {
		snprintf(file, sizeof(file), "partial/" OLD_PREFIX "%s.%s.%u", boot_id, hex, n);
		if (path_join(path, store, file, err) < 0)
			return -1;
		if (access(path, F_OK) < 0)
			return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s", path);
	}
}

/* The two change places, so that there is a layer of this name at any instant; what is at `new`
 * then is the old one, whatever cuts this short. */
static int change_places(const char *partial, const char *new, const char *path, struct err *err)
{
	if (rename(partial, new) < 0)
		return err_errno(err, OTA_IO, "%s", new);
	if (renameat2(AT_FDCWD, new, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
		return 0;
	/* the file system cannot do it in one step */
	if (rename(new, partial) < 0 || rename(path, new) < 0 || rename(partial, path) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	return 0;
}

/* What stands under the name is damaged, and may be in use. */
static int give_name(const char *store, const char *partial, const struct digest *name,
	const char *boot_id, struct err *err)
{
	char path[PATH_MAX], old[PATH_MAX], boot[PATH_MAX];

	if (named_path(store, name, path, err) < 0 ||
		path_join(boot, partial, LAYER_BOOT, err) < 0 ||
		old_path(store, boot_id, name, old, err) < 0)
		return -1;
	unlink(boot);
	if (rename(partial, path) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
		return err_errno(err, OTA_IO, "%s", path);
	if (change_places(partial, old, path, err) < 0)
		return -1;
	return has_services(store) ? 0 : tree_discard(old, err);
}

/* Was a layer of the same diffID given its name just now? */
static bool is_again(const struct oci_image *image, const bool named[], size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (named[i] &&
			digest_equal(&image->layers[i].diff_id, &image->layers[number].diff_id))
			return true;
	return false;
}

int layers_publish(
	const char *store, const struct oci_image *image, const char *boot_id, struct err *err)
{
	char path[PATH_MAX];
	bool named[OCI_LAYERS_MAX] = {false}, by_chain;

	if (sync_all(store, err) < 0)
		return -1;
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct oci_layer *l = &image->layers[i];
		if (partial_path(store, &l->chain_id, path, err) < 0)
			return -1;
		if (!is_whole(path, boot_id, &by_chain))
			continue;
		if (!by_chain && is_again(image, named, i)) {
			if (tree_discard(path, err) < 0)
				return -1;
			continue;
		}
		if (give_name(store, path, by_chain ? &l->chain_id : &l->diff_id, boot_id, err) < 0)
			return -1;
		named[i] = !by_chain;
	}
	return path_join(path, store, "layers", err) < 0 ? -1 : dir_sync(path, err);
}

int layers_bytes(const char *path, uint64_t *bytes, struct err *err)
{
	AUTO_BUF text = BUF(BOOT_LEN);
	char file[PATH_MAX];
	uintmax_t n;

	if (path_join(file, path, LAYER_BYTES, err) < 0 || file_read(file, &text, err) < 0)
		return -1;
	if (sscanf(text.data ? text.data : "", "%ju", &n) != 1)
		return err_set(err, OTA_CORRUPT, "%s is damaged", file);
	*bytes = n;
	return 0;
}

struct sweep {
	const char *store;
	const struct layers_rest *rest;
	bool has_services;
	size_t removed;
};

/* Loses its name first, so that what is named is whole at any instant. */
static int drop(struct sweep *s, const char *hex, struct err *err)
{
	struct digest name;
	char path[PATH_MAX], old[PATH_MAX];
	struct err ignored;

	if (digest_parse_hex(hex, &name, &ignored) < 0 || s->rest->is_kept(s->rest->ctx, &name))
		return 0;
	if (named_path(s->store, &name, path, err) < 0 ||
		name_path(s->store, "partial/" OLD_PREFIX "%s", &name, old, err) < 0 ||
		tree_discard(old, err) < 0)
		return -1;
	if (rename(path, old) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	s->removed++;
	return tree_discard(old, err);
}

/* May a container that runs have it mounted? */
static bool is_in_use(const struct sweep *s, const char *name)
{
	char prefix[sizeof(OLD_PREFIX) + BOOT_LEN];
	int len = snprintf(prefix, sizeof(prefix), OLD_PREFIX "%s.", s->rest->boot_id);

	return s->has_services && !strncmp(name, prefix, (size_t)len);
}

static int drop_partial(struct sweep *s, const char *name, struct err *err)
{
	char dir[PATH_MAX], path[PATH_MAX];
	bool is_layer = !strncmp(name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX)), by_chain;

	if (!is_layer && strncmp(name, OLD_PREFIX, strlen(OLD_PREFIX)) &&
		strncmp(name, DELTA_PREFIX, strlen(DELTA_PREFIX)))
		return 0;
	if (path_join(dir, s->store, "partial", err) < 0 || path_join(path, dir, name, err) < 0)
		return -1;
	if (is_layer && s->rest->keep_whole && is_whole(path, s->rest->boot_id, &by_chain))
		return 0;
	return is_in_use(s, name) ? 0 : tree_discard(path, err);
}

static int sweep_folder(struct sweep *s, const char *folder,
	int (*each)(struct sweep *s, const char *name, struct err *err), struct err *err)
{
	char path[PATH_MAX];
	int rc = 0;

	DIR *d = path_join(path, s->store, folder, err) < 0 ? NULL : opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s/%s", s->store, folder);
	for (struct dirent *e; rc == 0 && (e = readdir(d));)
		if (e->d_name[0] != '.')
			rc = each(s, e->d_name, err);
	closedir(d);
	return rc;
}

int layers_sweep(
	const char *store, const struct layers_rest *rest, size_t *removed, struct err *err)
{
	struct sweep s = {store, rest, has_services(store), 0};
	int rc = sweep_folder(&s, "partial", drop_partial, err);

	if (rc == 0)
		rc = sweep_folder(&s, "layers", drop, err);
	*removed = s.removed;
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "boot/bootset.h"
#include "flow/carve.h"
#include "flow/writer.h"
#include "io/json.h"

static int check_words(const struct release *r, struct err *err)
{
	const char *const words[] = {r->version, r->compatible, r->channel[0] ? r->channel : "any"};
	static const char *const names[] = {"--version", "--compatible", "--channel"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!release_word_is_sound(words[i])) {
			err_set(err, OTA_USAGE, "%s: '%s' is no such word", names[i], words[i]);
			return err_hint(err, "1 to 64 of letters, digits and . _ ~ ^ + : -");
		}
	return 0;
}

static int put_config(const char *dir, struct release *r, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	strcpy(r->config.media_type, MEDIA_TYPE_CONFIG);
	if (release_write_config(r, &text, err) < 0)
		return -1;
	return layout_blob_put(dir, text.data, text.len, &r->config, err);
}

static int put_manifest(
	const char *dir, const struct release *r, struct descriptor *manifest, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	strcpy(manifest->media_type, MEDIA_TYPE_MANIFEST);
	if (release_write_manifest(r, &text, err) < 0)
		return -1;
	return layout_blob_put(dir, text.data, text.len, manifest, err);
}

static int pack_image(const struct pack_spec *spec, const char *rootfs, const char *dir,
	const struct progress *progress, struct release *r, struct err *err)
{
	AUTO_FD fd = open(rootfs, O_RDONLY | O_CLOEXEC);
	const struct encode_spec encode = {fd, rootfs, dir, spec->level, spec->cell_bytes};
	struct image *image = &r->images[r->n_images++];

	if (fd < 0)
		return err_errno(err, OTA_IO, "%s", rootfs);
	strcpy(image->name, IMAGE_ROOTFS);
	if (encode_image(&encode, progress, image, err) < 0)
		return -1;
	return spec->no_reuse ? 0 : carve_image(&encode, progress, image, err);
}

/* What was made of a container image lies beside the blobs until it is packed. */
static int pack_rootfs(const struct pack_spec *spec, const char *dir,
	const struct progress *progress, struct release *r, struct err *err)
{
	char made[PATH_MAX], image[PATH_MAX];
	struct err ignored;

	if (spec->rootfs)
		return pack_image(spec, spec->rootfs, dir, progress, r, err);
	if (path_join(made, dir, "from", err) < 0)
		return -1;
	int rc = pack_from_image(spec->from, made, progress, image, err);
	if (rc == 0)
		rc = pack_image(spec, image, dir, progress, r, err);
	if (rc < 0)
		return tree_discard(made, &ignored) < 0 ? -1 : rc;
	return tree_discard(made, err);
}

static int pack_boot_file(const struct pack_spec *spec, int boot_fd, const char *dir,
	const char *file, const struct progress *progress, struct release *r, struct err *err)
{
	AUTO_FD fd = tree_open(boot_fd, "", file, err);
	const struct encode_spec encode = {fd, file, dir, spec->level, spec->cell_bytes};
	struct image *image = &r->images[r->n_images++];

	if (fd < 0)
		return -1;
	snprintf(image->name, sizeof(image->name), IMAGE_BOOT_PREFIX "%.*s", FATNAME_PATH_LEN - 1,
		file);
	return encode_image(&encode, progress, image, err);
}

static int check_boot_files(const struct pack_spec *spec, const struct tree *t, struct err *err)
{
	if (t->n == 0)
		return err_set(err, OTA_USAGE, "--boot: %s has no file", spec->boot);
	if (t->n >= IMAGES_MAX)
		return err_set(err, OTA_USAGE, "--boot: more than %d files", IMAGES_MAX - 1);
	return bootset_check_names(t, err);
}

static int pack_boot(const struct pack_spec *spec, const char *dir, const struct progress *progress,
	struct release *r, struct err *err)
{
	AUTO_FD fd = open(spec->boot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_TREE t = {0};

	if (fd < 0)
		return err_errno(err, OTA_IO, "%s", spec->boot);
	if (tree_list(fd, "", &t, err) < 0 || check_boot_files(spec, &t, err) < 0) {
		err->code = OTA_USAGE;
		return -1;
	}
	for (size_t i = 0; i < t.n; i++)
		if (pack_boot_file(spec, fd, dir, t.files[i].path, progress, r, err) < 0)
			return -1;
	return 0;
}

int pack_release(const struct pack_spec *spec, const struct progress *progress, struct release *r,
	struct descriptor *manifest, struct err *err)
{
	AUTO_WRITER writer = WRITER;

	if (check_words(r, err) < 0 || writer_open(&writer, spec->layout, "pack", err) < 0)
		return -1;
	r->n_images = 0;
	if (pack_rootfs(spec, writer.dir, progress, r, err) < 0 ||
		(spec->boot && pack_boot(spec, writer.dir, progress, r, err) < 0) ||
		release_set_content(r, err) < 0 || put_config(writer.dir, r, err) < 0 ||
		put_manifest(writer.dir, r, manifest, err) < 0)
		return err_wrap(err, "pack %s", spec->rootfs ? spec->rootfs : spec->from->from);
	return layout_tag_set(writer.dir, writer.tag, manifest, err);
}

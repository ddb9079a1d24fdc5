/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/delta.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "delta/build.h"
#include "flow/attach.h"
#include "flow/deltas.h"
#include "flow/rebuild.h"
#include "flow/writer.h"

/* One of the two releases. */
struct side {
	struct source *source;
	struct authentic a;
	struct image_index index;
	int fd; /* of its root file system, rebuilt */
};

#define SIDE                                                                                       \
	{                                                                                          \
		.a = AUTHENTIC, .index = IMAGE_INDEX, .fd = -1                                     \
	}

static void side_free(struct side *s)
{
	cleanup_source(&s->source);
	authentic_free(&s->a);
	image_index_free(&s->index);
	cleanup_fd(&s->fd);
}

#define AUTO_SIDE CLEANUP(side_free) struct side

/* On the build machine a bare LAYOUT[:TAG] is a source, too. */
static struct source *open_source(
	const char *text, const struct source_options *options, struct err *err)
{
	static const char *const prefixes[] = {"oci:", "docker://", "http://", "https://"};
	char path[PATH_MAX + TAG_LEN];

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			return source_open(text, options, err);
	if ((size_t)snprintf(path, sizeof(path), "oci:%s", text) < sizeof(path))
		return source_open(path, options, err);
	err_set(err, OTA_USAGE, "'%.100s' is too long", text);
	return NULL;
}

static int load(
	struct side *s, const char *text, const struct source_options *options, struct err *err)
{
	s->source = open_source(text, options, err);
	return s->source ? authentic_load_unverified(s->source, &s->a, err) : -1;
}

static int check_compatible(const struct release *base, const char *compatible, struct err *err)
{
	if (!strcmp(base->compatible, compatible))
		return 0;
	return err_set(err, OTA_INCOMPATIBLE, "the base %s is for %s, the release for %s",
		base->version, base->compatible, compatible);
}

static int check_pair(const struct release *base, const struct release *target, struct err *err)
{
	if (check_compatible(base, target->compatible, err) < 0)
		return -1;
	if (!digest_equal(&base->content, &target->content))
		return 0;
	return err_set(
		err, OTA_USAGE, "both are release %s: nothing lies between them", target->version);
}

static int layout_of(
	const struct delta_spec *spec, const struct side *to, char dir[PATH_MAX], struct err *err)
{
	char tag[TAG_LEN];

	if (spec->layout)
		return layout_split(spec->layout, dir, tag, err);
	if (source_is_remote(to->source)) {
		err_set(err, OTA_USAGE, "%s is no folder that the delta could go to", spec->to);
		return err_hint(err, "name a layout that holds the same release: -o LAYOUT");
	}
	snprintf(dir, PATH_MAX, "%s", source_name(to->source));
	return 0;
}

struct holding {
	const struct digest *digest;
	bool is_there;
};

static int compare(void *ctx, const char *tag, const struct descriptor *d, struct err *err)
{
	struct holding *h = ctx;

	(void)tag, (void)err;
	h->is_there |= digest_equal(&d->digest, h->digest);
	return 0;
}

/* A delta that stands where its release does not would be copied by nobody. */
static int check_holds(const char *dir, const struct delta_spec *spec, const struct digest *target,
	struct err *err)
{
	struct holding h = {target, false};

	if (layout_each(dir, compare, &h, err) < 0)
		return -1;
	if (h.is_there)
		return 0;
	err_set(err, OTA_REFUSED, "%s does not hold the release of %s", dir, spec->to);
	return err_hint(err, "copy it there first: skopeo copy SOURCE oci:%.100s:TAG", dir);
}

static int find_existing(const char *dir, const struct side *from, const struct side *to,
	struct delta_result *result, struct err *err)
{
	static const struct source_options no_options;
	char text[PATH_MAX + 16];
	AUTO_FREE struct delta_list *list = malloc(sizeof(*list));

	snprintf(text, sizeof(text), "oci:%s:latest", dir);
	AUTO_SOURCE *source = source_open(text, &no_options, err);
	if (!list)
		return err_set(err, OTA_FAILED, "out of memory");
	if (!source || deltas_list(source, NULL, &to->a.manifest, &to->a.release, list, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n && !result->already; i++) {
		const struct delta_listed *item = &list->items[i];
		if (!item->is_sound ||
			!digest_equal(&item->artifact.base_content, &from->a.release.content) ||
			!layout_blob_exists(dir, &item->artifact.blob))
			continue;
		result->already = true;
		result->manifest = item->manifest;
		result->artifact = item->artifact;
	}
	return 0;
}

/* To find and to verify a delta costs requests, too, and to use it costs time. */
static int check_gain(const struct delta_result *r, struct err *err)
{
	if (r->artifact.blob.size < r->layer_bytes - r->layer_bytes / 10)
		return 0;
	return err_set(err, OTA_NOTHING,
		"a delta of %ju bytes saves less than a tenth of the layer's %ju: none was added",
		(uintmax_t)r->artifact.blob.size, (uintmax_t)r->layer_bytes);
}

static int build(const struct delta_spec *spec, const struct side *from, const struct side *to,
	int fd, const char *name, const struct progress *progress, struct delta_result *result,
	struct err *err)
{
	const struct delta_build_spec build_spec = {from->fd, to->fd,
		release_rootfs(&from->a.release)->raw_bytes, spec->from, spec->to,
		&to->index.frames, spec->level, fd, name};
	struct descriptor *blob = &result->artifact.blob;

	strcpy(blob->media_type, ARTIFACT_TYPE_DELTA);
	if (delta_build(&build_spec, progress, &blob->size, err) < 0 || check_gain(result, err) < 0)
		return -1;
	return digest_of_file(fd, blob->size, name, &blob->digest, err);
}

static int put_blob(const struct delta_spec *spec, const char *dir, const struct side *from,
	const struct side *to, const struct progress *progress, struct delta_result *result,
	struct err *err)
{
	char path[PATH_MAX], name[PATH_MAX] = "";

	if (path_join(path, dir, "blobs/sha256/delta", err) < 0)
		return -1;
	AUTO_FD fd = file_temp(path, name, err);
	if (fd < 0)
		return -1;
	if (build(spec, from, to, fd, name, progress, result, err) == 0 &&
		layout_blob_path(dir, &result->artifact.blob.digest, path, err) == 0 &&
		file_publish_fd(fd, name, path, 0644, err) == 0)
		return 0;
	unlink(name);
	return -1;
}

static void describe(const struct side *from, const struct side *to, struct delta_artifact *a)
{
	const struct release *base = &from->a.release;

	a->subject = to->a.manifest;
	a->layer = release_rootfs(&to->a.release)->layer.digest;
	strcpy(a->base_version, base->version);
	a->base_content = base->content;
	a->base_digest = release_rootfs(base)->raw_digest;
	a->base_bytes = release_rootfs(base)->raw_bytes;
}

static int make(const struct delta_spec *spec, const char *dir, struct side *from, struct side *to,
	const struct progress *progress, struct delta_result *result, struct err *err)
{
	char blobs[PATH_MAX];

	if (path_join(blobs, dir, "blobs/sha256", err) < 0)
		return -1;
	from->fd = rebuild_image(
		from->source, release_rootfs(&from->a.release), blobs, &from->index, progress, err);
	if (from->fd < 0)
		return err_wrap(err, "%s", spec->from);
	to->fd = rebuild_image(
		to->source, release_rootfs(&to->a.release), blobs, &to->index, progress, err);
	if (to->fd < 0)
		return err_wrap(err, "%s", spec->to);
	if (put_blob(spec, dir, from, to, progress, result, err) < 0)
		return -1;
	describe(from, to, &result->artifact);
	return attach_delta(dir, &result->artifact, &result->manifest, err);
}

int delta_make(const struct delta_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err)
{
	AUTO_SIDE from = SIDE;
	AUTO_SIDE to = SIDE;
	AUTO_WRITER writer = WRITER;

	*result = (struct delta_result){0};
	if (load(&from, spec->from, spec->options, err) < 0 ||
		load(&to, spec->to, spec->options, err) < 0 ||
		check_pair(&from.a.release, &to.a.release, err) < 0 ||
		layout_of(spec, &to, writer.dir, err) < 0 ||
		check_holds(writer.dir, spec, &to.a.manifest.digest, err) < 0 ||
		writer_open_dir(&writer, writer.dir, "delta", err) < 0)
		return -1;
	strcpy(result->version, to.a.release.version);
	result->layer_bytes = release_rootfs(&to.a.release)->layer.size;
	if (find_existing(writer.dir, &from, &to, result, err) < 0)
		return -1;
	if (result->already)
		return 0;
	return make(spec, writer.dir, &from, &to, progress, result, err);
}

int delta_check_base(const char *from, const struct source_options *options, const char *compatible,
	struct err *err)
{
	AUTO_SIDE side = SIDE;

	if (load(&side, from, options, err) < 0)
		return -1;
	return check_compatible(&side.a.release, compatible, err);
}

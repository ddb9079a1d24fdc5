/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/delta.h"

#include "base/file.h"
#include "flow/attach.h"
#include "flow/delta_common.h"
#include "flow/delta_image.h"
#include "flow/image_load.h"
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

static int load(
	struct side *s, const char *text, const struct source_options *options, struct err *err)
{
	s->source = delta_open_source(text, options, err);
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
	const struct delta_build_spec build = {.base_fd = from->fd,
		.target_fd = to->fd,
		.base_bytes = release_rootfs(&from->a.release)->raw_bytes,
		.base_name = spec->from,
		.target_name = spec->to,
		.index = &to->index.frames,
		.level = spec->level};
	if (delta_put_blob(dir, &build, progress, result, err) < 0)
		return -1;
	describe(from, to, &result->artifact);
	return attach_delta(dir, &result->artifact, &result->manifest, err);
}

static int make_release(const struct delta_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err)
{
	AUTO_SIDE from = SIDE;
	AUTO_SIDE to = SIDE;
	AUTO_WRITER writer = WRITER;

	if (load(&from, spec->from, spec->options, err) < 0 ||
		load(&to, spec->to, spec->options, err) < 0 ||
		check_pair(&from.a.release, &to.a.release, err) < 0 ||
		delta_layout(spec, to.source, &to.a.manifest.digest, writer.dir, err) < 0 ||
		writer_open_dir(&writer, writer.dir, "delta", err) < 0)
		return -1;
	strcpy(result->version, to.a.release.version);
	result->layer_bytes = release_rootfs(&to.a.release)->layer.size;
	if (delta_find_existing(writer.dir, &to.a.manifest, &to.a.release, &from.a.release.content,
		    result, err) < 0)
		return -1;
	if (result->already)
		return 0;
	return make(spec, writer.dir, &from, &to, progress, result, err);
}

int delta_make(const struct delta_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err)
{
	struct err none; /* what cannot be opened is told by who needs it */
	AUTO_SOURCE *to = delta_open_source(spec->to, spec->options, &none);

	*result = (struct delta_result){0};
	return to && image_is(to) ? delta_image_make(spec, progress, result, err)
				  : make_release(spec, progress, result, err);
}

int delta_check_base(const char *from, const struct source_options *options, const char *compatible,
	struct err *err)
{
	AUTO_SIDE side = SIDE;

	if (load(&side, from, options, err) < 0)
		return -1;
	return check_compatible(&side.a.release, compatible, err);
}

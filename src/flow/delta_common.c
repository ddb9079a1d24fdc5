/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/delta_common.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "flow/deltas.h"
#include "io/layout.h"

/* On the build machine a bare LAYOUT[:TAG] is a source, too. */
struct source *delta_open_source(
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

static int layout_of(
	const struct delta_spec *spec, const struct source *to, char dir[PATH_MAX], struct err *err)
{
	char tag[TAG_LEN];

	if (spec->layout)
		return layout_split(spec->layout, dir, tag, err);
	if (source_is_remote(to)) {
		err_set(err, OTA_USAGE, "%s is no folder that the delta could go to", spec->to);
		return err_hint(err, "name a layout that holds the same release: -o LAYOUT");
	}
	snprintf(dir, PATH_MAX, "%s", source_name(to));
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

int delta_layout(const struct delta_spec *spec, const struct source *to,
	const struct digest *target, char dir[PATH_MAX], struct err *err)
{
	return layout_of(spec, to, dir, err) < 0 ? -1 : check_holds(dir, spec, target, err);
}

int delta_find_existing(const char *dir, const struct descriptor *target,
	const struct release *release, const struct digest *base, struct delta_result *result,
	struct err *err)
{
	static const struct source_options no_options;
	char text[PATH_MAX + 16];
	AUTO_FREE struct delta_list *list = malloc(sizeof(*list));

	snprintf(text, sizeof(text), "oci:%s:latest", dir);
	AUTO_SOURCE *source = source_open(text, &no_options, err);
	if (!list)
		return err_set(err, OTA_FAILED, "out of memory");
	if (!source || deltas_list(source, NULL, target, release, list, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n && !result->already; i++) {
		const struct delta_listed *item = &list->items[i];
		if (!item->is_sound || !digest_equal(&item->artifact.base_content, base) ||
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

static int build(const struct delta_build_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err)
{
	struct descriptor *blob = &result->artifact.blob;

	strcpy(blob->media_type, ARTIFACT_TYPE_DELTA);
	if (delta_build(spec, progress, &blob->size, err) < 0 || check_gain(result, err) < 0)
		return -1;
	return digest_of_file(spec->out_fd, blob->size, spec->out_name, &blob->digest, err);
}

int delta_put_blob(const char *dir, const struct delta_build_spec *spec,
	const struct progress *progress, struct delta_result *result, struct err *err)
{
	char path[PATH_MAX], name[PATH_MAX] = "";
	struct delta_build_spec to_file = *spec;

	if (path_join(path, dir, "blobs/sha256/delta", err) < 0)
		return -1;
	AUTO_FD fd = file_temp(path, name, err);
	if (fd < 0)
		return -1;
	to_file.out_fd = fd;
	to_file.out_name = name;
	if (build(&to_file, progress, result, err) == 0 &&
		layout_blob_path(dir, &result->artifact.blob.digest, path, err) == 0 &&
		file_publish_fd(fd, name, path, 0644, err) == 0)
		return 0;
	unlink(name);
	return -1;
}

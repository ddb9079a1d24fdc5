/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/attach.h"

#include "flow/bundle.h"

static int put_texts(
	const char *dir, struct delta_artifact *a, struct descriptor *manifest, struct err *err)
{
	AUTO_BUF config = BUF(JSON_MAX_BYTES);
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	strcpy(a->config.media_type, MEDIA_TYPE_DELTA_CONFIG);
	strcpy(manifest->media_type, MEDIA_TYPE_MANIFEST);
	if (delta_artifact_write_config(a, &config, err) < 0 ||
		layout_blob_put(dir, config.data, config.len, &a->config, err) < 0 ||
		delta_artifact_write_manifest(a, &text, err) < 0)
		return -1;
	return layout_blob_put(dir, text.data, text.len, manifest, err);
}

static int read_list(const char *dir, const char *tag, struct buf *text, struct err *err)
{
	struct descriptor d;

	if (layout_tag_get(dir, tag, &d, err) < 0)
		return err->code == OTA_REFUSED ? 0 : -1;
	if (!descriptor_is_index(&d))
		return err_set(err, OTA_CORRUPT, "tag '%s' is no index of referrers", tag);
	return bundle_manifest(dir, &d, text, err);
}

int attach_delta(
	const char *dir, struct delta_artifact *a, struct descriptor *manifest, struct err *err)
{
	struct descriptor list = {.media_type = MEDIA_TYPE_IMAGE_INDEX};
	char tag[REFERRERS_TAG_LEN];
	AUTO_BUF old = BUF(JSON_MAX_BYTES);
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	bool had;

	referrers_tag(&a->subject.digest, tag);
	if (put_texts(dir, a, manifest, err) < 0 || read_list(dir, tag, &old, err) < 0 ||
		referrers_add(old.data, old.len, manifest, ARTIFACT_TYPE_DELTA, &a->base_content,
			&text, &had, err) < 0 ||
		layout_blob_put(dir, text.data, text.len, &list, err) < 0)
		return -1;
	return layout_tag_set(dir, tag, &list, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/authentic.h"

#include <stdio.h>

void authentic_free(struct authentic *a)
{
	buf_free(&a->manifest_bytes);
	buf_free(&a->config_bytes);
	signatures_free(&a->signatures);
}

static int load_signed(struct source *source, struct authentic *a, struct err *err)
{
	if (source_resolve(source, source_tag(source), &a->manifest, err) < 0 ||
		source_blob(source, &a->manifest, &a->manifest_bytes, err) < 0)
		return -1;
	return signatures_load(source, &a->manifest.digest, &a->signatures, err);
}

static int parse(struct source *source, struct authentic *a, struct err *err)
{
	struct release *r = &a->release;

	if (release_parse_manifest(a->manifest_bytes.data, a->manifest_bytes.len, r, err) < 0 ||
		source_blob(source, &r->config, &a->config_bytes, err) < 0)
		return -1;
	return release_parse_config(a->config_bytes.data, a->config_bytes.len, r, err);
}

int authentic_load(struct source *source, const struct keyring *keyring, unsigned signers,
	struct authentic *a, struct err *err)
{
	if (load_signed(source, a, err) < 0)
		return err_wrap(err, "%s", source_name(source));
	if (signatures_check(&a->signatures, &a->manifest.digest, keyring, signers, "the release",
		    &a->signers, err) < 0 ||
		parse(source, a, err) < 0)
		return err_wrap(err, "%s", source_name(source));
	return 0;
}

int authentic_load_unverified(struct source *source, struct authentic *a, struct err *err)
{
	if (load_signed(source, a, err) < 0 || parse(source, a, err) < 0)
		return err_wrap(err, "%s", source_name(source));
	return 0;
}

int image_index_load(struct source *source, const struct image *image, struct image_index *index,
	struct err *err)
{
	index->bytes.len = 0;
	if (source_blob(source, &image->index, &index->bytes, err) < 0 ||
		index_open(index->bytes.data, index->bytes.len, &index->frames, err) < 0)
		return -1;
	if (index->frames.raw_bytes == image->raw_bytes &&
		index->frames.coded_bytes == image->layer.size)
		return 0;
	return err_set(err, OTA_CORRUPT,
		"the index of %s describes another image than the manifest", image->name);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/image_load.h"

#include "io/platform.h"

bool image_is(struct source *source)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);
	struct descriptor manifest;
	struct err ignored;

	return source_resolve(source, source_tag(source), &manifest, &ignored) == 0 &&
	       source_blob(source, &manifest, &bytes, &ignored) == 0 &&
	       oci_image_is(bytes.data, bytes.len);
}

void image_load_free(struct loaded_image *l)
{
	buf_free(&l->manifest_bytes);
	buf_free(&l->config_bytes);
	signatures_free(&l->signatures);
}

/* An index may be what was signed: it names the manifest by its digest. */
static int load_signatures(struct source *source, const struct descriptor *named,
	struct loaded_image *l, struct err *err)
{
	l->signed_digest = l->manifest.digest;
	if (signatures_load(source, &l->signed_digest, &l->signatures, err) < 0)
		return -1;
	if (l->signatures.n > 0 || digest_equal(&named->digest, &l->manifest.digest))
		return 0;
	l->signed_digest = named->digest;
	return signatures_load(source, &l->signed_digest, &l->signatures, err);
}

static bool is_pinned(const struct source *source, const struct descriptor *named)
{
	struct digest wanted;
	struct err ignored;

	return digest_parse(source_tag(source), &wanted, &ignored) == 0 &&
	       digest_equal(&wanted, &named->digest);
}

static int check_trust(struct source *source, const struct descriptor *named,
	const struct image_trust *trust, struct loaded_image *l, struct err *err)
{
	struct err none;

	if (load_signatures(source, named, l, err) < 0)
		return -1;
	bool needed = !trust->allow_unsigned && !is_pinned(source, named);
	AUTO_KEYRING *keyring = keyring_load(trust->trust, needed ? err : &none);
	if (!keyring)
		return needed ? -1 : 0;
	if (signatures_check(&l->signatures, &l->signed_digest, keyring, trust->signers,
		    "the image", &l->signers, needed ? err : &none) == 0 ||
		!needed)
		return 0;
	if (l->signatures.n == 0)
		err_hint(err,
			"ota sign --key FILE LAYOUT; or pin it, docker://HOST/REPO@DIGEST; or "
			"unsigned = allow in [container]");
	return -1;
}

static int check_platform(const struct oci_image *image, struct err *err)
{
	if (platform_fits(&platform_own, image->os, image->architecture, image->variant))
		return 0;
	return err_set(err, OTA_INCOMPATIBLE,
		"the image is for %s/%s%s%s, this machine is linux/%s", image->os,
		image->architecture, image->variant[0] ? "/" : "", image->variant,
		platform_own.architecture);
}

static int parse(struct source *source, struct loaded_image *l, struct err *err)
{
	const struct buf *manifest = &l->manifest_bytes;

	if (oci_image_parse_manifest(manifest->data, manifest->len, &l->image, err) < 0 ||
		source_blob(source, &l->image.config, &l->config_bytes, err) < 0)
		return -1;
	return oci_image_parse_config(l->config_bytes.data, l->config_bytes.len, &l->image, err);
}

static int load(struct source *source, const struct image_trust *trust, struct loaded_image *l,
	struct err *err)
{
	const char *tag = source_tag(source);
	struct descriptor named;

	if (source_resolve_named(source, tag, &named, &l->manifest, err) < 0 ||
		source_blob(source, &l->manifest, &l->manifest_bytes, err) < 0 ||
		(trust && check_trust(source, &named, trust, l, err) < 0) ||
		parse(source, l, err) < 0)
		return -1;
	return trust ? check_platform(&l->image, err) : 0;
}

int image_load(struct source *source, const struct image_trust *trust, struct loaded_image *l,
	struct err *err)
{
	return load(source, trust, l, err) < 0 ? err_wrap(err, "%s", source_name(source)) : 0;
}

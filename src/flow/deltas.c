/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/deltas.h"

#include <stdio.h>

/* What a delta itself, or what is missing of it, can be to blame for: the release does without.
 * Anything else would meet the next request as well. */
static bool is_its_fault(const struct err *err)
{
	return err->code == OTA_UNTRUSTED || err->code == OTA_CORRUPT ||
	       err->code == OTA_INCOMPATIBLE || err->code == OTA_REFUSED;
}

static int load_manifest(
	struct source *source, const struct descriptor *d, struct buf *bytes, struct err *err)
{
	if (!descriptor_is_manifest(d))
		return err_set(err, OTA_CORRUPT, "delta: '%s' is no manifest", d->media_type);
	return source_blob(source, d, bytes, err);
}

static int parse_config(struct source *source, const struct descriptor *target,
	const struct release *release, struct delta_artifact *a, struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);

	if (source_blob(source, &a->config, &bytes, err) < 0 ||
		delta_artifact_parse_config(bytes.data, bytes.len, a, err) < 0)
		return -1;
	return release ? delta_artifact_check_target(a, target, release, err)
		       : delta_artifact_check_image(a, target, err);
}

struct search {
	struct source *source;
	const struct keyring *keyring;
	unsigned signers;
	const struct descriptor *target;
	const struct release *release;
	const struct digest *bases;
	size_t n_bases, n_looked_at;
	struct delta_found *found;
	bool *is_there;
};

/* Signed by whom it must be; `a` says what the manifest does. */
static int load_signed(const struct search *s, const struct descriptor *d, struct delta_artifact *a,
	struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);
	AUTO_SIGNATURES signatures = {0};
	uint32_t signers;

	if (load_manifest(s->source, d, &bytes, err) < 0)
		return -1;
	if (s->signers > 0 && (signatures_load(s->source, &d->digest, &signatures, err) < 0 ||
				      signatures_check(&signatures, &d->digest, s->keyring,
					      s->signers, "it", &signers, err) < 0))
		return -1;
	return delta_artifact_parse_manifest(bytes.data, bytes.len, a, err);
}

static bool is_base(const struct search *s, const struct digest *content)
{
	for (size_t i = 0; i < s->n_bases; i++)
		if (digest_equal(&s->bases[i], content))
			return true;
	return false;
}

static int look_at(struct search *s, const struct descriptor *d, struct err *err)
{
	struct delta_found *found = s->found;
	struct delta_artifact a;

	if (load_signed(s, d, &a, err) < 0)
		return -1;
	if (!is_base(s, &a.base_content))
		return 0;
	if (*s->is_there && a.blob.size >= found->artifact.blob.size)
		return 0;
	if (parse_config(s->source, s->target, s->release, &a, err) < 0)
		return -1;
	found->manifest = *d;
	found->artifact = a;
	*s->is_there = true;
	return 0;
}

/* Those that tell this base, or those that tell none. */
static int look_through(
	struct search *s, const struct referrers *list, bool has_base, struct err *err)
{
	char name[DIGEST_TEXT_LEN];

	for (size_t i = 0; i < list->n && s->n_looked_at < DELTAS_MAX; i++) {
		if (list->has_base[i] != has_base || (has_base && !is_base(s, &list->base[i])))
			continue;
		s->n_looked_at++;
		if (look_at(s, &list->items[i], err) == 0)
			continue;
		if (!is_its_fault(err))
			return -1;
		digest_text(&list->items[i].digest, name);
		snprintf(s->found->passed_over, sizeof(s->found->passed_over),
			"delta %.19s: %.220s", name, err->msg);
	}
	return 0;
}

int deltas_find(struct source *source, const struct keyring *keyring, unsigned signers,
	const struct descriptor *target, const struct release *release, const struct digest *bases,
	size_t n_bases, struct delta_found *found, bool *is_there, struct err *err)
{
	struct search s = {.source = source,
		.keyring = keyring,
		.signers = signers,
		.target = target,
		.release = release,
		.bases = bases,
		.n_bases = n_bases,
		.found = found,
		.is_there = is_there};
	struct referrers list;

	*is_there = false;
	found->passed_over[0] = '\0';
	if (source_referrers(source, &target->digest, ARTIFACT_TYPE_DELTA, &list, err) < 0) {
		snprintf(found->passed_over, sizeof(found->passed_over), "list of deltas: %.220s",
			err->msg);
		return is_its_fault(err) ? 0 : err_wrap(err, "list of deltas");
	}
	if (look_through(&s, &list, true, err) < 0)
		return err_wrap(err, "deltas");
	if (!*is_there && look_through(&s, &list, false, err) < 0)
		return err_wrap(err, "deltas");
	return 0;
}

static int describe(struct source *source, const struct keyring *keyring,
	const struct descriptor *target, const struct release *release, struct delta_listed *item,
	struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);
	AUTO_SIGNATURES signatures = {0};

	if (load_manifest(source, &item->manifest, &bytes, err) < 0 ||
		signatures_load(source, &item->manifest.digest, &signatures, err) < 0)
		return -1;
	item->n_signatures = signatures.n;
	if (keyring)
		item->signers = signatures_signers(&signatures, &item->manifest.digest, keyring);
	if (delta_artifact_parse_manifest(bytes.data, bytes.len, &item->artifact, err) < 0)
		return -1;
	return parse_config(source, target, release, &item->artifact, err);
}

int deltas_list(struct source *source, const struct keyring *keyring,
	const struct descriptor *target, const struct release *release, struct delta_list *list,
	struct err *err)
{
	struct referrers refers;

	list->n = 0;
	if (source_referrers(source, &target->digest, ARTIFACT_TYPE_DELTA, &refers, err) < 0)
		return err_wrap(err, "list of deltas");
	for (size_t i = 0; i < refers.n; i++) {
		struct delta_listed *item = &list->items[list->n++];
		*item = (struct delta_listed){.manifest = refers.items[i]};
		item->is_sound =
			describe(source, keyring, target, release, item, &item->fault) == 0;
		if (!item->is_sound && !is_its_fault(&item->fault)) {
			*err = item->fault;
			return err_wrap(err, "deltas");
		}
	}
	return 0;
}

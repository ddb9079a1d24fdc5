/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/delta_json.h"

#include "base/text.h"
#include "cmd/output.h"

void delta_say(struct front *front, const struct delta_result *r)
{
	char bytes[TEXT_BYTES_LEN], layer[TEXT_BYTES_LEN];

	text_bytes(r->artifact.blob.size, bytes);
	text_bytes(r->layer_bytes, layer);
	if (r->already)
		output_say(front, "a delta from %s to %s is there already: %s in place of %s",
			r->artifact.base_version, r->version, bytes, layer);
	else
		output_say(front, "added a delta from %s to %s: %s in place of %s",
			r->artifact.base_version, r->version, bytes, layer);
}

json_t *delta_json(const struct delta_result *r, struct err *err)
{
	char digest[DIGEST_TEXT_LEN], subject[DIGEST_TEXT_LEN];

	digest_text(&r->manifest.digest, digest);
	digest_text(&r->artifact.subject.digest, subject);
	return json_make(err, "{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "from",
		r->artifact.base_version, "to", r->version, "digest", digest, "release", subject,
		"bytes", (long long)r->artifact.blob.size, "layer_bytes", (long long)r->layer_bytes,
		"already", r->already);
}

json_t *signers_json(uint32_t signers, const struct keyring *k, struct err *err)
{
	json_t *list = json_make(err, "[]");

	for (size_t i = 0; list && k && i < keyring_size(k); i++) {
		if (!(signers & 1u << i))
			continue;
		if (json_append(list, json_make(err, "s", keyring_name(k, i)), err) < 0) {
			json_free(list);
			return NULL;
		}
	}
	return list;
}

static void tell_one(struct front *front, const struct delta_listed *d, const struct keyring *k)
{
	char bytes[TEXT_BYTES_LEN];

	text_bytes(d->artifact.blob.size, bytes);
	output_data(front, "delta        from %s, %s, signatures %zu%s", d->artifact.base_version,
		bytes, d->n_signatures, d->n_signatures ? "" : " (no device uses it)");
	for (size_t i = 0; k && i < keyring_size(k); i++)
		if (d->signers & 1u << i)
			output_data(front, "             signed by %s", keyring_name(k, i));
	if (k && d->n_signatures && !d->signers)
		output_data(front, "             signed by nobody of the trust folder");
}

void deltas_tell(struct front *front, const struct delta_list *list, const struct keyring *k)
{
	for (size_t i = 0; i < list->n; i++)
		tell_one(front, &list->items[i], k);
}

static json_t *listed_json(const struct delta_listed *d, const struct keyring *k, struct err *err)
{
	char digest[DIGEST_TEXT_LEN], content[DIGEST_TEXT_LEN];
	json_t *signers = signers_json(d->signers, k, err);

	digest_text(&d->manifest.digest, digest);
	digest_text(&d->artifact.base_content, content);
	return json_make(err, "{s:s, s:s, s:s, s:I, s:I, s:o}", "from", d->artifact.base_version,
		"base", content, "digest", digest, "bytes", (long long)d->artifact.blob.size,
		"signatures", (long long)d->n_signatures, "signers", signers);
}

json_t *deltas_json(const struct delta_list *list, const struct keyring *k, struct err *err)
{
	json_t *array = json_make(err, "[]");

	for (size_t i = 0; array && i < list->n; i++)
		if (json_append(array, listed_json(&list->items[i], k, err), err) < 0) {
			json_free(array);
			return NULL;
		}
	return array;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/literals.h"

static size_t open_bytes(const struct literals *l)
{
	return l->bytes.len - l->settled;
}

int literals_add(struct literals *l, const void *data, size_t len, struct err *err)
{
	size_t left = open_bytes(l);

	if (left > LITERALS_MAX)
		return err_set(err, OTA_CORRUPT, "a header of the tar stream is too large");
	if (left && l->settled)
		memmove(l->bytes.data, l->bytes.data + l->settled, left);
	l->bytes.len = left;
	l->settled = 0;
	l->bytes.cap = left + len;
	return buf_add(&l->bytes, data, len, err);
}

int literals_settle(struct literals *l, uint64_t until, struct err *err)
{
	if (until <= l->position)
		return 0;
	size_t n = open_bytes(l);
	if (until - l->position < n)
		n = (size_t)(until - l->position);
	const char *data = l->bytes.data + l->settled;
	l->settled += n;
	l->position += n;
	return n && l->sink ? l->sink(l->ctx, data, n, err) : 0;
}

const void *literals_peek(const struct literals *l, uint64_t position, size_t len)
{
	size_t n = open_bytes(l);

	if (position < l->position || position - l->position > n ||
		n - (size_t)(position - l->position) < len)
		return NULL;
	return l->bytes.data + l->settled + (position - l->position);
}

bool literals_cut(struct literals *l, const void *data, size_t len)
{
	const void *here = literals_peek(l, l->position, len);

	if (!here || memcmp(here, data, len) != 0)
		return false;
	l->settled += len;
	l->position += len;
	return true;
}

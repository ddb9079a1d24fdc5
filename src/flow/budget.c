/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "flow/store.h"

#define AHEAD (64u << 10) /* more than comes in one piece */

static int book(struct budget *b, uint64_t bytes, struct err *err)
{
	char hex[DIGEST_HEX_LEN], note[DIGEST_HEX_LEN + 32];

	digest_hex(&b->content, hex);
	int len = snprintf(note, sizeof(note), "%s %" PRIu64 "\n", hex, bytes);
	if (file_publish(b->path, note, (size_t)len, 0644, err) < 0)
		return err_wrap(err, "note of the budget");
	b->booked = bytes;
	return 0;
}

static int used_up(const struct budget *b, struct err *err)
{
	char limit[TEXT_BYTES_LEN];

	text_bytes(b->limit, limit);
	err_set(err, OTA_SPACE, "the budget of %s for this release is used up", limit);
	return err_hint(err, "ota fetch --budget SIZE allows more; it goes on where it stopped");
}

static int take(void *ctx, uint64_t bytes, struct err *err)
{
	struct budget *b = ctx;

	b->taken += bytes;
	if (b->taken > b->limit)
		return used_up(b, err);
	return b->taken + AHEAD > b->booked ? book(b, b->taken + BUDGET_STEP, err) : 0;
}

int budget_taken(
	const struct device *d, const struct digest *content, uint64_t *taken, struct err *err)
{
	AUTO_BUF note = BUF(256);
	char path[PATH_MAX], hex[DIGEST_HEX_LEN];
	struct err ignored;

	*taken = 0;
	if (path_join(path, d->store, STORE_BUDGET, err) < 0)
		return -1;
	digest_hex(content, hex);
	if (file_read(path, &note, &ignored) < 0 || buf_add(&note, "", 1, &ignored) < 0 ||
		strncmp((char *)note.data, hex, strlen(hex)))
		return 0;
	sscanf((char *)note.data + strlen(hex), " %" SCNu64, taken);
	return 0;
}

static int check_left(const struct budget *b, uint64_t need, struct err *err)
{
	uint64_t left = b->taken < b->limit ? b->limit - b->taken : 0;
	char needed[TEXT_BYTES_LEN], rest[TEXT_BYTES_LEN], limit[TEXT_BYTES_LEN];

	if (need <= left)
		return 0;
	text_bytes(need, needed);
	text_bytes(left, rest);
	text_bytes(b->limit, limit);
	err_set(err, OTA_SPACE, "needs %s, and %s of the budget of %s are left", needed, rest,
		limit);
	return err_hint(err,
		"ota fetch --budget SIZE allows more; or bring it on a stick: ota fetch oci:DIR");
}

int budget_open(struct budget *b, const struct device *d, struct source *source,
	const struct digest *content, uint64_t need, struct err *err)
{
	if (!d->budget || !source_is_remote(source))
		return 0;
	*b = (struct budget){.meter = {take, b}, .content = *content, .limit = d->budget};
	if (path_join(b->path, d->store, STORE_BUDGET, err) < 0 ||
		budget_taken(d, content, &b->taken, err) < 0)
		return -1;
	b->taken += source_new_bytes(source);
	if (check_left(b, need, err) < 0 || book(b, b->taken + BUDGET_STEP, err) < 0)
		return -1;
	b->source = source;
	source_set_meter(source, &b->meter);
	return 0;
}

static void stop(struct budget *b)
{
	source_set_meter(b->source, NULL);
	(void)source_new_bytes(b->source); /* the meter was told of them */
	b->source = NULL;
}

int budget_done(struct budget *b, struct err *err)
{
	if (!b->source)
		return 0;
	stop(b);
	return file_remove(b->path, err);
}

void budget_close(struct budget *b)
{
	struct err ignored;

	if (!b->source)
		return;
	stop(b);
	if (book(b, b->taken, &ignored) < 0)
		return; /* what is booked stays so: too much is safe */
}

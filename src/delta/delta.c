/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/delta.h"

#include <string.h>

#include "delta/bytes.h"
#include "release/index.h"

static int check_header(
	const uint8_t header[DELTA_HEADER_BYTES], struct delta_table *table, struct err *err)
{
	if (memcmp(header, DELTA_MAGIC, DELTA_MAGIC_BYTES) != 0)
		return err_set(err, OTA_CORRUPT, "not a delta");
	uint32_t cell = le_get32(header + 8), n_groups = le_get32(header + 12);
	*table = (struct delta_table){.cell_bytes = cell,
		.n_groups = n_groups,
		.base_bytes = le_get64(header + 16),
		.n_segments = le_get64(header + 24)};
	if (cell < CELL_BYTES_MIN || cell > CELL_BYTES_MAX || (cell & (cell - 1)))
		return err_set(err, OTA_CORRUPT, "delta: cells of %u bytes", cell);
	if (n_groups > DELTA_GROUPS_MAX)
		return err_set(err, OTA_CORRUPT, "delta: %u groups", n_groups);
	if (table->base_bytes > DELTA_BASE_BYTES_MAX)
		return err_set(err, OTA_CORRUPT, "delta: a base of %ju bytes",
			(uintmax_t)table->base_bytes);
	table->head_bytes = DELTA_HEADER_BYTES + (uint64_t)n_groups * DELTA_GROUP_BYTES;
	return 0;
}

int delta_head_bytes(const uint8_t header[DELTA_HEADER_BYTES], uint64_t *bytes, struct err *err)
{
	struct delta_table table;

	if (check_header(header, &table, err) < 0)
		return -1;
	*bytes = table.head_bytes;
	return 0;
}

int delta_open(const void *head, size_t len, struct delta_table *table, struct err *err)
{
	uint64_t segments = 0;

	if (len < DELTA_HEADER_BYTES)
		return err_set(err, OTA_CORRUPT, "not a delta");
	if (check_header(head, table, err) < 0)
		return -1;
	if (len != table->head_bytes)
		return err_set(err, OTA_CORRUPT, "delta: %zu bytes of header for %u groups", len,
			table->n_groups);
	table->groups = (const uint8_t *)head + DELTA_HEADER_BYTES;
	table->blob_bytes = table->head_bytes;
	for (uint32_t n = 0; n < table->n_groups; n++) {
		const uint8_t *entry = table->groups + (size_t)n * DELTA_GROUP_BYTES;
		uint32_t n_segments = le_get32(entry), coded_len = le_get32(entry + 4);
		if (n_segments == 0 || n_segments > DELTA_GROUP_SEGMENTS_MAX || coded_len == 0 ||
			coded_len > DELTA_GROUP_CODED_MAX)
			return err_set(err, OTA_CORRUPT,
				"delta: group %u has %u segments in %u bytes", n, n_segments,
				coded_len);
		segments += n_segments;
		table->blob_bytes += coded_len;
	}
	if (segments != table->n_segments)
		return err_set(err, OTA_CORRUPT, "delta: its groups do not add up to %ju segments",
			(uintmax_t)table->n_segments);
	return 0;
}

bool delta_next(const struct delta_table *table, struct delta_group *group)
{
	bool first = group->n_segments == 0;
	uint64_t number = first ? 0 : group->number + 1;

	if (number == table->n_groups)
		return false;
	const uint8_t *entry = table->groups + number * DELTA_GROUP_BYTES;
	group->first_segment = first ? 0 : group->first_segment + group->n_segments;
	group->offset = first ? table->head_bytes : group->offset + group->coded_len;
	group->number = number;
	group->n_segments = le_get32(entry);
	group->coded_len = le_get32(entry + 4);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "release/index.h"

#include <string.h>

#include "base/le.h"

#define HEADER_BYTES 32
#define ENTRY_BYTES 40
#define ZEROS_FLAG 0x80000000u

static const char magic[8] = {'O', 'T', 'A', 'I', 'N', 'D', 'E', 'X'};

bool index_next(const struct frame_index *index, struct frame *frame)
{
	const uint8_t *entry;
	uint64_t number = frame->raw_len ? frame->number + 1 : 0;

	if (number == index->n_entries)
		return false;
	frame->number = number;
	frame->raw_offset += frame->raw_len;
	frame->coded_offset += frame->coded_len;
	entry = index->entries + number * ENTRY_BYTES;
	uint32_t cells = le_get32(entry);
	uint64_t left = index->raw_bytes - frame->raw_offset;
	frame->zeros = cells & ZEROS_FLAG;
	frame->raw_len = (uint64_t)(cells & ~ZEROS_FLAG) * index->cell_bytes;
	if (frame->raw_len > left)
		frame->raw_len = left;
	frame->coded_len = le_get32(entry + 4);
	memcpy(frame->digest.bytes, entry + 8, DIGEST_LEN);
	return true;
}

static int check_entry(
	const struct frame_index *index, const struct frame *f, uint64_t cells, struct err *err)
{
	static const struct digest none;
	uint64_t all = index->raw_bytes - f->raw_offset;
	uint64_t cells_left = all / index->cell_bytes + (all % index->cell_bytes != 0);

	if (cells == 0 || cells > cells_left || (!f->zeros && cells != 1))
		return err_set(err, OTA_CORRUPT, "index: entry %ju reaches outside of the image",
			(uintmax_t)f->number);
	if (f->coded_len == 0 || f->coded_len > CODED_BYTES_MAX ||
		f->coded_len > index->coded_bytes - f->coded_offset)
		return err_set(err, OTA_CORRUPT, "index: entry %ju reaches outside of the layer",
			(uintmax_t)f->number);
	if (f->zeros && !digest_equal(&f->digest, &none))
		return err_set(err, OTA_CORRUPT, "index: entry %ju is zeros with a hash",
			(uintmax_t)f->number);
	return 0;
}

static int check_entries(const struct frame_index *index, struct err *err)
{
	struct frame f = {0};

	while (f.raw_offset + f.raw_len < index->raw_bytes && index_next(index, &f)) {
		uint32_t cells = le_get32(index->entries + f.number * ENTRY_BYTES) & ~ZEROS_FLAG;
		if (check_entry(index, &f, cells, err) < 0)
			return -1;
	}
	if (f.number + 1 != index->n_entries || f.raw_offset + f.raw_len != index->raw_bytes)
		return err_set(err, OTA_CORRUPT, "index: its entries do not add up to the image");
	if (f.coded_offset + f.coded_len != index->coded_bytes)
		return err_set(err, OTA_CORRUPT, "index: its entries do not add up to the layer");
	return 0;
}

int index_open(const void *bytes, size_t len, struct frame_index *index, struct err *err)
{
	const uint8_t *p = bytes;

	if (len < HEADER_BYTES || len > INDEX_MAX_BYTES || memcmp(p, magic, sizeof(magic)))
		return err_set(err, OTA_CORRUPT, "not a frame index");
	index->cell_bytes = le_get32(p + 8);
	index->n_entries = le_get32(p + 12);
	index->raw_bytes = le_get64(p + 16);
	index->coded_bytes = le_get64(p + 24);
	index->entries = p + HEADER_BYTES;
	if (index->cell_bytes < CELL_BYTES_MIN || index->cell_bytes > CELL_BYTES_MAX ||
		(index->cell_bytes & (index->cell_bytes - 1)))
		return err_set(err, OTA_CORRUPT, "index: cells of %u bytes", index->cell_bytes);
	if (index->raw_bytes == 0 || index->raw_bytes > INT64_MAX || index->coded_bytes > INT64_MAX)
		return err_set(err, OTA_CORRUPT, "index: an image of %ju bytes",
			(uintmax_t)index->raw_bytes);
	if ((len - HEADER_BYTES) / ENTRY_BYTES != index->n_entries ||
		(len - HEADER_BYTES) % ENTRY_BYTES)
		return err_set(
			err, OTA_CORRUPT, "index: %zu bytes for %u entries", len, index->n_entries);
	return check_entries(index, err);
}

int index_begin(struct index_writer *w, uint32_t cell_bytes, struct err *err)
{
	static const uint8_t header[HEADER_BYTES];

	*w = (struct index_writer){.bytes = BUF(INDEX_MAX_BYTES), .cell_bytes = cell_bytes};
	return buf_add(&w->bytes, header, sizeof(header), err);
}

int index_add(struct index_writer *w, const struct frame *frame, struct err *err)
{
	uint8_t entry[ENTRY_BYTES];
	uint64_t cells = (frame->raw_len + w->cell_bytes - 1) / w->cell_bytes;

	le_put32(entry, (uint32_t)cells | (frame->zeros ? ZEROS_FLAG : 0));
	le_put32(entry + 4, frame->coded_len);
	memcpy(entry + 8, frame->digest.bytes, DIGEST_LEN);
	w->n_entries++;
	w->raw_bytes += frame->raw_len;
	w->coded_bytes += frame->coded_len;
	return buf_add(&w->bytes, entry, sizeof(entry), err);
}

void index_end(struct index_writer *w)
{
	uint8_t *header = (uint8_t *)w->bytes.data;

	memcpy(header, magic, sizeof(magic));
	le_put32(header + 8, w->cell_bytes);
	le_put32(header + 12, w->n_entries);
	le_put64(header + 16, w->raw_bytes);
	le_put64(header + 24, w->coded_bytes);
}

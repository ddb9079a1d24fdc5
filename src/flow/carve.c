/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/carve.h"

#include "base/file.h"
#include "base/le.h"
#include "flow/chunkscan.h"
#include "flow/sections.h"
#include "io/layout.h"
#include "io/zstd.h"
#include "release/chunks.h"

#define MAP_SLOTS (2u * CHUNKS_MAX)
#define ROLLING_STEPS                                                                              \
	16 /* the largest chunk that a rolling hash cuts is so many of the smallest                \
	    */

/* Which chunk has these bytes. */
struct known {
	struct digest digest;
	uint32_t number_plus_1; /* 0: nobody's place */
};

struct carver {
	const struct encode_spec *spec;
	struct chunk_writer list;
	struct known *map;
	struct sections data;
	int out_fd;
	char out_path[PATH_MAX];
	struct digest_state *hash; /* of the data */
};

static struct known *find(struct carver *c, const struct digest *digest)
{
	size_t at = le_get64(digest->bytes) % MAP_SLOTS;

	while (c->map[at].number_plus_1 && !digest_equal(&c->map[at].digest, digest))
		at = (at + 1) % MAP_SLOTS;
	return &c->map[at];
}

static int visit(void *ctx, const struct scanned_chunk *chunk, struct err *err)
{
	struct carver *c = ctx;

	if (chunk->zeros)
		return chunks_add_zeros(&c->list, (uint32_t)chunk->len, err);
	struct known *known = find(c, &chunk->digest);
	if (known->number_plus_1)
		return chunks_add_again(
			&c->list, known->number_plus_1 - 1, (uint32_t)chunk->len, err);
	struct chunk entry = {(uint32_t)chunk->len, chunk_hash_of(&chunk->digest)};
	if (chunks_add_new(&c->list, &entry, err) < 0)
		return -1;
	*known = (struct known){chunk->digest, c->list.head.n_chunks};
	return sections_add(&c->data, chunk->data, chunk->len, err);
}

static int read_image(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct encode_spec *spec = ctx;

	return file_pread(spec->fd, data, len, offset, spec->name, err);
}

/* A compressed file system has its content at any byte; all others at blocks. */
static int unit_of(const struct encode_spec *spec, uint64_t bytes, uint32_t *unit, struct err *err)
{
	static const char squashfs[4] = {'h', 's', 'q', 's'};
	char magic[sizeof(squashfs)];

	*unit = CHUNK_BLOCK_BYTES;
	if (bytes < sizeof(magic))
		return 0;
	if (file_pread(spec->fd, magic, sizeof(magic), 0, spec->name, err) < 0)
		return -1;
	if (memcmp(magic, squashfs, sizeof(magic)) == 0)
		*unit = 1;
	return 0;
}

/* The larger the image, the larger its chunks, so that there are never more than a device can look
 * for at once. */
static int choose(const struct encode_spec *spec, uint64_t bytes, struct chunker *chunker,
	struct chunk_writer *list, struct err *err)
{
	uint32_t unit, min = CHUNK_BLOCK_BYTES, max;

	if (unit_of(spec, bytes, &unit, err) < 0)
		return -1;
	while ((bytes + min - 1) / min > CHUNKS_MAX && min < CHUNK_GROUP_BYTES_MAX)
		min *= 2;
	/* blocks are found one by one: those of a file that did not change are worth their entries
	 */
	max = unit > 1 ? min : min * ROLLING_STEPS;
	if (max > CHUNK_GROUP_BYTES_MAX)
		max = CHUNK_GROUP_BYTES_MAX;
	chunker_init(chunker, unit, min, max);
	const struct chunk_list form = {.unit_bytes = unit,
		.min_bytes = min,
		.max_bytes = max,
		.dictionary_bytes = DICTIONARY_BYTES,
		.section_bytes = SECTION_BYTES};
	chunks_begin(list, &form);
	return 0;
}

static int carve(struct carver *c, const struct progress *progress, uint64_t bytes, struct err *err)
{
	struct chunker chunker;

	if (choose(c->spec, bytes, &chunker, &c->list, err) < 0)
		return -1;
	c->data = (struct sections){.list = &c->list,
		.level = c->spec->level,
		.out_fd = c->out_fd,
		.out_path = c->out_path,
		.hash = c->hash};
	const struct chunk_scan scan = {
		&chunker, read_image, (void *)c->spec, bytes, visit, c, progress};
	progress_step(progress, "pack reuse", bytes);
	if (sections_begin(&c->data, err) < 0 || chunk_scan(&scan, err) < 0 ||
		sections_end(&c->data, err) < 0)
		return -1;
	progress_done(progress);
	return 0;
}

/* Half of the list is hashes, which stay as they are; of the rest little is left. */
static int put_list(struct carver *c, struct image *image, struct err *err)
{
	AUTO_BUF bytes = BUF(CHUNK_LIST_MAX_BYTES);
	struct zstd_encoder *encoder;
	size_t len = 0;

	if (chunks_end(&c->list, &bytes, err) < 0)
		return -1;
	AUTO_FREE char *coded = malloc(zstd_bound(bytes.len));
	encoder = zstd_encoder_new(c->spec->level, err);
	int rc = !encoder ? -1
		 : !coded ? err_set(err, OTA_FAILED, "out of memory")
			  : zstd_encode(encoder, bytes.data, bytes.len, coded, &len, err);
	zstd_encoder_free(encoder);
	return rc < 0 ? -1 : layout_blob_put(c->spec->layout, coded, len, &image->chunks, err);
}

static int publish(struct carver *c, struct image *image, struct err *err)
{
	char path[PATH_MAX];

	if (c->list.head.n_chunks == 0) {
		unlink(c->out_path);
		return 0;
	}
	strcpy(image->chunks.media_type, MEDIA_TYPE_REUSE_CHUNKS);
	strcpy(image->data.media_type, MEDIA_TYPE_REUSE_DATA);
	if (digest_end(&c->hash, &image->data.digest, err) < 0 ||
		layout_blob_path(c->spec->layout, &image->data.digest, path, err) < 0 ||
		file_publish_fd(c->out_fd, c->out_path, path, 0644, err) < 0)
		return -1;
	image->data.size = c->list.head.data_bytes;
	return put_list(c, image, err);
}

static int make(
	struct carver *c, const struct progress *progress, struct image *image, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, c->spec->layout, "blobs/sha256/data", err) < 0)
		return -1;
	c->out_fd = file_temp(path, c->out_path, err);
	c->hash = digest_begin(err);
	if (c->out_fd < 0 || !c->hash)
		return -1;
	c->map = calloc(MAP_SLOTS, sizeof(*c->map));
	if (!c->map)
		return err_set(err, OTA_FAILED, "out of memory");
	if (carve(c, progress, image->raw_bytes, err) < 0)
		return -1;
	return publish(c, image, err);
}

int carve_image(const struct encode_spec *spec, const struct progress *progress,
	struct image *image, struct err *err)
{
	struct carver c = {.spec = spec, .out_fd = -1};

	if (image->raw_bytes / CHUNK_GROUP_BYTES_MAX >= CHUNKS_MAX)
		return 0;
	int rc = make(&c, progress, image, err);

	if (rc < 0 && c.out_fd >= 0)
		unlink(c.out_path);
	sections_free(&c.data);
	cleanup_fd(&c.out_fd);
	digest_drop(&c.hash);
	chunks_free(&c.list);
	free(c.map);
	return rc;
}

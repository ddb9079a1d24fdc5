/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/carve.h"

#include "base/file.h"
#include "base/le.h"
#include "base/pool.h"
#include "flow/chunkscan.h"
#include "io/layout.h"
#include "io/zstd.h"
#include "release/chunks.h"

#define MAP_SLOTS (2u * CHUNKS_MAX)
#define CHUNK_STEPS 4  /* the largest chunk is so many times the smallest */
#define GROUP_STEPS 32 /* and so is a group, which ends with a file where it can */
/* More of either would spare some bytes, and cost the build machine far more time: a dictionary is
 * indexed once a section. Off the blocks, so that it cannot begin as a file does: zstd takes one
 * that begins with its magic number for a dictionary of another kind. */
#define DICTIONARY_BYTES ((256u << 10) - 64)
#define SECTION_BYTES (64u << 10)

/* A group of the section. */
struct group {
	uint32_t n_chunks;
	size_t raw_len, coded_len;
};

/* A section. */
struct job {
	struct zstd_encoder *encoder;
	uint8_t *dictionary, *raw, *coded;
	size_t dictionary_len, raw_len;
	struct group *groups;
	size_t n_groups;
};

/* Which chunk has these bytes. */
struct known {
	struct digest digest;
	uint32_t number_plus_1; /* 0: nobody's place */
};

struct carver {
	const struct encode_spec *spec;
	struct chunk_writer list;
	struct known *map;
	struct pool *pool;
	struct job *open;    /* the section that is being filled; NULL: none */
	struct group *group; /* the group in it; NULL: none */
	uint64_t raw_bytes;  /* of all chunks so far */
	uint8_t *before;     /* the last of them before the section: the dictionary */
	size_t before_len;
	int out_fd;
	char out_path[PATH_MAX];
	struct digest_state *hash; /* of the data */
};

static uint32_t group_max(const struct carver *c)
{
	uint32_t max = c->list.head.min_bytes * GROUP_STEPS;

	return max < CHUNK_GROUP_BYTES_MAX ? max : CHUNK_GROUP_BYTES_MAX;
}

/* Its last group begins before the section's end. */
static size_t section_max(const struct carver *c)
{
	return SECTION_BYTES + group_max(c);
}

static int work(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;
	const uint8_t *raw = job->raw;
	uint8_t *coded = job->coded;

	(void)ctx;
	if (zstd_encoder_dictionary(job->encoder, job->dictionary, job->dictionary_len, err) < 0)
		return -1;
	for (size_t i = 0; i < job->n_groups; i++) {
		struct group *g = &job->groups[i];
		if (zstd_encode(job->encoder, raw, g->raw_len, coded, &g->coded_len, err) < 0)
			return -1;
		raw += g->raw_len;
		coded += g->coded_len;
	}
	return 0;
}

static int reap(void *arg, void *ctx, struct err *err)
{
	const struct job *job = arg;
	struct carver *c = ctx;
	uint64_t offset = c->list.head.data_bytes;

	for (size_t i = 0; i < job->n_groups; i++) {
		const struct group *g = &job->groups[i];
		if (chunks_add_group(&c->list, g->n_chunks, (uint32_t)g->coded_len, err) < 0)
			return -1;
	}
	size_t len = (size_t)(c->list.head.data_bytes - offset);
	if (file_pwrite(c->out_fd, job->coded, len, offset, c->out_path, err) < 0)
		return -1;
	return digest_add(c->hash, job->coded, len, err);
}

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct carver *c = ctx;
	struct job *job = arg;
	size_t groups_max = section_max(c) / CHUNK_BLOCK_BYTES + 2;

	job->encoder = zstd_encoder_new(c->spec->level, err);
	job->dictionary = malloc(DICTIONARY_BYTES);
	job->raw = malloc(section_max(c));
	job->coded = malloc(zstd_bound(section_max(c)) + groups_max * zstd_bound(1));
	job->groups = calloc(groups_max, sizeof(*job->groups));
	if (!job->encoder)
		return -1;
	return job->dictionary && job->raw && job->coded && job->groups
		       ? 0
		       : err_set(err, OTA_FAILED, "out of memory");
}

static void release(void *arg)
{
	struct job *job = arg;

	zstd_encoder_free(job->encoder);
	free(job->dictionary);
	free(job->raw);
	free(job->coded);
	free(job->groups);
}

/* What the section held goes before the next one, as far as the dictionary reaches. */
static void remember(struct carver *c, const uint8_t *data, size_t len)
{
	size_t n = len < DICTIONARY_BYTES ? len : DICTIONARY_BYTES;
	size_t keep = DICTIONARY_BYTES - n < c->before_len ? DICTIONARY_BYTES - n : c->before_len;

	memmove(c->before, c->before + c->before_len - keep, keep);
	memcpy(c->before + keep, data + len - n, n);
	c->before_len = keep + n;
}

static void end_section(struct carver *c)
{
	if (!c->open)
		return;
	remember(c, c->open->raw, c->open->raw_len);
	pool_submit(c->pool);
	c->open = NULL;
	c->group = NULL;
}

static int begin_section(struct carver *c, struct err *err)
{
	struct job *job = pool_take(c->pool, err);

	if (!job)
		return -1;
	memcpy(job->dictionary, c->before, c->before_len);
	job->dictionary_len = c->before_len;
	job->raw_len = job->n_groups = 0;
	c->open = job;
	return 0;
}

static int begin_group(struct carver *c, struct err *err)
{
	uint64_t before = c->open ? c->raw_bytes - c->open->raw_len : 0;

	if (c->open && c->raw_bytes / SECTION_BYTES != before / SECTION_BYTES)
		end_section(c);
	if (!c->open && begin_section(c, err) < 0)
		return -1;
	c->group = &c->open->groups[c->open->n_groups++];
	*c->group = (struct group){0};
	return 0;
}

/* A group ends where a file does: files are what changes from one version to the next. */
static int add_to_group(struct carver *c, const struct scanned_chunk *chunk, struct err *err)
{
	if (c->group && c->group->raw_len + chunk->len > group_max(c))
		c->group = NULL;
	if (!c->group && begin_group(c, err) < 0)
		return -1;
	memcpy(c->open->raw + c->open->raw_len, chunk->data, chunk->len);
	c->open->raw_len += chunk->len;
	c->raw_bytes += chunk->len;
	c->group->raw_len += chunk->len;
	c->group->n_chunks++;
	if (chunker_ends_file(chunk->data, chunk->len))
		c->group = NULL;
	return 0;
}

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
	return add_to_group(c, chunk, err);
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
	while (bytes / min > CHUNKS_MAX && min < CHUNK_GROUP_BYTES_MAX)
		min *= 2;
	max = min > CHUNK_GROUP_BYTES_MAX / CHUNK_STEPS ? CHUNK_GROUP_BYTES_MAX : min * CHUNK_STEPS;
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
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = c};
	struct chunker chunker;

	if (choose(c->spec, bytes, &chunker, &c->list, err) < 0)
		return -1;
	AUTO_POOL *pool = pool_start(&spec, err);
	const struct chunk_scan scan = {
		&chunker, read_image, (void *)c->spec, bytes, visit, c, progress};
	c->pool = pool;
	progress_step(progress, "pack reuse", bytes);
	if (!pool || chunk_scan(&scan, err) < 0)
		return -1;
	end_section(c);
	if (pool_drain(pool, err) < 0)
		return -1;
	progress_done(progress);
	return 0;
}

static int publish(struct carver *c, struct image *image, struct err *err)
{
	AUTO_BUF bytes = BUF(CHUNK_LIST_MAX_BYTES);
	char path[PATH_MAX];

	if (c->list.head.n_chunks == 0) {
		unlink(c->out_path);
		return 0;
	}
	strcpy(image->chunks.media_type, MEDIA_TYPE_REUSE_CHUNKS);
	strcpy(image->data.media_type, MEDIA_TYPE_REUSE_DATA);
	if (chunks_end(&c->list, &bytes, err) < 0 ||
		digest_end(&c->hash, &image->data.digest, err) < 0 ||
		layout_blob_path(c->spec->layout, &image->data.digest, path, err) < 0 ||
		file_publish_fd(c->out_fd, c->out_path, path, 0644, err) < 0)
		return -1;
	image->data.size = c->list.head.data_bytes;
	return layout_blob_put(c->spec->layout, bytes.data, bytes.len, &image->chunks, err);
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
	c->before = malloc(DICTIONARY_BYTES);
	if (!c->map || !c->before)
		return err_set(err, OTA_FAILED, "out of memory");
	if (carve(c, progress, image->raw_bytes, err) < 0)
		return -1;
	return publish(c, image, err);
}

int carve_image(const struct encode_spec *spec, const struct progress *progress,
	struct image *image, struct err *err)
{
	struct carver c = {.spec = spec, .out_fd = -1};
	int rc = make(&c, progress, image, err);

	if (rc < 0 && c.out_fd >= 0)
		unlink(c.out_path);
	cleanup_fd(&c.out_fd);
	digest_drop(&c.hash);
	chunks_free(&c.list);
	free(c.map);
	free(c.before);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sections.h"

#include "base/file.h"
#include "delta/chunker.h"
#include "io/zstd.h"

#define GROUP_STEPS 4 /* the largest group is so many of the smallest chunks */

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

static uint32_t group_max(const struct sections *s)
{
	const struct chunk_list *form = &s->list->head;
	uint32_t max = form->min_bytes * GROUP_STEPS;

	if (max > CHUNK_GROUP_BYTES_MAX)
		max = CHUNK_GROUP_BYTES_MAX;
	return max > form->max_bytes ? max : form->max_bytes;
}

/* Its last group begins before the section's end. */
static size_t section_max(const struct sections *s)
{
	return SECTION_BYTES + group_max(s);
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
	struct sections *s = ctx;
	uint64_t offset = s->list->head.data_bytes;

	for (size_t i = 0; i < job->n_groups; i++) {
		const struct group *g = &job->groups[i];
		if (chunks_add_group(s->list, g->n_chunks, (uint32_t)g->coded_len, err) < 0)
			return -1;
	}
	size_t len = (size_t)(s->list->head.data_bytes - offset);
	if (file_pwrite(s->out_fd, job->coded, len, offset, s->out_path, err) < 0)
		return -1;
	return digest_add(s->hash, job->coded, len, err);
}

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct sections *s = ctx;
	struct job *job = arg;
	size_t groups_max = section_max(s) / CHUNK_BLOCK_BYTES + 2;

	job->encoder = zstd_encoder_new(s->level, err);
	job->dictionary = malloc(DICTIONARY_BYTES);
	job->raw = malloc(section_max(s));
	job->coded = malloc(zstd_bound(section_max(s)) + groups_max * zstd_bound(1));
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
static void remember(struct sections *s, const uint8_t *data, size_t len)
{
	size_t n = len < DICTIONARY_BYTES ? len : DICTIONARY_BYTES;
	size_t keep = DICTIONARY_BYTES - n < s->before_len ? DICTIONARY_BYTES - n : s->before_len;

	memmove(s->before, s->before + s->before_len - keep, keep);
	memcpy(s->before + keep, data + len - n, n);
	s->before_len = keep + n;
}

static void end_section(struct sections *s)
{
	if (!s->open)
		return;
	remember(s, s->open->raw, s->open->raw_len);
	pool_submit(s->pool);
	s->open = NULL;
	s->group = NULL;
}

static int begin_section(struct sections *s, struct err *err)
{
	struct job *job = pool_take(s->pool, err);

	if (!job)
		return -1;
	memcpy(job->dictionary, s->before, s->before_len);
	job->dictionary_len = s->before_len;
	job->raw_len = job->n_groups = 0;
	s->open = job;
	return 0;
}

static int begin_group(struct sections *s, struct err *err)
{
	uint64_t before = s->open ? s->raw_bytes - s->open->raw_len : 0;

	if (s->open && s->raw_bytes / SECTION_BYTES != before / SECTION_BYTES)
		end_section(s);
	if (!s->open && begin_section(s, err) < 0)
		return -1;
	s->group = &s->open->groups[s->open->n_groups++];
	*s->group = (struct group){0};
	return 0;
}

/* A group ends where a file does: files are what changes from one version to the next. */
int sections_add(struct sections *s, const uint8_t *data, size_t len, struct err *err)
{
	if (s->group && s->group->raw_len + len > group_max(s))
		s->group = NULL;
	if (!s->group && begin_group(s, err) < 0)
		return -1;
	memcpy(s->open->raw + s->open->raw_len, data, len);
	s->open->raw_len += len;
	s->raw_bytes += len;
	s->group->raw_len += len;
	s->group->n_chunks++;
	if (chunker_ends_file(data, len))
		s->group = NULL;
	return 0;
}

int sections_begin(struct sections *s, struct err *err)
{
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = s};

	s->before = malloc(DICTIONARY_BYTES);
	if (!s->before)
		return err_set(err, OTA_FAILED, "out of memory");
	s->pool = pool_start(&spec, err);
	return s->pool ? 0 : -1;
}

int sections_end(struct sections *s, struct err *err)
{
	end_section(s);
	return pool_drain(s->pool, err);
}

void sections_free(struct sections *s)
{
	cleanup_pool(&s->pool);
	s->pool = NULL;
	free(s->before);
	s->before = NULL;
}

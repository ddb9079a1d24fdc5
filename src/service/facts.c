/* SPDX-License-Identifier: Apache-2.0 */
#include "service/facts.h"

#include <signal.h>
#include <string.h>

#include "base/file.h"
#include "io/json.h"

#define FACTS_MAX 65536
#define WORD_MAX 8192

static json_t *words_json(const struct compose_list *words, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");

	for (size_t i = 0; list && i < words->n; i++)
		if (json_append(list, json_make(err, "s", words->items[i]), err) < 0)
			return NULL;
	json_t *taken = list;
	list = NULL;
	return taken;
}

int facts_write(const char *path, const struct service *service, const struct image_exec *exec,
	struct err *err)
{
	const struct compose_health *h = &service->health;
	AUTO_BUF text = BUF(FACTS_MAX);
	int signal = service->stop_signal ? service->stop_signal : exec->stop_signal;

	if (h->test == COMPOSE_TEST_OF_IMAGE)
		h = &exec->health;
	json_t *words = words_json(&h->words, err);
	if (!words)
		return -1;
	AUTO_JSON *object = json_make(err, "{s:i, s:i, s:o, s:I, s:I, s:I, s:I}", "signal",
		signal ? signal : SIGTERM, "test", (int)h->test, "words", words, "interval",
		(long long)h->interval_ms, "timeout", (long long)h->timeout_ms, "start_period",
		(long long)h->start_period_ms, "retries", (long long)h->retries);
	if (!object || json_write(object, &text, err) < 0)
		return -1;
	return file_publish(path, text.data, text.len, 0600, err);
}

static int take_words(struct facts *f, const json_t *list, struct err *err)
{
	struct compose_list *w = &f->health.words;
	char word[WORD_MAX];

	w->items = arena_take(&f->arena, json_length(list), sizeof(*w->items), err);
	if (!w->items)
		return -1;
	for (; w->n < json_length(list); w->n++) {
		if (json_text(list, w->n, word, sizeof(word), "facts", err) < 0)
			return -1;
		w->items[w->n] = arena_copy(&f->arena, word, strlen(word), err);
		if (!w->items[w->n])
			return -1;
	}
	return 0;
}

int facts_read(const char *path, struct facts *f, struct err *err)
{
	uint64_t signal, test, interval, timeout, start_period, retries;
	json_t *words;
	const struct json_field fields[] = {
		{.name = "signal", .kind = JSON_KIND_UINT, .out = &signal},
		{.name = "test", .kind = JSON_KIND_UINT, .out = &test},
		{.name = "words", .kind = JSON_KIND_ARRAY, .out = &words},
		{.name = "interval", .kind = JSON_KIND_UINT, .out = &interval},
		{.name = "timeout", .kind = JSON_KIND_UINT, .out = &timeout},
		{.name = "start_period", .kind = JSON_KIND_UINT, .out = &start_period},
		{.name = "retries", .kind = JSON_KIND_UINT, .out = &retries}};
	AUTO_BUF text = BUF(FACTS_MAX);

	*f = (struct facts){0};
	if (file_read(path, &text, err) < 0)
		return -1;
	AUTO_JSON *object = json_parse(text.data ? text.data : "", text.len, "facts", err);
	if (!object || json_read(object, fields, ARRAY_LEN(fields), "facts", err) < 0)
		return -1;
	f->stop_signal = (int)signal;
	f->health.test = (enum compose_test)test;
	f->health.interval_ms = (unsigned)interval;
	f->health.timeout_ms = (unsigned)timeout;
	f->health.start_period_ms = (unsigned)start_period;
	f->health.retries = (unsigned)retries;
	if (take_words(f, words, err) == 0)
		return 0;
	facts_free(f);
	return -1;
}

void facts_free(struct facts *f)
{
	arena_free(&f->arena);
	*f = (struct facts){0};
}

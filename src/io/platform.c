/* SPDX-License-Identifier: Apache-2.0 */
#include "io/platform.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
const struct platform platform_own = {"amd64", 1};
#elif defined(__i386__)
const struct platform platform_own = {"386", 0};
#elif defined(__aarch64__)
const struct platform platform_own = {"arm64", 8};
#elif defined(__arm__)
const struct platform platform_own = {"arm", __ARM_ARCH};
#elif defined(__riscv) && __riscv_xlen == 64
const struct platform platform_own = {"riscv64", 0};
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
const struct platform platform_own = {"ppc64le", 0};
#elif defined(__s390x__)
const struct platform platform_own = {"s390x", 0};
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
const struct platform platform_own = {"mips64le", 0};
#elif defined(__loongarch64)
const struct platform platform_own = {"loong64", 0};
#else
#error "what does OCI call this architecture?"
#endif

#define WORD_LEN 64

/* What an entry without a variant is for. */
static unsigned usual_variant(const char *architecture)
{
	static const struct platform usual[] = {{"amd64", 1}, {"arm", 7}, {"arm64", 8}};

	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (!strcmp(architecture, usual[i].architecture))
			return usual[i].variant;
	return 0;
}

/* 0: not for this machine; else the higher, the better. */
static unsigned rate(
	const struct platform *own, const char *os, const char *architecture, const char *variant)
{
	unsigned n = usual_variant(own->architecture);
	char end;

	if (strcmp(os, "linux") || strcmp(architecture, own->architecture))
		return 0;
	if (*variant && sscanf(variant, "v%3u%c", &n, &end) != 1)
		return 0;
	return n <= own->variant ? n + 1 : 0;
}

bool platform_fits(const struct platform *platform, const char *os, const char *architecture,
	const char *variant)
{
	return rate(platform, os, architecture, variant) > 0;
}

/* An entry's rate; without a platform it counts where it is the only one. */
static int rate_entry(const json_t *entry, const struct platform *own, bool sole, unsigned *rating,
	struct err *err)
{
	char os[WORD_LEN] = "", architecture[WORD_LEN] = "", variant[WORD_LEN] = "";
	json_t *platform = NULL;
	const struct json_field outer[] = {
		{.name = "platform", .kind = JSON_KIND_OBJECT, .out = &platform, .optional = true}};
	const struct json_field inner[] = {
		{.name = "os", .kind = JSON_KIND_STRING, .out = os, .size = WORD_LEN},
		{.name = "architecture",
			.kind = JSON_KIND_STRING,
			.out = architecture,
			.size = WORD_LEN},
		{.name = "variant",
			.kind = JSON_KIND_STRING,
			.out = variant,
			.size = WORD_LEN,
			.optional = true},
	};

	*rating = sole;
	if (json_read_open(entry, outer, 1, "index", err) < 0)
		return -1;
	if (!platform)
		return 0;
	if (json_read_open(platform, inner, ARRAY_LEN(inner), "platform", err) < 0)
		return -1;
	*rating = rate(own, os, architecture, variant);
	return 0;
}

static int choose(
	const json_t *manifests, const struct platform *own, struct descriptor *d, struct err *err)
{
	size_t n = json_length(manifests);
	const json_t *best = NULL;
	unsigned highest = 0, rating;

	for (size_t i = 0; i < n; i++) {
		const json_t *entry = json_item(manifests, i, "index", err);
		if (!entry || rate_entry(entry, own, n == 1, &rating, err) < 0)
			return -1;
		if (rating > highest) {
			highest = rating;
			best = entry;
		}
	}
	if (best)
		return descriptor_read_open(best, d, "index", err);
	return err_set(
		err, OTA_INCOMPATIBLE, "none of %zu images is for linux/%s", n, own->architecture);
}

int platform_choose(const char *text, size_t len, const struct platform *platform,
	struct descriptor *d, struct err *err)
{
	json_t *manifests;
	const struct json_field fields[] = {
		{.name = "manifests", .kind = JSON_KIND_ARRAY, .out = &manifests}};
	AUTO_JSON *root = json_parse(text, len, "index", err);

	if (!root || json_read_open(root, fields, 1, "index", err) < 0)
		return -1;
	return choose(manifests, platform, d, err);
}

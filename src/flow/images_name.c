/* SPDX-License-Identifier: Apache-2.0 */
/* What images go by in the store. */
#include <stdio.h>
#include <string.h>

#include "flow/images.h"
#include "flow/store.h"
#include "io/reference.h"

bool images_is_name(const char *tag)
{
	return *tag && strcmp(tag, TAG_FETCHED) && strcmp(tag, TAG_WRITTEN) &&
	       strncmp(tag, DIGEST_TAG_PREFIX, strlen(DIGEST_TAG_PREFIX));
}

/* What index.json could not give back is no name either: see read_string() in io/json.c. */
static bool has_blank_or_control(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c <= ' ' || *c == 0x7f)
			return true;
	return false;
}

static int take_name(const char *text, char name[TAG_LEN], struct err *err)
{
	if (strlen(text) >= TAG_LEN) {
		err_set(err, OTA_USAGE, "'%.140s' is too long for a name in the store", text);
		return err_hint(err, "give it a shorter one: --name NAME");
	}
	if (!images_is_name(text) || has_blank_or_control(text))
		return err_set(err, OTA_USAGE, "an image cannot go by the name '%.140s'", text);
	strcpy(name, text);
	return 0;
}

static int join_name(const char *place, const char *tag, char name[TAG_LEN], struct err *err)
{
	char text[3 * TAG_LEN];

	snprintf(text, sizeof(text), "%.200s%s%.128s", place, strchr(tag, ':') ? "@" : ":", tag);
	return take_name(text, name, err);
}

int images_name(
	const struct source *source, const char *wanted, char name[TAG_LEN], struct err *err)
{
	const char *place = source_name(source);
	const char *host = strstr(place, "://"), *slash = strrchr(place, '/');

	if (wanted)
		return take_name(wanted, name, err);
	return join_name(host ? host + 3 : (slash && slash[1] ? slash + 1 : place),
		source_tag(source), name, err);
}

int images_name_of(const char *reference, char name[TAG_LEN], struct err *err)
{
	char place[REFERENCE_HOST_LEN + REFERENCE_REPO_LEN];
	struct reference r;

	if (reference_parse(reference, &r, err) < 0)
		return -1;
	snprintf(place, sizeof(place), "%s/%s", r.host, r.repo);
	return join_name(place, r.name, name, err);
}

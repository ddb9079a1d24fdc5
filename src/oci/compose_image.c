/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/reference.h"
#include "oci/compose_reader.h"

/* The first piece of a name is a registry where it has a dot or a port, or is the machine itself;
 * else all of it is a repository of Docker's. */
static bool names_registry(const char *image)
{
	size_t len = strcspn(image, "/");

	return image[len] && (memchr(image, '.', len) || memchr(image, ':', len) ||
				     (len == 9 && !strncmp(image, "localhost", len)));
}

/* NAME:TAG@DIGEST means that digest, whatever the tag. */
static size_t tag_of_pinned(const char *image, const char *at)
{
	const char *begin = memrchr(image, '/', (size_t)(at - image));
	const char *name = begin ? begin + 1 : image;
	const char *colon = memchr(name, ':', (size_t)(at - name));

	return (size_t)((colon ? colon : at) - image);
}

int compose_take_image(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;
	struct reference reference;
	struct err why;

	s->image = compose_word(r, value, err);
	if (!s->image)
		return -1;
	const char *at = strchrnul(s->image, '@');
	size_t len = *at ? tag_of_pinned(s->image, at) : (size_t)(at - s->image);
	s->source = arena_printf(r->arena, err, REFERENCE_PREFIX "%s%.*s%s",
		names_registry(s->image) ? "" : "docker.io/", (int)len, s->image, at);
	if (!s->source)
		return -1;
	if (reference_parse(s->source, &reference, &why) == 0)
		return 0;
	yaml_fail(value, err, "'%.200s' is no image", s->image);
	return err_hint(err, "an image looks like HOST/REPO:TAG or HOST/REPO@sha256:HEX");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "io/authfile.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "io/json.h"
#include "io/reference.h"

#define BASE64_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/* The ways in which a host is written as a key. */
static const char *const keys[] = {
	"%s", "https://%s", "https://%s/", "https://%s/v1/", "https://%s/v2/", "%s/"};

/* Docker's registry answers at another name than those that people log in to: the first is what
 * `docker login` writes, the second what podman and skopeo do. */
static const char *const hub_names[] = {"index.docker.io", "docker.io"};

/* It goes into a header as it is. */
static bool is_base64(const char *text)
{
	size_t n = strspn(text, BASE64_CHARS);

	return n > 0 && n + strspn(text + n, "=") == strlen(text);
}

static int read_entry(const json_t *auths, const char *key, char *basic, struct err *err)
{
	json_t *entry = NULL;
	const struct json_field outer[] = {
		{.name = key, .kind = JSON_KIND_OBJECT, .out = &entry, .optional = true}};
	const struct json_field inner[] = {{.name = "auth",
		.kind = JSON_KIND_STRING,
		.out = basic,
		.size = AUTHFILE_BASIC_LEN,
		.optional = true}};

	if (json_read_open(auths, outer, 1, "auths", err) < 0)
		return -1;
	return entry ? json_read_open(entry, inner, 1, "auths", err) : 0;
}

static int find_host(const json_t *auths, const char *host, char *basic, struct err *err)
{
	char key[300];

	for (size_t i = 0; !basic[0] && i < ARRAY_LEN(keys); i++) {
		snprintf(key, sizeof(key), keys[i], host);
		if (read_entry(auths, key, basic, err) < 0)
			return -1;
	}
	return 0;
}

static int find(const json_t *auths, const char *host, char *basic, struct err *err)
{
	bool is_hub = !strcmp(host, REFERENCE_HUB);

	if (find_host(auths, host, basic, err) < 0)
		return -1;
	for (size_t i = 0; is_hub && !basic[0] && i < ARRAY_LEN(hub_names); i++)
		if (find_host(auths, hub_names[i], basic, err) < 0)
			return -1;
	if (!basic[0] || is_base64(basic))
		return 0;
	basic[0] = '\0';
	return err_set(err, OTA_CONFIG, "'auth' of %s is not base64", host);
}

int authfile_find(const char *text, size_t len, const char *host, char basic[AUTHFILE_BASIC_LEN],
	struct err *err)
{
	json_t *auths = NULL;
	const struct json_field fields[] = {
		{.name = "auths", .kind = JSON_KIND_OBJECT, .out = &auths, .optional = true}};
	AUTO_JSON *root = json_parse(text, len, "credentials", err);

	basic[0] = '\0';
	if (root && json_read_open(root, fields, 1, "credentials", err) == 0 &&
		(!auths || find(auths, host, basic, err) == 0))
		return 0;
	err->code = OTA_CONFIG;
	return -1;
}

int authfile_read(
	const char *path, const char *host, char basic[AUTHFILE_BASIC_LEN], struct err *err)
{
	AUTO_BUF text = BUF(AUTHFILE_MAX_BYTES);

	if (file_read(path, &text, err) == 0 &&
		authfile_find(text.data ? text.data : "", text.len, host, basic, err) == 0)
		return 0;
	err->code = OTA_CONFIG;
	err_wrap(err, "%s", path);
	return err_hint(err, "auth-file = in [network] has the form of ~/.docker/config.json");
}

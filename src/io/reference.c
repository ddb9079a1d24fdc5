/* SPDX-License-Identifier: Apache-2.0 */
#include "io/reference.h"

#include <string.h>

#include "io/digest.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define HOST_CHARS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-"

static int wrong(const char *text, const char *what, struct err *err)
{
	err_set(err, OTA_USAGE, "'%.100s': %s", text, what);
	return err_hint(err, "a registry's source looks like docker://HOST/REPO:TAG");
}

static bool port_is_sound(const char *port, size_t len)
{
	return len > 0 && len <= 5 && strspn(port, "0123456789") >= len;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT, of len characters */
static bool host_is_sound(const char *host, size_t len)
{
	size_t name = *host == '[' ? strspn(host + 1, "0123456789abcdefABCDEF:.") + 1
				   : strspn(host, HOST_CHARS);

	if (*host == '[' && host[name++] != ']')
		return false;
	if (name > len || name == 0 || *host == '-' || *host == '.')
		return false;
	return name == len || (host[name] == ':' && port_is_sound(host + name + 1, len - name - 1));
}

/* Pieces of small letters and digits, between them '/' or what may join two: '.', '_', '__', '-'...
 */
static bool repo_is_sound(const char *repo)
{
	for (;;) {
		size_t word = strspn(repo, LOWER);
		if (word == 0)
			return false;
		repo += word;
		if (!*repo)
			return true;
		size_t dashes = strspn(repo, "-"), lines = strspn(repo, "_");
		if (dashes)
			repo += dashes;
		else if (lines == 1 || lines == 2)
			repo += lines;
		else if (*repo == '.' || *repo == '/')
			repo++;
		else
			return false;
	}
}

static int read_name(const char *text, const char *rest, char name[TAG_LEN], struct err *err)
{
	struct digest digest;

	if (*rest == '@') {
		if (strlen(rest + 1) >= DIGEST_TEXT_LEN || digest_parse(rest + 1, &digest, err) < 0)
			return wrong(text, "behind '@' there is no digest like sha256:HEX", err);
		digest_text(&digest, name);
		return 0;
	}
	rest = *rest ? rest + 1 : "latest";
	if (!tag_is_sound(rest))
		return wrong(text, "behind ':' there is no tag", err);
	strcpy(name, rest);
	return 0;
}

/* Docker's own registry goes by another name than it has, and its own images by one word. */
static int resolve_hub(const char *text, struct reference *r, struct err *err)
{
	static const char own[] = "library/";
	size_t len = strlen(r->repo);

	if (strcmp(r->host, "docker.io"))
		return 0;
	strcpy(r->host, REFERENCE_HUB);
	if (strchr(r->repo, '/'))
		return 0;
	if (len + strlen(own) >= sizeof(r->repo))
		return wrong(text, "the repository's name is too long", err);
	memmove(r->repo + strlen(own), r->repo, len + 1);
	memcpy(r->repo, own, strlen(own));
	return 0;
}

int reference_parse(const char *text, struct reference *r, struct err *err)
{
	if (strncmp(text, REFERENCE_PREFIX, strlen(REFERENCE_PREFIX)))
		return wrong(text, "no registry", err);
	const char *host = text + strlen(REFERENCE_PREFIX);
	size_t host_len = strcspn(host, "/");
	const char *repo = host + host_len + 1;

	if (!host[host_len] || host_len >= sizeof(r->host) || !host_is_sound(host, host_len))
		return wrong(text, "no HOST[:PORT]/ and a repository behind it", err);
	size_t repo_len = strcspn(repo, ":@");
	if (repo_len >= sizeof(r->repo))
		return wrong(text, "the repository's name is too long", err);
	memcpy(r->host, host, host_len);
	r->host[host_len] = '\0';
	memcpy(r->repo, repo, repo_len);
	r->repo[repo_len] = '\0';
	if (!repo_is_sound(r->repo))
		return wrong(
			text, "a repository's name is of small letters, digits, . _ - and /", err);
	if (resolve_hub(text, r, err) < 0)
		return -1;
	return read_name(text, repo + repo_len, r->name, err);
}

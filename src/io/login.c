/* SPDX-License-Identifier: Apache-2.0 */
#include "io/login.h"

#include <stdio.h>
#include <string.h>

#include "io/address.h"
#include "io/challenge.h"
#include "io/json.h"

#define URL_MAX 8192
#define UNRESERVED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
#define TOKEN_CHARS UNRESERVED "+/="

int login_hint(const struct login *l, struct err *err)
{
	if (!l->auth_file)
		return err_hint(err,
			"credentials for %s: auth-file = in [network], or ~/.docker/config.json",
			l->host);
	return err_hint(err, "are the credentials for %s right? skopeo login --authfile %s %s",
		l->host, l->auth_file, l->host);
}

/* The file is not opened before a server asks for what is in it. */
static int load_credentials(struct login *l, struct err *err)
{
	if (l->looked)
		return 0;
	if (l->auth_file && authfile_read(l->auth_file, l->host, l->basic, err) < 0)
		return -1;
	l->looked = true;
	return 0;
}

static int use_basic(struct login *l, struct err *err)
{
	if (l->basic[0]) {
		snprintf(l->header, sizeof(l->header), "Basic %s", l->basic);
		return 0;
	}
	err_set(err, OTA_REFUSED, "%s wants to know who asks, and there are no credentials for it",
		l->host);
	return login_hint(l, err);
}

static int add_encoded(struct buf *url, const char *text, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		bool plain = strchr(UNRESERVED ":/", text[i]) != NULL;
		if (buf_printf(url, err, plain ? "%c" : "%%%02X", (unsigned char)text[i]) < 0)
			return -1;
	}
	return 0;
}

/* Several scopes stand in one, with blanks between; each is a parameter of its own. */
static int add_scopes(struct buf *url, const char *scope, struct err *err)
{
	for (size_t len; *scope; scope += len) {
		scope += strspn(scope, " ");
		len = strcspn(scope, " ");
		if (len && (buf_printf(url, err, "&scope=") < 0 ||
				   add_encoded(url, scope, len, err) < 0))
			return -1;
	}
	return 0;
}

static int token_url(const struct challenge *c, struct buf *url, struct err *err)
{
	if (buf_printf(url, err, "%s%cservice=", c->realm, strchr(c->realm, '?') ? '&' : '?') < 0 ||
		add_encoded(url, c->service, strlen(c->service), err) < 0)
		return -1;
	return add_scopes(url, c->scope, err);
}

static int read_token(struct login *l, const struct buf *text, struct err *err)
{
	char token[LOGIN_TOKEN_LEN] = "", access[LOGIN_TOKEN_LEN] = "";
	const struct json_field fields[] = {
		{.name = "token",
			.kind = JSON_KIND_STRING,
			.out = token,
			.size = sizeof(token),
			.optional = true},
		{.name = "access_token",
			.kind = JSON_KIND_STRING,
			.out = access,
			.size = sizeof(access),
			.optional = true},
	};
	AUTO_JSON *root = json_parse(text->data ? text->data : "", text->len, "token", err);
	const char *given = token;

	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "token", err) < 0)
		return -1;
	if (!token[0])
		given = access;
	if (!given[0] || given[strspn(given, TOKEN_CHARS)])
		return err_set(err, OTA_CORRUPT, "there is no token in the answer");
	snprintf(l->header, sizeof(l->header), "Bearer %s", given);
	return 0;
}

static int ask_for_token(
	struct login *l, struct http *http, const char *url, struct buf *text, struct err *err)
{
	char basic[AUTHFILE_BASIC_LEN + 8];
	const struct http_request request = {.url = url,
		.accept = "application/json",
		.authorization = l->basic[0] ? basic : NULL};
	const struct sink sink = sink_to_buf(text);

	snprintf(basic, sizeof(basic), "Basic %s", l->basic);
	if (http_ask(http, &request, &sink, err) == 0)
		return 0;
	return http_answer(http)->status == 401 || http_answer(http)->status == 403
		       ? login_hint(l, err)
		       : -1;
}

static int use_token(struct login *l, struct http *http, const struct challenge *c, struct err *err)
{
	AUTO_BUF url = BUF(URL_MAX);
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	if (address_check(c->realm, l->options, err) < 0) {
		err->code = OTA_REFUSED;
		return err_wrap(err, "the token service of %s", l->host);
	}
	if (token_url(c, &url, err) < 0 || ask_for_token(l, http, url.data, &text, err) < 0 ||
		read_token(l, &text, err) < 0)
		return err_wrap(err, "the token service of %s", l->host);
	return 0;
}

int login_answer(struct login *l, struct http *http, const char *challenge, struct err *err)
{
	struct challenge c;

	l->header[0] = '\0';
	if (challenge_parse(challenge, &c, err) < 0)
		return err_wrap(err, "%s", l->host);
	if (load_credentials(l, err) < 0)
		return -1;
	return c.bearer ? use_token(l, http, &c, err) : use_basic(l, err);
}

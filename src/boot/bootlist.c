/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/bootlist.h"

#include <stdio.h>
#include <string.h>

#include "base/fatname.h"

#define FIRST "# boot files of "
#define LAST "# end "
#define LAST_LEN (strlen(LAST) + DIGEST_HEX_LEN) /* its newline in place of the NUL */

int bootlist_begin(struct buf *list, const struct digest *content, struct err *err)
{
	char text[DIGEST_TEXT_LEN];

	digest_text(content, text);
	return buf_printf(list, err, FIRST "%s\n", text);
}

int bootlist_add(struct buf *list, const char *path, const struct digest *digest, struct err *err)
{
	char hex[DIGEST_HEX_LEN];

	digest_hex(digest, hex);
	return buf_printf(list, err, "%s  %s\n", hex, path);
}

int bootlist_end(struct buf *list, struct err *err)
{
	char hex[DIGEST_HEX_LEN];
	struct digest digest;

	if (digest_of(list->data, list->len, &digest, err) < 0)
		return -1;
	digest_hex(&digest, hex);
	return buf_printf(list, err, LAST "%s\n", hex);
}

/* Is the last line the digest of all before it? */
static int check_end(const char *text, size_t len, struct err *err)
{
	const char *end = len > LAST_LEN ? text + len - LAST_LEN : "";
	struct digest said, is;
	char hex[DIGEST_HEX_LEN];

	if (strncmp(end, LAST, strlen(LAST)) || text[len - 1] != '\n' || memchr(text, '\0', len))
		return err_set(err, OTA_CORRUPT, "the list of boot files is cut");
	snprintf(hex, sizeof(hex), "%.*s", DIGEST_HEX_LEN - 1, end + strlen(LAST));
	if (digest_parse_hex(hex, &said, err) < 0 || digest_of(text, len - LAST_LEN, &is, err) < 0)
		return -1;
	if (digest_equal(&said, &is))
		return 0;
	return err_set(err, OTA_CORRUPT, "the list of boot files is damaged");
}

static int parse_entry(char *line, bootlist_each *each, void *ctx, struct err *err)
{
	char *path = line + DIGEST_HEX_LEN + 1;
	struct digest digest;

	if (strlen(line) < DIGEST_HEX_LEN + 2 || memcmp(path - 2, "  ", 2))
		return err_set(err, OTA_CORRUPT, "the list of boot files: '%.80s'", line);
	path[-2] = '\0';
	if (digest_parse_hex(line, &digest, err) < 0 || fatname_check(path, err) < 0)
		return -1;
	return each ? each(ctx, path, &digest, err) : 0;
}

int bootlist_parse(const char *text, size_t len, struct digest *content, bootlist_each *each,
	void *ctx, struct err *err)
{
	AUTO_BUF copy = BUF(BOOTLIST_MAX);

	if (check_end(text, len, err) < 0 || buf_add(&copy, text, len - LAST_LEN, err) < 0)
		return -1;
	char *rest = copy.data, *line = strsep(&rest, "\n");
	if (strncmp(line, FIRST, strlen(FIRST)))
		return err_set(err, OTA_CORRUPT, "the list of boot files has no first line");
	if (digest_parse(line + strlen(FIRST), content, err) < 0)
		return -1;
	while ((line = strsep(&rest, "\n")))
		if (*line && parse_entry(line, each, ctx, err) < 0)
			return -1;
	return 0;
}

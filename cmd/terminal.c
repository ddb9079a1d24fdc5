/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80

unsigned terminal_columns(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : DEFAULT_COLUMNS;
}

bool terminal_has_colour(int fd)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fd) && !(no_colour && *no_colour) && term && strcmp(term, "dumb");
}

/* The bytes of a character, and the columns that it takes at most: all that may be wide counts as
 * wide, so no locale is needed. */
static size_t character(const char *text, size_t *columns)
{
	size_t len = 1;

	while ((text[len] & 0xc0) == 0x80)
		len++;
	*columns = len > 2 ? 2 : 1;
	return len;
}

size_t terminal_fold(const char *text, size_t columns)
{
	size_t at = 0, used = 0, blank = 0, width;

	while (text[at] && text[at] != '\n') {
		size_t len = character(text + at, &width);

		if (text[at] == ' ')
			blank = at;
		used += width;
		if (used > columns && blank)
			return blank;
		if (used > columns && at)
			return at;
		at += len;
	}
	return at;
}

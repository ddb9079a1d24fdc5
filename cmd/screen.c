/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/terminal.h"

#define LABEL_COLUMNS 9u
#define MIN_COLUMNS 24u
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static void print_folded(const char *label, const char *text, bool stress)
{
	bool bold = stress && terminal_has_colour(STDOUT_FILENO);
	unsigned columns = terminal_columns(STDOUT_FILENO);
	size_t room = (columns > MIN_COLUMNS ? columns : MIN_COLUMNS) - LABEL_COLUMNS;

	do {
		size_t len = terminal_fold(text, room), shown = len;

		while (shown && text[shown - 1] == ' ')
			shown--;
		printf("%-*s%s%.*s%s\n", (int)LABEL_COLUMNS, label, bold ? BOLD : "", (int)shown,
			text, bold ? PLAIN : "");
		label = "";
		text += len;
		text += strspn(text, " \n");
	} while (*text);
}

static void tell(struct front *front, const char *label, bool stress, const char *fmt, va_list ap)
{
	AUTO_FREE char *text = NULL;

	if (front->options.json)
		return;
	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return;
	}
	text_clean(text);
	print_folded(label, text, stress);
}

void screen_tell(struct front *front, const char *label, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(front, label, false, fmt, ap);
	va_end(ap);
}

void screen_stress(struct front *front, const char *label, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(front, label, true, fmt, ap);
	va_end(ap);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "cmd/terminal.h"

#define JSON_OUT_MAX (1024 * 1024)
#define RED "\033[1;31m"
#define PLAIN "\033[0m"

static void print_clean(FILE *to, const char *fmt, va_list ap)
{
	AUTO_FREE char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return;
	}
	text_clean(text);
	fputs(text, to);
	fputc('\n', to);
}

/* Writes the value as one line and frees it. */
static int print_json(FILE *to, json_t *value, struct err *err)
{
	AUTO_JSON *owned = value;
	AUTO_BUF text = BUF(JSON_OUT_MAX);

	if (!owned || json_write(owned, &text, err) < 0)
		return -1;
	fprintf(to, "%s\n", text.data);
	return 0;
}

/* A program that reads stderr line by line finds objects alone. */
static bool speaks_json(const struct front *front)
{
	const struct global_options *o = &front->options;

	return o->json || (o->progress && !strcmp(o->progress, "json"));
}

void output_say(struct front *front, const char *fmt, ...)
{
	va_list ap;

	if (front->options.quiet || speaks_json(front))
		return;
	progress_view_hide(&front->view);
	va_start(ap, fmt);
	print_clean(stderr, fmt, ap);
	va_end(ap);
}

void output_detail(struct front *front, const char *fmt, ...)
{
	va_list ap;

	if (!front->options.verbose || front->options.quiet || speaks_json(front))
		return;
	progress_view_hide(&front->view);
	va_start(ap, fmt);
	print_clean(stderr, fmt, ap);
	va_end(ap);
}

void output_warn(struct front *front, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	struct err unused;
	va_list ap;

	va_start(ap, fmt);
	int len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		return;
	}
	text_clean(text);
	progress_view_hide(&front->view);
	if (!speaks_json(front))
		fprintf(stderr, "ota: %s: warning: %s\n", front->command, text);
	else if (print_json(stderr, json_make(&unused, "{s:s}", "warning", text), &unused) < 0)
		fprintf(stderr, "{}\n");
}

void output_data(struct front *front, const char *fmt, ...)
{
	va_list ap;

	if (front->options.json)
		return;
	progress_view_hide(&front->view);
	va_start(ap, fmt);
	print_clean(stdout, fmt, ap);
	va_end(ap);
}

int output_json(struct front *front, json_t *value, struct err *err)
{
	if (!value)
		return -1;
	if (front->options.json)
		return print_json(stdout, value, err);
	json_free(value);
	return 0;
}

static void error_as_json(const struct err *err, int exit_status)
{
	struct err unused;
	json_t *value = json_make(&unused, "{s:{s:s, s:i, s:s, s:s}}", "error", "code",
		code_name(err->code), "exit", exit_status, "message", err->msg, "hint", err->hint);

	if (print_json(stderr, value, &unused) < 0)
		fprintf(stderr, "{\"error\":{\"code\":\"%s\",\"exit\":%d}}\n", code_name(err->code),
			exit_status);
}

static void error_for_people(const struct front *front, const struct err *err)
{
	bool calm = err->code == OTA_NOTHING;
	bool colour = !calm && terminal_has_colour(STDERR_FILENO);

	fprintf(stderr, "%sota:%s %s%s", colour ? RED : "", colour ? PLAIN : "",
		front->command ? front->command : "", front->command ? ": " : "");
	fprintf(stderr, "%s%s\n", calm ? "nothing to do: " : "", err->msg);
	if (err->hint[0])
		fprintf(stderr, "  hint: %s\n", err->hint);
}

void output_error(struct front *front, const struct err *err, int exit_status)
{
	struct err clean = *err;

	text_clean(clean.msg);
	text_clean(clean.hint);
	progress_view_hide(&front->view);
	if (speaks_json(front))
		error_as_json(&clean, exit_status);
	else if (err->code != OTA_NOTHING || !front->options.quiet)
		error_for_people(front, &clean);
}

int output_finish(struct err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(err, OTA_IO, "stdout");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 sequence at s; 0: it is none. NUL ends any sequence. */
static size_t sequence(const unsigned char *s, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	*point = len == 1 ? s[0] : s[0] & (0x7fU >> len);
	if (len > 1 && (s[0] < 0xc2 || s[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s[i] & 0x3f);
	}
	bool surrogate = *point >= 0xd800 && *point <= 0xdfff;
	return *point < least[len] || *point > 0x10ffff || surrogate ? 0 : len;
}

static bool is_harmful(uint32_t point)
{
	if (point < ' ')
		return point != '\n';
	return (point >= 0x7f && point <= 0x9f) || (point >= 0x202a && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069);
}

void text_clean(char *text)
{
	unsigned char *in = (unsigned char *)text, *out = in;
	uint32_t point;

	while (*in) {
		size_t len = sequence(in, &point);

		if (!len || is_harmful(point)) {
			*out++ = '?';
			in += len ? len : 1;
			continue;
		}
		while (len--)
			*out++ = *in++;
	}
	*out = '\0';
}

void text_clean_line(char *text)
{
	text_clean(text);
	for (; *text; text++)
		if (*text == '\n')
			*text = ' ';
}

void text_last_line(const char *text, char *out, size_t size)
{
	size_t end = strlen(text);

	while (end > 0 && strchr("\r\n\t ", text[end - 1]))
		end--;
	size_t begin = end;
	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	snprintf(out, size, "%.*s", (int)(end - begin), text + begin);
}

void text_bytes(unsigned long long bytes, char out[TEXT_BYTES_LEN])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(out, TEXT_BYTES_LEN, "%llu B", bytes);
		return;
	}
	for (; value >= 1023.95 && i < 5; i++)
		value /= 1024;
	snprintf(out, TEXT_BYTES_LEN, "%.1f %s", value, units[i]);
}

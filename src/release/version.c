/* SPDX-License-Identifier: Apache-2.0 */
#include "release/version.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static int order(long long a, long long b)
{
	return (a > b) - (a < b);
}

static const char *skip_separators(const char *s)
{
	while (*s && !isalnum((unsigned char)*s) && !strchr("-.~^", *s))
		s++;
	return s;
}

/* Both behind the mark: 0 and both step over it. One behind it: that one is older. */
static int compare_mark(char mark, const char **a, const char **b)
{
	if (**a != mark || **b != mark)
		return order(**a != mark, **b != mark);
	++*a;
	++*b;
	return 0;
}

static size_t run_of(const char *s, int (*kind)(int))
{
	size_t n = 0;

	while (kind((unsigned char)s[n]))
		n++;
	return n;
}

/* Numbers of any length, by value; no number at all is older than any. */
static int compare_numbers(const char **a, const char **b)
{
	size_t a_len = run_of(*a, isdigit), b_len = run_of(*b, isdigit);

	if (!a_len || !b_len)
		return order(a_len, b_len);
	for (; **a == '0' && a_len > 1; a_len--)
		++*a;
	for (; **b == '0' && b_len > 1; b_len--)
		++*b;
	int r = a_len != b_len ? order((long long)a_len, (long long)b_len)
			       : order(memcmp(*a, *b, a_len), 0);
	*a += a_len;
	*b += b_len;
	return r;
}

static int compare_letters(const char **a, const char **b)
{
	size_t a_len = run_of(*a, isalpha), b_len = run_of(*b, isalpha);
	int r = strncmp(*a, *b, a_len < b_len ? a_len : b_len);

	*a += a_len;
	*b += b_len;
	return r ? order(r, 0) : order((long long)a_len, (long long)b_len);
}

int version_compare(const char *a, const char *b)
{
	int r = 0;

	while (r == 0) {
		a = skip_separators(a);
		b = skip_separators(b);
		if ((r = compare_mark('~', &a, &b)) != 0)
			break;
		if (!*a || !*b)
			return order(*a != '\0', *b != '\0');
		for (const char *mark = "-^."; *mark && r == 0; mark++)
			r = compare_mark(*mark, &a, &b);
		if (r == 0)
			r = isdigit((unsigned char)*a) || isdigit((unsigned char)*b)
				    ? compare_numbers(&a, &b)
				    : compare_letters(&a, &b);
	}
	return r;
}

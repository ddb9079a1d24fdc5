/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/suggest.h"

#include <string.h>

#include "cmd/options.h"

#define LONGEST 24
#define FAR 3 /* so many typing mistakes are no mistake any more */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters to add, drop or change to get from one to the other. */
static unsigned distance(const char *a, size_t a_len, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t b_len = strlen(b);

	if (!a_len || a_len > LONGEST || b_len > LONGEST)
		return FAR;
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned above = row[j];
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1, change);
			diagonal = above;
		}
	}
	return row[b_len];
}

struct nearest {
	const char *name;
	unsigned distance;
};

static void consider(struct nearest *n, const char *typed, size_t len, const char *name)
{
	unsigned d = distance(typed, len, name);

	if (d < n->distance && d < strlen(name))
		*n = (struct nearest){name, d};
}

const char *suggest_command(const char *name)
{
	struct nearest n = {NULL, FAR};
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run)
			consider(&n, name, strlen(name), c->name);
	return n.name;
}

const char *suggest_option(const struct command *command, const char *name)
{
	struct nearest n = {NULL, FAR};
	size_t len = strcspn(name, "=");

	for (size_t i = 0; command && i < command->n_options; i++)
		consider(&n, name, len, command->options[i].name);
	for (size_t i = 0; i < n_global_rows; i++)
		consider(&n, name, len, global_rows[i].name);
	return n.name;
}

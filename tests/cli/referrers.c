/* SPDX-License-Identifier: Apache-2.0 */
/* What refers to the manifest of a source: referrers SOURCE TYPE [HOST...] prints the digests of
 * those of an artifactType. The hosts may be spoken to without TLS. */
#include <stdio.h>

#include "io/source.h"

static int print(struct source *source, const char *type, struct err *err)
{
	char text[DIGEST_TEXT_LEN];
	struct referrers list;
	struct descriptor d;

	if (source_resolve(source, source_tag(source), &d, err) < 0 ||
		source_referrers(source, &d.digest, type, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		digest_text(&list.items[i].digest, text);
		puts(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct source_options options = {
		.http = {.insecure_http = argv + 3, .n_insecure_http = (size_t)(argc - 3)}};
	struct err err;

	if (argc < 3)
		return 2;
	AUTO_SOURCE *source = source_open(argv[1], &options, &err);
	if (source && print(source, argv[2], &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.msg);
	return code_exit_status(err.code);
}

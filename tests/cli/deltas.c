/* SPDX-License-Identifier: Apache-2.0 */
/* The delta that a device would take: deltas SOURCE TRUST SIGNERS BASE [HOST...] prints the base's
 * version and the delta's digest, or "none", and why one was passed over. The hosts may be spoken
 * to without TLS. */
#include <stdio.h>
#include <stdlib.h>

#include "flow/authentic.h"
#include "flow/deltas.h"

static int print(struct source *source, const struct keyring *keyring, unsigned signers,
	const struct digest *base, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;
	char text[DIGEST_TEXT_LEN];
	struct delta_found found;
	bool is_there;

	if (authentic_load_unverified(source, &a, err) < 0 ||
		deltas_find(source, keyring, signers, &a.manifest, &a.release, base, 1, &found,
			&is_there, err) < 0)
		return -1;
	digest_text(&found.manifest.digest, text);
	if (is_there)
		printf("%s %s\n", found.artifact.base_version, text);
	else
		printf("none\n");
	if (found.passed_over[0])
		printf("passed over: %s\n", found.passed_over);
	return 0;
}

int main(int argc, char **argv)
{
	const struct source_options options = {
		.http = {.insecure_http = argv + 5, .n_insecure_http = (size_t)(argc - 5)}};
	struct digest base;
	struct err err;

	if (argc < 5 || digest_parse(argv[4], &base, &err) < 0)
		return 2;
	AUTO_KEYRING *keyring = keyring_load(argv[2], &err);
	AUTO_SOURCE *source = source_open(argv[1], &options, &err);
	if (keyring && source && print(source, keyring, (unsigned)atoi(argv[3]), &base, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.msg);
	return code_exit_status(err.code);
}

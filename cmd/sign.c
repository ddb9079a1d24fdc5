/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/output.h"
#include "flow/sign.h"

struct sign_args {
	const char *key;
};

static const struct option_row rows[] = {
	{"key", "FILE", "the private key, PEM: Ed25519, ECDSA P-256 or RSA", OPTION_FILE,
		.offset = offsetof(struct sign_args, key), .required = true},
};

static void say(struct front *front, const char *layout, const struct sign_result *r)
{
	char deltas[48] = "";

	if (r->n_deltas)
		snprintf(deltas, sizeof(deltas), " and %zu delta%s", r->n_deltas,
			r->n_deltas == 1 ? "" : "s");
	if (r->already)
		output_say(front, "%s%s: signed with this key already", layout, deltas);
	else
		output_say(front, "signed %s%s (signature %zu)", layout, deltas, r->n_signatures);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct sign_args *a = args;
	char digest[DIGEST_TEXT_LEN];
	struct sign_result r;

	(void)argc;
	if (sign_release(argv[0], a->key, &r, err) < 0)
		return -1;
	digest_text(&r.manifest.digest, digest);
	say(front, argv[0], &r);
	output_data(front, "%s", digest);
	return output_json(front,
		json_make(err, "{s:s, s:i, s:i, s:b}", "digest", digest, "signatures",
			(int)r.n_signatures, "deltas", (int)r.n_deltas, "already", r.already),
		err);
}

const struct command cmd_sign = {
	.name = "sign",
	.synopsis = "LAYOUT[:TAG]",
	.summary = "sign a release and its deltas; other keys add more signers",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct sign_args),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};

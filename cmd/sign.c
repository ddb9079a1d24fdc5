/* SPDX-License-Identifier: Apache-2.0 */
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

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct sign_args *a = args;
	char digest[DIGEST_TEXT_LEN];
	struct sign_result r;

	(void)argc;
	if (sign_release(argv[0], a->key, &r, err) < 0)
		return -1;
	digest_text(&r.manifest.digest, digest);
	output_say(front,
		r.already ? "%s is signed with this key already" : "signed %s (signature %zu)",
		argv[0], r.n_signatures);
	output_data(front, "%s", digest);
	return output_json(front,
		json_make(err, "{s:s, s:i, s:b}", "digest", digest, "signatures",
			(int)r.n_signatures, "already", r.already),
		err);
}

const struct command cmd_sign = {
	.name = "sign",
	.synopsis = "LAYOUT[:TAG]",
	.summary = "sign a release; again with other keys for more signers",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct sign_args),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};

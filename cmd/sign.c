/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct sign_args {
	const char *key;
};

static const struct option_row rows[] = {
	{"key", "FILE", "the private key, PEM: Ed25519 or ECDSA P-256", OPTION_FILE,
		.offset = offsetof(struct sign_args, key), .required = true},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "sign is not connected yet");
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

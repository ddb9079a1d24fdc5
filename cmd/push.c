/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/network.h"
#include "cmd/output.h"
#include "flow/push.h"

struct push_args {
	const char *insecure_http, *ca_file, *auth_file;
};

#define AT(field) offsetof(struct push_args, field)

static const struct option_row rows[] = {
	{"insecure-http", "HOST[:PORT]", "a host that may be spoken to without TLS", OPTION_STRING,
		.offset = AT(insecure_http)},
	{"ca-file", "FILE", "the certificates, PEM, that the registry is checked against",
		OPTION_FILE, .offset = AT(ca_file)},
	{"auth-file", "FILE", "user and password, in the form of ~/.docker/config.json",
		OPTION_FILE, .offset = AT(auth_file)},
};

static void say(struct front *front, const char *target, const struct push_result *r)
{
	char sent[TEXT_BYTES_LEN], there[TEXT_BYTES_LEN];

	text_bytes(r->sent_bytes, sent);
	text_bytes(r->total_bytes - r->sent_bytes, there);
	if (r->already)
		output_say(front, "all of it is in %s already", target);
	else
		output_say(front, "pushed to %s: %s sent, %s there already", target, sent, there);
	if (!r->is_signed)
		output_warn(front, "it is not signed: no device takes it");
	if (r->n_unsigned)
		output_warn(front, "%zu of its deltas are not signed: no device uses them",
			r->n_unsigned);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct push_args *a = args;
	char *insecure[] = {(char *)a->insecure_http};
	char digest[DIGEST_TEXT_LEN];
	struct network network;
	struct push_result r;

	(void)argc;
	if (network_read_if_any(front, &network, err) < 0)
		return -1;
	/* the command line wins over ota.conf */
	if (a->insecure_http) {
		network.options.http.insecure_http = insecure;
		network.options.http.n_insecure_http = 1;
	}
	if (a->ca_file)
		network.options.http.ca_file = a->ca_file;
	if (a->auth_file)
		network.options.auth_file = a->auth_file;
	if (push_release(argv[0], argv[1], &network.options, front_progress(front), &r, err) < 0)
		return -1;
	digest_text(&r.manifest.digest, digest);
	say(front, argv[1], &r);
	output_data(front, "%s", digest);
	return output_json(front,
		json_make(err, "{s:s, s:b, s:b, s:I, s:I, s:I}", "digest", digest, "already",
			r.already, "signed", r.is_signed, "referrers", (long long)r.n_referrers,
			"sent_bytes", (long long)r.sent_bytes, "total_bytes",
			(long long)r.total_bytes),
		err);
}

const struct command cmd_push = {
	.name = "push",
	.synopsis = "LAYOUT[:TAG] docker://HOST/REPO[:TAG]",
	.summary = "copy a release to a registry, with its signatures and deltas",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct push_args),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};

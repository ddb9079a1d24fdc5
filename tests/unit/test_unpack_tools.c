/* SPDX-License-Identifier: Apache-2.0 */
/* The applier: what GNU tar packs comes back as it was, in each of its formats. */
#include "tests/unit/layer_world.h"

static const char *const tree =
	"set -e; cd %s; mkdir src src/d src/d/e; head -c 300000 /dev/urandom >src/d/random;"
	"printf hello >src/hello; ln src/hello src/d/hard; ln -s ../hello src/d/soft; : >src/empty;"
	"truncate -s 3M src/holes; printf x | dd of=src/holes bs=1 seek=1000000 conv=notrunc "
	"status=none;"
	"printf x | dd of=src/holes bs=1 seek=2999999 conv=notrunc status=none; mkfifo src/fifo;"
	"mkdir src/%s; : >src/%s/file; chmod 1777 src/d; chmod 4711 src/hello; chown 12:34 src/d "
	"src/empty;"
	"mknod src/null c 1 3; find src -depth -exec touch -h -d @1234567890 {} +";

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void comes_back(void **state, const char *how, const char *long_name)
{
	char text[2048];
	const char *excluded = strstr(how, "--exclude");
	struct err err;

	snprintf(text, sizeof(text), tree, (char *)*state, long_name, long_name);
	run(text);
	snprintf(text, sizeof(text), "cd %s && tar %s --sort=name -C src -cf layer.tar .",
		(char *)*state, how);
	run(text);
	for (size_t block = 777; block < 100000; block *= 11) {
		AUTO_LAYER *l = layer_new(state);
		l->block = block;
		assert_works(file_read(at(state, "layer.tar"), &l->tar, &err));
		assert_works(layer_unpack(l, &err));
		world_rebuild(l);
		assert_false(l->result.replaced);
		assert_int_equal(l->lower_calls, 0);
		assert_true(l->contents >= 4);
		assert_in_range(l->result.bytes, 300000, 400000);
		snprintf(text, sizeof(text),
			"cd %s && for d in src %s; do tar --format=gnu --sort=name %s -C $d -cf - "
			". | "
			"sha256sum; "
			"done | uniq | wc -l | grep -qx 1",
			(char *)*state, l->root, excluded ? excluded : "");
		run(text);
	}
}

#define LONG                                                                                       \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnnnnnnnnnnnnnn"

static void gnu(void **state)
{
	comes_back(state, "--format=gnu", LONG);
}

static void gnu_sparse(void **state)
{
	comes_back(state, "--format=gnu --sparse", LONG);
}

static void pax(void **state)
{
	comes_back(state, "--format=pax --xattrs --acls", LONG "\xc3\xa4");
}

static void pax_sparse(void **state)
{
	comes_back(state, "--format=pax --sparse", LONG);
}

static void pax_sparse_old(void **state)
{
	comes_back(state, "--format=pax --sparse --sparse-version=0.1", LONG);
}

static void ustar(void **state)
{
	comes_back(state, "--format=ustar", "short");
}

static void v7(void **state)
{
	comes_back(state, "--format=v7 --exclude=./null --exclude=./fifo", "short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(gnu),
		in_scratch(gnu_sparse),
		in_scratch(pax),
		in_scratch(pax_sparse),
		in_scratch(pax_sparse_old),
		in_scratch(ustar),
		in_scratch(v7),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

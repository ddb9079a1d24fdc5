/* SPDX-License-Identifier: Apache-2.0 */
/* The applier: layers that mean no good. */
#include "tests/unit/layer_world.h"

/* Beside the root stands what must never change. */
static struct layer *hostile_new(void **state)
{
	struct layer *l = layer_new(state);
	struct err err;

	assert_works(file_publish(at(state, "canary"), "alive", 5, 0600, &err));
	assert_works(dir_make(at(state, "cage"), &err));
	return l;
}

static void assert_nothing_outside(void **state)
{
	AUTO_BUF found = BUF(16);
	struct stat st;
	struct err err;

	assert_works(file_read(at(state, "canary"), &found, &err));
	assert_string_equal(found.data, "alive");
	assert_int_equal(stat(at(state, "canary"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(rmdir(at(state, "cage")), 0); /* and it is empty still */
}

/* Unpacks the entries; the layer is refused, the message names the layer. */
static void refused(void **state, const struct tar_entry *entries, size_t n, enum ota_code code,
	const char *say)
{
	AUTO_LAYER *l = hostile_new(state);
	struct err err;

	for (size_t i = 0; i < n; i++)
		tar_put(&l->tar, entries[i]);
	tar_end(&l->tar);
	assert_fails(layer_unpack(l, &err), code);
	if (!strstr(err.msg, say))
		fail_msg("says: %s, not: %s", err.msg, say);
	assert_nothing_outside(state);
}

#define REFUSED(code, say, ...)                                                                    \
	do {                                                                                       \
		const struct tar_entry entries[] = {__VA_ARGS__};                                  \
		refused(state, entries, ARRAY_LEN(entries), (code), (say));                        \
	} while (0)

static void names_that_lead_upwards(void **state)
{
	REFUSED(OTA_CORRUPT, "upwards", TAR_FILE("../canary", "dead"));
	REFUSED(OTA_CORRUPT, "upwards", TAR_FOLDER("a"), TAR_FILE("a/../../canary", "dead"));
	REFUSED(OTA_CORRUPT, "upwards", TAR_FILE("/..", "dead"));
	REFUSED(OTA_CORRUPT, "upwards", TAR_FILE("./../canary", "dead"));
	REFUSED(OTA_CORRUPT, "upwards", TAR_FOLDER("a/.."));
	REFUSED(OTA_CORRUPT, "upwards", TAR_LINK("..", "x"));
	REFUSED(OTA_CORRUPT, "upwards", TAR_HARD("a", "../canary"));
}

static void links_that_lead_outside(void **state)
{
	AUTO_LAYER *l = hostile_new(state);
	char name[PATH_MAX];

	tar_put(&l->tar, TAR_FOLDER("tmp"));
	tar_put(&l->tar, TAR_LINK("up", ".."));
	tar_put(&l->tar, TAR_LINK("abs", "/tmp"));
	tar_put(&l->tar, TAR_LINK("hop", "up/.."));
	tar_put(&l->tar, TAR_LINK("hop2", "hop/../up"));
	tar_put(&l->tar, TAR_FILE("up/canary", "dead"));
	tar_put(&l->tar, TAR_FILE("abs/canary", "dead"));
	tar_put(&l->tar, TAR_FILE("hop2/canary2", "dead"));
	snprintf(name, sizeof(name), "up%s", at(state, "canary"));
	tar_put(&l->tar, TAR_FILE(name + 2, "dead")); /* absolute */
	tar_put(&l->tar, TAR_LINK("target", at(state, "canary")));
	tar_put(&l->tar, TAR_FILE("target", "dead"));
	tar_put(&l->tar, TAR_LINK("cage", at(state, "cage")));
	tar_put(&l->tar, TAR_FOLDER("cage"));
	tar_put(&l->tar, TAR_FILE("cage/f", "x"));
	tar_put(&l->tar, TAR_LINK("up2", "../.."));
	tar_put(&l->tar, TAR_FILE("up2/.wh.canary", ""));
	tar_put(&l->tar, TAR_FOLDER("up2/tmp/"));
	layer_works(l);
	assert_text(l, "canary", "dead");
	assert_text(l, "tmp/canary", "dead");
	assert_text(l, "canary2", "dead");
	assert_text(l, name + 3, "dead");
	assert_text(l, "target", "dead");
	assert_text(l, "cage/f", "x");
	assert_nothing_outside(state);
}

static void links_to_nothing_and_loops(void **state)
{
	REFUSED(OTA_CORRUPT, "no folder", TAR_LINK("a", "/no/where"), TAR_FILE("a/f", "x"));
	REFUSED(OTA_CORRUPT, "symbolic links", TAR_LINK("a", "b"), TAR_LINK("b", "a"),
		TAR_FILE("a/f", "x"));
	REFUSED(OTA_CORRUPT, "symbolic links", TAR_LINK("a", "a"), TAR_FILE("a/f/g", "x"));
	REFUSED(OTA_CORRUPT, "no folder", TAR_FILE("a", "x"), TAR_FILE("a/b", "x"));
	REFUSED(OTA_CORRUPT, "no folder", TAR_LINK("a", "f"), TAR_FILE("f", "x"),
		TAR_FILE("a/b", "x"));
	REFUSED(OTA_CORRUPT, "no folder", TAR_LINK("a", "/proc/self/root"), TAR_FILE("a/f", "x"));
}

static void hard_links(void **state)
{
	REFUSED(OTA_CORRUPT, "hard link", TAR_HARD("a", "/etc/passwd"));
	REFUSED(OTA_CORRUPT, "hard link", TAR_HARD("a", at(state, "canary")));
	REFUSED(OTA_CORRUPT, "hard link", TAR_LINK("up", ".."), TAR_HARD("a", "up/canary"));
	REFUSED(OTA_CORRUPT, "hard link", TAR_LINK("t", at(state, "")), TAR_HARD("a", "t/canary"));
	REFUSED(OTA_CORRUPT, "hard link", TAR_FOLDER("d"), TAR_HARD("a", "d"));
	REFUSED(OTA_CORRUPT, "hard link", TAR_HARD("a", "/"));
	REFUSED(OTA_CORRUPT, "hard link", TAR_HARD("a", "a"));
	REFUSED(OTA_CORRUPT, "hard link", TAR_FILE(".wh.w", ""), TAR_HARD("a", "w"));
	REFUSED(OTA_CORRUPT, "link to", TAR_FOLDER("d"), TAR_FILE("d/f", "x"),
		TAR_HARD("d", "d/f"));
	REFUSED(OTA_CORRUPT, "hard link", (struct tar_entry){.type = '6', .name = "p"},
		TAR_HARD("a", "p"));
}

static void a_hard_link_to_a_link_that_leads_outside(void **state)
{
	AUTO_LAYER *l = hostile_new(state);

	tar_put(&l->tar, TAR_LINK("l", at(state, "canary")));
	tar_put(&l->tar, TAR_HARD("h", "l"));
	tar_put(&l->tar, TAR_FILE("h", "dead"));
	tar_put(&l->tar, (struct tar_entry){.type = '2',
				 .name = "l2",
				 .target = at(state, "canary"),
				 .mode = 0777,
				 .uid = 1000});
	layer_works(l);
	assert_text(l, "h", "dead");
	assert_true(S_ISLNK(stat_of(l, "l").st_mode));
	assert_nothing_outside(state);
}

static void whiteouts(void **state)
{
	REFUSED(OTA_CORRUPT, "no name", TAR_FILE(".wh.", ""));
	REFUSED(OTA_CORRUPT, "no name", TAR_FILE(".wh..", ""));
	REFUSED(OTA_CORRUPT, "no name", TAR_FILE(".wh...", ""));
	REFUSED(OTA_CORRUPT, "no name", TAR_FOLDER("a"), TAR_FILE("a/.wh...", ""));
	REFUSED(OTA_CORRUPT, "as a folder", TAR_FILE(".wh.x/y", ""));
	REFUSED(OTA_CORRUPT, "as a folder", TAR_FOLDER("a"), TAR_FILE("a/.wh.x/y/z", ""));
	REFUSED(OTA_CORRUPT, "as a folder", TAR_FOLDER(".wh..wh..opq/y"));
	REFUSED(OTA_CORRUPT, "overlay's", (struct tar_entry){.type = '3', .name = "etc"});
}

static void rights_against_the_policy(void **state)
{
	static const struct tar_entry all[] = {
		{.type = '3', .name = "null", .major = 1, .minor = 3},
		{.type = '4', .name = "sda", .major = 8},
		{.type = '0', .name = "su", .mode = 04755, .text = "x"},
		{.type = '0', .name = "sg", .mode = 02755, .text = "x"},
		{.type = '6', .name = "p", .mode = 04755},
	};
	struct err err;

	for (size_t i = 0; i <= ARRAY_LEN(all); i++) {
		AUTO_LAYER *l = layer_new(state);
		l->policy.devices = l->policy.setuid = false;
		tar_put(&l->tar, (struct tar_entry){.type = '5', .name = "d", .mode = 03775});
		if (i == ARRAY_LEN(all)) {
			tar_pax(&l->tar, "SCHILY.xattr.security.capability", "12345678901234567890",
				20);
			tar_put(&l->tar, TAR_FILE("caps", ""));
		} else {
			tar_put(&l->tar, all[i]);
		}
		tar_end(&l->tar);
		assert_fails(layer_unpack(l, &err), OTA_INCOMPATIBLE);
		assert_non_null(strstr(err.msg, i == ARRAY_LEN(all) ? "caps" : all[i].name));
		assert_int_equal(stat_of(l, "d").st_mode, S_IFDIR | 03775);
	}
}

static void numbers_out_of_range(void **state)
{
	REFUSED(OTA_CORRUPT, "out of range",
		(struct tar_entry){.type = '0', .name = "f", .uid = UINT32_MAX});
	REFUSED(OTA_CORRUPT, "out of range",
		(struct tar_entry){.type = '0', .name = "f", .gid = UINT32_MAX});
	REFUSED(OTA_CORRUPT, "number", (struct tar_entry){.type = '3', .name = "f", .major = 4096});
	REFUSED(OTA_CORRUPT, "number",
		(struct tar_entry){.type = '4', .name = "f", .minor = 1u << 20});
}

/* The limits hold before a byte is written. */
static void bombs(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	char name[32];
	struct err err;

	AUTO_FREE char *data = malloc(1u << 20);
	memset(data, 'x', 1u << 20);
	l->policy.bytes_max = 300000;
	l->block = 50000;
	tar_put(&l->tar, (struct tar_entry){.type = '0',
				 .name = "f",
				 .data = data,
				 .len = 1u << 20,
				 .size = 1ull << 40});
	assert_fails(layer_unpack(l, &err), OTA_SPACE);
	assert_non_null(strstr(err.msg, "293.0 KiB"));
	assert_in_range(stat_of(l, "f").st_size, 1, 300000);

	AUTO_LAYER *many = layer_new(state);
	many->policy.entries_max = 10;
	for (unsigned i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		tar_put(&many->tar, TAR_FOLDER(name));
	}
	tar_end(&many->tar);
	assert_fails(layer_unpack(many, &err), OTA_SPACE);
	assert_non_null(strstr(err.msg, "10 entries"));
	assert_true(is_there(many, "n9"));
	assert_false(is_there(many, "n10"));

	AUTO_LAYER *implied = layer_new(state);
	implied->policy.entries_max = 10;
	tar_put(&implied->tar, TAR_FILE("1/2/3/4/5/6/7/8/9/10/11", ""));
	tar_end(&implied->tar);
	assert_fails(layer_unpack(implied, &err), OTA_SPACE);
	assert_true(is_there(implied, "1/2/3/4/5/6/7/8/9"));
	assert_false(is_there(implied, "1/2/3/4/5/6/7/8/9/10"));
}

/* What is kept of a layer beside its files takes up space too: what comes behind the end of the
 * stream, or instead of a content; and a content finds that less is left. */
static void what_is_no_content_counts(void **state)
{
	enum { MOST = 300000, BLOCK = 20000, BYTES = 1 << 20 };
	AUTO_FREE char *data = malloc(BYTES);
	struct err err;

	memset(data, 'x', BYTES);
	for (unsigned i = 0; i < 3; i++) {
		AUTO_LAYER *l = layer_new(state);
		l->policy.bytes_max = MOST;
		l->block = BLOCK;
		l->counts = true;
		tar_put(&l->tar, TAR_FILE("f", "x"));
		if (i == 1) /* a link has no content, and yet there it stands */
			tar_pax(&l->tar, "comment", "x", 1);
		if (i == 1)
			tar_put(&l->tar, (struct tar_entry){.type = '1',
						 .name = "h",
						 .target = "f",
						 .data = data,
						 .len = BYTES});
		for (unsigned n = 0; i == 2 && n < 300; n++)
			tar_put(&l->tar, TAR_FILE("d", ""));
		if (i == 2)
			tar_put(&l->tar,
				(struct tar_entry){
					.type = '0', .name = "big", .data = data, .len = 200000});
		tar_end(&l->tar);
		if (i == 0)
			tar_bytes(&l->tar, data, BYTES);
		assert_fails(layer_unpack(l, &err), OTA_SPACE);
		assert_non_null(strstr(err.msg, "293.0 KiB"));
		assert_in_range(l->told_bytes + l->result.bytes, 1, MOST + BLOCK);
	}
}

static void a_hole_takes_no_space(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	const char *map = "1\n0\n0\n";
	char body[512] = {0};

	strcpy(body, map);
	l->policy.bytes_max = 100;
	const char records[] =
		"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
		"37 GNU.sparse.realsize=1099511627776\n28 GNU.sparse.name=sparse-1\n";
	tar_put(&l->tar, (struct tar_entry){.type = 'x', .name = "pax", .text = records});
	tar_put(&l->tar, (struct tar_entry){.type = '0', .name = "f", .data = body, .len = 512});
	layer_works(l);
	assert_int_equal(stat_of(l, "sparse-1").st_size, 1ll << 40);
	assert_in_range(stat_of(l, "sparse-1").st_blocks, 0, 8);
	assert_int_equal(l->result.bytes, 0);
}

static void too_deep_or_too_long(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	AUTO_LAYER *wide = layer_new(state);
	AUTO_LAYER *chain = layer_new(state);
	AUTO_FREE char *path = malloc(8192);
	struct err err;

	for (unsigned i = 0; i < 4096; i++)
		memcpy(path + 2 * i, "a/", 2);
	path[2 * 129] = '\0';
	tar_pax(&l->tar, "path", path, strlen(path));
	tar_put(&l->tar, TAR_FILE("f", ""));
	tar_end(&l->tar);
	assert_fails(layer_unpack(l, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "deeper"));
	memset(path, 'w', 256);
	tar_pax(&wide->tar, "path", path, 256);
	tar_put(&wide->tar, TAR_FILE("f", ""));
	tar_end(&wide->tar);
	assert_fails(layer_unpack(wide, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "too long"));
	/* by way of links it gets no deeper either */
	for (unsigned i = 0; i < 100; i++)
		memcpy(path + 2 * i, "b/", 2);
	path[199] = '\0';
	tar_pax(&chain->tar, "path", path, strlen(path));
	tar_put(&chain->tar, TAR_FOLDER("f"));
	tar_pax(&chain->tar, "linkpath", path, strlen(path));
	tar_put(&chain->tar, TAR_LINK("link", "x"));
	memcpy(path, "link", 4);
	memset(path + 4, '/', 1);
	for (unsigned i = 0; i < 60; i++)
		memcpy(path + 5 + 2 * i, "c/", 2);
	path[125] = '\0';
	tar_pax(&chain->tar, "path", path, strlen(path));
	tar_put(&chain->tar, TAR_FILE("f", ""));
	tar_end(&chain->tar);
	assert_fails(layer_unpack(chain, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "deeper"));
}

static void a_link_of_a_hostile_length(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	AUTO_FREE char *path = malloc(1u << 20);
	struct err err;

	memset(path, 't', 1u << 20);
	tar_pax(&l->tar, "linkpath", path, 5000);
	tar_put(&l->tar, TAR_LINK("l", "x"));
	tar_end(&l->tar);
	assert_fails(layer_unpack(l, &err), OTA_CORRUPT);
	assert_false(is_there(l, "l"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(names_that_lead_upwards),
		in_scratch(links_that_lead_outside),
		in_scratch(links_to_nothing_and_loops),
		in_scratch(hard_links),
		in_scratch(a_hard_link_to_a_link_that_leads_outside),
		in_scratch(whiteouts),
		in_scratch(rights_against_the_policy),
		in_scratch(numbers_out_of_range),
		in_scratch(bombs),
		in_scratch(what_is_no_content_counts),
		in_scratch(a_hole_takes_no_space),
		in_scratch(too_deep_or_too_long),
		in_scratch(a_link_of_a_hostile_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

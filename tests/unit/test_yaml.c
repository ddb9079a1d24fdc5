/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a tree: what it holds, its places, and each kind of file that is refused with its line.
 */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "oci/yaml.h"

static struct arena arena;
static struct err err;

static int forget(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const struct yaml *parse_bytes(const char *text, size_t len)
{
	/* a copy without the NUL, so that a read past the end is seen */
	AUTO_FREE char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	err = (struct err){0};
	arena_free(&arena);
	return yaml_parse(copy, len, "f.yaml", &arena, &err);
}

static const struct yaml *parse(const char *text)
{
	const struct yaml *root = parse_bytes(text, strlen(text));

	if (!root)
		fail_msg("%s", err.msg);
	return root;
}

/* Refused, with this place and this word in the message. */
static void assert_refused(const char *text, const char *place, const char *word)
{
	assert_null(parse_bytes(text, strlen(text)));
	assert_int_equal(err.code, OTA_CONFIG);
	if (strncmp(err.msg, place, strlen(place)) || !strstr(err.msg, word))
		fail_msg("'%s' should begin with '%s' and name '%s'", err.msg, place, word);
}

static void holds_values(void **state)
{
	const struct yaml *root = parse("a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n  d: |\n    e\n    f\n");

	(void)state;
	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->n, 3);
	const struct yaml *a = yaml_get(root, "a"), *b = yaml_get(root, "b");
	assert_string_equal(a->text, "1");
	assert_true(a->is_plain);
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->n, 3);
	assert_true(b->items[0]->is_plain);
	assert_false(b->items[1]->is_plain);
	assert_string_equal(b->items[2]->text, "z\n");
	assert_string_equal(yaml_get(yaml_get(root, "c"), "d")->text, "e\nf\n");
	assert_null(yaml_get(root, "d"));
}

static void tells_places(void **state)
{
	const struct yaml *root = parse("# note\na:\n  - x\n  -   y\n");
	const struct yaml *y = yaml_get(root, "a")->items[1];

	(void)state;
	assert_int_equal(y->line, 4);
	assert_int_equal(y->column, 7);
	assert_string_equal(y->file, "f.yaml");
	assert_int_equal(yaml_fail(y, &err, "no %s", "good"), -1);
	assert_string_equal(err.msg, "f.yaml:4: no good");
}

static void tells_null(void **state)
{
	const struct yaml *root = parse("- ~\n- null\n-\n- 'null'\n- \"\"\n- !!str null\n");

	(void)state;
	assert_int_equal(root->n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(root->items[i]->kind, i < 3 ? YAML_NULL : YAML_TEXT);
}

static void takes_aliases(void **state)
{
	const struct yaml *root = parse("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n");

	(void)state;
	assert_ptr_equal(yaml_get(root, "a"), yaml_get(root, "b"));
	assert_string_equal(yaml_get(root, "d")->text, "3");
	assert_refused("a: *x\n", "f.yaml:1: ", "'&x'");
	assert_refused("a:\n  - &x [1, *x]\n", "f.yaml:2: ", "within itself");
}

static void merges(void **state)
{
	const struct yaml *root = parse("a: &a {k: 1, l: 2}\nb: &b {l: 3, m: 4}\n"
					"one: {<<: *a, k: own}\nmany: {k: own, <<: [*a, *b]}\n"
					"text: {'<<': x}\n");
	const struct yaml *one = yaml_get(root, "one"), *many = yaml_get(root, "many");

	(void)state;
	assert_int_equal(one->n, 2);
	assert_string_equal(yaml_get(one, "k")->text, "own");
	assert_string_equal(yaml_get(one, "l")->text, "2");
	assert_int_equal(many->n, 3);
	assert_string_equal(yaml_get(many, "k")->text, "own");
	assert_string_equal(yaml_get(many, "l")->text, "2");
	assert_string_equal(yaml_get(many, "m")->text, "4");
	assert_string_equal(yaml_get(yaml_get(root, "text"), "<<")->text, "x");
	assert_refused("a:\n  <<: x\n", "f.yaml:2: ", "'<<' takes a mapping");
	assert_refused("a:\n  <<: [{}, x]\n", "f.yaml:2: ", "'<<' takes a mapping");
	assert_refused("a:\n  <<: {}\n  <<: {}\n", "f.yaml:3: ", "'<<' was already given");
}

static void refuses_bad_keys(void **state)
{
	(void)state;
	assert_refused("a: 1\nb: 2\na: 3\n", "f.yaml:3: ", "'a' was already given in line 1");
	assert_refused("a:\n  b: 1\n  'b': 3\n", "f.yaml:3: ", "'b' was already given in line 2");
	assert_refused("? [a]\n: 1\n", "f.yaml:1: ", "a key must be a text");
	assert_refused("a: 1\n~: 1\n", "f.yaml:2: ", "a key must be a text");
}

static void refuses_bad_form(void **state)
{
	(void)state;
	assert_refused("a:\n\t- b\n", "f.yaml:2: ", "no sound YAML");
	assert_refused("a: [1\nb: 2\n", "f.yaml:2: ", "no sound YAML");
	assert_refused("a: 1\nb: \xff\n", "f.yaml:2: ", "no sound YAML");
	assert_refused("", "f.yaml:1: ", "empty");
	assert_refused("# only a note\n", "f.yaml:2: ", "empty");
	assert_refused("a: 1\n---\nb: 1\n", "f.yaml:2: ", "second document");
	assert_refused("a: 1\nb: \"x\\0y\"\n", "f.yaml:2: ", "NUL");
	assert_null(parse_bytes("a: \0\n", 5));
	assert_int_equal(err.code, OTA_CONFIG);
}

static void refuses_tags(void **state)
{
	(void)state;
	parse("a: !!str 1\nb: !!seq [x]\nc: !!map {}\nd: ! x\n");
	assert_refused("a: 1\nb: !reset null\n", "f.yaml:2: ", "'!reset'");
	assert_refused("a: 1\nb: !!binary aGk=\n", "f.yaml:2: ", "binary");
	assert_refused("a: !!map [x]\n", "f.yaml:1: ", "map");
	assert_refused("a: !!str {x: 1}\n", "f.yaml:1: ", "str");
}

static void is_bounded_in_depth(void **state)
{
	char text[64];

	(void)state;
	memset(text, '[', 16);
	memset(text + 16, ']', 16);
	text[32] = '\0';
	parse(text);
	memset(text, '[', 17);
	memset(text + 17, ']', 17);
	text[34] = '\0';
	assert_refused(text, "f.yaml:1: ", "nested deeper than 16");
	/* an alias brings its own depth along */
	assert_refused("- &a [[[[[[[[x]]]]]]]]\n- [[[[[[[[*a]]]]]]]]\n",
		"f.yaml:2: ", "nested deeper than 16");
}

static void is_bounded_in_values(void **state)
{
	size_t n = YAML_MAX_NODES;
	AUTO_FREE char *text = malloc(n * 2 + 2);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * 2, ",x", 2);
	text[0] = '[';
	memcpy(text + n * 2, "]", 2);
	assert_refused(text, "f.yaml:1: ", "more than 8192 values");
	memcpy(text + n * 2 - 2, "]", 2);
	assert_int_equal(parse(text)->weight, YAML_MAX_NODES);
}

static void counts_laughs_before_they_are_told(void **state)
{
	AUTO_BUF text = BUF(65536);
	char name[2] = "a";

	(void)state;
	assert_works(buf_printf(&text, &err, "a: &a [lol]\n"));
	for (char c = 'b'; c < 'k'; c++) {
		assert_works(buf_printf(&text, &err, "%c: &%c [", c, c));
		for (int i = 0; i < 10; i++)
			assert_works(buf_printf(&text, &err, "%s*%s", i ? "," : "", name));
		assert_works(buf_printf(&text, &err, "]\n"));
		name[0] = c;
	}
	assert_refused(text.data, "f.yaml:5: ", "more than 8192 values");
	/* few values, but long ones */
	text.len = 0;
	assert_works(buf_printf(&text, &err, "- &a %050000d\n", 1));
	for (int i = 0; i < 5; i++)
		assert_works(buf_printf(&text, &err, "- *a\n"));
	assert_refused(text.data, "f.yaml:6: ", "more than 262144 bytes");
	/* by merge keys, too */
	text.len = 0;
	assert_works(buf_printf(&text, &err, "a: &a {"));
	for (int i = 0; i < 1000; i++)
		assert_works(buf_printf(&text, &err, "k%d: 1, ", i));
	assert_works(buf_printf(&text, &err, "}\n"));
	for (int i = 0; i < 10; i++)
		assert_works(buf_printf(&text, &err, "m%d: {<<: *a}\n", i));
	assert_refused(text.data, "f.yaml:5: ", "more than 8192 values");
}

static void is_bounded_in_bytes(void **state)
{
	size_t len = YAML_MAX_BYTES + 1;
	AUTO_FREE char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	text[0] = 'a';
	assert_non_null(parse_bytes(text, len - 1));
	assert_null(parse_bytes(text, len));
	assert_non_null(strstr(err.msg, "larger than 262144 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_values),
		cmocka_unit_test(tells_places),
		cmocka_unit_test(tells_null),
		cmocka_unit_test(takes_aliases),
		cmocka_unit_test(merges),
		cmocka_unit_test(refuses_bad_keys),
		cmocka_unit_test(refuses_bad_form),
		cmocka_unit_test(refuses_tags),
		cmocka_unit_test(is_bounded_in_depth),
		cmocka_unit_test(is_bounded_in_values),
		cmocka_unit_test(counts_laughs_before_they_are_told),
		cmocka_unit_test(is_bounded_in_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}

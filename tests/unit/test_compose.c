/* SPDX-License-Identifier: Apache-2.0 */
/* The compose file: what each key means, and each file that is refused, with its line. */
#include "tests/unit/unit.h"

#include <signal.h>

#include "base/buf.h"
#include "oci/compose.h"
#include "oci/compose_reader.h"

/* A file with one service, whose other keys begin in line 4. */
#define HEAD "services:\n  web:\n    image: acme.example/web:1\n"

static struct compose c;
static struct err err;
static const struct compose_place place = {
	.file = "c.yaml", .dir = "/etc/ota", .root = "", .store = "/var/lib/ota"};

static int forget(void **state)
{
	(void)state;
	compose_free(&c);
	return 0;
}

static int parse_in(const struct compose_place *where, const char *text)
{
	size_t len = strlen(text);
	AUTO_FREE char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	compose_free(&c);
	err = (struct err){0};
	return compose_parse(copy, len, where, &c, &err);
}

static const struct service *taken(const char *text)
{
	if (parse_in(&place, text) < 0)
		fail_msg("%s", err.msg);
	return &c.services[0];
}

/* Refused, with this place and this word in the message. */
static void refused(const char *text, unsigned line, const char *word)
{
	char begin[32];

	if (parse_in(&place, text) == 0)
		fail_msg("taken: %s", text);
	assert_int_equal(err.code, OTA_CONFIG);
	snprintf(begin, sizeof(begin), "c.yaml:%u: ", line);
	if (strncmp(err.msg, begin, strlen(begin)) || !strstr(err.msg, word))
		fail_msg("'%s' should begin with '%s' and name '%s'", err.msg, begin, word);
}

static void keys_refused(const char *keys, unsigned line, const char *word)
{
	char text[2048];

	snprintf(text, sizeof(text), HEAD "%s", keys);
	refused(text, line, word);
}

static const struct service *keys_taken(const char *keys)
{
	char text[2048];

	snprintf(text, sizeof(text), HEAD "%s", keys);
	return taken(text);
}

static void assert_words(const struct compose_list *list, size_t n, const char *const *words)
{
	assert_int_equal(list->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(list->items[i], words[i]);
}
#define WORDS(list, ...)                                                                           \
	assert_words(                                                                              \
		list, ARRAY_LEN(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})

static void has_defaults(void **state)
{
	const struct service *s = taken(HEAD);

	(void)state;
	assert_int_equal(c.n, 1);
	assert_null(c.name);
	assert_string_equal(s->name, "web");
	assert_int_equal(s->line, 2);
	assert_string_equal(s->source, "docker://acme.example/web:1");
	assert_false(s->command.is_given || s->entrypoint.is_given || s->is_read_only);
	assert_int_equal(s->network, COMPOSE_NETWORK_PRIVATE);
	assert_int_equal(s->restart, COMPOSE_RESTART_NO);
	assert_int_equal(s->health.test, COMPOSE_TEST_OF_IMAGE);
	assert_int_equal(s->stop_grace_ms, 10000);
	assert_int_equal(s->update.strategy, COMPOSE_DOWNLOAD_THEN_KILL);
	assert_int_equal(s->update.handover_timeout_ms, 60000);
	assert_int_equal(s->update.watch_ms, 60000);
	assert_int_equal(s->update.ready, COMPOSE_READY_UNSAID);
	assert_int_equal(s->update.sharing, COMPOSE_SHARING_NONE);
	assert_null(s->user);
	assert_ptr_equal(compose_find(&c, "web"), s);
	assert_null(compose_find(&c, "we"));
}

static void knows_its_top_level(void **state)
{
	(void)state;
	taken("version: '3.8'\nname: gate\nx-any: {a: [b, $c]}\n" HEAD
	      "volumes:\n  data:\n  d2: {}\n");
	assert_string_equal(c.name, "gate");
	WORDS(&c.volumes, "data", "d2");
	refused("- a\n", 1, "no mapping");
	refused("version: '3'\n", 1, "no 'services'");
	refused("services:\n", 1, "'services' is empty");
	refused("services: {}\n", 1, "at least one");
	refused(HEAD "networks:\n  a: {}\n", 4, "'networks' is not supported");
	refused(HEAD "secrets: {}\n", 4, "'secrets'");
	refused(HEAD "configs: {}\n", 4, "'configs'");
	refused(HEAD "include: []\n", 4, "no key 'include'");
	refused(HEAD "x-ota: {}\n", 4, "top level");
	assert_non_null(strstr(err.hint, "service"));
	refused(HEAD "volumes:\n  data:\n    driver: local\n", 6, "'driver'");
	refused(HEAD "volumes:\n  a/b:\n", 5, "no name for a volume");
}

static void refuses_unknown_keys(void **state)
{
	(void)state;
	keys_refused("    colour: red\n", 4, "no key 'colour'");
	keys_refused("    x-other: 1\n", 4, "no key 'x-other'");
	keys_refused("    privileged: true\n", 4, "'privileged' is not supported");
	assert_non_null(strstr(err.hint, "cap_add"));
	keys_refused("    build: .\n", 4, "'build'");
	keys_refused("    deploy: {}\n", 4, "'deploy'");
	keys_refused("    networks: [a]\n", 4, "'networks'");
	keys_refused("    user:\n", 4, "'user' is empty");
	keys_refused("    user: a\n    user: b\n", 5, "already given in line 4");
	keys_refused("\tuser: a\n", 4, "no sound YAML");
	refused("services:\n  web: [a]\n", 2, "no mapping");
	refused("services:\n  web:\n", 2, "no mapping");
	refused("services:\n  web:\n    user: a\n", 3, "no image");
}

static void knows_names_of_services(void **state)
{
	(void)state;
	taken("services:\n  0a_b.c-d: {image: a}\n");
	refused("services:\n  Web: {image: a}\n", 2, "'Web' is no name");
	refused("services:\n  -web: {image: a}\n", 2, "'-web' is no name");
	refused("services:\n  a/b: {image: a}\n", 2, "no name");
	refused("services:\n  a: {image: a}\n  a: {image: b}\n", 3, "'a' was already given");
}

static void bounds_services(void **state)
{
	AUTO_BUF text = BUF(1 << 20);

	(void)state;
	assert_works(buf_printf(&text, &err, "services:\n"));
	for (int i = 0; i < 64; i++)
		assert_works(buf_printf(&text, &err, "  s%d: {image: a}\n", i));
	taken(text.data);
	assert_int_equal(c.n, 64);
	assert_works(buf_printf(&text, &err, "  s64: {image: a}\n"));
	refused(text.data, 66, "more than 64 services");
	for (int i = 65; i < 10000; i++)
		assert_works(buf_printf(&text, &err, "  s%d: {image: a}\n", i));
	refused(text.data, 2049, "more than 8192 values");
}

static const char *source_of(const char *image)
{
	char text[512];

	snprintf(text, sizeof(text), "services:\n  a:\n    image: '%s'\n", image);
	return taken(text)->source;
}

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"

static void knows_images(void **state)
{
	(void)state;
	assert_string_equal(source_of("nginx"), "docker://docker.io/nginx");
	assert_string_equal(source_of("acme/web:2"), "docker://docker.io/acme/web:2");
	assert_string_equal(source_of("localhost/web"), "docker://localhost/web");
	assert_string_equal(source_of("h:5000/a/b:1"), "docker://h:5000/a/b:1");
	assert_string_equal(source_of("h.io/a@" DIGEST), "docker://h.io/a@" DIGEST);
	assert_string_equal(source_of("h:5000/a:1@" DIGEST), "docker://h:5000/a@" DIGEST);
	assert_string_equal(c.services[0].image, "h:5000/a:1@" DIGEST);
	refused("services:\n  a:\n    image: Acme/web\n", 3, "no image");
	refused("services:\n  a:\n    image: a@sha256:12\n", 3, "no image");
	refused("services:\n  a:\n    image: a:$TAG\n", 3, "variables are not filled in");
	refused("services:\n  a:\n    image: [a]\n", 3, "a text is expected");
	refused("services:\n  a:\n    image: ''\n", 3, "empty");
}

static void splits_commands(void **state)
{
	(void)state;
	const struct service *s =
		keys_taken("    command: run  'a b'  \"c \\\"d\\\"\" e\\ f '' $$x\n");
	assert_true(s->command.is_given);
	WORDS(&s->command.words, "run", "a b", "c \"d\"", "e f", "", "$x");
	s = keys_taken("    command: ['a b', \"c\", 1]\n    entrypoint: /bin/x -v\n");
	WORDS(&s->command.words, "a b", "c", "1");
	WORDS(&s->entrypoint.words, "/bin/x", "-v");
	s = keys_taken("    command: []\n    entrypoint: ''\n");
	assert_true(s->command.is_given && s->entrypoint.is_given);
	assert_int_equal(s->command.words.n + s->entrypoint.words.n, 0);
	keys_refused("    command: a 'b\n", 4, "not closed");
	keys_refused("    command: a \\\n", 4, "not closed");
	keys_refused("    command: [a, {b: 1}]\n", 4, "a text is expected");
	keys_refused("    command: {a: 1}\n", 4, "a text is expected");
	keys_refused("    command:\n", 4, "'command' is empty");
	keys_refused("    command: [a, '${B}']\n", 4, "variables");
}

static void assert_pair(
	const struct compose_pairs *pairs, size_t i, const char *name, const char *value)
{
	assert_true(i < pairs->n);
	assert_string_equal(pairs->items[i].name, name);
	assert_string_equal(pairs->items[i].value, value);
}

static void knows_environment(void **state)
{
	(void)state;
	const struct service *s = keys_taken("    environment: {A: 1, B: 'x y', C: '', D: true}\n");
	assert_int_equal(s->environment.n, 4);
	assert_pair(&s->environment, 0, "A", "1");
	assert_pair(&s->environment, 1, "B", "x y");
	assert_pair(&s->environment, 2, "C", "");
	assert_pair(&s->environment, 3, "D", "true");
	s = keys_taken("    environment:\n      - A=b=c\n      - B=\n");
	assert_int_equal(s->environment.n, 2);
	assert_pair(&s->environment, 0, "A", "b=c");
	assert_pair(&s->environment, 1, "B", "");
	keys_refused("    environment:\n      - A=1\n      - B\n", 6, "'B' has no value");
	keys_refused("    environment:\n      A: 1\n      B:\n", 6, "'B' has no value");
	keys_refused("    environment:\n      - A=1\n      - A=2\n", 6, "'A' is there twice");
	keys_refused("    environment:\n      - =1\n", 5, "not NAME=VALUE");
	keys_refused("    environment:\n      'A B': 1\n", 5, "no name");
	keys_refused("    environment:\n      A: [1]\n", 5, "a text is expected");
	keys_refused("    environment: A=1\n", 4, "a mapping or a list");
}

static void knows_labels(void **state)
{
	(void)state;
	const struct service *s = keys_taken("    labels: {a.b: c, d: , e: ''}\n");
	assert_int_equal(s->labels.n, 3);
	assert_pair(&s->labels, 0, "a.b", "c");
	assert_pair(&s->labels, 1, "d", "");
	s = keys_taken("    labels: [a=b, c]\n");
	assert_pair(&s->labels, 0, "a", "b");
	assert_pair(&s->labels, 1, "c", "");
	keys_refused("    labels:\n      - a\n      - a=1\n", 6, "twice");
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void reads_env_files(void **state)
{
	const struct compose_place here = {
		.file = "c.yaml", .dir = *state, .root = "", .store = "/var/lib/ota"};
	const struct compose_place rooted = {
		.file = "c.yaml", .dir = "/", .root = *state, .store = "/var/lib/ota"};

	write_file(at(state, "a.env"), "# note\n\nA=1\nexport B = two words # note\nC='$x # y'\n"
				       "D=\"q\\n\\$z\"\nE=\nF=x#y\r\nG=# note\nA=2");
	write_file(at(state, "b.env"), "B=b\nH=h\n");
	assert_works(parse_in(
		&here, HEAD "    environment: {H: own}\n    env_file: [./a.env, b.env]\n"));
	const struct compose_pairs *p = &c.services[0].environment;
	assert_int_equal(p->n, 8);
	assert_pair(p, 0, "A", "2");
	assert_pair(p, 1, "B", "b");
	assert_pair(p, 2, "C", "$x # y");
	assert_pair(p, 3, "D", "q\n$z");
	assert_pair(p, 4, "E", "");
	assert_pair(p, 5, "F", "x#y");
	assert_pair(p, 6, "G", "");
	assert_pair(p, 7, "H", "own");
	assert_works(parse_in(&rooted, HEAD "    env_file: /b.env\n"));
	assert_int_equal(c.services[0].environment.n, 2);
	assert_fails(parse_in(&here, HEAD "    env_file: no.env\n"), OTA_CONFIG);
	assert_memory_equal(err.msg, "c.yaml:4: ", 10);
	assert_non_null(strstr(err.msg, "no.env"));
	assert_fails(parse_in(&here, HEAD "    env_file: ../x\n"), OTA_CONFIG);
	assert_fails(parse_in(&here, HEAD "    env_file: [{path: b.env}]\n"), OTA_CONFIG);
}

static void env_bytes_refused(const char *text, size_t len, const char *word)
{
	struct arena arena = {0};
	struct compose_reader r = {.arena = &arena, .place = &place};
	struct compose_pairs pairs = {0};

	assert_fails(compose_env_parse(&r, text, len, "e.env", &pairs, &err), OTA_CONFIG);
	if (strncmp(err.msg, "e.env:2: ", 9) || !strstr(err.msg, word))
		fail_msg("%s", err.msg);
	arena_free(&arena);
}

static void env_line_refused(const char *line, const char *word)
{
	char text[256];

	snprintf(text, sizeof(text), "A=1\n%s\n", line);
	env_bytes_refused(text, strlen(text), word);
}

static void refuses_env_lines(void **state)
{
	(void)state;
	env_bytes_refused("A=1\nB=\0x\n", 9, "no text");
	env_line_refused("B=\x01", "no text");
	env_line_refused("B=\xff", "no text");
	env_line_refused("B", "not NAME=VALUE");
	env_line_refused("1B=2", "not NAME=VALUE");
	env_line_refused("=2", "not NAME=VALUE");
	env_line_refused("B=$A", "variables");
	env_line_refused("B=\"$A\"", "variables");
	env_line_refused("B='x", "not closed");
	env_line_refused("B=\"x\\", "backslash");
	env_line_refused("B=\"\\q\"", "backslash");
	env_line_refused("B='x' y", "something follows");
}

static void knows_volumes(void **state)
{
	(void)state;
	const struct service *s =
		taken(HEAD "    volumes:\n      - /srv//a/./b/:/data\n"
			   "      - ./conf:/conf:ro\n      - state:/state:rw\n"
			   "      - {type: bind, source: /x, target: /y, read_only: true}\n"
			   "      - {type: volume, source: state, target: /s2}\n"
			   "      - {type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0755}}\n"
			   "    tmpfs: ['/run:size=64k,mode=700', /tmp]\n"
			   "volumes:\n  state:\n");
	const struct compose_mount *m = s->mounts.items;
	assert_int_equal(s->mounts.n, 8);
	assert_int_equal(m[0].kind, COMPOSE_BIND);
	assert_string_equal(m[0].source, "/srv/a/b");
	assert_string_equal(m[0].target, "/data");
	assert_false(m[0].is_read_only);
	assert_string_equal(m[1].source, "/etc/ota/conf");
	assert_true(m[1].is_read_only);
	assert_int_equal(m[2].kind, COMPOSE_VOLUME);
	assert_string_equal(m[2].source, "state");
	assert_false(m[2].is_read_only);
	assert_true(m[3].is_read_only);
	assert_string_equal(m[3].source, "/x");
	assert_int_equal(m[4].kind, COMPOSE_VOLUME);
	assert_int_equal(m[5].kind, COMPOSE_TMPFS);
	assert_null(m[5].source);
	assert_int_equal(m[5].size_bytes, 1 << 20);
	assert_int_equal(m[5].mode, 0755);
	assert_string_equal(m[6].target, "/run");
	assert_int_equal(m[6].size_bytes, 64 << 10);
	assert_int_equal(m[6].mode, 0700);
	assert_int_equal(m[7].mode, 01777);
}

static void refuses_volumes(void **state)
{
	static const char *const bad[][2] = {{"/:/a", "whole machine"}, {"//.:/a", "whole machine"},
		{"/var/lib/ota:/a", "the store"}, {"/var/lib/ota/layers:/a", "the store"},
		{"/var/lib:/a", "the store"}, {"/var/./lib/:/a", "the store"},
		{"/srv/../var:/a", "'..'"}, {"./../x:/a", "'..'"}, {"../x:/a", "neither"},
		{"~/x:/a", "neither"}, {"/x", "no source"}, {"/x:a", "no absolute path"},
		{"/x:/a/../b", "'..'"}, {"/x:/", "on the container's /"},
		{"/x:/a:z", "not ro or rw"}, {"/x:/a:ro:rw", "not ro or rw"},
		{"data:/a", "no volume 'data'"}, {"{type: bind, target: /a}", "has a source"},
		{"{type: tmpfs, source: /x, target: /a}", "has no source"},
		{"{type: bind, source: data, target: /a}", "no source of type bind"},
		{"{type: volume, source: /x, target: /a}", "no source of type volume"},
		{"{type: npipe, source: /x, target: /a}", "none of bind"},
		{"{source: /x, target: /a}", "type and a target"},
		{"{type: bind, source: /x}", "type and a target"},
		{"{type: bind, source: /x, target: /a, tmpfs: {size: 1m}}", "goes with type tmpfs"},
		{"{type: bind, source: /x, target: /a, bind: {}}", "no key 'bind'"},
		{"{type: tmpfs, target: /a, tmpfs: {size: 1x}}", "no size"},
		{"{type: tmpfs, target: /a, tmpfs: {mode: 888}}", "no mode"}};
	char keys[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(keys, sizeof(keys), "    volumes:\n      - %s\n", bad[i][0]);
		keys_refused(keys, 5, bad[i][1]);
	}
	/* its folder may be near the store's by name */
	keys_taken("    volumes: ['/var/lib/ota2:/a', '/var/library:/b']\n");
	keys_refused("    volumes: [/x:/a, '/y:/a/']\n", 4, "mounted in line 4 already");
	keys_refused("    tmpfs: /a\n    volumes:\n      - /y:/a\n", 6, "mounted in line 4");
	keys_refused("    tmpfs: /a:exec\n", 4, "not size= or mode=");
	keys_refused("    volumes: /a:/b\n", 4, "a list is expected");
}

static void puts_the_root_before_sources(void **state)
{
	const struct compose_place rooted = {
		.file = "c.yaml", .dir = "/r/etc/ota", .root = "/r", .store = "/r/var/lib/ota"};

	(void)state;
	assert_works(
		parse_in(&rooted, HEAD "    volumes: [/a:/b, ./c:/d]\n    devices: [/dev/x]\n"));
	assert_string_equal(c.services[0].mounts.items[0].source, "/r/a");
	assert_string_equal(c.services[0].mounts.items[1].source, "/r/etc/ota/c");
	assert_string_equal(c.services[0].devices.items[0].source, "/r/dev/x");
	assert_string_equal(c.services[0].devices.items[0].target, "/dev/x");
	assert_fails(parse_in(&rooted, HEAD "    volumes: [/var:/b]\n"), OTA_CONFIG);
}

static void knows_devices(void **state)
{
	(void)state;
	const struct service *s = keys_taken(
		"    devices: ['/dev/a', '/dev/b:/dev/c', '/dev/d:/dev/e:r', '/dev/f:rw']\n");
	const struct compose_device *d = s->devices.items;
	assert_int_equal(s->devices.n, 4);
	assert_string_equal(d[0].target, "/dev/a");
	assert_string_equal(d[0].access, "rwm");
	assert_string_equal(d[1].source, "/dev/b");
	assert_string_equal(d[1].target, "/dev/c");
	assert_string_equal(d[2].access, "r");
	assert_string_equal(d[3].access, "rw");
	keys_refused("    devices: [dev/a]\n", 4, "no absolute path");
	keys_refused("    devices: [/dev/../a]\n", 4, "'..'");
	keys_refused("    devices: ['/dev/a:/dev/b:rr']\n", 4, "not of r, w and m");
	keys_refused("    devices: ['/dev/a:/dev/b:x']\n", 4, "not of r, w and m");
	keys_refused("    devices:\n      - /dev/a\n      - /dev/b:/dev/a\n", 6, "there already");
	keys_refused("    devices: [/a]\n    volumes: ['/x:/a']\n", 5, "one of the devices");
	keys_refused("    volumes: ['/x:/a']\n    devices: [/a]\n", 5, "there already");
}

static void knows_networks_and_ports(void **state)
{
	(void)state;
	assert_int_equal(keys_taken("    network_mode: host\n")->network, COMPOSE_NETWORK_HOST);
	assert_int_equal(keys_taken("    network_mode: none\n")->network, COMPOSE_NETWORK_NONE);
	assert_int_equal(
		keys_taken("    network_mode: private\n")->network, COMPOSE_NETWORK_PRIVATE);
	keys_refused("    network_mode: service:db\n", 4, "'service:db' is none of");
	keys_refused("    network_mode: bridge\n", 4, "'bridge'");
	const struct service *s =
		keys_taken("    ports: ['8080:80', 127.0.0.1:53:53/udp, '[::1]:9:9/tcp']\n");
	const struct compose_port *p = s->ports.items;
	assert_int_equal(s->ports.n, 3);
	assert_int_equal(p[0].port, 8080);
	assert_int_equal(p[0].inside, 80);
	assert_string_equal(p[0].address, "");
	assert_int_equal(p[1].protocol, COMPOSE_UDP);
	assert_string_equal(p[1].address, "127.0.0.1");
	assert_string_equal(p[2].address, "::1");
}

static void refuses_ports(void **state)
{
	static const char *const bad[][2] = {{"'80'", "which port of the machine"},
		{"'0:80'", "'0' is no port"}, {"'80:65536'", "'65536' is no port"},
		{"'80-81:80-81'", "no port"}, {"'80:80/sctp'", "not tcp or udp"},
		{"'local:80:80'", "no IP address"}, {"'::1:80:80'", "no IP address"},
		{"'80:'", "no port"}, {"':80:80'", "no IP address"}, {"{target: 80}", "a text"}};
	char keys[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(keys, sizeof(keys), "    ports:\n      - %s\n", bad[i][0]);
		keys_refused(keys, 5, bad[i][1]);
	}
	keys_refused("    ports: ['1:80', '2:80']\n", 4, "port 80 inside");
	keys_taken("    ports: ['1:80', '2:80/udp']\n");
	keys_refused(
		"    ports:\n      - '1:80'\n      - '1:81'\n", 6, "port 1 is taken in line 5");
	keys_taken("    ports: ['127.0.0.1:1:80', '127.0.0.2:1:81']\n");
	keys_refused("    ports: ['127.0.0.1:1:80', '1:81']\n", 4, "taken");
	keys_refused("    ports: ['1:80']\n    network_mode: host\n", 4, "network_mode host");
	keys_refused("    ports: ['1:80']\n  b:\n    image: a\n    ports: ['1:90']\n", 7,
		"taken in line 4 already, by 'web'");
	keys_refused(
		"    ports: ['1:80']\n  b:\n    image: a\n    x-ota: {listen: ['0.0.0.0:1']}\n", 7,
		"taken in line 4");
}

static void knows_restart(void **state)
{
	(void)state;
	assert_int_equal(keys_taken("    restart: 'no'\n")->restart, COMPOSE_RESTART_NO);
	assert_int_equal(keys_taken("    restart: always\n")->restart, COMPOSE_RESTART_ALWAYS);
	assert_int_equal(keys_taken("    restart: unless-stopped\n")->restart,
		COMPOSE_RESTART_UNLESS_STOPPED);
	assert_int_equal(keys_taken("    restart: on-failure\n")->restart_max, 0);
	const struct service *s = keys_taken("    restart: on-failure:5\n");
	assert_int_equal(s->restart, COMPOSE_RESTART_ON_FAILURE);
	assert_int_equal(s->restart_max, 5);
	keys_refused("    restart: on-failure:x\n", 4, "no number of tries");
	keys_refused("    restart: sometimes\n", 4, "'sometimes' is none of");
}

static void knows_the_process(void **state)
{
	(void)state;
	const struct service *s =
		keys_taken("    user: 1000:dialout\n    working_dir: /a//b\n    read_only: true\n");
	assert_string_equal(s->user, "1000:dialout");
	assert_string_equal(s->working_dir, "/a/b");
	assert_true(s->is_read_only);
	assert_string_equal(keys_taken("    user: _apt\n")->user, "_apt");
	keys_refused("    user: 'a b'\n", 4, "not USER");
	keys_refused("    user: 'a:'\n", 4, "not USER");
	keys_refused("    user: 'a:b:c'\n", 4, "not USER");
	keys_refused("    working_dir: a\n", 4, "no absolute path");
	keys_refused("    working_dir: /a/..\n", 4, "'..'");
	keys_refused("    read_only: yes\n", 4, "true or false");
}

static void knows_capabilities(void **state)
{
	const uint64_t all = (UINT64_C(1) << 41) - 1;

	(void)state;
	const struct service *s = keys_taken(
		"    cap_add: [NET_ADMIN, CAP_CHOWN, checkpoint_restore]\n    cap_drop: [ALL]\n");
	assert_int_equal(s->cap_add, 1 << 12 | 1 | UINT64_C(1) << 40);
	assert_int_equal(s->cap_drop, all);
	/* in either order */
	s = keys_taken("    cap_drop: [ALL]\n    cap_add: [CHOWN]\n");
	assert_int_equal(s->cap_add, 1);
	assert_int_equal(s->cap_drop, all);
	assert_string_equal(compose_capability_word(12), "CAP_NET_ADMIN");
	keys_refused("    cap_add:\n      - NET_ADMIN\n      - NET_ADMINS\n", 6, "'NET_ADMINS'");
	keys_refused("    cap_add: [KILL]\n    cap_drop: [KILL]\n", 5, "both added and dropped");
	keys_refused("    cap_add: [ALL]\n    cap_drop: [ALL]\n", 5, "both added and dropped");
	keys_refused("    cap_add: KILL\n", 4, "a list is expected");
}

static void knows_stopping(void **state)
{
	(void)state;
	assert_int_equal(keys_taken("    stop_signal: SIGUSR1\n")->stop_signal, SIGUSR1);
	assert_int_equal(keys_taken("    stop_signal: QUIT\n")->stop_signal, SIGQUIT);
	assert_int_equal(keys_taken("    stop_signal: 9\n")->stop_signal, 9);
	assert_int_equal(keys_taken("    stop_signal: SIGRTMIN+3\n")->stop_signal, SIGRTMIN + 3);
	assert_int_equal(keys_taken("    stop_grace_period: 1m30s\n")->stop_grace_ms, 90000);
	assert_int_equal(keys_taken("    stop_grace_period: 1h2m3s4ms\n")->stop_grace_ms, 3723004);
	assert_int_equal(keys_taken("    stop_grace_period: 0s\n")->stop_grace_ms, 0);
	static const char *const signals[] = {"SIGFOO", "0", "65", "-1", "SIGRTMIN+99"};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		char keys[64];
		snprintf(keys, sizeof(keys), "    stop_signal: %s\n", signals[i]);
		keys_refused(keys, 4, "is no signal");
	}
	static const char *const times[] = {
		"10", "s", "1x", "1m x", "-1s", "721h", "99999999999999h"};
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char keys[64];
		snprintf(keys, sizeof(keys), "    stop_grace_period: %s\n", times[i]);
		keys_refused(keys, 4, "is no duration");
	}
}

static void knows_limits(void **state)
{
	(void)state;
	assert_int_equal(keys_taken("    mem_limit: 64m\n")->memory_bytes, 64 << 20);
	assert_int_equal(keys_taken("    mem_limit: 1GB\n")->memory_bytes, 1 << 30);
	assert_int_equal(keys_taken("    mem_limit: 8388608\n")->memory_bytes, 8 << 20);
	assert_int_equal(keys_taken("    cpus: 0.5\n")->cpu_milli, 500);
	assert_int_equal(keys_taken("    cpus: '2'\n")->cpu_milli, 2000);
	assert_int_equal(keys_taken("    cpus: 1.025\n")->cpu_milli, 1025);
	keys_refused("    mem_limit: 64\n", 4, "6m or more");
	keys_refused("    mem_limit: 64x\n", 4, "no size");
	keys_refused("    mem_limit: 99999999999g\n", 4, "no size");
	static const char *const cpus[] = {"0", "0.0", "1025", "0.0001", "x", "1.", "-1", ".5"};
	for (size_t i = 0; i < ARRAY_LEN(cpus); i++) {
		char keys[64];
		snprintf(keys, sizeof(keys), "    cpus: '%s'\n", cpus[i]);
		keys_refused(keys, 4, "no number of CPUs");
	}
}

static void knows_healthchecks(void **state)
{
	(void)state;
	const struct service *s =
		keys_taken("    healthcheck: {test: curl -f x || exit 1, interval: 1m30s,\n"
			   "      timeout: 10s, retries: 3, start_period: 40s}\n");
	assert_int_equal(s->health.test, COMPOSE_TEST_SHELL);
	WORDS(&s->health.words, "curl -f x || exit 1");
	assert_int_equal(s->health.interval_ms, 90000);
	assert_int_equal(s->health.timeout_ms, 10000);
	assert_int_equal(s->health.retries, 3);
	assert_int_equal(s->health.start_period_ms, 40000);
	s = keys_taken("    healthcheck: {test: [CMD, a, b c]}\n");
	assert_int_equal(s->health.test, COMPOSE_TEST_EXEC);
	WORDS(&s->health.words, "a", "b c");
	s = keys_taken("    healthcheck: {test: [CMD-SHELL, a b]}\n");
	assert_int_equal(s->health.test, COMPOSE_TEST_SHELL);
	WORDS(&s->health.words, "a b");
	assert_int_equal(
		keys_taken("    healthcheck: {test: [NONE]}\n")->health.test, COMPOSE_TEST_NONE);
	assert_int_equal(
		keys_taken("    healthcheck: {disable: true}\n")->health.test, COMPOSE_TEST_NONE);
	keys_refused("    healthcheck:\n      test: [a, b]\n", 5, "a test is [NONE]");
	keys_refused("    healthcheck:\n      test: [CMD]\n", 5, "a test is [NONE]");
	keys_refused("    healthcheck:\n      test: []\n", 5, "a test is [NONE]");
	keys_refused("    healthcheck:\n      test: ''\n", 5, "the test is empty");
	keys_refused("    healthcheck: {test: a, disable: true}\n", 4, "disabled");
	keys_refused("    healthcheck:\n      interval: 0s\n", 5, "no duration");
	keys_refused("    healthcheck:\n      retries: 0\n", 5, "a number from 1");
	keys_refused("    healthcheck:\n      start_interval: 1s\n", 5, "no key 'start_interval'");
}

static void knows_dependencies(void **state)
{
	(void)state;
	const struct service *s = keys_taken("    depends_on: [b]\n  b: {image: a}\n");
	assert_int_equal(s->depends_on.n, 1);
	assert_int_equal(s->depends_on.items[0].service, 1);
	assert_false(s->depends_on.items[0].must_be_healthy);
	s = keys_taken("    depends_on: {c: {condition: service_healthy}, b: {condition: "
		       "service_started}}\n"
		       "  b: {image: a}\n  c: {image: a}\n");
	assert_int_equal(s->depends_on.items[0].service, 2);
	assert_true(s->depends_on.items[0].must_be_healthy);
	assert_false(s->depends_on.items[1].must_be_healthy);
	keys_refused("    depends_on: [b]\n", 4, "no service 'b'");
	keys_refused("    depends_on: [web]\n", 4, "waits for");
	keys_refused("    depends_on: [b]\n  b:\n    image: a\n    depends_on: [c]\n"
		     "  c:\n    image: a\n    depends_on:\n      - web\n",
		11, "'c' waits for 'web'");
	keys_refused("    depends_on: [b, b]\n  b: {image: a}\n", 4, "twice");
	keys_refused("    depends_on: {b: {condition: service_completed_successfully}}\n  b: "
		     "{image: a}\n",
		4, "none of service_started");
	keys_refused(
		"    depends_on: {b: {restart: true}}\n  b: {image: a}\n", 4, "no key 'restart'");
	keys_refused("    depends_on: {b: {condition: service_healthy}}\n"
		     "  b: {image: a, healthcheck: {disable: true}}\n",
		4, "never healthy");
	/* twice by two ways is no circle */
	keys_taken("    depends_on: [b, c]\n  b: {image: a, depends_on: [c]}\n  c: {image: a}\n");
}

static void knows_balena(void **state)
{
	(void)state;
	const struct service *s =
		keys_taken("    labels:\n      io.balena.update.strategy: hand-over\n"
			   "      io.balena.update.handover-timeout: '5000'\n");
	assert_int_equal(s->update.strategy, COMPOSE_HAND_OVER);
	assert_int_equal(s->update.handover_timeout_ms, 5000);
	s = keys_taken("    labels: [io.balena.update.strategy=kill-then-download]\n");
	assert_int_equal(s->update.strategy, COMPOSE_KILL_THEN_DOWNLOAD);
	s = keys_taken("    labels: [io.balena.update.strategy=what]\n");
	assert_int_equal(s->update.strategy, COMPOSE_DOWNLOAD_THEN_KILL);
	/* x-ota wins, wherever it stands */
	s = keys_taken("    x-ota: {strategy: delete-then-download, handover-timeout: 7s}\n"
		       "    labels: [io.balena.update.strategy=hand-over, "
		       "io.balena.update.handover-timeout=1]\n");
	assert_int_equal(s->update.strategy, COMPOSE_DELETE_THEN_DOWNLOAD);
	assert_int_equal(s->update.handover_timeout_ms, 7000);
	keys_refused(
		"    labels:\n      io.balena.update.handover-timeout: 5s\n", 5, "milliseconds");
}

static const struct compose_update *ota_taken(const char *text)
{
	char keys[512];

	snprintf(keys, sizeof(keys), "    x-ota:\n      %s\n", text);
	return &keys_taken(keys)->update;
}

static void ota_refused(const char *text, const char *word)
{
	char keys[512];

	snprintf(keys, sizeof(keys), "    x-ota:\n      %s\n", text);
	keys_refused(keys, 5, word);
}

static void knows_listen(void **state)
{
	(void)state;
	const struct compose_update *u =
		ota_taken("listen: ['0.0.0.0:80/tcp', '[::1]:53/udp', /run/a.sock]");
	const struct compose_port *p = u->listen.items;
	assert_int_equal(u->listen.n, 3);
	assert_string_equal(p[0].address, "0.0.0.0");
	assert_int_equal(p[0].port, 80);
	assert_int_equal(p[1].protocol, COMPOSE_UDP);
	assert_int_equal(p[2].protocol, COMPOSE_UNIX);
	assert_string_equal(p[2].address, "/run/a.sock");
	assert_int_equal(u->sharing, COMPOSE_SHARING_SOCKET);
	u = ota_taken("{listen: ['0.0.0.0:80'], sharing: reuseport}");
	assert_int_equal(u->sharing, COMPOSE_SHARING_REUSEPORT);
	assert_int_equal(ota_taken("sharing: proxy")->sharing, COMPOSE_SHARING_PROXY);
	ota_refused("listen: ['80']", "not HOST:PORT");
	ota_refused("listen: ['localhost:80']", "no IP address");
	ota_refused("listen: ['0.0.0.0:80/sctp']", "not tcp or udp");
	ota_refused("listen: ['0.0.0.0:0']", "no port");
	ota_refused("listen: [/run/../a]", "'..'");
	ota_refused("listen: ['0.0.0.0:1', '127.0.0.1:1']", "port 1 is taken");
	ota_refused("listen: [/run/a, /run/a]", "the socket is taken");
	ota_refused("sharing: socket", "without anything");
	ota_refused("sharing: none", "'none' is none of socket");
	keys_refused("    network_mode: host\n    x-ota: {sharing: proxy}\n", 2, "no meaning");
	keys_refused("    x-ota: {sharing: proxy, listen: [/run/a.sock]}\n", 2, "by proxy");
	char text[256];
	snprintf(text, sizeof(text), "listen: [/%0110d]", 1);
	ota_refused(text, "too long");
}

static void knows_ready(void **state)
{
	(void)state;
	const struct compose_update *u = ota_taken("ready: {file: /run/up}");
	assert_int_equal(u->ready, COMPOSE_READY_FILE);
	assert_string_equal(u->ready_text, "/run/up");
	assert_int_equal(ota_taken("ready: {notify: true}")->ready, COMPOSE_READY_NOTIFY);
	u = ota_taken("ready: {http: 'http://127.0.0.1:80/up'}");
	assert_int_equal(u->ready, COMPOSE_READY_HTTP);
	assert_string_equal(u->ready_text, "http://127.0.0.1:80/up");
	u = ota_taken("ready: {tcp: 80}");
	assert_int_equal(u->ready, COMPOSE_READY_TCP);
	assert_int_equal(u->ready_port, 80);
	u = ota_taken("ready: {exec: [a, b c]}");
	assert_int_equal(u->ready, COMPOSE_READY_EXEC);
	WORDS(&u->ready_words, "a", "b c");
	u = ota_taken("ready: {after: 5s}");
	assert_int_equal(u->ready, COMPOSE_READY_AFTER);
	assert_int_equal(u->ready_after_ms, 5000);
	ota_refused("ready: {file: /a, tcp: 80}", "takes one of");
	ota_refused("ready: {}", "takes one of");
	ota_refused("ready: {magic: 1}", "no key 'magic'");
	ota_refused("ready: {file: a}", "no absolute path");
	ota_refused("ready: {notify: false}", "left out");
	ota_refused("ready: {http: 'ftp://x'}", "http://");
	ota_refused("ready: {http: 'http://example.com/up'}", "http://");
	keys_refused("    network_mode: host\n"
		     "    x-ota: {strategy: hand-over, ready: {tcp: 80}}\n",
		2, "the old version");
	keys_refused("    x-ota: {strategy: hand-over, sharing: reuseport,\n"
		     "            ready: {http: 'http://127.0.0.1/'}}\n",
		2, "the old version");
	ota_refused("ready: {tcp: 0}", "a number from 1");
	ota_refused("ready: {exec: []}", "no program");
	ota_refused("ready: {exec: a}", "a list is expected");
	ota_refused("ready: {after: 0s}", "no duration");
}

static void knows_the_rest_of_ota(void **state)
{
	(void)state;
	const struct compose_update *u =
		ota_taken("{strategy: hand-over, handover-timeout: 2m, watch: 0s}");
	assert_int_equal(u->strategy, COMPOSE_HAND_OVER);
	assert_int_equal(u->handover_timeout_ms, 120000);
	assert_int_equal(u->watch_ms, 0);
	assert_false(u->is_updater);
	assert_true(ota_taken("updater: true")->is_updater);
	ota_refused("updater: all", "true or false");
	ota_refused("strategy: what", "'what' is none of");
	ota_refused("handover-timeout: 0s", "no duration");
	ota_refused("watch: 5", "no duration");
	ota_refused("other: 1", "x-ota has no key 'other'");
}

static void merges_anchors(void **state)
{
	(void)state;
	const struct service *s =
		taken("x-base: &base\n  restart: always\n  user: app\n"
		      "services:\n  a:\n    <<: *base\n    image: a\n    user: own\n");
	assert_int_equal(s->restart, COMPOSE_RESTART_ALWAYS);
	assert_string_equal(s->user, "own");
	/* an error in what is merged is told where it stands */
	refused("x-base: &base\n  restart: what\nservices:\n  a:\n    <<: *base\n    image: a\n", 2,
		"'what'");
}

static void reads_files(void **state)
{
	write_file(at(state, "c.yaml"), HEAD "    volumes: [./x:/x]\n");
	char source[128];

	snprintf(source, sizeof(source), "%s/x", (char *)*state);
	compose_free(&c);
	assert_works(compose_read(at(state, "c.yaml"), "", "/var/lib/ota", &c, &err));
	assert_string_equal(c.services[0].mounts.items[0].source, source);
	compose_free(&c);
	/* the store may lie in it, said by another path */
	assert_fails(compose_read(at(state, "c.yaml"), "", at(state, "../../tmp"), &c, &err),
		OTA_CONFIG);
	assert_fails(compose_read(at(state, "none"), "", "/var/lib/ota", &c, &err), OTA_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(knows_its_top_level),
		cmocka_unit_test(refuses_unknown_keys),
		cmocka_unit_test(knows_names_of_services),
		cmocka_unit_test(bounds_services),
		cmocka_unit_test(knows_images),
		cmocka_unit_test(splits_commands),
		cmocka_unit_test(knows_environment),
		cmocka_unit_test(knows_labels),
		in_scratch(reads_env_files),
		cmocka_unit_test(refuses_env_lines),
		cmocka_unit_test(knows_volumes),
		cmocka_unit_test(refuses_volumes),
		cmocka_unit_test(puts_the_root_before_sources),
		cmocka_unit_test(knows_devices),
		cmocka_unit_test(knows_networks_and_ports),
		cmocka_unit_test(refuses_ports),
		cmocka_unit_test(knows_restart),
		cmocka_unit_test(knows_the_process),
		cmocka_unit_test(knows_capabilities),
		cmocka_unit_test(knows_stopping),
		cmocka_unit_test(knows_limits),
		cmocka_unit_test(knows_healthchecks),
		cmocka_unit_test(knows_dependencies),
		cmocka_unit_test(knows_balena),
		cmocka_unit_test(knows_listen),
		cmocka_unit_test(knows_ready),
		cmocka_unit_test(knows_the_rest_of_ota),
		cmocka_unit_test(merges_anchors),
		in_scratch(reads_files),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}

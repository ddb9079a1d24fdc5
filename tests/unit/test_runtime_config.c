/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json of a service: what comes of what the compose file and the image say. */
#include "tests/unit/unit.h"

#include "io/json.h"
#include "oci/runtime_config.h"

#define USUAL                                                                                      \
	"CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID "         \
	"CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SYS_CHROOT CAP_MKNOD CAP_AUDIT_WRITE "   \
	"CAP_SETFCAP "

static struct compose c;
static struct image_exec exec_of_image;
static struct oci_user user;
static struct runtime_spec spec;
static struct err err;
static json_t *root;

/* A service with these keys, of an image that runs `/init serve` in /app. */
static int begin(void **state)
{
	static const char *entrypoint[] = {"/init"}, *command[] = {"serve"};
	static struct compose_pair env[] = {{"A", "image"}, {"B", "image"}, {"B", "twice"}};

	(void)state;
	exec_of_image = (struct image_exec){.entrypoint = {1, entrypoint},
		.command = {1, command},
		.environment = {ARRAY_LEN(env), env},
		.user = "",
		.working_dir = "/app"};
	user = (struct oci_user){.home = "/root"};
	spec = (struct runtime_spec){.exec = &exec_of_image,
		.user = &user,
		.hostname = "web-a",
		.rootfs = "/run/root",
		.cgroup = "/ota/web-a",
		.has_cgroup_namespace = true,
		.has_swap_limit = true};
	root = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	compose_free(&c);
	json_free(root);
	root = NULL;
	return 0;
}

static void parse(const char *keys)
{
	static const struct compose_place place = {
		.file = "c.yaml", .dir = "/etc/ota", .root = "", .store = "/var/lib/ota"};
	char text[4096];

	snprintf(
		text, sizeof(text), "volumes: {data: }\nservices:\n  web:\n    image: a\n%s", keys);
	compose_free(&c);
	assert_works(compose_parse(text, strlen(text), &place, &c, &err));
	spec.service = c.services;
}

static void make(const char *keys)
{
	AUTO_BUF out = BUF(1 << 20);

	parse(keys);
	assert_works(runtime_config_make(&spec, &out, &err));
	json_free(root);
	root = json_parse(out.data, out.len, "config.json", &err);
	assert_non_null(root);
}

static void get(const json_t *object, const char *name, enum json_kind kind, void *out, size_t size)
{
	const struct json_field field = {.name = name, .kind = kind, .out = out, .size = size};

	assert_works(json_read_open(object, &field, 1, name, &err));
}

/* "process/user" */
static json_t *object_at(const char *path, enum json_kind kind)
{
	char names[256], *rest = names, *name;
	json_t *object = root;

	snprintf(names, sizeof(names), "%s", path);
	while ((name = strsep(&rest, "/")))
		get(object, name, rest ? JSON_KIND_OBJECT : kind, &object, 0);
	return object;
}

static bool has(const char *path, const char *name)
{
	bool found;
	const struct json_field field = {
		.name = name, .kind = JSON_KIND_ANY, .optional = true, .found = &found};

	assert_works(json_read_open(object_at(path, JSON_KIND_OBJECT), &field, 1, name, &err));
	return found;
}

static uint64_t number_at(const char *path, const char *name)
{
	uint64_t n;

	get(object_at(path, JSON_KIND_OBJECT), name, JSON_KIND_UINT, &n, 0);
	return n;
}

static bool flag_at(const char *path, const char *name)
{
	bool flag;

	get(object_at(path, JSON_KIND_OBJECT), name, JSON_KIND_BOOL, &flag, 0);
	return flag;
}

static const char *text_of(const json_t *object, const char *name)
{
	static char texts[4][256];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	get(object, name, JSON_KIND_STRING, text, sizeof(texts[0]));
	return text;
}

/* The texts of a list, a blank behind each. */
static const char *words_of(const json_t *list)
{
	static char all[4096];
	char word[256];

	*all = '\0';
	for (size_t i = 0; i < json_length(list); i++) {
		assert_works(json_text(list, i, word, sizeof(word), "a list", &err));
		strcat(strcat(all, word), " ");
	}
	return all;
}

static const char *words_at(const char *path)
{
	return words_of(object_at(path, JSON_KIND_ARRAY));
}

/* The item of a list whose field has that value, and its place. */
static json_t *find(const char *path, const char *name, const char *value, size_t *place)
{
	json_t *list = object_at(path, JSON_KIND_ARRAY);

	for (size_t i = 0; i < json_length(list); i++) {
		json_t *item = json_item(list, i, path, &err);

		if (strcmp(text_of(item, name), value) != 0)
			continue;
		if (place)
			*place = i;
		return item;
	}
	return NULL;
}

static void runs_what_is_said(void **state)
{
	static const struct {
		const char *keys, *args;
	} cases[] = {{"", "/init serve "}, {"    command: [a, b]\n", "/init a b "},
		{"    command: []\n", "/init "}, {"    entrypoint: [/e]\n", "/e "},
		{"    entrypoint: [/e]\n    command: x y\n", "/e x y "},
		{"    entrypoint: []\n    command: [x]\n", "x "}};
	AUTO_BUF out = BUF(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		make(cases[i].keys);
		assert_string_equal(words_at("process/args"), cases[i].args);
	}
	parse("    entrypoint: []\n");
	assert_fails(runtime_config_make(&spec, &out, &err), OTA_CONFIG);
	assert_non_null(strstr(err.msg, "web"));
	assert_true(*err.hint != '\0');
}

static void says_where(void **state)
{
	(void)state;
	make("");
	assert_string_equal(text_of(root, "ociVersion"), "1.0.2");
	assert_string_equal(text_of(root, "hostname"), "web-a");
	assert_string_equal(text_of(object_at("root", JSON_KIND_OBJECT), "path"), "/run/root");
	assert_false(flag_at("root", "readonly"));
	assert_string_equal(text_of(object_at("process", JSON_KIND_OBJECT), "cwd"), "/app");
	assert_false(flag_at("process", "terminal"));
	assert_true(flag_at("process", "noNewPrivileges"));
	assert_int_equal(number_at("process", "oomScoreAdj"), 500);
	exec_of_image.working_dir = "";
	make("    read_only: true\n");
	assert_true(flag_at("root", "readonly"));
	assert_string_equal(text_of(object_at("process", JSON_KIND_OBJECT), "cwd"), "/");
	make("    working_dir: /srv\n");
	assert_string_equal(text_of(object_at("process", JSON_KIND_OBJECT), "cwd"), "/srv");
}

static void variables_win_in_order(void **state)
{
	struct compose_pair ours[] = {{"C", "ours"}, {"LISTEN_FDS", "9"}};
	const struct compose_pairs environment = {ARRAY_LEN(ours), ours};

	(void)state;
	make("    environment: {A: file, C: file, HOME: /h}\n");
	assert_string_equal(words_at("process/env"),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=web-a "
		"B=twice A=file C=file HOME=/h ");
	spec.environment = &environment;
	spec.n_sockets = 2;
	make("    environment: {PATH: /bin, C: file, LISTEN_PID: '7'}\n");
	assert_string_equal(words_at("process/env"),
		"HOSTNAME=web-a HOME=/root A=image B=twice PATH=/bin C=ours LISTEN_FDS=2 "
		"LISTEN_PID=1 ");
}

static void capabilities_are(const char *bounding, const char *effective, const char *ambient)
{
	assert_string_equal(words_at("process/capabilities/bounding"), bounding);
	assert_string_equal(words_at("process/capabilities/effective"), effective);
	assert_string_equal(words_at("process/capabilities/permitted"), effective);
	assert_string_equal(words_at("process/capabilities/inheritable"), ambient);
	assert_string_equal(words_at("process/capabilities/ambient"), ambient);
}

static size_t count_bounding(void)
{
	return json_length(object_at("process/capabilities/bounding", JSON_KIND_ARRAY));
}

static void capabilities_of_root(void **state)
{
	(void)state;
	make("");
	capabilities_are(USUAL, USUAL, "");
	make("    cap_drop: [ALL]\n");
	capabilities_are("", "", "");
	make("    cap_drop: [ALL]\n    cap_add: [SYS_TIME]\n");
	capabilities_are("CAP_SYS_TIME ", "CAP_SYS_TIME ", "");
	make("    cap_drop: [CHOWN]\n    cap_add: [BPF]\n");
	assert_int_equal(count_bounding(), 14);
	assert_null(strstr(words_at("process/capabilities/effective"), "CHOWN"));
	make("    cap_add: [ALL]\n    cap_drop: [SYS_BOOT, CHOWN]\n");
	assert_int_equal(count_bounding(), COMPOSE_CAPABILITIES - 2);
}

static void capabilities_of_others(void **state)
{
	(void)state;
	user.uid = 1000;
	make("");
	capabilities_are(USUAL, "", "");
	make("    cap_add: [NET_BIND_SERVICE]\n");
	capabilities_are(USUAL, "CAP_NET_BIND_SERVICE ", "CAP_NET_BIND_SERVICE ");
	make("    cap_drop: [ALL]\n    cap_add: [SYS_NICE]\n");
	capabilities_are("CAP_SYS_NICE ", "CAP_SYS_NICE ", "CAP_SYS_NICE ");
}

static void users_are_numbers(void **state)
{
	(void)state;
	user = (struct oci_user){.uid = 4294967294, .gid = 7, .n_groups = 2, .groups = {20, 21}};
	make("");
	assert_int_equal(number_at("process/user", "uid"), 4294967294);
	assert_int_equal(number_at("process/user", "gid"), 7);
	assert_int_equal(json_length(object_at("process/user/additionalGids", JSON_KIND_ARRAY)), 2);
}

static size_t place_of(const char *target)
{
	size_t place = 0;

	if (!find("mounts", "destination", target, &place))
		fail_msg("nothing is mounted on %s", target);
	return place;
}

static const char *options_of(const char *target)
{
	json_t *options;

	get(find("mounts", "destination", target, NULL), "options", JSON_KIND_ARRAY, &options, 0);
	return words_of(options);
}

static void has_the_usual_mounts(void **state)
{
	(void)state;
	make("");
	assert_int_equal(json_length(object_at("mounts", JSON_KIND_ARRAY)), 7);
	assert_true(place_of("/dev") < place_of("/dev/pts"));
	assert_string_equal(options_of("/sys"), "nosuid noexec nodev ro ");
	assert_string_equal(options_of("/sys/fs/cgroup"), "nosuid noexec nodev relatime ro ");
	assert_string_equal(options_of("/dev/shm"), "nosuid noexec nodev mode=1777 size=65536k ");
}

static void mounts_parents_first(void **state)
{
	static const struct runtime_mount ours[] = {
		{"/run/a", "/run/ours", true}, {"/run/b", "/etc/hosts", false}};
	const char *const sources[] = {"/m/deep", NULL, "/m/data", "/m/hosts", NULL};

	(void)state;
	spec.mounts = ours;
	spec.n_mounts = ARRAY_LEN(ours);
	spec.sources = sources;
	make("    volumes:\n      - /m/deep:/data/x/y:ro\n"
	     "      - {type: tmpfs, target: /data/x, read_only: true, tmpfs: {size: 1m, mode: "
	     "0750}}\n"
	     "      - data:/data\n      - /m/hosts:/etc/hosts\n    tmpfs: /run\n");
	assert_true(place_of("/data") < place_of("/data/x"));
	assert_true(place_of("/data/x") < place_of("/data/x/y"));
	assert_true(place_of("/run") < place_of("/run/ours"));
	assert_string_equal(options_of("/data/x/y"), "rbind rprivate ro ");
	assert_string_equal(options_of("/data"), "rbind rprivate ");
	assert_string_equal(options_of("/data/x"), "nosuid nodev mode=750 size=1048576 ro ");
	assert_string_equal(options_of("/run"), "nosuid nodev mode=1777 ");
	assert_string_equal(options_of("/run/ours"), "bind rprivate ro ");
	assert_string_equal(
		text_of(find("mounts", "destination", "/data", NULL), "source"), "/m/data");
	/* what the service says lies over what we say */
	json_t *list = object_at("mounts", JSON_KIND_ARRAY);
	size_t place = place_of("/etc/hosts");
	assert_string_equal(text_of(json_item(list, place, "", &err), "source"), "/run/b");
	assert_string_equal(text_of(json_item(list, place + 2, "", &err), "source"), "/m/hosts");
	assert_int_equal(json_length(list), 7 + 7);
}

static void leaves_out_what_is_covered(void **state)
{
	const char *const sources[] = {"/dev", NULL};

	(void)state;
	spec.sources = sources;
	make("    volumes: [\"/dev:/dev\"]\n    tmpfs: /sys/fs/cgroup\n");
	assert_int_equal(json_length(object_at("mounts", JSON_KIND_ARRAY)), 4);
	assert_string_equal(text_of(find("mounts", "destination", "/dev", NULL), "type"), "bind");
	assert_null(find("mounts", "destination", "/dev/pts", NULL));
	assert_non_null(find("mounts", "destination", "/sys", NULL));
}

static void joins_networks(void **state)
{
	json_t *network;

	(void)state;
	make("");
	network = find("linux/namespaces", "type", "network", NULL);
	assert_non_null(network);
	assert_int_equal(json_length(object_at("linux/namespaces", JSON_KIND_ARRAY)), 6);
	assert_true(has("linux", "sysctl"));
	spec.has_cgroup_namespace = false;
	make("    network_mode: host\n");
	assert_null(find("linux/namespaces", "type", "network", NULL));
	assert_null(find("linux/namespaces", "type", "cgroup", NULL));
	assert_non_null(find("linux/namespaces", "type", "mount", NULL));
	assert_false(has("linux", "sysctl"));
	spec.netns = "/run/netns/web";
	make("    network_mode: none\n");
	network = find("linux/namespaces", "type", "network", NULL);
	assert_string_equal(text_of(network, "path"), "/run/netns/web");
}

static void limits(void **state)
{
	(void)state;
	make("");
	assert_string_equal(
		text_of(object_at("linux", JSON_KIND_OBJECT), "cgroupsPath"), "/ota/web-a");
	assert_int_equal(number_at("linux/resources/pids", "limit"), 1024);
	assert_false(has("linux/resources", "memory") || has("linux/resources", "cpu"));
	make("    mem_limit: 64m\n    cpus: 1.5\n");
	assert_int_equal(number_at("linux/resources/memory", "limit"), 64 << 20);
	assert_int_equal(number_at("linux/resources/memory", "swap"), 64 << 20);
	assert_int_equal(number_at("linux/resources/cpu", "quota"), 150000);
	assert_int_equal(number_at("linux/resources/cpu", "period"), 100000);
	spec.has_swap_limit = false;
	make("    mem_limit: 64m\n    cpus: 0.001\n");
	assert_false(has("linux/resources/memory", "swap"));
	assert_int_equal(number_at("linux/resources/cpu", "quota"), 1000);
}

static void gives_devices(void **state)
{
	static const struct runtime_device devices[] = {
		{"/dev/ttyS9", 'c', 188, 7, 0660, 0, 20, "rw"}};
	json_t *rules, *device;
	uint64_t n;
	bool is_allowed;

	(void)state;
	spec.devices = devices;
	make("    devices: [\"/dev/ttyUSB0:/dev/ttyS9:rw\"]\n");
	device = find("linux/devices", "path", "/dev/ttyS9", NULL);
	assert_non_null(device);
	assert_string_equal(text_of(device, "type"), "c");
	get(device, "major", JSON_KIND_UINT, &n, 0);
	assert_int_equal(n, 188);
	get(device, "fileMode", JSON_KIND_UINT, &n, 0);
	assert_int_equal(n, 0660);
	get(device, "gid", JSON_KIND_UINT, &n, 0);
	assert_int_equal(n, 20);
	rules = object_at("linux/resources/devices", JSON_KIND_ARRAY);
	assert_int_equal(json_length(rules), 2);
	get(json_item(rules, 0, "", &err), "allow", JSON_KIND_BOOL, &is_allowed, 0);
	assert_false(is_allowed);
	assert_string_equal(text_of(json_item(rules, 0, "", &err), "access"), "rwm");
	get(json_item(rules, 1, "", &err), "allow", JSON_KIND_BOOL, &is_allowed, 0);
	assert_true(is_allowed);
	get(json_item(rules, 1, "", &err), "minor", JSON_KIND_UINT, &n, 0);
	assert_int_equal(n, 7);
	assert_string_equal(text_of(json_item(rules, 1, "", &err), "access"), "rw");
}

static bool is_refused(const char *call)
{
	json_t *list = object_at("linux/seccomp/syscalls", JSON_KIND_ARRAY), *names;
	char word[64];

	snprintf(word, sizeof(word), " %s ", call);
	for (size_t i = 0; i < json_length(list); i++) {
		char all[4096] = " ";

		get(json_item(list, i, "", &err), "names", JSON_KIND_ARRAY, &names, 0);
		if (strstr(strcat(all, words_of(names)), word))
			return true;
	}
	return false;
}

static void refuses_calls(void **state)
{
	static const struct {
		const char *call, *lifted_by;
	} cases[] = {{"mount", "SYS_ADMIN"}, {"unshare", "SYS_ADMIN"}, {"clone", "SYS_ADMIN"},
		{"clone3", "SYS_ADMIN"}, {"keyctl", "SYS_ADMIN"}, {"io_uring_setup", "SYS_ADMIN"},
		{"bpf", "BPF"}, {"bpf", "SYS_ADMIN"}, {"perf_event_open", "PERFMON"},
		{"syslog", "SYSLOG"}, {"open_by_handle_at", "DAC_READ_SEARCH"},
		{"finit_module", "SYS_MODULE"}, {"reboot", "SYS_BOOT"}, {"acct", "SYS_PACCT"},
		{"kcmp", "SYS_PTRACE"}, {"iopl", "SYS_RAWIO"}, {"clock_settime64", "SYS_TIME"}};
	char keys[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		make("");
		if (!is_refused(cases[i].call))
			fail_msg("%s is not refused", cases[i].call);
		snprintf(keys, sizeof(keys), "    cap_add: [%s]\n", cases[i].lifted_by);
		make(keys);
		if (is_refused(cases[i].call))
			fail_msg("%s does not lift %s", cases[i].lifted_by, cases[i].call);
	}
	make("    cap_add: [NET_ADMIN]\n");
	assert_true(is_refused("mount"));
	assert_false(is_refused("execve") || is_refused("ptrace"));
	assert_string_equal(text_of(object_at("linux/seccomp", JSON_KIND_OBJECT), "defaultAction"),
		"SCMP_ACT_ALLOW");
#ifdef __x86_64__
	assert_string_equal(words_at("linux/seccomp/architectures"),
		"SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32 ");
#endif
	assert_non_null(strstr(words_at("linux/maskedPaths"), "/proc/kcore "));
	assert_non_null(strstr(words_at("linux/readonlyPaths"), "/proc/sys "));
}

#define in_spec(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_spec(runs_what_is_said),
		in_spec(says_where),
		in_spec(variables_win_in_order),
		in_spec(capabilities_of_root),
		in_spec(capabilities_of_others),
		in_spec(users_are_numbers),
		in_spec(has_the_usual_mounts),
		in_spec(mounts_parents_first),
		in_spec(leaves_out_what_is_covered),
		in_spec(joins_networks),
		in_spec(limits),
		in_spec(gives_devices),
		in_spec(refuses_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces; all of it needs root. */
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/netns.h"
#include "tests/unit/unit.h"

#define KNOB "/proc/sys/net/ipv4/tcp_migrate_req"

static ino_t space_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static int make(void **state)
{
	static int fd;
	struct err err;

	if (geteuid() != 0)
		return 0;
	*state = &fd;
	fd = netns_new(&err);
	return fd < 0 ? -1 : 0;
}

static int drop(void **state)
{
	if (*state)
		close(*(int *)*state);
	return 0;
}

/* The namespace, or the test is skipped. */
static int made(void **state)
{
	if (!*state)
		skip();
	return *(int *)*state;
}

/* What a child in the namespace finds. */
static int seen_inside(int fd, int (*look)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err;
		_exit(netns_enter(fd, &err) < 0 ? 99 : look());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look_for_loopback(void)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	AUTO_FD listening = socket(AF_INET, SOCK_STREAM, 0);
	AUTO_FD client = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(v4);

	return bind(listening, (void *)&v4, len) || listen(listening, 1) ||
	       getsockname(listening, (void *)&v4, &len) || connect(client, (void *)&v4, len);
}

static int count_interfaces(void)
{
	struct if_nameindex *all = if_nameindex();
	int n = 0;

	while (all && all[n].if_name)
		n++;
	if_freenameindex(all);
	return n;
}

static int read_knob(void)
{
	char digit = '9';
	AUTO_FD fd = open(KNOB, O_RDONLY);

	return read(fd, &digit, 1) == 1 ? digit - '0' : 9;
}

static void a_new_one_has_a_loopback_and_nothing_else(void **state)
{
	int fd = made(state);

	assert_int_equal(seen_inside(fd, look_for_loopback), 0);
	assert_int_equal(seen_inside(fd, count_interfaces), 1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void the_maker_stays_where_it_is(void **state)
{
	ino_t before = space_of("/proc/thread-self/ns/net");
	struct err err;

	made(state);
	AUTO_FD another = netns_new(&err);
	assert_true(another >= 0);
	assert_int_equal(space_of("/proc/thread-self/ns/net"), before);
}

static void its_path_leads_to_it(void **state)
{
	char path[NETNS_PATH_LEN];
	struct stat st;
	int fd = made(state);

	netns_path(fd, path);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(space_of(path), st.st_ino);
}

static void requests_migrate_there_and_nowhere_else(void **state)
{
	int fd = made(state), before;
	struct err err;

	if (access(KNOB, F_OK) != 0) {
		assert_fails(netns_migrate_requests(fd, &err), OTA_NOTHING);
		return;
	}
	before = read_knob();
	assert_int_equal(seen_inside(fd, read_knob), 0);
	assert_works(netns_migrate_requests(fd, &err));
	assert_int_equal(seen_inside(fd, read_knob), 1);
	assert_int_equal(read_knob(), before);
}

static int migrate_here(void)
{
	struct err err;

	return netns_migrate_requests(-1, &err) < 0 ? 9 : read_knob();
}

static void requests_migrate_in_ones_own(void **state)
{
	int fd = made(state);

	if (access(KNOB, F_OK) != 0)
		skip();
	assert_int_equal(seen_inside(fd, migrate_here), 1);
}

static void what_is_no_namespace_is_not_entered(void **state)
{
	AUTO_FD fd = open("/dev/null", O_RDONLY);
	struct err err;

	(void)state;
	assert_fails(netns_enter(fd, &err), OTA_IO);
	assert_fails(netns_migrate_requests(fd, &err), OTA_IO);
}

#define in_space(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_space(a_new_one_has_a_loopback_and_nothing_else),
		in_space(the_maker_stays_where_it_is),
		in_space(its_path_leads_to_it),
		in_space(requests_migrate_there_and_nowhere_else),
		in_space(requests_migrate_in_ones_own),
		cmocka_unit_test(what_is_no_namespace_is_not_entered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

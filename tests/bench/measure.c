/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command costs, with all processes that it starts and waits for:
 *   measure OUT COMMAND [ARGUMENT...]
 * leaves one line in OUT: wall time in us, user and system time in us, the largest resident set of
 * one process in KiB, the most memory of their own that all had together in KiB (what is not a
 * mapped file; sampled), bytes that they dirtied or wrote. Ends as the command did, and ends it
 * when told to end. It is small itself, since what a process held before exec counts as its own.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_US = 30000 };

static pid_t session;
static uint64_t most_own_kb;

static void end_it(int signal)
{
	kill(-session, signal);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool is_ours(const char *pid)
{
	char path[64];
	FILE *file;
	int found = -1;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* past a name in brackets, which may hold anything but is at most 64 bytes long: the state,
	 * parent, group, session */
	if (fscanf(file, "%*d (%*64[^)]) %*c %*d %*d %d", &found) != 1)
		found = -1;
	fclose(file);
	return found == session;
}

static uint64_t own_kb(const char *pid)
{
	char path[64];
	FILE *file;
	uint64_t resident = 0, shared = 0;

	snprintf(path, sizeof(path), "/proc/%.16s/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) != 2)
		resident = shared = 0;
	fclose(file);
	return resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024 : 0;
}

static void *sample(void *unused)
{
	(void)unused;
	for (;;) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		uint64_t sum = 0;

		while (proc && (entry = readdir(proc)))
			if (isdigit((unsigned char)*entry->d_name) &&
				atoi(entry->d_name) >= session && is_ours(entry->d_name))
				sum += own_kb(entry->d_name);
		if (proc)
			closedir(proc);
		if (sum > most_own_kb)
			most_own_kb = sum;
		usleep(SAMPLE_US);
	}
	return NULL;
}

/* Those of the children that were waited for are among them. */
static uint64_t written_bytes(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	char line[128];
	uint64_t bytes = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "write_bytes: %" SCNu64, &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

static uint64_t cpu_us(const struct rusage *usage)
{
	return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	pthread_t sampler;
	uint64_t begun;
	FILE *out;
	int status;

	if (argc < 3)
		errx(2, "usage: measure OUT COMMAND [ARGUMENT...]");
	begun = now_us();
	session = fork();
	if (session < 0)
		err(2, "fork");
	if (session == 0) {
		setsid();
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	signal(SIGTERM, end_it);
	signal(SIGINT, end_it);
	if (pthread_create(&sampler, NULL, sample, NULL) != 0)
		errx(2, "no thread to sample with");
	while (waitpid(session, &status, 0) < 0)
		;
	begun = now_us() - begun;
	getrusage(RUSAGE_CHILDREN, &usage);
	out = fopen(argv[1], "we");
	if (!out)
		err(2, "%s", argv[1]);
	fprintf(out, "%" PRIu64 " %" PRIu64 " %ld %" PRIu64 " %" PRIu64 "\n", begun, cpu_us(&usage),
		usage.ru_maxrss, most_own_kb, written_bytes());
	if (fclose(out) != 0)
		err(2, "%s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

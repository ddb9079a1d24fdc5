/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a fuzz target where libFuzzer is not: runs it once for each file of the folders that
 * are named, and prints a line for each. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/fuzz/fuzz.h"

#define SEED_MAX (1u << 20)

static unsigned count;

static int is_seed(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int replay(const char *dir, const char *name)
{
	AUTO_BUF seed = BUF(SEED_MAX);
	char path[PATH_MAX];
	struct err err;

	count++;
	if (path_join(path, dir, name, &err) < 0 || file_read(path, &seed, &err) < 0) {
		printf("not ok %u - %s\n", count, err.msg);
		return -1;
	}
	/* a copy of its own size, so that a read behind its end is seen */
	AUTO_FREE uint8_t *data = malloc(seed.len ? seed.len : 1);
	if (!data)
		return -1;
	if (seed.len)
		memcpy(data, seed.data, seed.len);
	LLVMFuzzerTestOneInput(data, seed.len);
	printf("ok %u - %s\n", count, name);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **seeds;
		int n = scandir(argv[i], &seeds, is_seed, alphasort);

		if (n < 0)
			perror(argv[i]);
		for (int s = 0; s < n; s++) {
			rc |= replay(argv[i], seeds[s]->d_name);
			free(seeds[s]);
		}
		if (n >= 0)
			free(seeds);
	}
	return rc < 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/mkfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/le.h"
#include "base/proc.h"
#include "base/text.h"
#include "base/tree.h"

#define MKFS_MAX_MS (3600u * 1000)
#define UUID_LEN 37
#define NOT_FOUND 127
#define ROUND_BYTES (1u << 20)
#define SUPERBLOCK 1024
#define FIRST_INODE 11

static void uuid_of(const struct digest *seed, char out[UUID_LEN])
{
	const uint8_t *b = seed->bytes;

	/* of version 8: made by a rule of one's own */
	snprintf(out, UUID_LEN,
		"%02x%02x%02x%02x-%02x%02x-8%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6] & 15, b[7], b[8] & 15, b[9], b[10], b[11], b[12],
		b[13], b[14], b[15]);
}

static int run(const char *const *argv, const struct mkfs *spec, struct err *err)
{
	AUTO_FREE struct proc_result *r = malloc(sizeof(*r));
	char now[64];
	const char *const env[] = {now, NULL};

	if (!r)
		return err_set(err, OTA_FAILED, "out of memory");
	snprintf(now, sizeof(now), "E2FSPROGS_FAKE_TIME=%" PRId64, spec->now_utc_s);
	if (proc_run(argv, env, MKFS_MAX_MS, r, err) < 0)
		return -1;
	if (r->exit_status == 0)
		return 0;
	if (r->exit_status == NOT_FOUND) {
		err_set(err, OTA_CONFIG, "%s is missing", argv[0]);
		return err_hint(err, "apt-get install e2fsprogs erofs-utils");
	}
	return err_set(err, OTA_FAILED, "%s: %.400s", argv[0], r->output);
}

/* What the files take, an eighth more for what describes them, and some room. */
static int ext4_bytes(const struct mkfs *spec, uint64_t *bytes, struct err *err)
{
	uint64_t used;

	*bytes = spec->bytes;
	if (*bytes)
		return 0;
	if (tree_usage(spec->tree, &used, err) < 0)
		return -1;
	*bytes = (used + used / 8 + 16 * ROUND_BYTES) / ROUND_BYTES * ROUND_BYTES;
	return 0;
}

/* mkfs takes over when each file was last changed and read in this very tree, which is another
 * time in each run, and nothing of the tree's root. */
static int tell_root(const struct mkfs *spec, FILE *f, struct err *err)
{
	struct stat st;

	if (stat(spec->tree, &st) < 0)
		return err_errno(err, OTA_IO, "%s", spec->tree);
	fprintf(f, "sif <2> mtime @%jd\nsif <2> mtime_extra 0\nsif <2> mode 0%o\n",
		(intmax_t)st.st_mtime, st.st_mode);
	fprintf(f, "sif <2> uid %u\nsif <2> gid %u\n", st.st_uid, st.st_gid);
	return 0;
}

static int set_times(
	const struct mkfs *spec, uint32_t last_inode, const char *script, struct err *err)
{
	static const char *const fields[] = {"ctime", "atime", "crtime"};
	FILE *f = fopen(script, "we");

	if (!f)
		return err_errno(err, OTA_IO, "%s", script);
	fprintf(f, "set_current_time @%" PRId64 "\n", spec->now_utc_s);
	for (uint32_t inode = 2; inode <= last_inode; inode = inode == 2 ? FIRST_INODE : inode + 1)
		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			fprintf(f, "sif <%u> %s @%" PRId64 "\nsif <%u> %s_extra 0\n", inode,
				fields[i], spec->now_utc_s, inode, fields[i]);
	int told = tell_root(spec, f, err);
	if (fclose(f) != 0)
		return err_errno(err, OTA_IO, "%s", script);
	if (told < 0)
		return -1;
	const char *const argv[] = {"debugfs", "-w", "-f", script, spec->image, NULL};
	int rc = run(argv, spec, err);
	unlink(script);
	return rc;
}

static int fix_times(const struct mkfs *spec, struct err *err)
{
	AUTO_FD fd = file_open_read(spec->image, err);
	uint8_t superblock[32];
	char script[PATH_MAX];

	if (fd < 0 ||
		file_pread(fd, superblock, sizeof(superblock), SUPERBLOCK, spec->image, err) < 0)
		return -1;
	if ((size_t)snprintf(script, sizeof(script), "%s.times", spec->image) >= sizeof(script))
		return err_set(err, OTA_USAGE, "%s: the path is too long", spec->image);
	/* they are given out from the first on */
	return set_times(spec, le_get32(superblock) - le_get32(superblock + 16), script, err);
}

int mkfs_ext4(const struct mkfs *spec, struct err *err)
{
	char uuid[UUID_LEN], extended[128], blocks[32];
	uint64_t bytes;

	if (ext4_bytes(spec, &bytes, err) < 0)
		return -1;
	uuid_of(spec->seed, uuid);
	snprintf(extended, sizeof(extended), "nodiscard,lazy_itable_init=0,hash_seed=%s", uuid);
	snprintf(blocks, sizeof(blocks), "%juk", (uintmax_t)bytes / 1024);
	const char *const argv[] = {"mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-i",
		"8192", "-m", "0", "-O", "^has_journal,^resize_inode", "-L", "rootfs", "-U", uuid,
		"-E", extended, "-d", spec->tree, spec->image, blocks, NULL};
	return run(argv, spec, err) < 0 ? -1 : fix_times(spec, err);
}

int mkfs_erofs(const struct mkfs *spec, struct err *err)
{
	char uuid[UUID_LEN], now[32];

	uuid_of(spec->seed, uuid);
	snprintf(now, sizeof(now), "%" PRId64, spec->now_utc_s);
	const char *const argv[] = {
		"mkfs.erofs", "-T", now, "-U", uuid, spec->image, spec->tree, NULL};
	return run(argv, spec, err);
}

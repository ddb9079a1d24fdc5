/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "slot/record.h"
#include "tests/fuzz/fuzz.h"

static char store[] = "/tmp/ota-fuzz-XXXXXX";

static void remove_store(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", store);
	PROMISE(system(command) == 0);
}

static void make_store(void)
{
	struct err err;
	char slots[64];

	PROMISE(mkdtemp(store));
	atexit(remove_store);
	snprintf(slots, sizeof(slots), "%s/slots", store);
	PROMISE(dir_make(slots, &err) == 0);
}

static void put(const char *name, const uint8_t *data, size_t len)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/slots/%s.json", store, name);
	FILE *f = fopen(path, "w");
	PROMISE(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

/* A note is read, or it is as if there were none: never half. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool made;
	struct slot_record slot;
	struct rollback_record rollback;
	struct committed_record committed;

	if (!made)
		make_store();
	made = true;
	put("a", data, len);
	put("rollback", data, len);
	put("committed", data, len);
	slot_record_read(store, 'a', &slot);
	rollback_record_read(store, &rollback);
	committed_record_read(store, &committed);
	PROMISE(slot.state < SLOT_STATE_COUNT && memchr(slot.version, '\0', VERSION_LEN));
	PROMISE(memchr(slot.detail, '\0', DETAIL_LEN) && memchr(rollback.reason, '\0', REASON_LEN));
	return 0;
}

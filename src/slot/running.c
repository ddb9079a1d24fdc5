/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/running.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "slot/slot.h"

#define CMDLINE_MAX 8192

struct alias {
	const char *word, *folder;
};

/* The value of NAME= (with its "="), the last one as the kernel takes it; false where there is
 * none. */
static bool find_word(const char *cmdline, const char *name, char value[PATH_MAX])
{
	size_t name_len = strlen(name);
	bool found = false;

	for (const char *at = cmdline; *at;) {
		at += strspn(at, " \t\n");
		size_t len = strcspn(at, " \t\n");
		if (len >= name_len && !strncmp(at, name, name_len) && len - name_len < PATH_MAX) {
			snprintf(value, PATH_MAX, "%.*s", (int)(len - name_len), at + name_len);
			found = true;
		}
		at += len;
	}
	return found;
}

/* PARTLABEL=x and its like are links that udev or mdev keeps. */
static void device_of_root(const char *root, char path[PATH_MAX])
{
	static const struct alias aliases[] = {
		{"PARTLABEL=", "/dev/disk/by-partlabel/"},
		{"PARTUUID=", "/dev/disk/by-partuuid/"},
		{"LABEL=", "/dev/disk/by-label/"},
		{"UUID=", "/dev/disk/by-uuid/"},
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		size_t len = strlen(aliases[i].word);
		if (!strncmp(root, aliases[i].word, len)) {
			snprintf(path, PATH_MAX, "%s%s", aliases[i].folder, root + len);
			return;
		}
	}
	snprintf(path, PATH_MAX, "%s", root);
}

static char slot_of_root(const char *root, const char *const slots[2])
{
	char path[PATH_MAX];

	device_of_root(root, path);
	bool is_a = slot_same(path, slots[0]), is_b = slot_same(path, slots[1]);
	return is_a == is_b ? '\0' : is_a ? 'a' : 'b';
}

static char slot_of_word(const char *word)
{
	static const char *const words[] = {"a", "b", "A", "B"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(word, words[i]))
			return i % 2 ? 'b' : 'a';
	return '\0';
}

int running_slot_find(
	const char *cmdline_path, const char *const slots[2], char *running, struct err *err)
{
	AUTO_BUF text = BUF(CMDLINE_MAX);
	char value[PATH_MAX];

	*running = '\0';
	if (file_read(cmdline_path, &text, err) < 0) {
		err->code = OTA_CONFIG;
		err_hint(err, "is /proc mounted, and cmdline = right in ota.conf?");
		return err_wrap(err, "the kernel's command line");
	}
	const char *cmdline = text.data ? text.data : "";
	if (find_word(cmdline, "ota.slot=", value) || find_word(cmdline, "rauc.slot=", value))
		*running = slot_of_word(value);
	if (!*running && find_word(cmdline, "root=", value))
		*running = slot_of_root(value, slots);
	if (*running)
		return 0;
	err_set(err, OTA_CONFIG, "%s does not tell which slot runs", cmdline_path);
	return err_hint(err, "let the boot script pass ota.slot=a or ota.slot=b to the kernel");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "trust/key.h"

struct keyring {
	size_t n;
	struct key *keys[KEYRING_MAX];
	char names[KEYRING_MAX][256];
};

static bool is_there(const struct keyring *k, const struct key *key)
{
	for (size_t i = 0; i < k->n; i++)
		if (key_equal(k->keys[i], key))
			return true;
	return false;
}

static int add_key(struct keyring *k, const char *dir, const char *name, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, dir, name, err) < 0)
		return -1;
	if (k->n == KEYRING_MAX)
		return err_set(err, OTA_UNTRUSTED, "more than %d keys in %s", KEYRING_MAX, dir);
	struct key *key = key_load_public(path, err);
	if (!key)
		return -1;
	if (is_there(k, key)) {
		key_free(key);
		return 0;
	}
	snprintf(k->names[k->n], sizeof(k->names[0]), "%s", name);
	k->keys[k->n++] = key;
	return 0;
}

static int is_key_file(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && e->d_name[0] != '.' && !strcmp(e->d_name + len - 4, ".pub");
}

static int load_all(struct keyring *k, const char *dir, struct err *err)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_key_file, alphasort), rc = 0;

	if (n < 0)
		return err_errno(err, OTA_UNTRUSTED, "trust folder %s", dir);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = add_key(k, dir, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	if (rc < 0 || k->n > 0)
		return rc;
	err_set(err, OTA_UNTRUSTED, "no key in %s: this device trusts nobody", dir);
	return err_hint(err, "copy the public key there: cp NAME.pub %s/", dir);
}

struct keyring *keyring_load(const char *dir, struct err *err)
{
	struct keyring *k = calloc(1, sizeof(*k));

	if (!k) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	if (load_all(k, dir, err) == 0)
		return k;
	keyring_free(k);
	return NULL;
}

void keyring_free(struct keyring *k)
{
	for (size_t i = 0; i < k->n; i++)
		key_free(k->keys[i]);
	free(k);
}

size_t keyring_size(const struct keyring *k)
{
	return k->n;
}

const char *keyring_name(const struct keyring *k, size_t key)
{
	return k->names[key];
}

int keyring_find_signer(const struct keyring *k, const void *data, size_t len,
	const uint8_t *signature, size_t signature_len)
{
	for (size_t i = 0; i < k->n; i++)
		if (key_verify(k->keys[i], data, len, signature, signature_len))
			return (int)i;
	return -1;
}

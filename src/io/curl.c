/* SPDX-License-Identifier: Apache-2.0 */
#include "io/curl.h"

#include <dlfcn.h>
#include <stdint.h>

#include "base/loaded.h"
#include "base/mem.h"

/* The note in the ELF file tells packagers of what is loaded. */
#define DLOPEN_NOTE                                                                                \
	"[{\"feature\":\"http\",\"description\":\"sources over http and https\","                  \
	"\"priority\":\"recommended\",\"soname\":[\"libcurl.so.4\"]}]"

__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {
	uint32_t name_len, text_len, type;
	char name[4];
	char text[(sizeof(DLOPEN_NOTE) + 3) / 4 * 4];
} dlopen_note = {4, sizeof(DLOPEN_NOTE), 0x407c0c0a, "FDO", DLOPEN_NOTE};

static void *no_library(struct err *err)
{
	err_set(err, OTA_CONFIG, "http sources need libcurl: %s", dlerror());
	err_hint(err, "install libcurl, or bring the release on a stick: ota fetch oci:DIR");
	return NULL;
}

static bool find_all(void *library, struct curl_api *api)
{
	const struct {
		const char *name;
		void *function;
	} all[] = {
		{"curl_easy_init", &api->init},
		{"curl_easy_cleanup", &api->cleanup},
		{"curl_easy_setopt", &api->setopt},
		{"curl_easy_perform", &api->perform},
		{"curl_easy_getinfo", &api->getinfo},
		{"curl_easy_strerror", &api->strerror},
		{"curl_multi_init", &api->multi_init},
		{"curl_multi_cleanup", &api->multi_cleanup},
		{"curl_multi_add_handle", &api->multi_add},
		{"curl_multi_remove_handle", &api->multi_remove},
		{"curl_multi_perform", &api->multi_perform},
		{"curl_multi_poll", &api->multi_poll},
		{"curl_multi_info_read", &api->multi_info},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		void *found = dlsym(library, all[i].name);
		if (!found)
			return false;
		memcpy(all[i].function, &found, sizeof(found));
	}
	return true;
}

const struct curl_api *curl_load(struct err *err)
{
	static struct curl_api api;
	static void *loaded;

	if (loaded)
		return &api;
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return no_library(err);
	if (!find_all(library, &api)) {
		dlclose(library);
		err_set(err, OTA_CONFIG, "libcurl.so.4 lacks a function that we need");
		return NULL;
	}
	loaded = library;
	loaded_trim(); /* thirty libraries: more than all of our buffers */
	return &api;
}

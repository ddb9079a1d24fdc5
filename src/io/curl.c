/* SPDX-License-Identifier: Apache-2.0 */
#include "io/curl.h"

#include <dlfcn.h>
#include <stdint.h>

#include "base/loaded.h"

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

const struct curl_api *curl_load(struct err *err)
{
	static struct curl_api api;
	static void *loaded;

	if (loaded)
		return &api;
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return no_library(err);
	api.init = dlsym(library, "curl_easy_init");
	api.cleanup = dlsym(library, "curl_easy_cleanup");
	api.setopt = dlsym(library, "curl_easy_setopt");
	api.perform = dlsym(library, "curl_easy_perform");
	api.getinfo = dlsym(library, "curl_easy_getinfo");
	api.strerror = dlsym(library, "curl_easy_strerror");
	if (!api.init || !api.cleanup || !api.setopt || !api.perform || !api.getinfo ||
		!api.strerror) {
		dlclose(library);
		err_set(err, OTA_CONFIG, "libcurl.so.4 lacks a function that we need");
		return NULL;
	}
	loaded = library;
	loaded_trim(); /* thirty libraries: more than all of our buffers */
	return &api;
}

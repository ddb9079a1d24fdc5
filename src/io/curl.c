/* SPDX-License-Identifier: Apache-2.0 */
#include "io/curl.h"

#include "base/loaded.h"
#include "base/mem.h"

LOADED_NOTE("[{\"feature\":\"http\",\"description\":\"sources over http and https\","
	    "\"priority\":\"recommended\",\"soname\":[\"libcurl.so.4\"]}]");

const struct curl_api *curl_load(struct err *err)
{
	static struct curl_api api;
	static bool loaded;
	static const struct loaded_symbol all[] = {{"curl_easy_init", &api.init},
		{"curl_easy_cleanup", &api.cleanup}, {"curl_easy_setopt", &api.setopt},
		{"curl_easy_perform", &api.perform}, {"curl_easy_getinfo", &api.getinfo},
		{"curl_easy_strerror", &api.strerror}, {"curl_multi_init", &api.multi_init},
		{"curl_multi_cleanup", &api.multi_cleanup},
		{"curl_multi_add_handle", &api.multi_add},
		{"curl_multi_remove_handle", &api.multi_remove},
		{"curl_multi_perform", &api.multi_perform}, {"curl_multi_poll", &api.multi_poll},
		{"curl_multi_info_read", &api.multi_info}};

	if (loaded)
		return &api;
	if (loaded_library("libcurl.so.4", "http sources need libcurl", all, ARRAY_LEN(all), err) <
		0) {
		err_hint(
			err, "install libcurl, or bring the release on a stick: ota fetch oci:DIR");
		return NULL;
	}
	loaded = true;
	loaded_trim(); /* thirty libraries: more than all of our buffers */
	return &api;
}

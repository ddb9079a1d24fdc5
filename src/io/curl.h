/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded at the first use. Only the files http*.c that include http_handle.h call it.
 */
#ifndef OTA_IO_CURL_H
#define OTA_IO_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/err.h"

struct curl_api {
	CURL *(*init)(void);
	void (*cleanup)(CURL *);
	CURLcode (*setopt)(CURL *, CURLoption, ...);
	CURLcode (*perform)(CURL *);
	CURLcode (*getinfo)(CURL *, CURLINFO, ...);
	const char *(*strerror)(CURLcode);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_cleanup)(CURLM *);
	CURLMcode (*multi_add)(CURLM *, CURL *);
	CURLMcode (*multi_remove)(CURLM *, CURL *);
	CURLMcode (*multi_perform)(CURLM *, int *);
	CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd[], unsigned, int, int *);
	CURLMsg *(*multi_info)(CURLM *, int *);
};

/* What we use of it, found by name. NULL on failure. Errors: config. */
const struct curl_api *curl_load(struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How http.c sets libcurl up, and what its errors mean to us.
 */
#ifndef OTA_IO_HTTP_CURL_H
#define OTA_IO_HTTP_CURL_H

#include "io/curl.h"
#include "io/http.h"

/* Other than 0 where libcurl does not take one of them. */
int http_set_options(const struct curl_api *api, CURL *curl, const struct http_options *o) MUST_USE;

/* curl's word for why, as an error of ours: what may pass is retry, what can't is config or
 * refused. Always -1. */
int http_curl_error(CURLcode rc, const char *why, const char *url, struct err *err) MUST_USE;

#endif

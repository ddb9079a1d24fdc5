/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_curl.h"

#include "base/mem.h"

#define CONNECT_TIMEOUT_S 30L
#define STALL_BYTES_PER_S 100L
#define STALL_TIME_MS 60000

int http_set_options(const struct curl_api *api, CURL *curl, const struct http_options *o)
{
	unsigned stall_ms = o->stall_time_ms ? o->stall_time_ms : STALL_TIME_MS;
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{CURLOPT_CAINFO, o->ca_file},
		{CURLOPT_SSLCERT, o->client_cert},
		{CURLOPT_SSLKEY, o->client_key},
		{CURLOPT_PROXY, o->proxy},
		{CURLOPT_PROTOCOLS_STR, "http,https"},
		{CURLOPT_USERAGENT, "ota/" OTA_VERSION},
	};
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_NOPROGRESS, 0},
		{CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S},
		{CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S},
		{CURLOPT_LOW_SPEED_TIME, (long)(stall_ms / 1000)},
	};
	int bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].value)
			bad |= api->setopt(curl, texts[i].option, texts[i].value);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		bad |= api->setopt(curl, numbers[i].option, numbers[i].value);
	bad |= api->setopt(curl, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)o->limit_rate);
	bad |= api->setopt(curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)o->limit_rate);
	return bad;
}

int http_curl_error(CURLcode rc, const char *why, const char *url, struct err *err)
{
	switch (rc) {
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ENGINE_NOTFOUND:
		err_set(err, OTA_CONFIG, "%s: %s", url, why);
		return err_hint(err, "see [network] ca-file, client-cert, client-key in ota.conf");
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(err, OTA_REFUSED, "%s: %s", url, why);
		return err_hint(
			err, "is the clock right (date), and [network] ca-file in ota.conf?");
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		err_set(err, OTA_REFUSED, "%s: %s", url, why);
		return err_hint(err, "check the source's address");
	case CURLE_SSL_CONNECT_ERROR:
		err_set(err, OTA_RETRY, "%s: %s", url, why);
		return err_hint(err, "does it speak TLS? else: insecure-http = in [network]");
	case CURLE_OUT_OF_MEMORY:
		return err_set(err, OTA_FAILED, "%s: out of memory", url);
	default:
		err_set(err, OTA_RETRY, "%s: %s", url, why);
		return err_hint(err, "run the same command again: it goes on where it stopped");
	}
}

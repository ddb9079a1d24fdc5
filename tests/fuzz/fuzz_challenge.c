/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/challenge.h"
#include "io/http_once.h"
#include "tests/fuzz/fuzz.h"

/* As a header line as it comes, and what was kept of it as a challenge. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_answer answer = {.status = 0};
	struct challenge c;
	struct err err;

	if (http_answer_read(&answer, (const char *)data, len, &err) < 0) {
		PROMISE(err.code == OTA_CORRUPT);
		return 0;
	}
	if (!answer.challenge[0])
		return 0;
	if (challenge_parse(answer.challenge, &c, &err) < 0) {
		PROMISE(err.code == OTA_CORRUPT || err.code == OTA_REFUSED);
		return 0;
	}
	PROMISE(!c.bearer || c.realm[0]);
	for (const char *at = c.realm; *at; at++)
		PROMISE(*at >= 0x20 && *at <= 0x7e);
	return 0;
}

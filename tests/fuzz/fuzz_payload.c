/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "trust/payload.h"

/* Once as a payload, once as the base64 of a signature. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t signature[SIGNATURE_MAX];
	char text[2048];
	struct digest digest;
	struct err err;
	size_t n = 0;

	if (payload_read((const char *)data, len, &digest, &err) < 0)
		PROMISE(err.code == OTA_UNTRUSTED);
	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (signature_decode(text, signature, &n, &err) < 0)
		PROMISE(err.code == OTA_UNTRUSTED);
	else
		PROMISE(n <= SIGNATURE_MAX);
	return 0;
}

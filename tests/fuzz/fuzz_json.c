/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "io/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[16] = "";
	uint64_t number = 0;
	bool flag;
	json_t *list = NULL;
	const struct json_field fields[] = {
		{.name = "text", .kind = JSON_KIND_STRING, .out = text, .size = sizeof(text)},
		{.name = "number", .kind = JSON_KIND_UINT, .out = &number},
		{.name = "flag", .kind = JSON_KIND_BOOL, .out = &flag, .optional = true},
		{.name = "list", .kind = JSON_KIND_ARRAY, .out = &list, .optional = true},
	};
	struct err err;
	AUTO_JSON *root = json_parse((const char *)data, len, "fuzz", &err);

	if (!root || json_read(root, fields, ARRAY_LEN(fields), "fuzz", &err) < 0)
		return 0;
	PROMISE(memchr(text, '\0', sizeof(text)) && number <= INT64_MAX);
	for (size_t i = 0; list && i < json_length(list); i++)
		if (!json_item(list, i, "list", &err))
			PROMISE(err.code == OTA_CORRUPT);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/boot_json.h"

#include <stdio.h>

#include "cmd/output.h"

const char *boot_slot(const struct boot_result *r, char text[BOOT_SLOT_LEN])
{
	snprintf(text, BOOT_SLOT_LEN, r->version[0] ? "slot %c (%s)" : "slot %c", r->slot,
		r->version);
	return text;
}

int boot_tell(struct front *front, const struct boot_result *r, struct err *err)
{
	const char slot[2] = {r->slot, '\0'};

	if (r->notes_lost)
		output_warn(front, "done, but it could not be noted: %s", r->why.msg);
	return output_json(front,
		json_make(err, "{s:s, s:s, s:b, s:b}", "slot", slot, "version", r->version, "trial",
			r->trial, "already", r->already),
		err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/guard.h"

enum guard_action guard_decide(const struct guard_facts *f)
{
	if (!f->known)
		return GUARD_WATCH;
	switch (f->state) {
	case BOOT_TRIAL:
		return f->elapsed_ms < f->deadline_ms ? GUARD_WATCH : GUARD_STARVE;
	case BOOT_LEAVING: /* its reboot is a matter of moments, or of whoever rolled back */
		return GUARD_PET;
	case BOOT_SETTLED:
	case BOOT_SWAPPED:
	case BOOT_FELL_BACK:
		if (!f->close_after)
			return GUARD_PET;
		return f->held ? GUARD_CLOSE : GUARD_STAY_OUT;
	case BOOT_LOST:
	case BOOT_STATE_COUNT:
		break;
	}
	return GUARD_WATCH;
}

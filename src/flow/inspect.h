/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a release, who signed it, is it sound: every byte of it and of its deltas is read and
 * checked.
 */
#ifndef OTA_FLOW_INSPECT_H
#define OTA_FLOW_INSPECT_H

#include "flow/authentic.h"
#include "flow/deltas.h"
#include "io/progress.h"
#include "trust/keyring.h"

struct inspection {
	struct authentic a;             /* freed by the caller, also after a failure */
	uint64_t zero_bytes;            /* of the root file system: runs of zeros */
	uint32_t cell_bytes, n_entries; /* of its index */
	struct delta_list deltas;       /* all are sound */
};

#define INSPECTION                                                                                 \
	{                                                                                          \
		.a = AUTHENTIC                                                                     \
	}

/* keyring NULL: nobody is trusted, so that a.signers stays 0; that is no error, as a missing
 * signature is none. Errors: corrupt, incompatible, the source's. */
int inspect_release(struct source *source, const struct keyring *keyring,
	const struct progress *progress, struct inspection *result, struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deltas of a release: found by what refers to it, verified as releases are, by the same keys.
 * Nothing of a delta is parsed before enough trusted keys have signed its manifest.
 */
#ifndef OTA_FLOW_DELTAS_H
#define OTA_FLOW_DELTAS_H

#include "flow/signatures.h"
#include "release/delta_artifact.h"

#define DELTAS_MAX 16 /* of those that may fit, so many are looked at */

struct delta_found {
	struct descriptor manifest;
	struct delta_artifact artifact;
	/* Why one that might have served was passed over, for people; "" where none was. Also set
	 * where none is found. */
	char passed_over[256];
};

/* Looks for the smallest delta that makes this release (its manifest's descriptor, and what it
 * says; NULL for a container image) out of one of the bases, told by their content. signers 0:
 * nobody is asked who signed it. What is unsigned, signed by too few trusted keys, damaged
 * or made for another target is passed over, as is a list that cannot be read: without a delta the
 * layer itself is fetched. A list that tells the base spares the requests for all others. Errors:
 * those that the next request would meet too: retry, interrupted, io, failed. */
int deltas_find(struct source *source, const struct keyring *keyring, unsigned signers,
	const struct descriptor *target, const struct release *release, const struct digest *bases,
	size_t n_bases, struct delta_found *found, bool *is_there, struct err *err) MUST_USE;

struct delta_listed {
	struct descriptor manifest;
	bool is_sound; /* artifact says something, and is for this release */
	struct delta_artifact artifact;
	struct err fault; /* why it is not sound */
	size_t n_signatures;
	uint32_t signers; /* the keys that signed, one bit each; 0 where no keyring was asked */
};

struct delta_list {
	size_t n;
	struct delta_listed items[REFERRERS_MAX];
};

/* All of them, in the list's order, whoever signed them: for those who only want to look. keyring
 * NULL: nobody is asked. Errors: the source's, of the list; retry, interrupted, io, failed of what
 * it names. */
int deltas_list(struct source *source, const struct keyring *keyring,
	const struct descriptor *target, const struct release *release, struct delta_list *list,
	struct err *err) MUST_USE;

#endif

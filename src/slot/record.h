/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes about the slots, kept in the store: STORE/slots/{a,b,rollback,committed}.json. They are
 * notes: the boot environment is the truth about booting, the slot's bytes about content. A note
 * that is missing or damaged reads as "unknown" and is no error; writing one is durable.
 */
#ifndef OTA_SLOT_RECORD_H
#define OTA_SLOT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/digest.h"

enum slot_state {
	SLOT_EMPTY,
	SLOT_WRITING,
	SLOT_PROVED,
	SLOT_TRIAL,
	SLOT_GOOD,
	SLOT_BAD,
	SLOT_UNKNOWN,
	SLOT_STATE_COUNT
};

#define BOOT_ID_LEN 40
#define VERSION_LEN 65
#define REASON_LEN 16
#define DETAIL_LEN 240

struct slot_record {
	enum slot_state state;
	bool has_digest;      /* do digest, content and version say something? */
	struct digest digest; /* of the release's manifest */
	struct digest content;
	bool boot_in_release; /* its boot files come with the release, not in the image */
	char version[VERSION_LEN];
	uint64_t epoch;
	int64_t created;                   /* the release's, UTC seconds; 0: none */
	char proved_boot_id[BOOT_ID_LEN];  /* the boot in which it was last read back; "" */
	char swapped_boot_id[BOOT_ID_LEN]; /* the boot in which it was made next, or left; "" */
	char reason[REASON_LEN];           /* why it is to be left, where that is known; "" */
	char detail[DETAIL_LEN];
};

struct rollback_record {
	bool happened;
	int64_t when_utc_s;
	char from, to; /* slots */
	bool has_digest;
	struct digest digest; /* of what was left */
	char version[VERSION_LEN];
	char reason[REASON_LEN];
	char detail[DETAIL_LEN];
};

struct committed_record {
	uint64_t epoch;  /* the highest committed */
	int64_t created; /* UTC seconds: the newest `created` committed; 0: none */
};

const char *slot_state_name(enum slot_state state);

void slot_record_read(const char *store, char slot, struct slot_record *r);
void rollback_record_read(const char *store, struct rollback_record *r);
void committed_record_read(const char *store, struct committed_record *r);

/* Errors: io, space. The store's folders exist. */
int slot_record_write(
	const char *store, char slot, const struct slot_record *r, struct err *err) MUST_USE;
int rollback_record_write(
	const char *store, const struct rollback_record *r, struct err *err) MUST_USE;
int committed_record_write(
	const char *store, const struct committed_record *r, struct err *err) MUST_USE;
/* Takes over what is higher in a release that is kept; writes only then. */
int committed_record_raise(const char *store, struct committed_record *c,
	const struct slot_record *r, struct err *err) MUST_USE;

/* STORE/bad: the contents that failed or were rolled back on this device. */
bool bad_has(const char *store, const struct digest *digest);
int bad_add(const char *store, const struct digest *digest, struct err *err) MUST_USE;
int bad_remove(const char *store, const struct digest *digest, struct err *err) MUST_USE;

#endif

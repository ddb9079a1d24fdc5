/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the chunk list's form, for its reader and its writer. */
#ifndef OTA_RELEASE_CHUNKS_FORM_H
#define OTA_RELEASE_CHUNKS_FORM_H

#define CHUNKS_MAGIC "OTACHUNK"
#define CHUNKS_HEAD_BYTES 64
#define CHUNKS_HEAD_USED 56
#define ENTRY_BYTES 8 /* of a chunk, a group, a span */
#define LEN_BITS 24
#define LEN_MASK ((UINT64_C(1) << LEN_BITS) - 1)
#define HASH_MASK ((UINT64_C(1) << 40) - 1)
#define NO_CHUNK UINT32_MAX

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the coded form is made of: little endian numbers at any address, a magic.
 */
#ifndef OTA_DELTA_BYTES_H
#define OTA_DELTA_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define DELTA_MAGIC "OTADELTA"
#define DELTA_MAGIC_BYTES 8
#define DELTA_EXTRA_BYTES 4 /* of a group: how long its coded extra bytes are */

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)v);
	put32(p + 4, (uint32_t)(v >> 32));
}

#endif

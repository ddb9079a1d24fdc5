/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program and the libraries that are loaded.
 */
#ifndef OTA_BASE_LOADED_H
#define OTA_BASE_LOADED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The note in the ELF file that tells packagers of a library that is loaded where it is needed, as
 * systemd's loaders read it. Once a file; json: text. */
#define LOADED_NOTE(json)                                                                          \
	__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {           \
		uint32_t name_len, text_len, type;                                                 \
		char name[4];                                                                      \
		char text[(sizeof(json) + 3) / 4 * 4];                                             \
	} dlopen_note = {4, sizeof(json), 0x407c0c0a, "FDO", json}

struct loaded_symbol {
	const char *name;
	void *function; /* a pointer to the pointer that is set */
};

/* Loads a library and finds its functions; both last as long as the process does. Errors: config
 * (the message begins with `what` needs it). */
int loaded_library(const char *soname, const char *what, const struct loaded_symbol *symbols,
	size_t n, struct err *err) MUST_USE;

/* Gives back what loading them has touched and nobody has changed: symbol tables and code of what
 * only runs once; and what the heap has to spare. What is needed after all comes again from the
 * page cache. */
void loaded_trim(void);

#endif

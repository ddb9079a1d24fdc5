/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program and the libraries that are loaded.
 */
#ifndef OTA_BASE_LOADED_H
#define OTA_BASE_LOADED_H

/* Gives back what loading them has touched and nobody has changed: symbol tables and code of what
 * only runs once. What is needed after all comes again from the page cache. */
void loaded_trim(void);

#endif

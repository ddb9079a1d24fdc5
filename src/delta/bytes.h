/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the coded form is made of.
 */
#ifndef OTA_DELTA_BYTES_H
#define OTA_DELTA_BYTES_H

#include "base/le.h"

#define DELTA_MAGIC "OTADELTA"
#define DELTA_MAGIC_BYTES 8
#define DELTA_EXTRA_BYTES 4 /* of a group: how long its coded extra bytes are */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a release says of itself: an OCI image manifest of artifactType
 * application/vnd.ota.os.v1, and the config that it names. Parsed only once its digest is known to
 * be signed, and strictly all the same: missing, unknown, doubled or extra is OTA_CORRUPT. Pure.
 */
#ifndef OTA_RELEASE_RELEASE_H
#define OTA_RELEASE_RELEASE_H

#include "base/buf.h"
#include "base/fatname.h"
#include "io/descriptor.h"

#define ARTIFACT_TYPE_OS "application/vnd.ota.os.v1"
#define MEDIA_TYPE_CONFIG "application/vnd.ota.os.config.v1+json"
#define MEDIA_TYPE_IMAGE "application/vnd.ota.image.v1+zstd"
/* Layers of such types help to reuse what a device has; one that it does not know is passed over */
#define MEDIA_TYPE_REUSE_PREFIX "application/vnd.ota.reuse."

#define WORD_LEN 65 /* version, compatible, channel: 1 to 64 characters, and NUL */
#define NO_TIME INT64_MIN
#define PHASE_ALL 100

#define IMAGE_ROOTFS "rootfs"
#define IMAGE_BOOT_PREFIX "boot/" /* of a boot file's path */
#define IMAGE_NAME_LEN (sizeof(IMAGE_BOOT_PREFIX) + FATNAME_PATH_LEN)
#define IMAGES_MAX 257 /* the root file system and 256 boot files */

/* One image: what it is, and the two layers that bring it. Two more may help to reuse what a device
 * has of it: the chunk list and the chunks' data, see chunks.h; both or none, size 0 is none. */
struct image {
	char name[IMAGE_NAME_LEN];
	uint64_t raw_bytes;
	struct digest raw_digest;
	struct descriptor layer, index;
	struct descriptor chunks, data;
};

struct release {
	char version[WORD_LEN];
	char compatible[WORD_LEN];
	char channel[WORD_LEN]; /* "" where the release names none */
	uint64_t epoch;
	int64_t created, expires; /* UTC seconds, or NO_TIME */
	unsigned phase;           /* percent of the devices */
	struct descriptor config;
	struct image images[IMAGES_MAX]; /* the root file system first, then the boot files */
	size_t n_images;
	/* What it leaves on a device: of version, compatible, epoch, channel and the raw images.
	 * The same release with another phase or date has another manifest, and the same content.
	 */
	struct digest content;
};

static inline const struct image *release_rootfs(const struct release *r)
{
	return &r->images[0];
}

/* The path of a boot file's image. */
static inline const char *image_boot_path(const struct image *image)
{
	return image->name + strlen(IMAGE_BOOT_PREFIX);
}

/* Is this a word as version, compatible and channel take it: 1 to 64 of [A-Za-z0-9._~^+:-]? */
bool release_word_is_sound(const char *word);

/* The manifest gives the layers of each image, in the order of the config; the config the rest, and
 * is parsed second. Errors: corrupt, incompatible (another artifactType, an image that this version
 * does not know). */
int release_parse_manifest(
	const char *text, size_t len, struct release *r, struct err *err) MUST_USE;
int release_parse_config(const char *text, size_t len, struct release *r, struct err *err) MUST_USE;

/* Fills in r->content from the rest; release_parse_config() does so by itself. Errors: failed. */
int release_set_content(struct release *r, struct err *err) MUST_USE;

/* Writes the same forms; the same release gives the same bytes. */
int release_write_manifest(const struct release *r, struct buf *out, struct err *err) MUST_USE;
int release_write_config(const struct release *r, struct buf *out, struct err *err) MUST_USE;

#endif

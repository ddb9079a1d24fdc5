/* SPDX-License-Identifier: Apache-2.0 */
#include "io/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/loaded.h"
#include "base/mem.h"

#define GZIP_ONLY (MAX_WBITS + 16)

struct zlib_api {
	int (*init)(z_stream *z, int window_bits, const char *version, int size);
	int (*inflate)(z_stream *z, int flush);
	int (*reset)(z_stream *z);
	int (*end)(z_stream *z);
};

struct gzip_decoder {
	const struct zlib_api *api;
	z_stream z;
	bool between; /* members */
};

LOADED_NOTE("[{\"feature\":\"gzip\",\"description\":\"layers of containers that are gzipped\","
	    "\"priority\":\"recommended\",\"soname\":[\"libz.so.1\"]}]");

static const struct zlib_api *load(struct err *err)
{
	static struct zlib_api api;
	static const struct loaded_symbol all[] = {{"inflateInit2_", &api.init},
		{"inflate", &api.inflate}, {"inflateReset", &api.reset}, {"inflateEnd", &api.end}};

	if (api.end)
		return &api;
	if (loaded_library("libz.so.1", "gzipped layers need zlib", all, ARRAY_LEN(all), err) < 0) {
		err_hint(err, "install it, or use layers of zstd");
		return NULL;
	}
	return &api;
}

struct gzip_decoder *gzip_decoder_new(struct err *err)
{
	const struct zlib_api *api = load(err);
	struct gzip_decoder *d = api ? calloc(1, sizeof(*d)) : NULL;

	if (!api)
		return NULL;
	if (d && api->init(&d->z, GZIP_ONLY, ZLIB_VERSION, sizeof(d->z)) == Z_OK) {
		d->api = api;
		return d;
	}
	free(d);
	err_set(err, OTA_FAILED, "no gzip decoder: out of memory");
	return NULL;
}

void gzip_decoder_free(struct gzip_decoder *d)
{
	if (d)
		d->api->end(&d->z);
	free(d);
}

int gzip_decode(struct gzip_decoder *d, const void *in, size_t in_len, size_t *used, void *out,
	size_t room, size_t *made, struct err *err)
{
	z_stream *z = &d->z;

	if (d->between && in_len > 0 && d->api->reset(z) == Z_OK)
		d->between = false;
	z->next_in = (void *)in;
	z->avail_in = (uInt)in_len;
	z->next_out = out;
	z->avail_out = (uInt)room;
	int rc = d->between ? Z_BUF_ERROR : d->api->inflate(z, Z_NO_FLUSH);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return err_set(err, OTA_CORRUPT, "gzip: %s", z->msg ? z->msg : "damaged");
	d->between |= rc == Z_STREAM_END;
	*used = in_len - z->avail_in;
	*made = room - z->avail_out;
	return 0;
}

bool gzip_is_whole(const struct gzip_decoder *d)
{
	return d->between;
}

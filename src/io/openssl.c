/* SPDX-License-Identifier: Apache-2.0 */
#include "io/openssl.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/loaded.h"
#include "base/mem.h"

#if OPENSSL_VERSION_MAJOR != 3
#error "the library's file name, which is loaded, belongs to OpenSSL 3"
#endif
#define SONAME "libcrypto.so.3"

LOADED_NOTE("[{\"feature\":\"crypto\",\"description\":\"digests and signatures\","
	    "\"priority\":\"required\",\"soname\":[\"" SONAME "\"]}]");

struct openssl_api openssl;

int openssl_load(struct err *err)
{
	static const struct loaded_symbol all[] = {
#define X(name) {#name, &openssl.name},
		OPENSSL_USED(X)
#undef X
	};
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool loaded;

	pthread_mutex_lock(&lock);
	int rc = loaded ? 0
			: loaded_library(SONAME, "digests and signatures need OpenSSL", all,
				  ARRAY_LEN(all), err);
	loaded = rc == 0;
	pthread_mutex_unlock(&lock);
	return rc < 0 ? err_hint(err, "install OpenSSL 3 (libssl3 on Debian)") : 0;
}

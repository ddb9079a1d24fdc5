/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that make a config.json share. Each puts its part into an object that belongs to
 * the caller, also where it fails. Errors: failed.
 */
#ifndef OTA_OCI_RUNTIME_PART_H
#define OTA_OCI_RUNTIME_PART_H

#include "base/mem.h"
#include "io/json.h"
#include "oci/runtime_config.h"

#define RUNTIME_CAPABILITY(number) (UINT64_C(1) << (number))

/* Those that the service may have at all. */
uint64_t runtime_capabilities(const struct service *s);

/* An empty list or object as a field, which belongs to the object; NULL on failure. */
json_t *runtime_list(json_t *object, const char *name, struct err *err) MUST_USE;
json_t *runtime_object(json_t *object, const char *name, struct err *err) MUST_USE;

/* A list of texts, up to a NULL, as a field. */
int runtime_put_texts(
	json_t *object, const char *name, const char *const *texts, struct err *err) MUST_USE;

int runtime_put_process(const struct runtime_spec *spec, json_t *root, struct err *err) MUST_USE;
int runtime_put_mounts(const struct runtime_spec *spec, json_t *root, struct err *err) MUST_USE;
int runtime_put_linux(const struct runtime_spec *spec, json_t *root, struct err *err) MUST_USE;
int runtime_put_resources(
	const struct runtime_spec *spec, json_t *parent, struct err *err) MUST_USE;

/* Which calls are refused, for one that may have these capabilities. */
int runtime_put_seccomp(uint64_t capabilities, json_t *parent, struct err *err) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/accept.h"

#include "trust/keyring.h"

int accept_fitting(const struct device *d, const struct situation *s, struct source *source,
	struct authentic *a, struct err *err)
{
	AUTO_KEYRING *keyring = keyring_load(d->trust, err);

	if (!keyring || authentic_load(source, keyring, d->signers, a, err) < 0)
		return -1;
	return policy_check_fit(d, s, &a->release, err);
}

int accept_newer(const struct device *d, const struct situation *s, struct source *source,
	const struct policy_options *options, struct authentic *a, struct err *err)
{
	if (situation_require(s, err) < 0 || accept_fitting(d, s, source, a, err) < 0)
		return -1;
	return policy_check_newer(d, s, a, options, err);
}

int accept_cost(
	const struct device *d, const struct source *source, uint64_t bytes, struct err *err)
{
	if (!d->budget || !source_is_remote(source) || bytes <= d->budget)
		return 0;
	err_set(err, OTA_SPACE, "%ju bytes would cross the network, and the budget is %ju",
		(uintmax_t)bytes, (uintmax_t)d->budget);
	return err_hint(err,
		"ota fetch --budget SIZE allows more; or bring it on a stick: ota fetch oci:DIR");
}

void accept_result(const struct authentic *a, struct install_result *result)
{
	*result = (struct install_result){.manifest = a->manifest, .release = a->release};
}

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

void accept_result(const struct authentic *a, struct install_result *result)
{
	*result = (struct install_result){.manifest = a->manifest, .release = a->release};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/policy.h"

#include <string.h>

#include "base/clock.h"
#include "release/version.h"

#define CLOCK_SKEW_S (24 * 3600) /* between a build machine and a device */

/* Never earlier than the build or than the newest release committed: a device without a battery
 * starts in 1970, and would take what expired long ago. */
static int64_t now_at_least(const struct situation *s)
{
	int64_t now = clock_utc_s(), built = OTA_BUILD_TIME;

	if (now < built)
		now = built;
	return now < s->committed.created ? s->committed.created : now;
}

static int check_expiry(const struct situation *s, const struct release *r, struct err *err)
{
	char text[CLOCK_TEXT_LEN];

	if (r->expires == NO_TIME || r->expires >= now_at_least(s))
		return 0;
	clock_format(r->expires, text);
	err_set(err, OTA_UNTRUSTED, "release %s expired at %s", r->version, text);
	return err_hint(err, "is this device's clock right (date -u)? else a newer release helps");
}

/* Only a clock that is known to be right can tell that something is of tomorrow: one that stood
 * still without power would hold back what is of today. */
static int check_begun(const struct release *r, struct err *err)
{
	char text[CLOCK_TEXT_LEN];

	if (r->created == NO_TIME || !clock_is_synchronised() ||
		r->created <= clock_utc_s() + CLOCK_SKEW_S)
		return 0;
	clock_format(r->created, text);
	return err_set(err, OTA_UNTRUSTED, "release %s is not valid yet: it was created at %s",
		r->version, text);
}

int policy_check_fit(
	const struct device *d, const struct situation *s, const struct release *r, struct err *err)
{
	uint64_t epoch = situation_epoch(s);

	if (strcmp(r->compatible, d->compatible)) {
		err_set(err, OTA_INCOMPATIBLE, "release %s is for %s, this device is %s",
			r->version, r->compatible, d->compatible);
		return err_hint(err, "compatible = in ota.conf and --compatible of ota pack");
	}
	if (d->channel && strcmp(r->channel, d->channel)) {
		err_set(err, OTA_UNTRUSTED, "release %s is of channel '%s', not '%s'", r->version,
			r->channel, d->channel);
		return err_hint(err, "channel = in [device] of ota.conf, --channel of ota pack");
	}
	if (r->epoch < epoch) {
		err_set(err, OTA_UNTRUSTED,
			"release %s has epoch %ju, and this device has committed %ju", r->version,
			(uintmax_t)r->epoch, (uintmax_t)epoch);
		return err_hint(
			err, "there is no way back below an epoch; a newer release: ota check");
	}
	return check_expiry(s, r, err) < 0 ? -1 : check_begun(r, err);
}

/* A slot that was given up in the last boot is known to be bad before that is written down. */
bool policy_is_bad(const struct device *d, const struct situation *s, const struct digest *content)
{
	if (s->has_env && boot_is_bad(&s->env, content))
		return true;
	for (int i = 0; i < 2; i++)
		if (s->slots[i].state == SLOT_BAD && s->slots[i].has_digest &&
			digest_equal(&s->slots[i].content, content))
			return true;
	return bad_has(d->store, content);
}

int policy_check_not_bad(const struct device *d, const struct situation *s,
	const struct authentic *a, const struct policy_options *options, struct err *err)
{
	if (options->retry || !policy_is_bad(d, s, &a->release.content))
		return 0;
	err_set(err, OTA_NOTHING, "release %s failed on this device before", a->release.version);
	return err_hint(err, "to try it once more: --retry");
}

static int check_wave(const struct device *d, const struct authentic *a, struct err *err)
{
	AUTO_BUF text = BUF(1024);
	char digest[DIGEST_TEXT_LEN];
	struct digest hash;

	if (a->release.phase >= PHASE_ALL)
		return 0;
	if (!d->id) {
		err_set(err, OTA_CONFIG, "release %s comes in waves, and this device has no name",
			a->release.version);
		return err_hint(err, "id = in [device], or /etc/machine-id");
	}
	/* not the manifest's: a wider wave is another manifest, and must hold the narrower one */
	digest_text(&a->release.content, digest);
	if (buf_printf(&text, err, "%s %s", d->id, digest) < 0 ||
		digest_of(text.data, text.len, &hash, err) < 0)
		return -1;
	unsigned place = (hash.bytes[0] << 8 | hash.bytes[1]) % 100;
	if (place < a->release.phase)
		return 0;
	return err_set(err, OTA_NOTHING,
		"release %s is for %u %% of the devices so far, and not for this one",
		a->release.version, a->release.phase);
}

int policy_check_newer(const struct device *d, const struct situation *s, const struct authentic *a,
	const struct policy_options *options, struct err *err)
{
	const struct slot_record *runs = &s->slots[s->running - 'a'];
	const char *version = a->release.version;

	if (runs->has_digest && digest_equal(&runs->content, &a->release.content))
		return err_set(err, OTA_NOTHING, "up to date: release %s runs already", version);
	if (!options->downgrade && runs->version[0] &&
		version_compare(version, runs->version) < 0) {
		err_set(err, OTA_NOTHING, "release %s is older than %s, which runs", version,
			runs->version);
		return err_hint(err, "to go back to it: --downgrade");
	}
	if (policy_check_not_bad(d, s, a, options, err) < 0)
		return -1;
	return check_wave(d, a, err);
}

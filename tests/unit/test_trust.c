/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, keyrings and payloads; OpenSSL's own tool makes the keys that we did not. */
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/unit.h"
#include "trust/keyring.h"
#include "trust/payload.h"

static void openssl(void **state, const char *options, const char *name)
{
	char command[512];

	snprintf(command, sizeof(command),
		"cd %s && openssl genpkey %s -out %s.key 2>/dev/null && "
		"openssl pkey -in %s.key -pubout -out %s.pub",
		(char *)*state, options, name, name, name);
	assert_int_equal(system(command), 0);
}

static void assert_signs(const char *private_path, const char *public_path)
{
	uint8_t signature[SIGNATURE_MAX];
	size_t len = 0;
	struct err err;
	AUTO_KEY *private_key = key_load_private(private_path, &err);
	AUTO_KEY *public_key = key_load_public(public_path, &err);

	assert_true(private_key && public_key);
	assert_works(key_sign(private_key, "words", 5, signature, &len, &err));
	assert_true(key_verify(public_key, "words", 5, signature, len));
	assert_false(key_verify(public_key, "sword", 5, signature, len));
	assert_false(key_verify(public_key, "words", 5, signature, len - 1));
	assert_false(key_verify(public_key, "words", 5, signature, 0));
	signature[len / 2] ^= 1;
	assert_false(key_verify(public_key, "words", 5, signature, len));
}

static void a_key_of_ours_signs(void **state)
{
	struct stat st;
	struct err err;

	assert_works(key_generate(at(state, "k"), &err));
	assert_int_equal(stat(at(state, "k.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_signs(at(state, "k.key"), at(state, "k.pub"));
	assert_fails(key_generate(at(state, "k"), &err), OTA_USAGE);
	assert_signs(at(state, "k.key"), at(state, "k.pub"));
}

static void keys_of_openssl_sign(void **state)
{
	openssl(state, "-algorithm ed25519", "ed");
	assert_signs(at(state, "ed.key"), at(state, "ed.pub"));
	openssl(state, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "ec");
	assert_signs(at(state, "ec.key"), at(state, "ec.pub"));
	openssl(state, "-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "rsa");
	assert_signs(at(state, "rsa.key"), at(state, "rsa.pub"));
}

static void weak_and_foreign_keys_are_refused(void **state)
{
	static const char *const kinds[] = {"-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
		"-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-algorithm ed448",
		"-algorithm X25519"};
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		openssl(state, kinds[i], "other");
		assert_null(key_load_private(at(state, "other.key"), &err));
		assert_int_equal(err.code, OTA_CONFIG);
		assert_null(key_load_public(at(state, "other.pub"), &err));
		assert_int_equal(err.code, OTA_UNTRUSTED);
	}
}

static void a_folder_without_a_key_trusts_nobody(void **state)
{
	struct err err;

	assert_null(keyring_load(*state, &err));
	assert_int_equal(err.code, OTA_UNTRUSTED);
	assert_null(keyring_load(at(state, "missing"), &err));
	assert_int_equal(err.code, OTA_UNTRUSTED);
}

static void an_unreadable_key_spoils_the_folder(void **state)
{
	struct err err;

	assert_works(key_generate(at(state, "good"), &err));
	assert_works(file_publish(at(state, "bad.pub"), "nonsense", 8, 0644, &err));
	assert_null(keyring_load(*state, &err));
	assert_int_equal(err.code, OTA_UNTRUSTED);
	assert_non_null(strstr(err.msg, "bad.pub"));
}

static void a_key_under_two_names_is_one(void **state)
{
	uint8_t signature[SIGNATURE_MAX];
	char command[256];
	struct err err;
	size_t len;

	assert_works(key_generate(at(state, "one"), &err));
	assert_works(key_generate(at(state, "two"), &err));
	snprintf(command, sizeof(command), "cp %s %s", at(state, "one.pub"), at(state, "more.pub"));
	assert_int_equal(system(command), 0);
	AUTO_KEYRING *k = keyring_load(*state, &err);
	assert_non_null(k);
	assert_int_equal(keyring_size(k), 2);
	AUTO_KEY *two = key_load_private(at(state, "two.key"), &err);
	assert_works(key_sign(two, "x", 1, signature, &len, &err));
	int signer = keyring_find_signer(k, "x", 1, signature, len);
	assert_true(signer >= 0);
	assert_string_equal(keyring_name(k, (size_t)signer), "two.pub");
	assert_int_equal(keyring_find_signer(k, "y", 1, signature, len), -1);
}

static void a_payload_comes_back(void **state)
{
	AUTO_BUF text = BUF(PAYLOAD_MAX);
	struct digest d, back;
	struct err err;

	(void)state;
	memset(&d, 0x5a, sizeof(d));
	assert_works(payload_write(&d, "1.0", &text, &err));
	assert_works(payload_read(text.data, text.len, &back, &err));
	assert_true(digest_equal(&d, &back));
}

#define PAYLOAD(identity, digest, type)                                                            \
	"{\"critical\":{\"identity\":{" identity "},\"image\":{\"docker-manifest-digest\":"        \
	"\"" digest "\"},\"type\":\"" type "\"},\"optional\":{}}"
#define COSIGN "cosign container image signature"
#define REFERENCE "\"docker-reference\":\"x\""
#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void false_payloads_are_refused(void **state)
{
	static const char *const texts[] = {"", "{}", "[]", PAYLOAD(REFERENCE, DIGEST, "other"),
		PAYLOAD(REFERENCE, "", COSIGN), PAYLOAD(REFERENCE, "sha512:ab", COSIGN),
		PAYLOAD("", DIGEST, COSIGN), PAYLOAD(REFERENCE "," REFERENCE, DIGEST, COSIGN)};
	struct digest d;
	struct err err;

	(void)state;
	assert_works(payload_read(PAYLOAD(REFERENCE, DIGEST, COSIGN),
		strlen(PAYLOAD(REFERENCE, DIGEST, COSIGN)), &d, &err));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_fails(payload_read(texts[i], strlen(texts[i]), &d, &err), OTA_UNTRUSTED);
}

static void base64_is_strict(void **state)
{
	static const char *const wrong[] = {"", "A", "AB", "ABC", "AB=C", "A B=", "AB$=", "AAAA\n"};
	uint8_t bytes[SIGNATURE_MAX];
	char text[SIGNATURE_TEXT_MAX];
	struct err err;
	size_t len;

	(void)state;
	for (size_t n = 1; n < 100; n++) {
		uint8_t in[100];
		memset(in, (int)n, n);
		signature_encode(in, n, text);
		assert_works(signature_decode(text, bytes, &len, &err));
		assert_int_equal(len, n);
		assert_memory_equal(in, bytes, n);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(signature_decode(wrong[i], bytes, &len, &err), OTA_UNTRUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(a_key_of_ours_signs),
		in_scratch(keys_of_openssl_sign),
		in_scratch(weak_and_foreign_keys_are_refused),
		in_scratch(a_folder_without_a_key_trusts_nobody),
		in_scratch(an_unreadable_key_spoils_the_folder),
		in_scratch(a_key_under_two_names_is_one),
		cmocka_unit_test(a_payload_comes_back),
		cmocka_unit_test(false_payloads_are_refused),
		cmocka_unit_test(base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

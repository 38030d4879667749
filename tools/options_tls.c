/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the command line that is about TLS. */
#include "options_tls.h"

#include <smtpc/smtpc.h>
#include <stdbool.h>
#include <string.h>

#include "exit.h"
#include "octet.h"
#include "options.h"
#include "problem.h"

void
options_add_pin(struct options *options, const char *argument)
{
	if (options->pin_count < PINS_MAX)
		options->pins[options->pin_count] = argument;
	options->pin_count++;
}

static bool
find_mode(const char *name, int *ret_mode)
{
	static const struct {
		const char *name;
		int mode;
	} modes[] = {
		{ "auto", SMTPC_TLS_AUTO },
		{ "implicit", SMTPC_TLS_IMPLICIT },
		{ "starttls", SMTPC_TLS_STARTTLS },
		{ "opportunistic", SMTPC_TLS_OPPORTUNISTIC },
		{ "none", SMTPC_TLS_NONE },
	};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(name, modes[i].name) == 0) {
			*ret_mode = modes[i].mode;
			return true;
		}
	}
	return false;
}

static int
parse_mode(struct options *options)
{
	options->tls_mode = SMTPC_TLS_AUTO;
	if (options->tls != NULL &&
	    !find_mode(options->tls, &options->tls_mode)) {
		complain("--tls %s: no such mode: it is auto, implicit, "
			 "starttls, opportunistic or none",
			 options->tls);
		return EX_USAGE;
	}
	if (options->url.scheme != URL_SMTPS)
		return EX_OK;
	if (options->tls_mode != SMTPC_TLS_AUTO &&
	    options->tls_mode != SMTPC_TLS_IMPLICIT) {
		complain("--tls %s contradicts smtps://, which is TLS from "
			 "the first octet",
			 options->tls);
		return EX_USAGE;
	}
	options->tls_mode = SMTPC_TLS_IMPLICIT;
	return EX_OK;
}

static int
parse_minimum(struct options *options)
{
	static const struct {
		const char *name;
		int version;
	} versions[] = {
		{ "1.0", SMTPC_TLS_1_0 },
		{ "1.1", SMTPC_TLS_1_1 },
		{ "1.2", SMTPC_TLS_1_2 },
		{ "1.3", SMTPC_TLS_1_3 },
	};
	size_t i;

	if (options->tls_minimum == NULL)
		return EX_OK;
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (strcmp(options->tls_minimum, versions[i].name) == 0) {
			options->tls_minimum_version = versions[i].version;
			return EX_OK;
		}
	}
	complain("--tls-minimum %s: no such version: it is 1.0, 1.1, 1.2 or "
		 "1.3",
		 options->tls_minimum);
	return EX_USAGE;
}

/* 64 hexadecimal digits, in either case, with or without colons. */
static bool
parse_sha256(const char *s, char ret_digits[FINGERPRINT_LEN + 1])
{
	size_t len = 0;

	for (; *s != '\0' && len < FINGERPRINT_LEN; s++) {
		if (octet_hex_value(*s) >= 0)
			ret_digits[len++] = octet_lower(*s);
		else if (*s != ':' || len == 0 || len % 2 != 0)
			return false;
	}
	ret_digits[len] = '\0';
	return *s == '\0' && len == FINGERPRINT_LEN;
}

static int
complain_about_sha256(const char *option)
{
	complain("%s: not a SHA-256, which is 64 hexadecimal digits", option);
	return EX_USAGE;
}

static int
parse_fingerprints(struct options *options)
{
	size_t i;

	if (options->accept_certificate != NULL &&
	    !parse_sha256(options->accept_certificate, options->fingerprint))
		return complain_about_sha256("--accept-certificate");
	if (options->pin_count > PINS_MAX) {
		complain("--pin: more than %d", PINS_MAX);
		return EX_USAGE;
	}
	for (i = 0; i < options->pin_count; i++) {
		if (!parse_sha256(options->pins[i], options->pin_digits[i]))
			return complain_about_sha256("--pin");
	}
	return EX_OK;
}

static int
complain_about_problem(const char *name, size_t len)
{
	char names[PROBLEM_NAMES_SIZE];

	problem_names(names);
	complain("--accept %.*s: no such problem: it is one of %s", (int)len,
		 name, names);
	return EX_USAGE;
}

/* Words with commas between them. */
static int
parse_exceptions(struct options *options)
{
	const char *word = options->accept;
	uint32_t flag;
	size_t len;

	if (word == NULL)
		return EX_OK;
	for (;;) {
		len = strcspn(word, ",");
		if (!problem_find(word, len, &flag))
			return complain_about_problem(word, len);
		if (flag == SMTPC_CERTIFICATE_PIN_MISMATCH) {
			complain("--accept: a pin that does not match is "
				 "never overlooked");
			return EX_USAGE;
		}
		options->exceptions |= flag;
		if (word[len] == '\0')
			return EX_OK;
		word += len + 1;
	}
}

bool
options_is_token(const char *certificate)
{
	return strncmp(certificate, "pkcs11:", strlen("pkcs11:")) == 0;
}

static const char *
contradiction_of_key(const struct options *options)
{
	if (options->pkcs12 != NULL &&
	    (options->certificate != NULL || options->key != NULL))
		return "--pkcs12 contradicts --certificate and --key: it holds "
		       "both";
	if (options->key != NULL && options->certificate == NULL)
		return "--key, but no --certificate";
	if (options->key != NULL && options_is_token(options->certificate))
		return "--key contradicts a pkcs11: URL: the token holds both";
	return NULL;
}

static const char *
contradiction_of_key_password(const struct options *options)
{
	int sources = (options->key_password_file != NULL) +
		      (options->key_password_environment != NULL);

	if (sources > 1)
		return "the password of the key can come from one place only";
	if (sources == 1 && options->certificate == NULL &&
	    options->pkcs12 == NULL)
		return "a password of a key, but neither --certificate nor "
		       "--pkcs12";
	return NULL;
}

static int
check_key(const struct options *options)
{
	const char *wrong = contradiction_of_key(options);

	if (wrong == NULL)
		wrong = contradiction_of_key_password(options);
	if (wrong == NULL)
		return EX_OK;
	complain("%s", wrong);
	return EX_USAGE;
}

int
options_parse_tls(struct options *options)
{
	int rc;

	rc = parse_mode(options);
	if (rc == EX_OK)
		rc = parse_minimum(options);
	if (rc == EX_OK)
		rc = parse_fingerprints(options);
	if (rc == EX_OK)
		rc = parse_exceptions(options);
	if (rc == EX_OK)
		rc = check_key(options);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both sides of an authentication, a step at a time. */
#include "sasl_pair.h"

#include <stdio.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "suite.h"

const struct password_mechanism mechanisms[] = {
	{ "PLAIN", true, false },	 { "LOGIN", false, false },
	{ "CRAM-MD5", false, false },	 { "SCRAM-SHA-1", true, true },
	{ "SCRAM-SHA-224", true, true }, { "SCRAM-SHA-256", true, true },
	{ "SCRAM-SHA-384", true, true }, { "SCRAM-SHA-512", true, true },
	{ "DIGEST-MD5", false, true },	 { "NTLM", true, false },
};

const int mechanism_count = sizeof(mechanisms) / sizeof(mechanisms[0]);

char authzid[100], authcid[100], password[1000], token[100];
struct credentials credentials;
struct sasl_terms terms;
struct buffer binding;
struct sasl_exchange *exchange;
struct buffer out;
struct peer_sasl *authority;
struct peer_sasl_terms peer_terms;
bool is_accepted;

static void
set_up(void)
{
	snprintf(authzid, sizeof(authzid), "%s", "");
	snprintf(authcid, sizeof(authcid), "%s", PEER_SASL_USER);
	snprintf(password, sizeof(password), "%s", PEER_SASL_PASSWORD);
	snprintf(token, sizeof(token), "%s", "ya29.token");
	memset(&credentials, 0, sizeof(credentials));
	credentials.authzid = authzid;
	credentials.authcid = authcid;
	credentials.password = password;
	credentials.password_len = strlen(password);
	credentials.token = token;
	credentials.token_len = strlen(token);
	memset(&terms, 0, sizeof(terms));
	terms.host = PEER_SASL_HOST;
	terms.port = 587;
	terms.credentials = &credentials;
	terms.plaintext_allowed = true;
	memset(&peer_terms, 0, sizeof(peer_terms));
	is_accepted = false;
	buffer_init(&out, SAID_MAX);
	buffer_init(&binding, 100);
}

void
leave(void)
{
	sasl_exchange_free(exchange);
	exchange = NULL;
	peer_sasl_free(authority);
	authority = NULL;
	buffer_clear(&out);
}

static void
tear_down(void)
{
	leave();
	buffer_clear(&binding);
}

void
set_password(const char *text)
{
	snprintf(password, sizeof(password), "%s", text);
	credentials.password_len = strlen(password);
}

void
make(const char *mechanism)
{
	terms.mechanism = mechanism;
	terms.serial = strcmp(mechanism, "DIGEST-MD5") == 0;
	ck_assert_int_eq(sasl_exchange_begin(&exchange, &terms), SMTPC_OK);
	ck_assert_int_eq(sasl_exchange_descriptor(exchange), -1);
	ck_assert_int_eq(sasl_exchange_poll(exchange), SMTPC_OK);
}

int
start(bool *ret_initial)
{
	return sasl_exchange_start(exchange, &out, ret_initial);
}

const char *
said(size_t *ret_len)
{
	static char text[SAID_MAX + 1];
	size_t len = buffer_length(&out);

	ck_assert(!out.failed);
	memcpy(text, buffer_data(&out), len);
	text[len] = '\0';
	buffer_consume(&out, len);
	if (ret_len != NULL)
		*ret_len = len;
	return text;
}

const char *challenge;
size_t challenge_len;

/* True: it asks for more. */
static bool
judge(enum peer_sasl_verdict verdict)
{
	is_accepted = verdict == PEER_SASL_ACCEPTS;
	return verdict == PEER_SASL_ASKS;
}

bool
begin(const char *mechanism)
{
	bool initial = false;
	const char *response;
	size_t len;

	make(mechanism);
	authority = peer_sasl_new(&peer_terms);
	ck_assert_ptr_nonnull(authority);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	if (!initial)
		ck_assert_uint_eq(buffer_length(&out), 0);
	response = said(&len);
	return judge(peer_sasl_start(authority, mechanism,
				     initial ? response : NULL, len, &challenge,
				     &challenge_len));
}

int
step(const char *text, size_t len)
{
	return sasl_exchange_step(exchange, text, len, &out);
}

bool
pass_on(void)
{
	const char *response;
	size_t len;

	response = said(&len);
	return judge(peer_sasl_step(authority, response, len, &challenge,
				    &challenge_len));
}

int
authenticate(const char *mechanism)
{
	bool more = begin(mechanism);
	int rc;

	while (more) {
		rc = step(challenge, challenge_len);
		if (rc != SMTPC_OK)
			return rc;
		more = pass_on();
	}
	return SMTPC_OK;
}

TCase *
sasl_pair_case(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	return tcase;
}

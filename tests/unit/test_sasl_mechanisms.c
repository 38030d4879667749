/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/sasl.c and lib/sasl_plugins.c, mechanism by mechanism, against
 * Cyrus SASL's own server where it has one.
 */
#include <stdio.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "sasl_pair.h"
#include "suite.h"

START_TEST(right_password_is_accepted)
{
	ck_assert_int_eq(authenticate(mechanisms[_i].name), SMTPC_OK);
	ck_assert(sasl_exchange_is_complete(exchange));
	ck_assert(is_accepted);
	ck_assert_str_eq(peer_sasl_user(authority), PEER_SASL_USER);
}
END_TEST

START_TEST(wrong_password_is_not)
{
	set_password("looking-glass");
	ck_assert_int_eq(authenticate(mechanisms[_i].name), SMTPC_OK);
	ck_assert(!is_accepted);
	/* A mechanism that proves the server has got no proof. */
	if (mechanisms[_i].proves_server)
		ck_assert(!sasl_exchange_is_complete(exchange));
}
END_TEST

START_TEST(initial_response_is_told_from_none)
{
	bool initial = !mechanisms[_i].has_initial;

	make(mechanisms[_i].name);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert_int_eq(initial, mechanisms[_i].has_initial);
	ck_assert_int_eq(buffer_length(&out) > 0, initial);
	/* PLAIN has said it all. */
	ck_assert_int_eq(sasl_exchange_is_complete(exchange), _i == 0);
}
END_TEST

START_TEST(plain_says_what_rfc_4616_says)
{
	bool initial;

	snprintf(authzid, sizeof(authzid), "%s", "boss");
	make("PLAIN");
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert_uint_eq(buffer_length(&out), 21);
	ck_assert_mem_eq(buffer_data(&out), "boss\0alice\0wonderland", 21);
}
END_TEST

START_TEST(somebody_can_act_for_another)
{
	static const char *const names[] = { "PLAIN", "SCRAM-SHA-256",
					     "DIGEST-MD5" };

	snprintf(authzid, sizeof(authzid), "%s", PEER_SASL_BOSS);
	ck_assert_int_eq(authenticate(names[_i]), SMTPC_OK);
	ck_assert_str_eq(peer_sasl_user(authority), PEER_SASL_BOSS);
}
END_TEST

/* In names and passwords, whatever a mechanism has to escape or encode. */
START_TEST(odd_passwords_arrive)
{
	char text[600];
	bool initial;

	memset(text, 'x', sizeof(text));
	memcpy(text, "p\xc3\xa4ss,w=rd \r\n%s", 15);
	text[599] = '\0';
	set_password(text);
	make("PLAIN");
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert_ptr_nonnull(
	    memmem(buffer_data(&out), buffer_length(&out), text, 599));
}
END_TEST

/*
 * What Cyrus SASL lacks, or keeps in a package that may not be there.
 */

static void
says(const char *mechanism, const char *text)
{
	bool initial = false;

	make(mechanism);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert(initial);
	ck_assert_str_eq(said(NULL), text);
}

START_TEST(bearer_tokens_are_told_as_rfc_7628_says)
{
	says("OAUTHBEARER", "n,a=alice,\x01host=mx.example.test\x01port=587"
			    "\x01"
			    "auth=Bearer ya29.token\x01\x01");
	leave();
	/* Without a network there is neither host nor port. */
	terms.port = 0;
	buffer_init(&out, SAID_MAX);
	says("OAUTHBEARER", "n,a=alice,\x01"
			    "auth=Bearer ya29.token\x01\x01");
	leave();
	/* The token says whose it is. */
	credentials.authcid = credentials.password = NULL;
	buffer_init(&out, SAID_MAX);
	says("OAUTHBEARER", "n,,\x01"
			    "auth=Bearer ya29.token\x01\x01");
	leave();
	/* RFC 5801, section 4. */
	snprintf(authcid, sizeof(authcid), "%s", "a,b=c");
	credentials.token_user = authcid;
	buffer_init(&out, SAID_MAX);
	says("OAUTHBEARER", "n,a=a=2Cb=3Dc,\x01"
			    "auth=Bearer ya29.token\x01\x01");
}
END_TEST

START_TEST(bearer_tokens_are_told_as_google_says)
{
	says("XOAUTH2", "user=alice\x01"
			"auth=Bearer ya29.token\x01\x01");
}
END_TEST

/* Both are a success at once, and can still take a challenge: but one. */
START_TEST(refusal_of_a_token_is_taken_note_of)
{
	static const char *const ways[][2] = { { "OAUTHBEARER", "\x01" },
					       { "XOAUTH2", "" } };
	bool initial;

	make(ways[_i][0]);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert(sasl_exchange_is_complete(exchange));
	said(NULL);
	ck_assert_int_eq(step("{}", 2), SMTPC_OK);
	ck_assert_str_eq(said(NULL), ways[_i][1]);
	ck_assert(!sasl_exchange_is_complete(exchange));
	ck_assert_int_eq(step("{}", 2), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

/* Whatever the prompts are. */
START_TEST(login_goes_by_the_order_of_the_prompts)
{
	bool initial;

	make("LOGIN");
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert(!initial);
	ck_assert_int_eq(step("Password:", 9), SMTPC_OK);
	ck_assert_str_eq(said(NULL), PEER_SASL_USER);
	ck_assert(!sasl_exchange_is_complete(exchange));
	ck_assert_int_eq(step("", 0), SMTPC_OK);
	ck_assert_str_eq(said(NULL), PEER_SASL_PASSWORD);
	ck_assert(sasl_exchange_is_complete(exchange));
	ck_assert_int_eq(step("Username:", 9), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

START_TEST(certificate_is_all_that_external_needs)
{
	credentials.authcid = credentials.password = NULL;
	credentials.password_len = 0;
	peer_terms.certified = PEER_SASL_USER;
	ck_assert_int_eq(authenticate("EXTERNAL"), SMTPC_OK);
	ck_assert(sasl_exchange_is_complete(exchange));
	ck_assert_str_eq(peer_sasl_user(authority), PEER_SASL_USER);
}
END_TEST

START_TEST(nobody_is_told_by_anonymous)
{
	credentials.authzid = credentials.authcid = NULL;
	credentials.password = NULL;
	credentials.password_len = 0;
	ck_assert_int_eq(authenticate("ANONYMOUS"), SMTPC_OK);
	ck_assert_str_eq(peer_sasl_user(authority), "anonymous");
}
END_TEST

/*
 * Channel binding.
 */

START_TEST(header_says_what_is_made_of_the_channel)
{
	static const struct {
		enum sasl_binding binding;
		const char *mechanism, *header;
	} ways[] = {
		{ SASL_BINDING_NONE, "SCRAM-SHA-256", "n,,n=alice,r=" },
		{ SASL_BINDING_UNUSED, "SCRAM-SHA-256", "y,,n=alice,r=" },
		{ SASL_BINDING_USED, "SCRAM-SHA-256-PLUS",
		  "p=tls-exporter,,n=alice,r=" },
	};
	bool initial;

	buffer_append(&binding, "data of the channel", 19);
	terms.binding = ways[_i].binding;
	terms.binding_name = "tls-exporter";
	terms.binding_data = &binding;
	make(ways[_i].mechanism);
	/* It is all copied. */
	buffer_clear(&binding);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert_int_eq(strncmp(said(NULL), ways[_i].header,
				 strlen(ways[_i].header)),
			 0);
}
END_TEST

START_TEST(data_of_the_channel_must_be_the_same)
{
	static const char *const servers[] = { "data of the channel",
					       "data of a channel" };

	buffer_append_text(&binding, "data of the channel");
	terms.binding = SASL_BINDING_USED;
	terms.binding_name = peer_terms.binding_type = "tls-unique";
	terms.binding_data = &binding;
	peer_terms.binding = servers[_i];
	peer_terms.binding_len = strlen(servers[_i]);
	ck_assert_int_eq(authenticate("SCRAM-SHA-1-PLUS"), SMTPC_OK);
	ck_assert_int_eq(is_accepted, _i == 0);
	ck_assert_int_eq(sasl_exchange_is_complete(exchange), _i == 0);
}
END_TEST

/*
 * Challenges.
 */

/* Puts text for the part of the challenge that begins so, up to a comma. */
static size_t
forge(const char *part, const char *text, char *ret_forged, size_t size)
{
	const char *at;
	char plain[2000];
	size_t rest;

	ck_assert_uint_lt(challenge_len, sizeof(plain));
	memcpy(plain, challenge, challenge_len);
	plain[challenge_len] = '\0';
	at = strstr(plain, part);
	ck_assert_ptr_nonnull(at);
	rest = strlen(part) + strcspn(at + strlen(part), ",");
	return (size_t)snprintf(ret_forged, size, "%.*s%s%s", (int)(at - plain),
				plain, text, at + rest);
}

START_TEST(server_that_does_not_know_the_password_is_found_out)
{
	char forged[3000];
	size_t len;

	ck_assert(begin("SCRAM-SHA-256"));
	ck_assert_int_eq(step(challenge, challenge_len), SMTPC_OK);
	ck_assert(pass_on());
	ck_assert(!sasl_exchange_is_complete(exchange));
	len = forge("v=", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		    forged, sizeof(forged));
	ck_assert_int_eq(step(forged, len), SMTPC_E_AUTH_PROTOCOL);
	ck_assert(!sasl_exchange_is_complete(exchange));
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
}
END_TEST

START_TEST(answer_to_somebody_else_is_found_out)
{
	static const char *const forgeries[][2] = {
		{ "r=", "r=another" }, { "r=", "x=another" },  { "s=", "s=" },
		{ "i=", "i=x" },       { "i=", "i=99999999" },
	};
	char forged[3000];
	size_t len;

	ck_assert(begin("SCRAM-SHA-256"));
	len = forge(forgeries[_i][0], forgeries[_i][1], forged, sizeof(forged));
	ck_assert_int_eq(step(forged, len), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_uint_eq(buffer_length(&out), 0);
	ck_assert(!sasl_exchange_is_complete(exchange));
}
END_TEST

START_TEST(nothing_more_is_said_when_all_is_said)
{
	ck_assert_int_eq(authenticate("SCRAM-SHA-256"), SMTPC_OK);
	ck_assert_int_eq(step("v=A", 3), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

/* Of two realms, that in which the name is; otherwise the first. */
START_TEST(realm_is_that_of_the_name)
{
	static const char asked[] = "realm=\"one.test\",realm=\"two.test\","
				    "nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\","
				    "algorithm=md5-sess,charset=utf-8";
	static const char *const ways[][2] = {
		{ "alice", "realm=\"one.test\"" },
		{ "alice@two.test", "realm=\"two.test\"" },
		{ "alice@three.test", "realm=\"one.test\"" },
	};
	bool initial;

	snprintf(authcid, sizeof(authcid), "%s", ways[_i][0]);
	make("DIGEST-MD5");
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert_int_eq(step(asked, strlen(asked)), SMTPC_OK);
	ck_assert_ptr_nonnull(strstr(said(NULL), ways[_i][1]));
}
END_TEST

static void
add_mechanisms(Suite *suite)
{
	TCase *tcase = sasl_pair_case(suite, "mechanisms");

	tcase_add_loop_test(tcase, right_password_is_accepted, 0,
			    mechanism_count);
	tcase_add_loop_test(tcase, wrong_password_is_not, 0, mechanism_count);
	tcase_add_loop_test(tcase, initial_response_is_told_from_none, 0,
			    mechanism_count);
	tcase_add_test(tcase, plain_says_what_rfc_4616_says);
	tcase_add_loop_test(tcase, somebody_can_act_for_another, 0, 3);
	tcase_add_test(tcase, odd_passwords_arrive);
	tcase_add_test(tcase, bearer_tokens_are_told_as_rfc_7628_says);
	tcase_add_test(tcase, bearer_tokens_are_told_as_google_says);
	tcase_add_loop_test(tcase, refusal_of_a_token_is_taken_note_of, 0, 2);
	tcase_add_test(tcase, login_goes_by_the_order_of_the_prompts);
	tcase_add_test(tcase, certificate_is_all_that_external_needs);
	tcase_add_test(tcase, nobody_is_told_by_anonymous);
	tcase_add_loop_test(tcase, header_says_what_is_made_of_the_channel, 0,
			    3);
	tcase_add_loop_test(tcase, data_of_the_channel_must_be_the_same, 0, 2);
}

int
main(void)
{
	Suite *suite = suite_create("sasl_mechanisms");
	TCase *tcase;

	peer_sasl_prepare(false);
	add_mechanisms(suite);

	tcase = sasl_pair_case(suite, "sasl_exchange_step");
	tcase_add_test(tcase,
		       server_that_does_not_know_the_password_is_found_out);
	tcase_add_loop_test(tcase, answer_to_somebody_else_is_found_out, 0, 5);
	tcase_add_test(tcase, nothing_more_is_said_when_all_is_said);
	tcase_add_loop_test(tcase, realm_is_that_of_the_name, 0, 3);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/accessors.c and lib/error.c: whatever is asked of nobody or of
 * what is not there has an answer, and asking changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "memory_stream.h"
#include "steps.h"
#include "suite.h"

static smtpc_session *session;
static struct memory_stream wire;

static void
set_up(void)
{
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	memory_stream_init(&wire);
}

static void
tear_down(void)
{
	smtpc_session_free(session);
	memory_stream_clear(&wire);
}

static void
say(const char *text)
{
	octets_append(&wire.in, text, strlen(text));
}

/* Not blocking, and after EHLO. */
static void
make_ready(void)
{
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
			 SMTPC_OK);
	say("220 mx.example.test\r\n");
	ck_assert_int_eq(steps_attach(session, &wire.base, "mx.example.test",
				      587),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_ehlo(session), SMTPC_AGAIN);
	say("250-mx.example.test\r\n250-SIZE 1000\r\n250 DSN\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
}

/* The getters of texts and objects: NULL, for whomever they are asked. */
static void
has_no_objects(const smtpc_session *of)
{
	ck_assert_ptr_null(smtpc_session_extension(of, "SIZE"));
	ck_assert_ptr_null(smtpc_session_greeting(of));
	ck_assert_ptr_null(smtpc_session_reply(of));
	ck_assert_ptr_null(smtpc_session_tls_version(of));
	ck_assert_ptr_null(smtpc_session_tls_cipher(of));
	ck_assert_ptr_null(smtpc_session_certificate_subject(of, 0));
	ck_assert_ptr_null(smtpc_session_certificate_issuer(of, 0));
	ck_assert_ptr_null(smtpc_session_certificate_sha256(of, 0));
	ck_assert_ptr_null(smtpc_session_certificate_spki_sha256(of, 0));
	ck_assert_ptr_null(smtpc_session_mechanism(of));
	ck_assert_ptr_null(smtpc_session_peer_address(of));
	ck_assert_ptr_null(smtpc_error_reply(of));
}

/* And those of numbers. */
static void
has_no_numbers(const smtpc_session *of)
{
	const char *text = "kept";
	const void *data = "kept";
	size_t len = 99;
	int64_t time = 99;

	ck_assert_int_eq(smtpc_session_state(of), SMTPC_STATE_DISCONNECTED);
	ck_assert_uint_eq(smtpc_session_extension_count(of), 0);
	ck_assert_int_eq(smtpc_session_extension_at(of, 0, &text, &text),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_tls_is_resumed(of), 0);
	ck_assert_int_eq(smtpc_session_tls_trust(of), SMTPC_TRUST_NONE);
	ck_assert_uint_eq(smtpc_session_certificate_count(of), 0);
	ck_assert_int_eq(smtpc_session_certificate(of, 0, &data, &len),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_certificate_validity(of, 0, &time,
							    &time),
			 SMTPC_E_INVALID);
	ck_assert_uint_eq(smtpc_session_certificate_problems(of), 0);
	ck_assert_int_eq(smtpc_error_phase(of), SMTPC_PHASE_NONE);
	ck_assert_int_eq(smtpc_error_errno(of), 0);
	ck_assert_int_eq(smtpc_error_tls(of), 0);
	ck_assert_int_eq(smtpc_error_safe_to_retry(of), 0);
	ck_assert_str_eq(smtpc_error_detail(of), "");
	/* Written only when there is something to write. */
	ck_assert_str_eq(text, "kept");
	ck_assert_str_eq(data, "kept");
	ck_assert_uint_eq(len, 99);
	ck_assert_int_eq(time, 99);
}

START_TEST(nobody_has_nothing)
{
	has_no_objects(NULL);
	has_no_numbers(NULL);
	ck_assert_ptr_null(smtpc_session_userdata(NULL));
	ck_assert_int_eq(smtpc_error_result(NULL), SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_error_message(NULL), "");
}
END_TEST

START_TEST(a_new_session_has_nothing)
{
	has_no_objects(session);
	has_no_numbers(session);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_OK);
	ck_assert_str_eq(smtpc_error_message(session), "");
}
END_TEST

static const size_t behind[] = { 3, 4, SIZE_MAX };

START_TEST(behind_the_last_there_is_nothing)
{
	const char *keyword = "kept";
	const char *text = "kept";
	const void *data;
	int64_t time;
	size_t len;

	make_ready();
	ck_assert_uint_eq(smtpc_session_extension_count(session), 2);
	ck_assert_int_eq(smtpc_session_extension_at(session, behind[_i],
						    &keyword, &text),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_extension_at(session, 2, &keyword,
						    &text),
			 SMTPC_E_INVALID);
	ck_assert_str_eq(keyword, "kept");
	ck_assert_int_eq(smtpc_reply_line(smtpc_session_reply(session),
					  behind[_i], &text, &len),
			 SMTPC_E_INVALID);
	ck_assert_str_eq(text, "kept");
	ck_assert_int_eq(smtpc_session_certificate(session, behind[_i], &data,
						   &len),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_certificate_validity(session, behind[_i],
							    &time, &time),
			 SMTPC_E_INVALID);
	ck_assert_ptr_null(
	    smtpc_session_certificate_subject(session, behind[_i]));
	ck_assert_ptr_null(
	    smtpc_session_certificate_issuer(session, behind[_i]));
	ck_assert_ptr_null(
	    smtpc_session_certificate_sha256(session, behind[_i]));
	ck_assert_ptr_null(
	    smtpc_session_certificate_spki_sha256(session, behind[_i]));
}
END_TEST

/* A chain of one, without TLS to read it from. */
START_TEST(what_there_is_is_told)
{
	static char der[] = "DER";
	struct tls_chain *chain =
	    calloc(1, sizeof(*chain) + sizeof(chain->certificates[0]));
	int64_t before = 0, after = 0;
	const void *data;
	size_t len;

	ck_assert_ptr_nonnull(chain);
	chain->count = 1;
	chain->certificates[0].der = strdup(der);
	chain->certificates[0].der_len = 3;
	chain->certificates[0].subject = strdup("CN=subject");
	chain->certificates[0].issuer = strdup("CN=issuer");
	chain->certificates[0].not_before = 1000;
	chain->certificates[0].not_after = 2000;
	memcpy(chain->certificates[0].sha256, "one", 4);
	memcpy(chain->certificates[0].spki_sha256, "two", 4);
	session->chain = chain;
	session->problems = 0x4001;
	session->trust = SMTPC_TRUST_EXCEPTED;

	ck_assert_uint_eq(smtpc_session_certificate_count(session), 1);
	ck_assert_int_eq(smtpc_session_certificate(session, 0, &data, &len),
			 SMTPC_OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(data, der, 3);
	ck_assert_int_eq(smtpc_session_certificate_validity(session, 0, &before,
							    &after),
			 SMTPC_OK);
	ck_assert_int_eq(before, 1000);
	ck_assert_int_eq(after, 2000);
	ck_assert_str_eq(smtpc_session_certificate_subject(session, 0),
			 "CN=subject");
	ck_assert_str_eq(smtpc_session_certificate_issuer(session, 0),
			 "CN=issuer");
	ck_assert_str_eq(smtpc_session_certificate_sha256(session, 0), "one");
	ck_assert_str_eq(smtpc_session_certificate_spki_sha256(session, 0),
			 "two");
	ck_assert_uint_eq(smtpc_session_certificate_problems(session), 0x4001);
	ck_assert_int_eq(smtpc_session_tls_trust(session),
			 SMTPC_TRUST_EXCEPTED);
	ck_assert_ptr_null(smtpc_session_certificate_subject(session, 1));
}
END_TEST

START_TEST(where_nothing_can_be_written_nothing_is_told)
{
	const char *text = NULL;
	const void *data = NULL;
	int64_t time = 0;
	size_t len = 0;

	make_ready();
	ck_assert_ptr_null(smtpc_session_extension(session, NULL));
	ck_assert_int_eq(smtpc_session_extension_at(session, 0, NULL, &text),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_extension_at(session, 0, &text, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_certificate(session, 0, NULL, &len),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_certificate(session, 0, &data, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_certificate_validity(session, 0, NULL,
							    &time),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_certificate_validity(session, 0, &time,
							    NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_reply_line(smtpc_session_reply(session), 0, NULL,
					  &len),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_reply_line(smtpc_session_reply(session), 0,
					  &text, NULL),
			 SMTPC_E_INVALID);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(no_reply_has_nothing)
{
	const char *text = NULL;
	size_t len;

	ck_assert_int_eq(smtpc_reply_code(NULL), SMTPC_E_INVALID);
	ck_assert_ptr_null(smtpc_reply_enhanced(NULL));
	ck_assert_uint_eq(smtpc_reply_line_count(NULL), 0);
	ck_assert_int_eq(smtpc_reply_line(NULL, 0, &text, &len),
			 SMTPC_E_INVALID);
	ck_assert_ptr_null(text);
}
END_TEST

/* All that a caller may have borrowed. */
struct borrowed {
	const char *size, *keyword, *parameters, *address, *message, *line;
	const smtpc_reply *greeting, *reply, *error;
	size_t len;
};

static void
borrow(struct borrowed *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->size = smtpc_session_extension(session, "size");
	ck_assert_int_eq(smtpc_session_extension_at(session, 1, &ret->keyword,
						    &ret->parameters),
			 SMTPC_OK);
	ret->address = smtpc_session_peer_address(session);
	ret->message = smtpc_error_message(session);
	ret->greeting = smtpc_session_greeting(session);
	ret->reply = smtpc_session_reply(session);
	ret->error = smtpc_error_reply(session);
	ck_assert_int_eq(smtpc_reply_line(ret->reply, 0, &ret->line, &ret->len),
			 SMTPC_OK);
}

START_TEST(asking_does_not_take_back_what_was_lent)
{
	struct borrowed first, again;

	make_ready();
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	say("550 5.5.1 no\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_PERMANENT);
	borrow(&first);
	ck_assert_str_eq(first.size, "1000");
	ck_assert_str_eq(first.keyword, "DSN");
	ck_assert_str_eq(first.parameters, "");
	ck_assert_int_eq(smtpc_reply_code(first.greeting), 220);
	ck_assert_ptr_eq(first.reply, first.error);
	/* Each question once more, and what only looks. */
	borrow(&again);
	(void)smtpc_session_certificate_count(session);
	(void)smtpc_session_fd_count(session);
	(void)smtpc_session_fd_generation(session);
	(void)smtpc_session_next_timeout(session);
	ck_assert_mem_eq(&first, &again, sizeof(first));
	ck_assert_str_eq(smtpc_reply_enhanced(first.reply), "5.5.1");
	ck_assert_ptr_nonnull(strstr(first.message, "5.5.1"));
}
END_TEST

START_TEST(userdata_and_blocking_do_not_take_it_back_either)
{
	const char *size;

	make_ready();
	size = smtpc_session_extension(session, "SIZE");
	ck_assert_int_eq(smtpc_session_set_userdata(session, &wire), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_ptr_eq(smtpc_session_extension(session, "SIZE"), size);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("accessors");
	TCase *tcase = suite_case(suite, "nothing");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, nobody_has_nothing);
	tcase_add_test(tcase, a_new_session_has_nothing);
	tcase_add_loop_test(tcase, behind_the_last_there_is_nothing, 0, 3);
	tcase_add_test(tcase, where_nothing_can_be_written_nothing_is_told);
	tcase_add_test(tcase, no_reply_has_nothing);

	tcase = suite_case(suite, "something");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, what_there_is_is_told);
	tcase_add_test(tcase, asking_does_not_take_back_what_was_lent);
	tcase_add_test(tcase, userdata_and_blocking_do_not_take_it_back_either);
	return suite_run(suite);
}

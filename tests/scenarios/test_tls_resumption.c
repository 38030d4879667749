/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resumption, one connection after another: the server says whether there was
 * one, and all of them know one another's tickets, so that it is up to the
 * client to offer none to the wrong one.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls_lab.h"
#include "tls_settings.h"

static struct tls_lab lab;

/* Tests of both versions run once for each. */
static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
					"NORMAL:-VERS-ALL:+VERS-TLS1.2" };

/* Seconds, by GnuTLS's clock and by the library's. */
static time_t later, later_here;

/* The linker makes these of the name without them. */
time_t __real_time(time_t *ret_time);
time_t __wrap_time(time_t *ret_time);

time_t
__wrap_time(time_t *ret_time)
{
	time_t now = __real_time(NULL) + later_here;

	if (ret_time != NULL)
		*ret_time = now;
	return now;
}

static time_t
shifted_time(time_t *ret_time)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += later;
	if (ret_time != NULL)
		*ret_time = now.tv_sec;
	return now.tv_sec;
}

static void
set_up(void)
{
	later = later_here = 0;
	gnutls_global_set_time_function(shifted_time);
	lab_init(&lab);
}

static void
tear_down(void)
{
	lab_clear(&lab);
}

/* The server at hand and the client agree on this. */
static void
check_resumed(bool resumed)
{
	ck_assert_int_eq(lab.is_resumed, resumed);
	ck_assert_int_eq(smtpc_session_tls_is_resumed(lab.session), resumed);
}

/* The session at hand ends as it should. */
static void
leave(void)
{
	ck_assert_int_eq(lab_run(&lab, smtpc_quit(lab.session)), SMTPC_OK);
}

/* A first visit, which is not resumed. */
static void
visit_first(const char *host, int port)
{
	ck_assert_int_eq(lab_visit(&lab, lab.tls, host, port), SMTPC_OK);
	check_resumed(false);
	ck_assert(!lab_offers_resumption(&lab));
	leave();
}

/* Another one, and nothing of the first must serve it. */
static void
visit_as_a_stranger(smtpc_tls *tls, const char *host, int port)
{
	ck_assert_int_eq(lab_visit(&lab, tls, host, port), SMTPC_OK);
	check_resumed(false);
	ck_assert(!lab_offers_resumption(&lab));
	leave();
}

static void
use_version(int version)
{
	lab.priority = versions[version];
}

START_TEST(D_101_a_session_with_the_same_server_is_resumed)
{
	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	check_resumed(true);
	ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
			 SMTPC_TRUST_VERIFIED);
	ck_assert_uint_eq(smtpc_session_certificate_problems(lab.session), 0);
	ck_assert_uint_eq(smtpc_session_certificate_count(lab.session), 1);
	ck_assert_int_eq(smtpc_session_state(lab.session), SMTPC_STATE_READY);
	leave();
	ck_assert_str_eq(octets_data(&lab.heard),
			 "EHLO client.example.test\r\nQUIT\r\n");
}
END_TEST

START_TEST(D_101_the_ticket_of_one_host_is_not_offered_to_another)
{
	use_version(_i);
	lab.certificate = "server";
	visit_first(LAB_HOST, LAB_PORT);
	visit_as_a_stranger(lab.tls, "localhost", LAB_PORT);
}
END_TEST

START_TEST(D_101_the_ticket_of_one_port_is_not_offered_to_another)
{
	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	visit_as_a_stranger(lab.tls, LAB_HOST, 2465);
}
END_TEST

START_TEST(D_101_the_ticket_of_one_name_is_not_offered_to_another)
{
	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	lab_session(&lab, lab.tls);
	ck_assert_int_eq(smtpc_session_set_tls_verify_name(lab.session,
							   "localhost"),
			 SMTPC_OK);
	ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
	check_resumed(false);
	ck_assert(!lab_offers_resumption(&lab));
}
END_TEST

START_TEST(D_101_with_other_exceptions_a_ticket_is_not_offered)
{
	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	lab_session(&lab, lab.tls);
	ck_assert_int_eq(smtpc_session_set_tls_exceptions(
			     lab.session, SMTPC_CERTIFICATE_EXPIRED),
			 SMTPC_OK);
	ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
	check_resumed(false);
	ck_assert(!lab_offers_resumption(&lab));
}
END_TEST

/* The pin of the server's key. */
static void
add_pin(void)
{
	const struct credentials *server =
	    certificates_get(lab.certificates, "server");
	unsigned char digest[32];
	size_t size = sizeof(digest);
	char text[2 * sizeof(digest) + 1];
	size_t i;

	ck_assert_int_eq(gnutls_x509_crt_get_key_id(server->chain[0],
						    GNUTLS_KEYID_USE_SHA256,
						    digest, &size),
			 0);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	ck_assert_int_eq(smtpc_session_add_tls_pin(lab.session, text),
			 SMTPC_OK);
}

START_TEST(D_101_with_other_pins_a_ticket_is_not_offered)
{
	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	lab_session(&lab, lab.tls);
	add_pin();
	ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
	check_resumed(false);
	ck_assert(!lab_offers_resumption(&lab));
	ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
			 SMTPC_TRUST_PINNED);
}
END_TEST

START_TEST(D_101_a_pinned_session_is_resumed_with_the_same_pin)
{
	int i;

	use_version(_i);
	for (i = 0; i < 2; i++) {
		lab_session(&lab, lab.tls);
		add_pin();
		ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
		check_resumed(i > 0);
		ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
				 SMTPC_TRUST_PINNED);
		leave();
	}
}
END_TEST

START_TEST(D_101_with_other_settings_a_ticket_is_not_offered)
{
	smtpc_tls *other = lab_settings(&lab, "ca");

	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	visit_as_a_stranger(other, LAB_HOST, LAB_PORT);
	smtpc_tls_free(other);
}
END_TEST

START_TEST(D_101_settings_that_trust_nobody_here_resume_nothing)
{
	smtpc_tls *other = lab_settings(&lab, "other-ca");

	use_version(_i);
	visit_first(LAB_HOST, LAB_PORT);
	ck_assert_int_eq(lab_visit(&lab, other, LAB_HOST, LAB_PORT),
			 SMTPC_E_CERTIFICATE);
	ck_assert(!lab.is_resumed);
	ck_assert(!lab_offers_resumption(&lab));
	ck_assert_uint_eq(lab.heard.len, 0);
	smtpc_tls_free(other);
}
END_TEST

START_TEST(D_101_without_a_cache_nothing_is_resumed)
{
	smtpc_tls *without = lab_settings(&lab, "ca");

	use_version(_i);
	ck_assert_int_eq(smtpc_tls_set_session_cache(without, 0), SMTPC_OK);
	visit_as_a_stranger(without, LAB_HOST, LAB_PORT);
	visit_as_a_stranger(without, LAB_HOST, LAB_PORT);
	smtpc_tls_free(without);
}
END_TEST

START_TEST(D_101_a_session_that_was_accepted_is_never_resumed)
{
	int i;

	use_version(_i);
	lab.certificate = "untrusted";
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
				 SMTPC_E_CERTIFICATE);
		ck_assert(!lab_offers_resumption(&lab));
		ck_assert_int_eq(lab_run(&lab,
					 smtpc_accept_certificate(lab.session)),
				 SMTPC_OK);
		check_resumed(false);
		ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
				 SMTPC_TRUST_ACCEPTED);
		ck_assert_int_eq(lab_run(&lab, smtpc_ehlo(lab.session)),
				 SMTPC_OK);
		leave();
	}
}
END_TEST

START_TEST(D_101_a_session_by_an_exception_is_never_resumed)
{
	int i;

	use_version(_i);
	lab.certificate = "untrusted";
	for (i = 0; i < 2; i++) {
		lab_session(&lab, lab.tls);
		ck_assert_int_eq(smtpc_session_set_tls_exceptions(
				     lab.session,
				     SMTPC_CERTIFICATE_UNTRUSTED_ISSUER),
				 SMTPC_OK);
		ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
		check_resumed(false);
		ck_assert(!lab_offers_resumption(&lab));
		ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
				 SMTPC_TRUST_EXCEPTED);
		leave();
	}
}
END_TEST

START_TEST(D_101_a_session_that_was_refused_is_never_resumed)
{
	int i;

	use_version(_i);
	lab.certificate = "untrusted";
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
				 SMTPC_E_CERTIFICATE);
		ck_assert(!lab.is_resumed);
		ck_assert(!lab_offers_resumption(&lab));
		ck_assert_int_eq(smtpc_disconnect(lab.session), SMTPC_OK);
	}
}
END_TEST

/* RFC 8446, C.4: whoever listens could follow it from one to the next. */
START_TEST(D_101_no_ticket_of_TLS_1_3_is_used_twice)
{
	struct octets before = { 0 };
	const unsigned char *offer;
	size_t len;
	int i;

	use_version(0);
	visit_first(LAB_HOST, LAB_PORT);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
				 SMTPC_OK);
		check_resumed(true);
		offer = lab_extension(&lab, EXTENSION_PSK, &len);
		ck_assert_ptr_nonnull(offer);
		/* A piece of the first identity that is random. */
		ck_assert_uint_gt(len, 100);
		ck_assert_ptr_null(
		    memmem(octets_data(&before), before.len, offer + 40, 32));
		octets_append(&before, offer + 40, 32);
		leave();
	}
	octets_clear(&before);
}
END_TEST

START_TEST(D_101_no_more_than_64_sessions_are_kept)
{
	int port;

	use_version(_i);
	for (port = 1000; port < 1070; port++)
		visit_first(LAB_HOST, port);
	ck_assert_uint_le(lab.tls->cache.count, 64);
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, 1069), SMTPC_OK);
	check_resumed(true);
	leave();
	visit_as_a_stranger(lab.tls, LAB_HOST, 1000);
	ck_assert_uint_le(lab.tls->cache.count, 64);
}
END_TEST

static const struct certificate_name host_name[] = {
	{ .type = GNUTLS_SAN_DNSNAME, .value = LAB_HOST },
	{ .type = GNUTLS_SAN_DNSNAME, .value = NULL },
};

/* A certificate that is good for ten minutes more. */
static struct credentials *
short_lived(void)
{
	struct certificate_parameters parameters = {
		.common_name = LAB_HOST,
		.names = host_name,
		.not_before = -600,
		.not_after = 600,
		.purposes = CERTIFICATE_FOR_SERVER,
		.issuer = certificates_get(lab.certificates, "ca"),
	};
	struct credentials *made = credentials_new(&parameters);

	ck_assert_ptr_nonnull(made);
	return made;
}

/* One whose issuer's is. */
static struct credentials *
by_short_lived(void)
{
	struct certificate_parameters authority = {
		.common_name = "Short-lived CA",
		.is_authority = true,
		.not_before = -600,
		.not_after = 600,
		.issuer = certificates_get(lab.certificates, "ca"),
	};
	struct certificate_parameters parameters = {
		.names = host_name,
		.purposes = CERTIFICATE_FOR_SERVER,
	};
	struct credentials *issuer = credentials_new(&authority);
	struct credentials *made;

	ck_assert_ptr_nonnull(issuer);
	parameters.issuer = issuer;
	made = credentials_new(&parameters);
	ck_assert_ptr_nonnull(made);
	credentials_free(issuer);
	return made;
}

/* By a clock of GnuTLS's that is ahead of the one which ends sessions. */
START_TEST(D_102_a_certificate_that_has_expired_since_is_refused)
{
	struct credentials *made = short_lived();

	use_version(_i);
	lab.credentials = made;
	visit_first(LAB_HOST, LAB_PORT);
	later = 300;
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	check_resumed(true);
	leave();
	later = 900;
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_E_CERTIFICATE);
	while (lab_turn(&lab))
		;
	/* It was resumed, and that is no excuse. */
	ck_assert(lab_offers_resumption(&lab));
	ck_assert(lab.is_resumed);
	ck_assert_uint_eq(smtpc_session_certificate_problems(lab.session),
			  SMTPC_CERTIFICATE_EXPIRED);
	ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
			 SMTPC_TRUST_NONE);
	ck_assert_int_eq(smtpc_session_state(lab.session),
			 SMTPC_STATE_UNTRUSTED);
	ck_assert_str_eq(smtpc_error_detail(lab.session), "certificate");
	ck_assert_int_eq(smtpc_error_safe_to_retry(lab.session), 1);
	ck_assert_uint_eq(lab.heard.len, 0);
	credentials_free(made);
}
END_TEST

/*
 * It would be refused for a certificate that the server has no more.  The
 * clocks are the same here.
 */
START_TEST(D_102_after_its_certificates_ended_a_server_is_met_anew)
{
	struct credentials *made = _i < 2 ? short_lived() : by_short_lived();

	use_version(_i % 2);
	lab.credentials = made;
	visit_first(LAB_HOST, LAB_PORT);
	later = later_here = 300;
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	check_resumed(true);
	leave();
	later = later_here = 900;
	/* It has been renewed. */
	lab.credentials = NULL;
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	check_resumed(false);
	ck_assert(!lab_offers_resumption(&lab));
	ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
			 SMTPC_TRUST_VERIFIED);
	ck_assert_uint_eq(smtpc_session_certificate_problems(lab.session), 0);
	leave();
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	check_resumed(true);
	leave();
	credentials_free(made);
}
END_TEST

/* The response was there when the session began; it is not sent again. */
START_TEST(D_102_a_session_that_began_with_a_good_response_is_resumed)
{
	use_version(_i);
	lab.certificate = "must-staple";
	lab.staple = "good";
	visit_first(LAB_HOST, LAB_PORT);
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_tls_trust(lab.session),
			 SMTPC_TRUST_VERIFIED);
	leave();
}
END_TEST

START_TEST(D_102_a_session_without_the_response_is_never_resumed)
{
	int i;

	use_version(_i);
	lab.certificate = "must-staple";
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
				 SMTPC_E_CERTIFICATE);
		ck_assert(!lab_offers_resumption(&lab));
		ck_assert_uint_eq(smtpc_session_certificate_problems(
				      lab.session),
				  SMTPC_CERTIFICATE_BAD_STATUS);
	}
}
END_TEST

START_TEST(D_103_early_data_that_the_server_would_take_is_never_sent)
{
	size_t len;
	int i;

	use_version(0);
	lab.takes_early_data = true;
	visit_first(LAB_HOST, LAB_PORT);
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
				 SMTPC_OK);
		check_resumed(true);
		ck_assert_ptr_null(
		    lab_extension(&lab, EXTENSION_EARLY_DATA, &len));
		ck_assert(!lab.had_early_data);
		ck_assert_int_eq(smtpc_session_state(lab.session),
				 SMTPC_STATE_READY);
		leave();
	}
}
END_TEST

int
main(void)
{
	const struct {
		const TTest *test;
		int versions;
	} tests[] = {
		{ D_101_a_session_with_the_same_server_is_resumed, 2 },
		{ D_101_the_ticket_of_one_host_is_not_offered_to_another, 2 },
		{ D_101_the_ticket_of_one_port_is_not_offered_to_another, 2 },
		{ D_101_the_ticket_of_one_name_is_not_offered_to_another, 2 },
		{ D_101_with_other_exceptions_a_ticket_is_not_offered, 2 },
		{ D_101_with_other_pins_a_ticket_is_not_offered, 2 },
		{ D_101_a_pinned_session_is_resumed_with_the_same_pin, 2 },
		{ D_101_with_other_settings_a_ticket_is_not_offered, 2 },
		{ D_101_settings_that_trust_nobody_here_resume_nothing, 2 },
		{ D_101_without_a_cache_nothing_is_resumed, 2 },
		{ D_101_a_session_that_was_accepted_is_never_resumed, 2 },
		{ D_101_a_session_by_an_exception_is_never_resumed, 2 },
		{ D_101_a_session_that_was_refused_is_never_resumed, 2 },
		{ D_101_no_ticket_of_TLS_1_3_is_used_twice, 1 },
		{ D_101_no_more_than_64_sessions_are_kept, 2 },
		{ D_102_a_certificate_that_has_expired_since_is_refused, 2 },
		{ D_102_after_its_certificates_ended_a_server_is_met_anew, 4 },
		{ D_102_a_session_that_began_with_a_good_response_is_resumed,
		  2 },
		{ D_102_a_session_without_the_response_is_never_resumed, 2 },
		{ D_103_early_data_that_the_server_would_take_is_never_sent,
		  1 },
	};
	Suite *suite = suite_create("tls_resumption");
	TCase *tcase = tcase_create("resumption");
	SRunner *runner = srunner_create(suite);
	int failed;
	size_t i;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].versions);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

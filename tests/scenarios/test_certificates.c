/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Without anybody to trust, there is no TLS: not an octet is sent for it. */
#include <check.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

/* The linker makes this of the name without __wrap_. */
__typeof__(gnutls_certificate_set_x509_system_trust)
    __wrap_gnutls_certificate_set_x509_system_trust;

static int system_trust; /* what there is of it, or GnuTLS's error */

int
__wrap_gnutls_certificate_set_x509_system_trust(
    gnutls_certificate_credentials_t credentials)
{
	(void)credentials;
	return system_trust;
}

static char directory[] = "/tmp/smtpc-certificates-XXXXXX";
static char path[64];

static void
set_up(void)
{
	system_trust = 0;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/trust.pem", directory);
}

static void
tear_down(void)
{
	unlink(path);
	rmdir(directory);
}

static void
write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Settings without the system's authorities. */
static smtpc_tls *
new_settings(void)
{
	smtpc_tls *tls;

	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	return tls;
}

/* Nobody is trusted after this failed: neither by it, nor by default. */
static void
check_nobody_is_trusted(smtpc_tls *tls)
{
	smtpc_session *session;

	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls(session, tls), SMTPC_E_TLS);
	smtpc_session_free(session);
}

START_TEST(D_054_a_file_of_authorities_that_is_missing_is_an_error)
{
	smtpc_tls *tls = new_settings();

	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, path), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), path));
	check_nobody_is_trusted(tls);
	smtpc_tls_free(tls);
}
END_TEST

START_TEST(D_054_a_file_of_authorities_that_holds_none_is_an_error)
{
	static const char *const texts[] = {
		"",
		"nobody\n",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
	};
	smtpc_tls *tls = new_settings();

	write_file(texts[_i]);
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, path), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), path));
	check_nobody_is_trusted(tls);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, texts[_i],
						    strlen(texts[_i])),
			 *texts[_i] != '\0' ? SMTPC_E_TLS : SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_tls_error_message(tls), "");
	smtpc_tls_free(tls);
}
END_TEST

START_TEST(D_054_a_directory_of_authorities_that_holds_none_is_an_error)
{
	smtpc_tls *tls = new_settings();

	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls, directory),
			 SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), directory));
	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls, path), SMTPC_E_TLS);
	check_nobody_is_trusted(tls);
	smtpc_tls_free(tls);
}
END_TEST

START_TEST(D_054_a_system_without_authorities_is_an_error)
{
	static const int results[] = { 0, GNUTLS_E_UNIMPLEMENTED_FEATURE };
	smtpc_tls *tls;

	system_trust = results[_i];
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	check_nobody_is_trusted(tls);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "ca-certificates"));
	smtpc_tls_free(tls);
}
END_TEST

START_TEST(D_054_without_settings_and_authorities_not_an_octet_is_sent)
{
	static const int modes[] = { SMTPC_TLS_IMPLICIT, SMTPC_TLS_AUTO,
				     SMTPC_TLS_STARTTLS };
	smtpc_session *session;
	char octet;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends),
			 0);
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, modes[_i]),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_attach(session, ends[0], "mx.example.test", 465),
			 SMTPC_E_TLS);
	ck_assert_str_eq(smtpc_error_detail(session), "tls-settings");
	ck_assert_ptr_nonnull(
	    strstr(smtpc_error_message(session), "ca-certificates"));
	ck_assert_int_eq(smtpc_error_safe_to_retry(session), 1);
	ck_assert_int_eq(smtpc_session_state(session),
			 SMTPC_STATE_DISCONNECTED);
	smtpc_session_free(session);
	/* What failed has not taken it. */
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(recv(ends[1], &octet, 1, MSG_DONTWAIT), 0);
	close(ends[1]);
}
END_TEST

/*
 * A server that answers by hand.
 */

static smtpc_session *session;
static int ends[2]; /* the client's, the server's */

/* What the server has heard since. */
static const char *
heard(void)
{
	static char octets[256];
	ssize_t len = recv(ends[1], octets, sizeof(octets) - 1, MSG_DONTWAIT);

	octets[len > 0 ? len : 0] = '\0';
	return octets;
}

/* The server says this to what the session waits for; what comes of it. */
static int
say(const char *text)
{
	ck_assert_int_eq(send(ends[1], text, strlen(text), 0),
			 (ssize_t)strlen(text));
	return smtpc_process(session);
}

/* Connected in the clear, to a server that offers STARTTLS. */
static void
meet_in_clear(int mode)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends),
			 0);
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, mode), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_client_domain(session, "c.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_attach(session, ends[0], "mx.example.test", 25),
			 SMTPC_AGAIN);
	ck_assert_int_eq(say("220 mx.example.test\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_ehlo(session), SMTPC_AGAIN);
	ck_assert_str_eq(heard(), "EHLO c.test\r\n");
	ck_assert_int_eq(say("250-mx.example.test\r\n250 STARTTLS\r\n"),
			 SMTPC_OK);
}

static void
part(void)
{
	smtpc_session_free(session);
	close(ends[1]);
}

/* The server would shake hands, and would get nothing but the end. */
START_TEST(D_054_without_authorities_STARTTLS_is_not_sent)
{
	static const int modes[] = { SMTPC_TLS_OPPORTUNISTIC, SMTPC_TLS_NONE };
	int i;

	meet_in_clear(modes[_i]);
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(smtpc_starttls(session), SMTPC_E_TLS);
		ck_assert_str_eq(smtpc_error_detail(session), "tls-settings");
		ck_assert_int_eq(smtpc_error_phase(session),
				 SMTPC_PHASE_STARTTLS);
		ck_assert_ptr_nonnull(
		    strstr(smtpc_error_message(session), "ca-certificates"));
		ck_assert_int_eq(smtpc_error_safe_to_retry(session), 1);
		ck_assert_int_eq(smtpc_session_state(session),
				 SMTPC_STATE_READY);
		ck_assert_str_eq(heard(), "");
	}
	/* The connection is as good as before. */
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	ck_assert_str_eq(heard(), "NOOP\r\n");
	ck_assert_int_eq(say("250 ok\r\n"), SMTPC_OK);
	part();
}
END_TEST

/* Whoever takes STARTTLS where it is offered does not do without now. */
START_TEST(D_054_without_authorities_an_opportunist_sends_nothing_in_clear)
{
	smtpc_transaction *mail;

	meet_in_clear(SMTPC_TLS_OPPORTUNISTIC);
	ck_assert_int_eq(smtpc_starttls(session), SMTPC_E_TLS);
	ck_assert_int_eq(smtpc_transaction_new(&mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, "a@example.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "b@example.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, "x\r\n", 3),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_TLS_REQUIRED);
	ck_assert_str_eq(smtpc_error_detail(session), "tls-unused");
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_str_eq(heard(), "");
	smtpc_transaction_free(mail);
	part();
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("trust");
	Suite *suite = suite_create("certificates");
	SRunner *runner;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase,
		       D_054_a_file_of_authorities_that_is_missing_is_an_error);
	tcase_add_loop_test(
	    tcase, D_054_a_file_of_authorities_that_holds_none_is_an_error, 0,
	    4);
	tcase_add_test(
	    tcase,
	    D_054_a_directory_of_authorities_that_holds_none_is_an_error);
	tcase_add_loop_test(tcase,
			    D_054_a_system_without_authorities_is_an_error, 0,
			    2);
	tcase_add_loop_test(
	    tcase, D_054_without_settings_and_authorities_not_an_octet_is_sent,
	    0, 3);
	tcase_add_loop_test(tcase,
			    D_054_without_authorities_STARTTLS_is_not_sent, 0,
			    2);
	tcase_add_test(
	    tcase,
	    D_054_without_authorities_an_opportunist_sends_nothing_in_clear);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	/* TAP has told. */
	return EXIT_SUCCESS;
}

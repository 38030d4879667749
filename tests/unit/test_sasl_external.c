/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mechanisms without a secret, EXTERNAL and ANONYMOUS, by whole sessions
 * against Cyrus SASL's server side.
 */
#include <string.h>
#include <unistd.h>

#include "auth_lab.h"

static struct auth_lab lab;

static const char *const mechanisms[] = { "EXTERNAL", "ANONYMOUS", NULL };

static bool
is_external(const char *mechanism)
{
	return strcmp(mechanism, "EXTERNAL") == 0;
}

static bool
is_anonymous(const char *mechanism)
{
	return strcmp(mechanism, "ANONYMOUS") == 0;
}

static void
set_names(const char *authzid, const char *authcid, const char *password)
{
	ck_assert_int_eq(smtpc_session_set_credentials(lab.session, authzid,
						       authcid, password),
			 SMTPC_OK);
}

static void
set_mechanisms(const char *list)
{
	ck_assert_int_eq(smtpc_session_set_mechanisms(lab.session, list),
			 SMTPC_OK);
}

/* A client that has a certificate, and a server that knows it as alice's. */
static void
set_up(bool client_has_it, bool server_knows_it)
{
	auth_lab_init(&lab);
	lab.offers = "PLAIN EXTERNAL";
	if (client_has_it)
		auth_lab_certify(&lab);
	if (server_knows_it)
		lab.certified = PEER_SASL_USER;
}

static void
works_with_a_certificate(const char *priority)
{
	set_up(true, true);
	lab.priority = priority;
	auth_lab_open(&lab);
	/* Nobody has asked for it by name, and there are no credentials. */
	auth_lab_succeeds(&lab, "EXTERNAL", PEER_SASL_USER);
	auth_lab_heard(&lab, "AUTH EXTERNAL =\n");
	auth_lab_clear(&lab);
}

static void
works_over_tls_1_3(const char *mechanism)
{
	(void)mechanism;
	works_with_a_certificate(AUTH_LAB_TLS_1_3);
}

static void
works_over_tls_1_2(const char *mechanism)
{
	(void)mechanism;
	works_with_a_certificate(AUTH_LAB_TLS_1_2);
}

static void
works_for_somebody_else(const char *mechanism)
{
	set_up(true, true);
	set_names(PEER_SASL_BOSS, NULL, NULL);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_BOSS);
	ck_assert_str_eq(peer_sasl_authenticated(lab.sasl), PEER_SASL_USER);
	auth_lab_heard(&lab, "AUTH EXTERNAL Ym9zcw==\n");
	auth_lab_clear(&lab);
}

static void
is_refused_for_somebody_who_does_not_want_it(const char *mechanism)
{
	(void)mechanism;
	set_up(true, true);
	set_names("carol", NULL, NULL);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	auth_lab_heard(&lab, "AUTH EXTERNAL Y2Fyb2w=\n");
	auth_lab_clear(&lab);
}

/* The server has not asked for the certificate, or does not know it. */
static void
is_refused_to_a_certificate_that_is_not_known(const char *mechanism)
{
	(void)mechanism;
	set_up(true, false);
	set_mechanisms("EXTERNAL");
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused",
			SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	auth_lab_heard(&lab, "AUTH EXTERNAL =\n");
	auth_lab_clear(&lab);
}

/* Somebody who has a password, or can be asked for one, means that. */
static void
is_not_chosen_where_there_is_a_password(const char *mechanism)
{
	(void)mechanism;
	set_up(true, true);
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, "PLAIN", PEER_SASL_USER);
	ck_assert_uint_eq(lab.auths, 1);
	auth_lab_clear(&lab);
}

static int
get_password(smtpc_session *session, int kind, int reason, const char *status,
	     void *userdata)
{
	(void)session;
	(void)kind;
	(void)reason;
	(void)status;
	(void)userdata;
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	return SMTPC_OK;
}

static void
is_not_chosen_where_somebody_can_be_asked(const char *mechanism)
{
	(void)mechanism;
	set_up(true, true);
	smtpc_session_set_secret_callback(lab.session, get_password, NULL);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, "PLAIN", PEER_SASL_USER);
	ck_assert_uint_eq(lab.auths, 1);
	auth_lab_clear(&lab);
}

static void
is_not_chosen_without_a_certificate(const char *mechanism)
{
	(void)mechanism;
	set_up(false, true);
	lab.offers = "EXTERNAL";
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "no-mechanism",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	set_names(NULL, PEER_SASL_USER, NULL);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_heard(&lab, "");
	/* But whoever names it, has a reason. */
	set_mechanisms("EXTERNAL");
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "AUTH EXTERNAL =\n");
	auth_lab_clear(&lab);
}

/*
 * ANONYMOUS.
 */

static void
works_by_name(const char *mechanism)
{
	auth_lab_init(&lab);
	set_mechanisms(mechanism);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, "anonymous");
	ck_assert_ptr_nonnull(auth_lab_line(&lab, 0));
	ck_assert_ptr_null(auth_lab_line(&lab, 1));
	auth_lab_clear(&lab);
}

static void
works_in_clear(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.in_clear = true;
	set_mechanisms(mechanism);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, "anonymous");
	auth_lab_clear(&lab);
}

static void
is_never_chosen_by_default(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.offers = mechanism;
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "no-mechanism",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	auth_lab_clear(&lab);
}

/* Nothing of what is secret elsewhere is told. */
static void
tells_no_password(const char *mechanism)
{
	const char *said;
	size_t len;

	auth_lab_init(&lab);
	set_mechanisms(mechanism);
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, "anonymous");
	said = auth_lab_decoded(&lab, 0, &len);
	ck_assert_ptr_null(strstr(said, PEER_SASL_PASSWORD));
	ck_assert_ptr_null(strstr(said, PEER_SASL_USER));
	auth_lab_clear(&lab);
}

/* Cyrus SASL's module says of which host the caller is, too. */
static void
leaves_the_trace_that_is_set(const char *mechanism)
{
	char expected[300] = "sirhc@";
	const char *said;
	size_t len;

	ck_assert_int_eq(gethostname(expected + 6, sizeof(expected) - 7), 0);
	auth_lab_init(&lab);
	set_mechanisms(mechanism);
	set_names("sirhc", NULL, NULL);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, "anonymous");
	ck_assert_ptr_null(auth_lab_line(&lab, 1));
	said = auth_lab_decoded(&lab, 0, &len);
	ck_assert_str_eq(said, expected);
	ck_assert_uint_eq(len, strlen(expected));
	auth_lab_clear(&lab);
}

static const struct auth_lab_case cases[] = {
	{ "works_over_TLS_1_3", works_over_tls_1_3, is_external },
	{ "works_over_TLS_1_2", works_over_tls_1_2, is_external },
	{ "works_for_somebody_else", works_for_somebody_else, is_external },
	{ "is_refused_for_somebody_who_does_not_want_it",
	  is_refused_for_somebody_who_does_not_want_it, is_external },
	{ "is_refused_to_a_certificate_that_is_not_known",
	  is_refused_to_a_certificate_that_is_not_known, is_external },
	{ "is_not_chosen_where_there_is_a_password",
	  is_not_chosen_where_there_is_a_password, is_external },
	{ "is_not_chosen_where_somebody_can_be_asked",
	  is_not_chosen_where_somebody_can_be_asked, is_external },
	{ "is_not_chosen_without_a_certificate",
	  is_not_chosen_without_a_certificate, is_external },
	{ "works_by_name", works_by_name, is_anonymous },
	{ "works_in_clear", works_in_clear, is_anonymous },
	{ "is_never_chosen_by_default", is_never_chosen_by_default,
	  is_anonymous },
	{ "tells_no_password", tells_no_password, is_anonymous },
	{ "leaves_the_trace_that_is_set", leaves_the_trace_that_is_set,
	  is_anonymous },
	{ NULL, NULL, NULL },
};

int
main(void)
{
	return auth_lab_main("sasl_external", mechanisms, cases);
}

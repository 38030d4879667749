/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every mechanism that takes a password, by whole sessions against Cyrus SASL's
 * server side: right and wrong passwords, names and passwords of all kinds, and
 * servers that do not know the password themselves.
 */
#include <stdio.h>
#include <string.h>

#include "auth_lab.h"

static struct auth_lab lab;

static const char *const mechanisms[] = {
	"PLAIN",
	"LOGIN",
	"CRAM-MD5",
	"DIGEST-MD5",
	"NTLM",
	"SCRAM-SHA-1",
	"SCRAM-SHA-224",
	"SCRAM-SHA-256",
	"SCRAM-SHA-384",
	"SCRAM-SHA-512",
	"SCRAM-SHA-1-PLUS",
	"SCRAM-SHA-224-PLUS",
	"SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-384-PLUS",
	"SCRAM-SHA-512-PLUS",
	NULL,
};

static bool
is_plus(const char *mechanism)
{
	return strstr(mechanism, "-PLUS") != NULL;
}

static bool
is_not_plus(const char *mechanism)
{
	return !is_plus(mechanism);
}

static bool
is_scram(const char *mechanism)
{
	return strncmp(mechanism, "SCRAM", 5) == 0;
}

/* The password itself is sent. */
static bool
is_plaintext(const char *mechanism)
{
	return strcmp(mechanism, "PLAIN") == 0 ||
	       strcmp(mechanism, "LOGIN") == 0;
}

/* The server proves that it knows the password, too. */
static bool
is_mutual(const char *mechanism)
{
	return is_scram(mechanism) || strcmp(mechanism, "DIGEST-MD5") == 0;
}

/* It can say for whom the client acts. */
static bool
is_for_others(const char *mechanism)
{
	return is_mutual(mechanism) || strcmp(mechanism, "PLAIN") == 0;
}

static bool
is_not_for_others(const char *mechanism)
{
	return !is_for_others(mechanism);
}

/* NTLM's names have nothing beyond ASCII, as Cyrus SASL writes them. */
static bool
has_any_names(const char *mechanism)
{
	return strcmp(mechanism, "NTLM") != 0;
}

static bool
is_digest(const char *mechanism)
{
	return strcmp(mechanism, "DIGEST-MD5") == 0;
}

/* alice, with this password, and a server that offers what it has. */
static void
set_up(const char *mechanism, const char *password)
{
	auth_lab_init(&lab);
	if (is_plus(mechanism))
		lab.binding = SMTPC_CHANNEL_BINDING_EXPORTER;
	auth_lab_set(&lab, password, mechanism);
}

static void
set_names(const char *authzid, const char *authcid, const char *password)
{
	ck_assert_int_eq(smtpc_session_set_credentials(lab.session, authzid,
						       authcid, password),
			 SMTPC_OK);
}

/* SCRAM's messages are what RFC 5802 says; flag is that of its header. */
static void
scram_is_right(const char *mechanism, const char *flag)
{
	size_t len;
	const char *said = auth_lab_decoded(&lab, 0, &len);

	ck_assert_int_eq(strncmp(auth_lab_line(&lab, 0) + 5, mechanism,
				 strlen(mechanism)),
			 0);
	ck_assert_int_eq(auth_lab_line(&lab, 0)[5 + strlen(mechanism)], ' ');
	ck_assert_int_eq(strncmp(said, flag, strlen(flag)), 0);
	ck_assert_int_eq(strncmp(said + strlen(flag), ",,n=alice,r=", 12), 0);
	said = auth_lab_decoded(&lab, 1, &len);
	ck_assert_int_eq(strncmp(said, "c=", 2), 0);
	ck_assert_ptr_nonnull(strstr(said, ",r="));
	ck_assert_ptr_nonnull(strstr(said, ",p="));
	/* The server's proof has nothing to be answered. */
	ck_assert_str_eq(auth_lab_line(&lab, 2), "");
	ck_assert_ptr_null(auth_lab_line(&lab, 3));
}

/* What has been said, as far as it is not random. */
static void
said_is_right(const char *mechanism, const char *flag)
{
	size_t len;

	if (is_scram(mechanism)) {
		scram_is_right(mechanism, flag);
	} else if (strcmp(mechanism, "PLAIN") == 0) {
		auth_lab_heard(&lab, "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\n");
	} else if (strcmp(mechanism, "LOGIN") == 0) {
		auth_lab_heard(&lab,
			       "AUTH LOGIN\nYWxpY2U=\nd29uZGVybGFuZA==\n");
	} else if (strcmp(mechanism, "CRAM-MD5") == 0) {
		ck_assert_str_eq(auth_lab_line(&lab, 0), "AUTH CRAM-MD5");
		ck_assert_int_eq(strncmp(auth_lab_decoded(&lab, 1, &len),
					 "alice ", 6),
				 0);
		ck_assert_uint_eq(len, 6 + 32);
		ck_assert_ptr_null(auth_lab_line(&lab, 2));
	} else if (strcmp(mechanism, "DIGEST-MD5") == 0) {
		ck_assert_str_eq(auth_lab_line(&lab, 0), "AUTH DIGEST-MD5");
		ck_assert_ptr_nonnull(
		    strstr(auth_lab_decoded(&lab, 1, &len),
			   "digest-uri=\"smtp/mx.example.test\""));
		ck_assert_str_eq(auth_lab_line(&lab, 2), "");
		ck_assert_ptr_null(auth_lab_line(&lab, 3));
	} else {
		ck_assert_mem_eq(auth_lab_decoded(&lab, 0, &len),
				 "NTLMSSP\0\x01", 9);
		ck_assert_mem_eq(auth_lab_decoded(&lab, 1, &len),
				 "NTLMSSP\0\x03", 9);
		ck_assert_ptr_null(auth_lab_line(&lab, 2));
	}
}

static void
works_over_tls_1_3(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.priority = AUTH_LAB_TLS_1_3;
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, is_plus(mechanism) ? "p=tls-exporter" : "y");
	auth_lab_clear(&lab);
}

static void
works_over_tls_1_2(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.priority = AUTH_LAB_TLS_1_2;
	if (is_plus(mechanism))
		lab.binding = SMTPC_CHANNEL_BINDING_UNIQUE;
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, is_plus(mechanism) ? "p=tls-unique" : "y");
	auth_lab_clear(&lab);
}

static void
works_in_clear(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.in_clear = true;
	smtpc_session_set_plaintext_auth(lab.session, 1);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, "n");
	auth_lab_clear(&lab);
}

static void
works_in_a_blocking_session(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	ck_assert_int_eq(smtpc_session_set_blocking(lab.session, 1), SMTPC_OK);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, is_plus(mechanism) ? "p=tls-exporter" : "y");
	auth_lab_clear(&lab);
}

static void
works_octet_by_octet(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.step = 1;
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	auth_lab_clear(&lab);
}

/* Cyrus SASL is prepared in a thread of its own. */
static void
works_with_a_helper_thread(const char *mechanism)
{
	int blocking;

	for (blocking = 0; blocking < 2; blocking++) {
		set_up(mechanism, PEER_SASL_PASSWORD);
		ck_assert_int_eq(smtpc_session_set_helper_thread(lab.session,
								 1),
				 SMTPC_OK);
		ck_assert_int_eq(smtpc_session_set_blocking(lab.session,
							    blocking),
				 SMTPC_OK);
		auth_lab_open(&lab);
		auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
		auth_lab_clear(&lab);
	}
}

static void
works_with_text_beyond_ascii(const char *mechanism)
{
	static const char name[] = "j\xc3\xb6rg-\xe6\x97\xa5\xe6\x9c\xac";
	static const char password[] =
	    "p\xc3\xa4ssw\xc3\xb6rd \xf0\x9f\x94\x91 \"\\,=";

	peer_sasl_add_user(name, password);
	set_up(mechanism, NULL);
	set_names(NULL, name, password);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, name);
	auth_lab_clear(&lab);
}

/* No mechanism prepares what it is given (SASLprep, RFC 4013). */
static void
takes_a_password_as_it_is(const char *mechanism)
{
	static const char composed[] = "caf\xc3\xa9";
	static const char decomposed[] = "cafe\xcc\x81";

	peer_sasl_add_user("composed", composed);
	peer_sasl_add_user("decomposed", decomposed);
	set_up(mechanism, NULL);
	set_names(NULL, "composed", decomposed);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	set_names(NULL, "decomposed", decomposed);
	auth_lab_succeeds(&lab, mechanism, "decomposed");
	auth_lab_clear(&lab);
}

static void
works_with_what_scram_escapes(const char *mechanism)
{
	static const char name[] = "a,b=c=2C";
	size_t len;

	peer_sasl_add_user(name, "a,b=c");
	set_up(mechanism, NULL);
	set_names(NULL, name, "a,b=c");
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, name);
	ck_assert_ptr_nonnull(
	    strstr(auth_lab_decoded(&lab, 0, &len), ",,n=a=2Cb=3Dc=3D2C,r="));
	auth_lab_clear(&lab);
}

static void
works_for_somebody_else(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_names(PEER_SASL_BOSS, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_BOSS);
	ck_assert_str_eq(peer_sasl_authenticated(lab.sasl), PEER_SASL_USER);
	auth_lab_clear(&lab);
}

static void
is_refused_for_somebody_who_does_not_want_it(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_names("carol", PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	auth_lab_clear(&lab);
}

/* There is no place for it, and alice herself is not who is meant. */
static void
is_not_used_for_somebody_else(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_names(PEER_SASL_BOSS, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "credentials-unfit",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	set_names(PEER_SASL_USER, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	auth_lab_clear(&lab);
}

/* The one attempt that was made is told as it was. */
static void
one_refusal_is_told(const char *mechanism, int code)
{
	const char *name, *message;
	const smtpc_reply *reply;
	int result;

	ck_assert_uint_eq(smtpc_session_auth_attempt_count(lab.session), 1);
	ck_assert_int_eq(smtpc_session_auth_attempt_at(lab.session, 0, &name,
						       &result, &reply,
						       &message),
			 SMTPC_OK);
	ck_assert_str_eq(name, mechanism);
	ck_assert_int_eq(result, smtpc_error_result(lab.session));
	ck_assert_str_ne(message, "");
	if (code == 0)
		ck_assert_ptr_null(reply);
	else
		ck_assert_int_eq(smtpc_reply_code(reply), code);
}

static void
is_refused_with_a_wrong_password(const char *mechanism)
{
	set_up(mechanism, "looking-glass");
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	ck_assert_int_eq(smtpc_reply_code(smtpc_error_reply(lab.session)), 535);
	ck_assert_int_eq(smtpc_error_phase(lab.session), SMTPC_PHASE_AUTH);
	ck_assert_uint_eq(lab.auths, 1);
	one_refusal_is_told(mechanism, 535);
	auth_lab_clear(&lab);
}

static void
works_after_a_wrong_password(const char *mechanism)
{
	set_up(mechanism, "looking-glass");
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	octets_clear(&lab.heard);
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, is_plus(mechanism) ? "p=tls-exporter" : "y");
	ck_assert_uint_eq(lab.auths, 2);
	auth_lab_clear(&lab);
}

static void
is_refused_to_a_stranger(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_names(NULL, "mallory", PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	auth_lab_clear(&lab);
}

/* Longer than a line with an initial response may be. */
static void
works_with_a_long_password(const char *mechanism)
{
	static char password[1001];

	memset(password, 'p', sizeof(password) - 1);
	peer_sasl_add_user("long", password);
	set_up(mechanism, NULL);
	set_names(NULL, "long", password);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, "long");
	if (strcmp(mechanism, "PLAIN") == 0)
		ck_assert_str_eq(auth_lab_line(&lab, 0), "AUTH PLAIN");
	auth_lab_clear(&lab);
}

/* Cyrus SASL's server takes names of 255 octets. */
static void
works_with_a_long_name(const char *mechanism)
{
	static char name[251];

	memset(name, 'n', sizeof(name) - 1);
	peer_sasl_add_user(name, PEER_SASL_PASSWORD);
	set_up(mechanism, NULL);
	set_names(NULL, name, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, name);
	auth_lab_clear(&lab);
}

#define NAME_MAX_OCTETS 1000

/*
 * What is longer than Cyrus SASL can do with is not taken; the server refuses
 * the longest name.  Nothing is cut off, and the session goes on.
 */
static void
is_refused_with_the_longest_name(const char *mechanism)
{
	static char name[NAME_MAX_OCTETS + 2];

	memset(name, 'n', NAME_MAX_OCTETS + 1);
	set_up(mechanism, PEER_SASL_PASSWORD);
	ck_assert_int_eq(smtpc_session_set_credentials(lab.session, NULL, name,
						       PEER_SASL_PASSWORD),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_credentials(lab.session, name,
						       PEER_SASL_USER,
						       PEER_SASL_PASSWORD),
			 SMTPC_E_INVALID);
	name[NAME_MAX_OCTETS] = '\0';
	set_names(NULL, name, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	set_names(NULL, PEER_SASL_USER, PEER_SASL_PASSWORD);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	auth_lab_clear(&lab);
}

/*
 * RFC 4954, section 4: no response is longer than 12,288 octets.  Cyrus SASL's
 * server of LOGIN takes passwords of a thousand or so.
 */
static void
says_the_longest_response(const char *mechanism)
{
	static char endless[9300];
	bool is_plain = strcmp(mechanism, "PLAIN") == 0;
	size_t len = 9216 - (is_plain ? strlen("endless") + 2 : 0);

	memset(endless, 'p', len);
	peer_sasl_add_user("endless", endless);
	set_up(mechanism, NULL);
	set_names(NULL, "endless", endless);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab),
			 is_plain ? SMTPC_OK : SMTPC_E_AUTH_REJECTED);
	ck_assert_uint_eq(strlen(auth_lab_line(&lab, is_plain ? 1 : 2)), 12288);
	ck_assert_ptr_null(auth_lab_line(&lab, is_plain ? 2 : 3));
	ck_assert_int_eq(smtpc_session_state(lab.session), SMTPC_STATE_READY);
	auth_lab_clear(&lab);

	/* One octet more, and none of them is said. */
	endless[len] = 'p';
	set_up(mechanism, NULL);
	set_names(NULL, "endless", endless);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "credentials-unfit",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	auth_lab_clear(&lab);
}

/*
 * A caller who is asked.
 */

static struct {
	const char *password; /* that is told */
	unsigned int count;
	int reasons[4];
	char status[40];
} secret;

static int
get_password(smtpc_session *session, int kind, int reason, const char *status,
	     void *userdata)
{
	ck_assert_ptr_eq(session, lab.session);
	ck_assert_ptr_eq(userdata, &secret);
	ck_assert_int_eq(kind, SMTPC_SECRET_PASSWORD);
	ck_assert_uint_lt(secret.count, 4);
	secret.reasons[secret.count++] = reason;
	snprintf(secret.status, sizeof(secret.status), "%s", status);
	set_names(NULL, PEER_SASL_USER, secret.password);
	return SMTPC_OK;
}

static void
set_secret(const char *password)
{
	memset(&secret, 0, sizeof(secret));
	secret.password = password;
	smtpc_session_set_secret_callback(lab.session, get_password, &secret);
}

static void
asks_for_the_password(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_secret(PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, is_plus(mechanism) ? "p=tls-exporter" : "y");
	ck_assert_uint_eq(secret.count, 1);
	ck_assert_int_eq(secret.reasons[0], SMTPC_SECRET_FIRST);
	ck_assert_str_eq(secret.status, "");
	auth_lab_clear(&lab);
}

static void
asks_for_another_password(const char *mechanism)
{
	set_up(mechanism, "looking-glass");
	set_secret(PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	ck_assert_uint_eq(lab.auths, 2);
	ck_assert_uint_eq(secret.count, 1);
	ck_assert_int_eq(secret.reasons[0], SMTPC_SECRET_REJECTED);
	ck_assert_str_eq(secret.status, "5.7.8");
	auth_lab_clear(&lab);
}

static void
sends_no_password_in_clear(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.in_clear = true;
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_TLS_REQUIRED);
	auth_lab_result(&lab, SMTPC_E_TLS_REQUIRED, "plaintext-auth",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	auth_lab_clear(&lab);
}

static void
needs_the_proof_of_the_server(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.keeps_proof = true;
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_PROTOCOL);
	auth_lab_result(&lab, SMTPC_E_AUTH_PROTOCOL, "server-not-proven",
			SMTPC_STATE_DEAD);
	ck_assert_ptr_nonnull(auth_lab_line(&lab, 1));
	ck_assert_ptr_null(auth_lab_line(&lab, 2));
	one_refusal_is_told(mechanism, 235);
	auth_lab_clear(&lab);
}

static void
notices_a_wrong_proof_of_the_server(const char *mechanism)
{
	set_up(mechanism, PEER_SASL_PASSWORD);
	lab.spoils_proof = true;
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_PROTOCOL);
	auth_lab_result(&lab, SMTPC_E_AUTH_PROTOCOL, "auth-cancelled",
			SMTPC_STATE_READY);
	ck_assert_str_eq(auth_lab_line(&lab, 2), "*");
	ck_assert_ptr_null(auth_lab_line(&lab, 3));
	auth_lab_clear(&lab);
}

static void
refuses_a_count_of_iterations(const char *mechanism, const char *count,
			      const char *detail)
{
	peer_sasl_set_iterations(count);
	set_up(mechanism, PEER_SASL_PASSWORD);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_PROTOCOL);
	auth_lab_result(&lab, SMTPC_E_AUTH_PROTOCOL, detail, SMTPC_STATE_READY);
	/* No proof was sent, from which the password could be guessed. */
	ck_assert_str_eq(auth_lab_line(&lab, 1), "*");
	ck_assert_ptr_null(auth_lab_line(&lab, 2));
	ck_assert_ptr_nonnull(strstr(octets_data(&lab.said), ",i="));
	ck_assert_ptr_nonnull(strstr(octets_data(&lab.said), count));
}

static void
refuses_few_iterations(const char *mechanism)
{
	refuses_a_count_of_iterations(mechanism, "4095", "weak-iterations");
	auth_lab_clear(&lab);
}

static void
takes_few_iterations_if_told_so(const char *mechanism)
{
	refuses_a_count_of_iterations(mechanism, "100", "weak-iterations");
	octets_clear(&lab.heard);
	ck_assert_int_eq(smtpc_session_set_scram_iterations(lab.session, 101),
			 SMTPC_OK);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_PROTOCOL);
	octets_clear(&lab.heard);
	ck_assert_int_eq(smtpc_session_set_scram_iterations(lab.session, 100),
			 SMTPC_OK);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism, is_plus(mechanism) ? "p=tls-exporter" : "y");
	auth_lab_clear(&lab);
}

static void
takes_many_iterations(const char *mechanism)
{
	peer_sasl_set_iterations("65536");
	set_up(mechanism, PEER_SASL_PASSWORD);
	ck_assert_int_eq(smtpc_session_set_scram_iterations(lab.session, 65536),
			 SMTPC_OK);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	auth_lab_clear(&lab);
}

/*
 * Cyrus SASL would begin another time with what it remembers of the server,
 * for which AUTH would have an initial response.
 */
static void
begins_anew_each_time(const char *mechanism)
{
	int i;

	for (i = 0; i < 2; i++) {
		set_up(mechanism, PEER_SASL_PASSWORD);
		auth_lab_open(&lab);
		auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
		said_is_right(mechanism, "");
		auth_lab_clear(&lab);
	}
}

static const struct auth_lab_case cases[] = {
	{ "works_over_TLS_1_3", works_over_tls_1_3, NULL },
	{ "works_over_TLS_1_2", works_over_tls_1_2, NULL },
	{ "works_in_clear", works_in_clear, is_not_plus },
	{ "works_in_a_blocking_session", works_in_a_blocking_session, NULL },
	{ "works_octet_by_octet", works_octet_by_octet, NULL },
	{ "works_with_a_helper_thread", works_with_a_helper_thread, NULL },
	{ "works_with_text_beyond_ASCII", works_with_text_beyond_ascii,
	  has_any_names },
	{ "takes_a_password_as_it_is", takes_a_password_as_it_is, NULL },
	{ "works_with_what_SCRAM_escapes", works_with_what_scram_escapes,
	  is_scram },
	{ "works_for_somebody_else", works_for_somebody_else, is_for_others },
	{ "is_refused_for_somebody_who_does_not_want_it",
	  is_refused_for_somebody_who_does_not_want_it, is_for_others },
	{ "is_not_used_for_somebody_else", is_not_used_for_somebody_else,
	  is_not_for_others },
	{ "is_refused_with_a_wrong_password", is_refused_with_a_wrong_password,
	  NULL },
	{ "works_after_a_wrong_password", works_after_a_wrong_password, NULL },
	{ "is_refused_to_a_stranger", is_refused_to_a_stranger, NULL },
	{ "works_with_a_long_password", works_with_a_long_password, NULL },
	{ "works_with_a_long_name", works_with_a_long_name, NULL },
	{ "is_refused_with_the_longest_name", is_refused_with_the_longest_name,
	  NULL },
	{ "says_the_longest_response", says_the_longest_response,
	  is_plaintext },
	{ "asks_for_the_password", asks_for_the_password, NULL },
	{ "asks_for_another_password", asks_for_another_password, NULL },
	{ "sends_no_password_in_clear", sends_no_password_in_clear,
	  is_plaintext },
	{ "needs_the_proof_of_the_server", needs_the_proof_of_the_server,
	  is_mutual },
	{ "notices_a_wrong_proof_of_the_server",
	  notices_a_wrong_proof_of_the_server, is_mutual },
	{ "refuses_few_iterations", refuses_few_iterations, is_scram },
	{ "takes_few_iterations_if_told_so", takes_few_iterations_if_told_so,
	  is_scram },
	{ "takes_many_iterations", takes_many_iterations, is_scram },
	{ "begins_anew_each_time", begins_anew_each_time, is_digest },
	{ NULL, NULL, NULL },
};

int
main(void)
{
	return auth_lab_main("sasl_passwords", mechanisms, cases);
}

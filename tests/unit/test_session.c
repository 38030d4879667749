/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/session.c and lib/session_tls.c: what each setter takes, what it
 * refuses, and when.
 */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "engine.h"
#include "memory_stream.h"
#include "steps.h"
#include "suite.h"
#include "tls_settings.h"

static smtpc_session *session;
static smtpc_tls *tls;
static struct memory_stream wire;

static void
set_up(void)
{
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	/* Whom it trusts is another module's affair. */
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	tls->authorities = 1;
	memory_stream_init(&wire);
}

static void
tear_down(void)
{
	smtpc_session_free(session);
	smtpc_tls_free(tls);
	memory_stream_clear(&wire);
}

static void
say(const char *text)
{
	octets_append(&wire.in, text, strlen(text));
}

/* Not blocking, and connected to a server that has said this. */
static void
attach(const char *said)
{
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
			 SMTPC_OK);
	say(said);
	ck_assert_int_eq(steps_attach(session, &wire.base, "mx.example.test",
				      587),
			 *said != '\0' ? SMTPC_OK : SMTPC_AGAIN);
}

/*
 * A new one.
 */

START_TEST(a_new_session_has_the_time_outs_of_the_standard)
{
	static const int64_t seconds[PHASE_COUNT] = {
		[SMTPC_PHASE_RESOLVE] = 30,  [SMTPC_PHASE_CONNECT] = 30,
		[SMTPC_PHASE_TLS] = 60,	     [SMTPC_PHASE_GREETING] = 300,
		[SMTPC_PHASE_EHLO] = 300,    [SMTPC_PHASE_STARTTLS] = 300,
		[SMTPC_PHASE_AUTH] = 300,    [SMTPC_PHASE_MAIL] = 300,
		[SMTPC_PHASE_RCPT] = 300,    [SMTPC_PHASE_DATA] = 120,
		[SMTPC_PHASE_CONTENT] = 180, [SMTPC_PHASE_END_OF_DATA] = 600,
		[SMTPC_PHASE_RSET] = 300,    [SMTPC_PHASE_NOOP] = 300,
		[SMTPC_PHASE_COMMAND] = 300, [SMTPC_PHASE_QUIT] = 5,
	};
	int phase;

	for (phase = SMTPC_PHASE_RESOLVE; phase < SMTPC_PHASE_IDLE; phase++)
		ck_assert_int_eq(session->timeouts[phase],
				 1000 * seconds[phase]);
	ck_assert_int_eq(session->timeouts[SMTPC_PHASE_IDLE], SMTPC_FOREVER);
	ck_assert_int_eq(session->operation_timeout, SMTPC_FOREVER);
}
END_TEST

START_TEST(a_new_session_is_careful)
{
	ck_assert(session->blocking);
	ck_assert(session->helper_thread);
	ck_assert(!session->auth.plaintext_allowed);
	ck_assert_int_eq(session->pipelining, SMTPC_PIPELINING_SAFE);
	ck_assert_int_eq(session->tls_mode, SMTPC_TLS_AUTO);
	ck_assert_ptr_null(session->tls);
	ck_assert_uint_eq(session->trust_rules.exceptions, 0);
	ck_assert_ptr_null(session->trust_rules.pins);
	ck_assert(!credentials_are_set(&session->auth.credentials));
	ck_assert_int_eq(smtpc_session_state(session),
			 SMTPC_STATE_DISCONNECTED);
}
END_TEST

START_TEST(without_memory_there_is_no_session)
{
	smtpc_session *other = NULL;

	fault_at(0);
	ck_assert_int_eq(smtpc_session_new(&other), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_ptr_null(other);
	ck_assert_int_eq(smtpc_session_new(NULL), SMTPC_E_INVALID);
	smtpc_session_free(NULL);
}
END_TEST

/*
 * Setters without conditions.
 */

START_TEST(switches_are_on_or_off)
{
	static const int values[] = { 1, 0, -1, 2, INT_MIN };
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		ck_assert_int_eq(smtpc_session_set_blocking(session, values[i]),
				 SMTPC_OK);
		ck_assert_int_eq(session->blocking, values[i] != 0);
		ck_assert_int_eq(smtpc_session_set_helper_thread(session,
								 values[i]),
				 SMTPC_OK);
		ck_assert_int_eq(session->helper_thread, values[i] != 0);
		ck_assert_int_eq(smtpc_session_set_plaintext_auth(session,
								  values[i]),
				 SMTPC_OK);
		ck_assert_int_eq(session->auth.plaintext_allowed,
				 values[i] != 0);
	}
}
END_TEST

START_TEST(each_phase_but_two_has_a_time_out_to_set)
{
	int phase;

	for (phase = SMTPC_PHASE_RESOLVE; phase < SMTPC_PHASE_IDLE; phase++) {
		ck_assert_int_eq(smtpc_session_set_timeout(session, phase,
							   phase),
				 SMTPC_OK);
		ck_assert_int_eq(session->timeouts[phase], phase);
	}
	for (phase = SMTPC_PHASE_RESOLVE; phase < SMTPC_PHASE_IDLE; phase++)
		ck_assert_int_eq(session->timeouts[phase], phase);
}
END_TEST

START_TEST(a_time_out_is_of_a_phase_and_not_negative)
{
	static const int phases[] = { INT_MIN,		-1,
				      SMTPC_PHASE_NONE, SMTPC_PHASE_IDLE,
				      PHASE_COUNT,	INT_MAX };
	static const int64_t times[] = { SMTPC_FOREVER, 0, 1, INT64_MAX };
	size_t i;

	for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		ck_assert_int_eq(smtpc_session_set_timeout(session, phases[i],
							   1),
				 SMTPC_E_INVALID);
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		ck_assert_int_eq(smtpc_session_set_timeout(session,
							   SMTPC_PHASE_NOOP,
							   times[i]),
				 SMTPC_OK);
		ck_assert_int_eq(smtpc_session_set_operation_timeout(session,
								     times[i]),
				 SMTPC_OK);
		ck_assert_int_eq(session->timeouts[SMTPC_PHASE_NOOP], times[i]);
		ck_assert_int_eq(session->operation_timeout, times[i]);
	}
	ck_assert_int_eq(smtpc_session_set_timeout(session, SMTPC_PHASE_NOOP,
						   -2),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_operation_timeout(session, -2),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(session->operation_timeout, INT64_MAX);
}
END_TEST

START_TEST(userdata_can_be_changed_at_any_time)
{
	int one, two;

	ck_assert_ptr_null(smtpc_session_userdata(session));
	ck_assert_int_eq(smtpc_session_set_userdata(session, &one), SMTPC_OK);
	attach("");
	ck_assert_ptr_eq(smtpc_session_userdata(session), &one);
	ck_assert_int_eq(smtpc_session_set_userdata(session, &two), SMTPC_OK);
	ck_assert_ptr_eq(smtpc_session_userdata(session), &two);
	ck_assert_int_eq(smtpc_session_set_userdata(session, NULL), SMTPC_OK);
	ck_assert_ptr_null(smtpc_session_userdata(session));
}
END_TEST

START_TEST(a_client_domain_is_a_domain_or_a_literal)
{
	static const char *const good[] = { "client.example.test", "localhost",
					    "[192.0.2.1]",
					    "[IPv6:2001:db8::1]" };
	static const char *const bad[] = {
		"",
		"a b",
		"a..b",
		"-a.test",
		"a.test\r\nX",
		"[300.1.1.1]",
		"[]",
		"192.0.2.1\n",
		"a_b\x01",
		"client\x80.test",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(smtpc_session_set_client_domain(session,
								 good[i]),
				 SMTPC_OK);
		ck_assert_str_eq(session->client_domain, good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(smtpc_session_set_client_domain(session,
							      bad[i]) ==
				  SMTPC_E_INVALID,
			      "\"%s\" is taken", bad[i]);
	ck_assert_str_eq(session->client_domain, "[IPv6:2001:db8::1]");
	ck_assert_int_eq(smtpc_session_set_client_domain(session, NULL),
			 SMTPC_OK);
	ck_assert_ptr_null(session->client_domain);
}
END_TEST

START_TEST(there_are_three_levels_of_pipelining)
{
	ck_assert_int_eq(smtpc_session_set_pipelining(session,
						      SMTPC_PIPELINING_OFF),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_pipelining(session, 3),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_pipelining(session, -1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(session->pipelining, SMTPC_PIPELINING_OFF);
	ck_assert_int_eq(smtpc_session_set_pipelining(session,
						      SMTPC_PIPELINING_SAFE),
			 SMTPC_OK);
	ck_assert_int_eq(session->pipelining, SMTPC_PIPELINING_SAFE);
	ck_assert_int_eq(smtpc_session_set_pipelining(
			     session, SMTPC_PIPELINING_STREAM),
			 SMTPC_OK);
	ck_assert_int_eq(session->pipelining, SMTPC_PIPELINING_STREAM);
}
END_TEST

START_TEST(credentials_are_set_and_forgotten_together)
{
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, "alice",
						       "secret"),
			 SMTPC_OK);
	ck_assert(credentials_are_set(&session->auth.credentials));
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, NULL,
						       "secret"),
			 SMTPC_E_INVALID);
	ck_assert(credentials_are_set(&session->auth.credentials));
	wipe_watch("secret");
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, NULL,
						       NULL),
			 SMTPC_OK);
	ck_assert(!credentials_are_set(&session->auth.credentials));
	ck_assert_uint_ge(wipe_count(), 1);
}
END_TEST

START_TEST(a_token_is_set_and_forgotten)
{
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, "alice",
						       "ya29.x"),
			 SMTPC_OK);
	ck_assert_str_eq(session->auth.credentials.token, "ya29.x");
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, "alice",
						       "ya29 x"),
			 SMTPC_E_INVALID);
	ck_assert_str_eq(session->auth.credentials.token, "ya29.x");
	wipe_watch("ya29.x");
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, NULL, NULL),
			 SMTPC_OK);
	ck_assert_ptr_null(session->auth.credentials.token);
	ck_assert_uint_ge(wipe_count(), 1);
}
END_TEST

START_TEST(limits_of_AUTH_have_limits)
{
	static const struct {
		int (*set)(smtpc_session *of, int value);
		int standard, min, max;
	} limits[] = {
		{ smtpc_session_set_auth_attempts, 2, 1, 100 },
		{ smtpc_session_set_scram_iterations, 4096, 1, 65536 },
		{ smtpc_session_set_channel_binding, SMTPC_CHANNEL_BINDING_AUTO,
		  SMTPC_CHANNEL_BINDING_AUTO,
		  SMTPC_CHANNEL_BINDING_SERVER_END_POINT },
	};
	const int *values[] = { &session->auth.attempts_max,
				&session->auth.iterations_min,
				&session->auth.binding };
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		ck_assert_int_eq(*values[i], limits[i].standard);
		ck_assert_int_eq(limits[i].set(session, limits[i].max),
				 SMTPC_OK);
		ck_assert_int_eq(limits[i].set(session, limits[i].max + 1),
				 SMTPC_E_INVALID);
		ck_assert_int_eq(*values[i], limits[i].max);
		ck_assert_int_eq(limits[i].set(session, limits[i].min),
				 SMTPC_OK);
		ck_assert_int_eq(limits[i].set(session, limits[i].min - 1),
				 SMTPC_E_INVALID);
		ck_assert_int_eq(limits[i].set(session, INT_MIN),
				 SMTPC_E_INVALID);
		ck_assert_int_eq(*values[i], limits[i].min);
		ck_assert_int_eq(limits[i].set(NULL, limits[i].min),
				 SMTPC_E_INVALID);
	}
}
END_TEST

START_TEST(mechanisms_are_a_list_of_names)
{
	static const char *const bad[] = { "",	    " ",	 "PLAIN,LOGIN",
					   "PL.IN", "PLAIN\r\n", "PL\xc4IN" };
	size_t i;

	ck_assert_int_eq(smtpc_session_set_mechanisms(session,
						      "SCRAM-SHA-256 PLAIN"),
			 SMTPC_OK);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(smtpc_session_set_mechanisms(session, bad[i]) ==
				  SMTPC_E_INVALID,
			      "\"%s\" is taken", bad[i]);
	ck_assert_str_eq(session->auth.mechanisms, "SCRAM-SHA-256 PLAIN");
	ck_assert_int_eq(smtpc_session_set_mechanisms(session, NULL), SMTPC_OK);
	ck_assert_ptr_null(session->auth.mechanisms);
}
END_TEST

static void
ignore_trace(int kind, const char *text, size_t len, void *userdata)
{
	(void)kind;
	(void)text;
	(void)len;
	(void)userdata;
}

START_TEST(a_trace_goes_to_a_function_and_a_descriptor)
{
	ck_assert_int_eq(smtpc_session_set_trace(session, ignore_trace,
						 &session),
			 SMTPC_OK);
	ck_assert_ptr_eq(session->trace.userdata, &session);
	ck_assert_int_eq(smtpc_session_set_trace_fd(session, 5), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_trace_fd(session, -2),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(session->trace.fd, 5);
	ck_assert_int_eq(smtpc_session_set_trace_fd(session, -1), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_trace(session, NULL, NULL),
			 SMTPC_OK);
	ck_assert(!trace_is_on(&session->trace));
}
END_TEST

START_TEST(without_memory_a_text_stays_as_it_is)
{
	ck_assert_int_eq(smtpc_session_set_client_domain(session, "a.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_mechanisms(session, "PLAIN"),
			 SMTPC_OK);
	fault_from(0);
	ck_assert_int_eq(smtpc_session_set_client_domain(session, "b.test"),
			 SMTPC_E_NOMEM);
	ck_assert_int_eq(smtpc_session_set_mechanisms(session, "LOGIN"),
			 SMTPC_E_NOMEM);
	ck_assert_int_eq(smtpc_session_set_tls_verify_name(session, "c.test"),
			 SMTPC_E_NOMEM);
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, "a", "b"),
			 SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_str_eq(session->client_domain, "a.test");
	ck_assert_str_eq(session->auth.mechanisms, "PLAIN");
	ck_assert_ptr_null(session->tls_verify_name);
	ck_assert(!credentials_are_set(&session->auth.credentials));
}
END_TEST

/*
 * TLS.
 */

START_TEST(a_tls_mode_is_one_of_five)
{
	int mode;

	for (mode = SMTPC_TLS_AUTO; mode <= SMTPC_TLS_NONE; mode++) {
		ck_assert_int_eq(smtpc_session_set_tls_mode(session, mode),
				 SMTPC_OK);
		ck_assert_int_eq(session->tls_mode, mode);
	}
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, -1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session,
						    SMTPC_TLS_NONE + 1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(session->tls_mode, SMTPC_TLS_NONE);
}
END_TEST

START_TEST(tls_settings_are_shared_and_frozen)
{
	smtpc_tls *other;

	ck_assert_int_eq(smtpc_session_set_tls(session, tls), SMTPC_OK);
	ck_assert(tls->frozen);
	ck_assert_uint_eq(tls->holds, 2);
	ck_assert_int_eq(smtpc_session_set_tls(session, tls), SMTPC_OK);
	ck_assert_uint_eq(tls->holds, 2);
	ck_assert_int_eq(smtpc_session_set_tls(session, NULL), SMTPC_E_INVALID);
	/* What can't be frozen is not taken. */
	ck_assert_int_eq(smtpc_tls_new(&other), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(other, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls(session, other), SMTPC_E_TLS);
	ck_assert_uint_eq(other->holds, 1);
	ck_assert_ptr_eq(session->tls, tls);
	ck_assert_int_eq(smtpc_tls_set_trust_system(other, 0), SMTPC_OK);
	other->authorities = 1;
	ck_assert_int_eq(smtpc_session_set_tls(session, other), SMTPC_OK);
	ck_assert_uint_eq(tls->holds, 1);
	smtpc_tls_free(other);
}
END_TEST

static const struct {
	const char *name, *kept;
} verify_names[] = {
	{ "mx.example.test", "mx.example.test" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "xn--bcher-kva.example" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "192.0.2.1", "192.0.2.1" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "localhost", "localhost" },
};

START_TEST(a_name_to_verify_is_kept_as_certificates_have_it)
{
	ck_assert_int_eq(
	    smtpc_session_set_tls_verify_name(session, verify_names[_i].name),
	    SMTPC_OK);
	ck_assert_str_eq(session->tls_verify_name, verify_names[_i].kept);
	ck_assert_int_eq(smtpc_session_set_tls_verify_name(session, NULL),
			 SMTPC_OK);
	ck_assert_ptr_null(session->tls_verify_name);
}
END_TEST

START_TEST(what_is_no_name_can_t_be_verified)
{
	static const char *const bad[] = {
		"",	    "a b",     "a..b",	   "-a.test", "a.test\n",
		"*.a.test", ".a.test", "\xff\xfe", "a/b",     "[192.0.2.1]",
	};

	ck_assert_int_eq(smtpc_session_set_tls_verify_name(session, "a.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_verify_name(session, bad[_i]),
			 SMTPC_E_INVALID);
	ck_assert_str_eq(session->tls_verify_name, "a.test");
}
END_TEST

#define NO_NAMES 10

START_TEST(exceptions_are_flags_that_there_are)
{
	ck_assert_int_eq(smtpc_session_set_tls_exceptions(session, 0x3fff),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_exceptions(session, 0x4000),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_tls_exceptions(session, 0x8000),
			 SMTPC_E_INVALID);
	ck_assert_uint_eq(session->trust_rules.exceptions, 0x3fff);
}
END_TEST

START_TEST(pins_are_added_until_they_are_forgotten)
{
	char pin[65];

	memset(pin, '7', 64);
	pin[64] = '\0';
	ck_assert_int_eq(smtpc_session_add_tls_pin(session, pin), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_add_tls_pin(session, pin + 1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_add_tls_pin(session, pin), SMTPC_OK);
	ck_assert_uint_eq(strlen(session->trust_rules.pins), 129);
	ck_assert_int_eq(smtpc_session_add_tls_pin(session, NULL), SMTPC_OK);
	ck_assert_ptr_null(session->trust_rules.pins);
}
END_TEST

/*
 * When.
 */

/* Each setter that has to be asked for leave, with a good argument. */
static int
set_number(smtpc_session *of, int number)
{
	static const char pin[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	switch (number) {
	case 0:
		return smtpc_session_set_blocking(of, 0);
	case 1:
		return smtpc_session_set_timeout(of, SMTPC_PHASE_NOOP, 1);
	case 2:
		return smtpc_session_set_operation_timeout(of, 100000);
	case 3:
		return smtpc_session_set_client_domain(of, "a.test");
	case 4:
		return smtpc_session_set_helper_thread(of, 0);
	case 5:
		return smtpc_session_set_pipelining(of, SMTPC_PIPELINING_OFF);
	case 6:
		return smtpc_session_set_credentials(of, "a", "b", "c");
	case 7:
		return smtpc_session_set_mechanisms(of, "PLAIN");
	case 8:
		return smtpc_session_set_plaintext_auth(of, 1);
	case 9:
		return smtpc_session_set_trace_fd(of, -1);
	case 10:
		return smtpc_session_set_trace(of, NULL, NULL);
	case 11:
		return smtpc_session_set_oauth_token(of, "a", "b");
	case 12:
		return smtpc_session_set_secret_callback(of, NULL, NULL);
	case 13:
		return smtpc_session_set_auth_attempts(of, 1);
	case 14:
		return smtpc_session_set_channel_binding(
		    of, SMTPC_CHANNEL_BINDING_NONE);
	case 15:
		return smtpc_session_set_scram_iterations(of, 10000);
	case 16:
		return smtpc_session_set_tls_mode(of, SMTPC_TLS_NONE);
	case 17:
		return smtpc_session_set_tls(of, tls);
	case 18:
		return smtpc_session_set_tls_verify_name(of, "a.test");
	case 19:
		return smtpc_session_set_tls_exceptions(of, 1);
	default:
		return smtpc_session_add_tls_pin(of, pin);
	}
}

#define SETTERS	     21
#define FIRST_OF_TLS 16

START_TEST(while_disconnected_each_setter_sets)
{
	ck_assert_int_eq(set_number(NULL, _i), SMTPC_E_INVALID);
	ck_assert_int_eq(set_number(session, _i), SMTPC_OK);
}
END_TEST

START_TEST(while_connected_what_a_connection_rests_on_is_set_no_more)
{
	int expected = _i < FIRST_OF_TLS ? SMTPC_OK : SMTPC_E_STATE;

	attach("220 mx.example.test\r\n");
	ck_assert_int_eq(set_number(session, _i), expected);
	ck_assert_int_eq(smtpc_ehlo(session), SMTPC_AGAIN);
	say("250 mx.example.test\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	ck_assert_int_eq(set_number(session, _i), expected);
	/* Nor while the caller makes up their mind. */
	session->state = SMTPC_STATE_UNTRUSTED;
	ck_assert_int_eq(set_number(session, _i), expected);
	session->state = SMTPC_STATE_READY;
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	ck_assert_int_eq(set_number(session, _i), SMTPC_OK);
}
END_TEST

START_TEST(when_the_connection_is_lost_each_setter_sets_again)
{
	attach("220 mx.example.test\r\n");
	memory_stream_end(&wire);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_CLOSED);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_int_eq(set_number(session, _i), SMTPC_OK);
}
END_TEST

START_TEST(while_something_is_in_progress_each_setter_is_busy)
{
	attach("");
	ck_assert_int_eq(set_number(session, _i), SMTPC_E_BUSY);
	say("220 mx.example.test\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
}
END_TEST

static int called;

static void
set_in_trace(int kind, const char *text, size_t len, void *userdata)
{
	const int *number = userdata;

	(void)kind;
	(void)text;
	(void)len;
	called++;
	ck_assert_int_eq(set_number(session, *number), SMTPC_E_BUSY);
	/* Nothing happens. */
	smtpc_session_free(session);
}

/* With nothing in progress: a line that is read at rest. */
START_TEST(in_a_callback_each_setter_is_busy)
{
	attach("220 mx.example.test\r\n");
	ck_assert_int_eq(smtpc_session_set_trace(session, set_in_trace, &_i),
			 SMTPC_OK);
	say("421 closing\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_TRANSIENT);
	ck_assert_int_eq(called, 1);
	ck_assert_int_eq(smtpc_session_set_trace(session, NULL, NULL),
			 SMTPC_OK);
}
END_TEST

START_TEST(freeing_a_session_closes_and_wipes)
{
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, "alice",
						       "wonderland"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls(session, tls), SMTPC_OK);
	attach("220 mx.example.test\r\n");
	wipe_watch("wonderland");
	smtpc_session_free(session);
	session = NULL;
	ck_assert_uint_eq(wire.frees, 1);
	ck_assert_uint_ge(wipe_count(), 1);
	ck_assert_uint_eq(tls->holds, 1);
	/* Not a word. */
	ck_assert_uint_eq(wire.out.len, 0);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	return tcase;
}

static void
add_setters(Suite *suite)
{
	TCase *tcase = add_case(suite, "new");

	tcase_add_test(tcase, a_new_session_has_the_time_outs_of_the_standard);
	tcase_add_test(tcase, a_new_session_is_careful);
	tcase_add_test(tcase, without_memory_there_is_no_session);
	tcase_add_test(tcase, freeing_a_session_closes_and_wipes);

	tcase = add_case(suite, "set");
	tcase_add_test(tcase, switches_are_on_or_off);
	tcase_add_test(tcase, each_phase_but_two_has_a_time_out_to_set);
	tcase_add_test(tcase, a_time_out_is_of_a_phase_and_not_negative);
	tcase_add_test(tcase, userdata_can_be_changed_at_any_time);
	tcase_add_test(tcase, a_client_domain_is_a_domain_or_a_literal);
	tcase_add_test(tcase, there_are_three_levels_of_pipelining);
	tcase_add_test(tcase, credentials_are_set_and_forgotten_together);
	tcase_add_test(tcase, a_token_is_set_and_forgotten);
	tcase_add_test(tcase, limits_of_AUTH_have_limits);
	tcase_add_test(tcase, mechanisms_are_a_list_of_names);
	tcase_add_test(tcase, a_trace_goes_to_a_function_and_a_descriptor);
	tcase_add_test(tcase, without_memory_a_text_stays_as_it_is);
}

int
main(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase;

	add_setters(suite);
	tcase = add_case(suite, "set_tls");
	tcase_add_test(tcase, a_tls_mode_is_one_of_five);
	tcase_add_test(tcase, tls_settings_are_shared_and_frozen);
	tcase_add_loop_test(tcase,
			    a_name_to_verify_is_kept_as_certificates_have_it, 0,
			    (int)(sizeof(verify_names) /
				  sizeof(verify_names[0])));
	tcase_add_loop_test(tcase, what_is_no_name_can_t_be_verified, 0,
			    NO_NAMES);
	tcase_add_test(tcase, exceptions_are_flags_that_there_are);
	tcase_add_test(tcase, pins_are_added_until_they_are_forgotten);

	tcase = add_case(suite, "when");
	tcase_add_loop_test(tcase, while_disconnected_each_setter_sets, 0,
			    SETTERS);
	tcase_add_loop_test(
	    tcase, while_connected_what_a_connection_rests_on_is_set_no_more, 0,
	    SETTERS);
	tcase_add_loop_test(tcase,
			    when_the_connection_is_lost_each_setter_sets_again,
			    0, SETTERS);
	tcase_add_loop_test(tcase,
			    while_something_is_in_progress_each_setter_is_busy,
			    0, SETTERS);
	tcase_add_loop_test(tcase, in_a_callback_each_setter_is_busy, 0,
			    SETTERS);
	return suite_run(suite);
}

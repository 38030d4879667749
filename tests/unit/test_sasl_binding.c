/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SCRAM bound to the TLS connection, by whole sessions against Cyrus SASL's
 * server side, which has the data from its own end of GnuTLS: all types, wrong
 * data, and servers or somebody in between who would rather have none.
 */
#include <stdio.h>
#include <string.h>

#include "auth_lab.h"

static struct auth_lab lab;

static const char *const mechanisms[] = {
	"SCRAM-SHA-1-PLUS",   "SCRAM-SHA-224-PLUS", "SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-384-PLUS", "SCRAM-SHA-512-PLUS", NULL,
};

/* The same without channel binding. */
static const char *
plain_name(const char *mechanism)
{
	static char name[32];
	size_t len = strlen(mechanism) - strlen("-PLUS");

	memcpy(name, mechanism, len);
	name[len] = '\0';
	return name;
}

/* A list of mechanisms: the one, the same without binding, and others. */
static const char *
list(const char *mechanism, const char *others)
{
	static char words[100];

	snprintf(words, sizeof(words), "%s %s%s", mechanism,
		 plain_name(mechanism), others);
	return words;
}

static void
set_up(const char *mechanisms_wanted, const char *priority, int server_binds,
       int client_binds)
{
	auth_lab_init(&lab);
	lab.priority = priority;
	lab.binding = server_binds;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, mechanisms_wanted);
	ck_assert_int_eq(smtpc_session_set_channel_binding(lab.session,
							   client_binds),
			 SMTPC_OK);
	auth_lab_open(&lab);
}

/*
 * The client's header says this, first in the clear and then under its proof,
 * with the data of the server's end behind it.
 */
static void
header_is(const char *header, bool is_bound)
{
	struct octets expected = { 0 };
	gnutls_datum_t plain, encoded;
	const char *said;
	size_t len;

	said = auth_lab_decoded(&lab, 0, &len);
	ck_assert_msg(strncmp(said, header, strlen(header)) == 0, "%s", said);
	octets_append_text(&expected, header);
	if (is_bound)
		octets_append(&expected, lab.binding_data.data,
			      lab.binding_data.size);
	plain.data = (unsigned char *)(uintptr_t)octets_data(&expected);
	plain.size = (unsigned int)expected.len;
	ck_assert_int_eq(gnutls_base64_encode2(&plain, &encoded), 0);
	said = auth_lab_decoded(&lab, 1, &len);
	ck_assert_int_eq(strncmp(said, "c=", 2), 0);
	ck_assert_uint_eq(strcspn(said + 2, ","), encoded.size);
	ck_assert_mem_eq(said + 2, encoded.data, encoded.size);
	gnutls_free(encoded.data);
	octets_clear(&expected);
}

/* With these types on both sides. */
static void
works(const char *mechanism, const char *priority, int server_binds,
      int client_binds, const char *header)
{
	set_up(mechanism, priority, server_binds, client_binds);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	ck_assert_int_eq(strncmp(auth_lab_line(&lab, 0) + 5, mechanism,
				 strlen(mechanism)),
			 0);
	header_is(header, true);
	auth_lab_clear(&lab);
}

static void
works_by_itself_with_tls_1_3(const char *mechanism)
{
	works(mechanism, AUTH_LAB_TLS_1_3, SMTPC_CHANNEL_BINDING_EXPORTER,
	      SMTPC_CHANNEL_BINDING_AUTO, "p=tls-exporter,,");
}

static void
works_by_itself_with_tls_1_2(const char *mechanism)
{
	works(mechanism, AUTH_LAB_TLS_1_2, SMTPC_CHANNEL_BINDING_UNIQUE,
	      SMTPC_CHANNEL_BINDING_AUTO, "p=tls-unique,,");
}

static void
works_with_each_type_on_request(const char *mechanism)
{
	works(mechanism, AUTH_LAB_TLS_1_3, SMTPC_CHANNEL_BINDING_EXPORTER,
	      SMTPC_CHANNEL_BINDING_EXPORTER, "p=tls-exporter,,");
	works(mechanism, AUTH_LAB_TLS_1_2, SMTPC_CHANNEL_BINDING_EXPORTER,
	      SMTPC_CHANNEL_BINDING_EXPORTER, "p=tls-exporter,,");
	works(mechanism, AUTH_LAB_TLS_1_2, SMTPC_CHANNEL_BINDING_UNIQUE,
	      SMTPC_CHANNEL_BINDING_UNIQUE, "p=tls-unique,,");
	works(mechanism, AUTH_LAB_TLS_1_3,
	      SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	      SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	      "p=tls-server-end-point,,");
	works(mechanism, AUTH_LAB_TLS_1_2,
	      SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	      SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	      "p=tls-server-end-point,,");
}

/* Somebody stands in between, who has a TLS connection with each. */
static void
is_refused_with_other_data(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.binding = SMTPC_CHANNEL_BINDING_EXPORTER;
	lab.spoils_binding = true;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, list(mechanism, " PLAIN LOGIN"));
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	ck_assert_str_eq(lab.mechanism, mechanism);
	auth_lab_clear(&lab);
}

static void
is_refused_with_another_type(const char *mechanism)
{
	set_up(list(mechanism, " PLAIN"), AUTH_LAB_TLS_1_3,
	       SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	       SMTPC_CHANNEL_BINDING_AUTO);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	auth_lab_clear(&lab);
	/* That of the server's is the caller's to set. */
	works(mechanism, AUTH_LAB_TLS_1_3,
	      SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	      SMTPC_CHANNEL_BINDING_SERVER_END_POINT,
	      "p=tls-server-end-point,,");
}

/* A mechanism that is to blame is followed by the next, but not here. */
static void
is_never_followed_by_one_that_is_not_bound(const char *mechanism)
{
	static const char *const script[] = { "504 5.5.4 not now",
					      "504 5.5.4 not now",
					      "504 5.5.4 not now", NULL };

	auth_lab_init(&lab);
	lab.binding = SMTPC_CHANNEL_BINDING_EXPORTER;
	lab.script = script;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, list(mechanism, " PLAIN LOGIN"));
	ck_assert_int_eq(smtpc_session_set_auth_attempts(lab.session, 3),
			 SMTPC_OK);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "channel-binding",
			SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	ck_assert_str_eq(lab.mechanism, mechanism);
	auth_lab_clear(&lab);
}

/* Without a choice of the caller's, too. */
static void
comes_first_wherever_it_is_offered(const char *mechanism)
{
	char offers[200];
	bool by_name = strstr(mechanism, "224") || strstr(mechanism, "384");

	snprintf(offers, sizeof(offers),
		 "PLAIN LOGIN SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 %s",
		 mechanism);
	auth_lab_init(&lab);
	lab.binding = SMTPC_CHANNEL_BINDING_EXPORTER;
	lab.offers = offers;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, NULL);
	auth_lab_open(&lab);
	if (by_name) {
		/* Not named, so not taken: and what is taken is missed. */
		ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
		header_is("y,,", false);
	} else {
		auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
		header_is("p=tls-exporter,,", true);
	}
	auth_lab_clear(&lab);
}

/* What a connection cannot be told apart by is not relied on. */
static void
is_not_used_where_there_is_nothing_to_bind_to(const char *mechanism)
{
	static const struct {
		const char *priority;
		int server, client;
		bool is_demanded;
	} ways[] = {
		/* RFC 7627: tls-unique can be made the same twice. */
		{ AUTH_LAB_TLS_1_2_OLD, SMTPC_CHANNEL_BINDING_UNIQUE,
		  SMTPC_CHANNEL_BINDING_AUTO, false },
		{ AUTH_LAB_TLS_1_2_OLD, SMTPC_CHANNEL_BINDING_UNIQUE,
		  SMTPC_CHANNEL_BINDING_UNIQUE, true },
		/* It has none. */
		{ AUTH_LAB_TLS_1_3, SMTPC_CHANNEL_BINDING_EXPORTER,
		  SMTPC_CHANNEL_BINDING_UNIQUE, true },
		/* The caller wants none. */
		{ AUTH_LAB_TLS_1_3, SMTPC_CHANNEL_BINDING_EXPORTER,
		  SMTPC_CHANNEL_BINDING_NONE, false },
	};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		set_up(list(mechanism, ""), ways[i].priority, ways[i].server,
		       ways[i].client);
		/* Who names a type does not want to do without. */
		if (ways[i].is_demanded) {
			ck_assert_int_eq(auth_lab_auth(&lab),
					 SMTPC_E_AUTH_UNAVAILABLE);
			auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE,
					"no-binding", SMTPC_STATE_READY);
			auth_lab_heard(&lab, "");
		} else {
			auth_lab_succeeds(&lab, plain_name(mechanism),
					  PEER_SASL_USER);
			header_is("n,,", false);
		}
		auth_lab_clear(&lab);

		set_up(mechanism, ways[i].priority, ways[i].server,
		       ways[i].client);
		ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
		auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "no-binding",
				SMTPC_STATE_READY);
		auth_lab_heard(&lab, "");
		auth_lab_clear(&lab);
	}
}

/* Somebody in between has struck it off the list: the server hears of that. */
static void
is_missed_where_it_was_struck_off(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.binding = SMTPC_CHANNEL_BINDING_EXPORTER;
	lab.offers = plain_name(mechanism);
	auth_lab_set(&lab, PEER_SASL_PASSWORD, list(mechanism, ""));
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_REJECTED);
	ck_assert_ptr_nonnull(
	    strstr(peer_sasl_why(lab.sasl), "channel binding"));
	ck_assert_str_eq(lab.mechanism, plain_name(mechanism));
	header_is("y,,", false);
	auth_lab_clear(&lab);
}

/* The caller has: nobody in between is to blame. */
static void
is_not_missed_where_it_was_not_wanted(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.binding = SMTPC_CHANNEL_BINDING_EXPORTER;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, plain_name(mechanism));
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, plain_name(mechanism), PEER_SASL_USER);
	header_is("n,,", false);
	auth_lab_clear(&lab);
}

static void
is_not_used_in_clear(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.in_clear = true;
	lab.offers = list(mechanism, "");
	auth_lab_set(&lab, PEER_SASL_PASSWORD, list(mechanism, ""));
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, plain_name(mechanism), PEER_SASL_USER);
	header_is("n,,", false);
	auth_lab_clear(&lab);
}

static const struct auth_lab_case cases[] = {
	{ "works_by_itself_with_TLS_1_3", works_by_itself_with_tls_1_3, NULL },
	{ "works_by_itself_with_TLS_1_2", works_by_itself_with_tls_1_2, NULL },
	{ "works_with_each_type_on_request", works_with_each_type_on_request,
	  NULL },
	{ "is_refused_with_other_data", is_refused_with_other_data, NULL },
	{ "is_refused_with_another_type", is_refused_with_another_type, NULL },
	{ "is_never_followed_by_one_that_is_not_bound",
	  is_never_followed_by_one_that_is_not_bound, NULL },
	{ "comes_first_wherever_it_is_offered",
	  comes_first_wherever_it_is_offered, NULL },
	{ "is_not_used_where_there_is_nothing_to_bind_to",
	  is_not_used_where_there_is_nothing_to_bind_to, NULL },
	{ "is_missed_where_it_was_struck_off",
	  is_missed_where_it_was_struck_off, NULL },
	{ "is_not_missed_where_it_was_not_wanted",
	  is_not_missed_where_it_was_not_wanted, NULL },
	{ "is_not_used_in_clear", is_not_used_in_clear, NULL },
	{ NULL, NULL, NULL },
};

int
main(void)
{
	return auth_lab_main("sasl_binding", mechanisms, cases);
}

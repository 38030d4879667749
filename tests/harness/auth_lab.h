/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of the library's and a small SMTP server, face to face in memory,
 * in clear or behind TLS.  Who is who is decided by Cyrus SASL's server side
 * (peer_sasl.h), and for bearer tokens by peer_oauth.h.
 *
 *	auth_lab_init(&lab);			the server is still to be told
 *	lab.priority = "NORMAL:-VERS-TLS1.3";	what it is like, and
 *	smtpc_session_set_...(lab.session);	the client, too
 *	auth_lab_open(&lab);			connected, EHLO said
 *	rc = auth_lab_auth(&lab);
 *	auth_lab_clear(&lab);
 */
#ifndef HARNESS_AUTH_LAB_H
#define HARNESS_AUTH_LAB_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

#include "memstream.h"
#include "peer.h"
#include "peer_oauth.h"
#include "peer_sasl.h"

#define AUTH_LAB_TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define AUTH_LAB_TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* Without the extended master secret (RFC 7627). */
#define AUTH_LAB_TLS_1_2_OLD AUTH_LAB_TLS_1_2 ":%NO_SESSION_HASH"

struct auth_lab {
	/*
	 * What the server is like; all zero is TLS, in whichever version, with
	 * whatever Cyrus SASL has, and no channel binding.
	 */
	bool in_clear;
	const char *priority;	   /* of TLS */
	const char *offers;	   /* as words; NULL: whatever it has */
	int binding;		   /* SMTPC_CHANNEL_BINDING_... */
	bool spoils_binding;	   /* its data are other ones */
	bool keeps_proof;	   /* it says 235 before it is proved */
	bool spoils_proof;	   /* its proof is wrong */
	const char *certified;	   /* whom it takes a client certificate for */
	const char *token;	   /* the one that is good */
	const char *challenge;	   /* about others; NULL: 535 at once */
	const char *const *script; /* all that it says from AUTH on */
	/* Changes its challenges before they are sent. */
	void (*twist)(struct octets *challenge);
	size_t step; /* octets a read or a write; 0: all */

	/* Both sides. */
	smtpc_session *session;
	smtpc_tls *tls;
	struct memory_link link;
	struct peer peer;
	int64_t now;

	/* What came of it. */
	unsigned int auths;  /* AUTH commands */
	struct octets heard; /* lines of the client's from AUTH on */
	struct octets said;  /* the server's last challenge, decoded */
	char mechanism[64];  /* of the last AUTH */
	struct peer_sasl *sasl;
	struct peer_oauth_claim claim;
	const char *wrong; /* with the client's OAuth response */
	bool accepted;

	/* The server's own. */
	bool greeted, exchanging, oauth_failed, is_over;
	size_t script_line;
	gnutls_datum_t binding_data;
	gnutls_certificate_credentials_t credentials;
};

/* The test is ended if anything fails here. */
void auth_lab_init(struct auth_lab *lab);
void auth_lab_clear(struct auth_lab *lab);

/* The credentials of alice, the mechanisms, and that passwords may cross. */
void auth_lab_set(struct auth_lab *lab, const char *password,
		  const char *mechanisms);

/* Settings that trust the server's authority, with a client certificate. */
void auth_lab_certify(struct auth_lab *lab);

/* Connected; and EHLO said. */
void auth_lab_open(struct auth_lab *lab);

/* Carries on until the step is done; its result. */
int auth_lab_run(struct auth_lab *lab, int rc);
int auth_lab_auth(struct auth_lab *lab);

/* One turn of the server's, and one of the client's. */
int auth_lab_turn(struct auth_lab *lab);

/* Line number index of what the client said from AUTH on; NULL: no more. */
const char *auth_lab_line(struct auth_lab *lab, size_t index);

/* The same, decoded: an initial response, or a response. */
const char *auth_lab_decoded(struct auth_lab *lab, size_t index,
			     size_t *ret_len);

/* The client said just these lines, each with "\n" behind it. */
void auth_lab_heard(struct auth_lab *lab, const char *lines);

/*
 * The result of AUTH, its detail, and the session's state since; it is safe to
 * try again, and nobody is authenticated.
 */
void auth_lab_result(struct auth_lab *lab, int result, const char *detail,
		     int state);

/*
 * AUTH goes well, and both sides know it: by this mechanism, as somebody who
 * acts for user.
 */
void auth_lab_succeeds(struct auth_lab *lab, const char *mechanism,
		       const char *user);

/*
 * Programs that do the same things to several mechanisms: one test for each
 * pair, called M_<MECHANISM>_<words>.
 */
struct auth_lab_case {
	const char *words;
	void (*test)(const char *mechanism);
	bool (*fits)(const char *mechanism); /* NULL: all */
};

/* Runs it, and prints TAP; to be returned by main(). */
int auth_lab_run_suite(Suite *suite);

/* The same; NULL is behind the last of both. */
int auth_lab_main(const char *suite, const char *const *mechanisms,
		  const struct auth_lab_case *cases);

#endif

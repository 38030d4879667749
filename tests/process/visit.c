/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits of the library to a server, both in the test's own process. */
#include "visit.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/*
 * ck_assert() allocates, and what it allocates is counted one way only: the
 * memory of a thousand visits could not be told from it.
 */
void
visit_need(bool good, const char *what)
{
	if (!good)
		ck_abort_msg("%s", what);
}

static void
need_ok(int rc, const char *what)
{
	if (rc != SMTPC_OK)
		ck_abort_msg("%s: %d", what, rc);
}

static void
set_up(smtpc_session *session)
{
	need_ok(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
		"TLS mode");
	need_ok(smtpc_session_set_plaintext_auth(session, 1), "in clear");
	need_ok(smtpc_session_set_client_domain(session, "client.example.test"),
		"domain");
	need_ok(smtpc_session_set_credentials(session, NULL, VISIT_USER,
					      VISIT_PASSWORD),
		"credentials");
	need_ok(smtpc_session_set_oauth_token(session, VISIT_USER, VISIT_TOKEN),
		"token");
}

void
visit_open(struct visit *visit)
{
	smtpc_session *session;
	int fd;

	visit->server.user = VISIT_USER;
	visit->server.password = VISIT_PASSWORD;
	visit->server.token = VISIT_TOKEN;
	fd = auth_server_start(&visit->server);
	visit_need(fd >= 0, "there is no server");
	need_ok(smtpc_session_new(&session), "session");
	visit->session = session;
	set_up(session);
	/* Whatever is named is allowed, even what is so by name only. */
	need_ok(smtpc_session_set_mechanisms(session, visit->server.mechanisms),
		"mechanisms");
	need_ok(smtpc_attach(session, fd, AUTH_SERVER_HOST, 587), "attach");
	need_ok(smtpc_ehlo(session), "EHLO");
}

void
visit_begin(struct visit *visit, const char *mechanisms)
{
	memset(visit, 0, sizeof(*visit));
	visit->server.mechanisms = mechanisms;
	visit_open(visit);
}

void
visit_end(struct visit *visit)
{
	smtpc_quit(visit->session);
	smtpc_session_free(visit->session);
	auth_server_join(&visit->server);
}

static void
authenticate(struct visit *visit)
{
	smtpc_session *session = visit->session;
	int rc = smtpc_auth(session);

	if (rc != SMTPC_OK)
		ck_abort_msg("%s: %d: %s: %s", visit->server.mechanisms, rc,
			     smtpc_error_detail(session),
			     smtpc_error_message(session));
	visit_need(strcmp(smtpc_session_mechanism(session),
			  visit->server.mechanisms) == 0,
		   "it was another mechanism");
	visit_need(smtpc_session_state(session) == SMTPC_STATE_READY,
		   "the session is not ready");
}

void
visit_by(const char *mechanism)
{
	static struct visit visit;

	visit_begin(&visit, mechanism);
	authenticate(&visit);
	visit_end(&visit);
}

void
visit_says(const char *mechanism, const char *lines)
{
	static struct visit visit;
	char expected[4096];

	visit_begin(&visit, mechanism);
	authenticate(&visit);
	visit_end(&visit);
	snprintf(expected, sizeof(expected),
		 "EHLO client.example.test\r\n%sQUIT\r\n", lines);
	ck_assert_str_eq(visit.server.heard, expected);
}

void
visit_a_liar(const char *mechanism)
{
	static struct visit visit;

	memset(&visit, 0, sizeof(visit));
	visit.server.mechanisms = mechanism;
	visit.server.lies = true;
	visit_open(&visit);
	visit_need(smtpc_auth(visit.session) == SMTPC_E_AUTH_PROTOCOL,
		   "the server has not proved anything");
	visit_end(&visit);
}

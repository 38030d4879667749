/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fixture of tests that drive a session by hand. */
#include "wired.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "steps.h"

smtpc_session *session;
smtpc_transaction *mail;
struct memory_stream wired_wire;
int64_t wired_now;

static const char hello[] = "Hello.\r\n";

static int64_t
tell_time(void)
{
	return wired_now;
}

void
wired_set_up(void)
{
	wired_now = 1000000;
	clock_source = tell_time;
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_helper_thread(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_client_domain(session, "c.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_new(&mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, "alice@a.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "bob@b.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, hello,
						       strlen(hello)),
			 SMTPC_OK);
	memory_stream_init(&wired_wire);
}

void
wired_tear_down(void)
{
	smtpc_transaction_free(mail);
	smtpc_session_free(session);
	memory_stream_clear(&wired_wire);
}

void
wired_say(const char *text)
{
	octets_append(&wired_wire.in, text, strlen(text));
}

void
wired_heard(const char *text)
{
	ck_assert_msg(wired_wire.out.len == strlen(text) &&
			  (wired_wire.out.len == 0 ||
			   memcmp(wired_wire.out.data, text,
				  wired_wire.out.len) == 0),
		      "the client has sent \"%.*s\", not \"%s\"",
		      (int)wired_wire.out.len,
		      wired_wire.out.len > 0 ? wired_wire.out.data : "", text);
	octets_clear(&wired_wire.out);
}

int
wired_attach(void)
{
	return steps_attach(session, &wired_wire.base, "mx.example.test", 587);
}

void
wired_greet(void)
{
	wired_say("220 mx.example.test\r\n");
	ck_assert_int_eq(wired_attach(), SMTPC_OK);
}

void
wired_make_ready(const char *offers)
{
	char text[512];
	const char *end;
	int used;

	wired_greet();
	ck_assert_int_eq(smtpc_ehlo(session), SMTPC_AGAIN);
	wired_heard("EHLO c.test\r\n");
	used = snprintf(text, sizeof(text), "250-mx.example.test\r\n");
	for (; (end = strstr(offers, "\r\n")) != NULL; offers = end + 2)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 "250-%.*s\r\n", (int)(end - offers), offers);
	snprintf(text + used, sizeof(text) - (size_t)used, "250 %s\r\n",
		 offers);
	ck_assert_int_eq(wired_process(text), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
}

void
wired_renew(void)
{
	memory_stream_clear(&wired_wire);
	memory_stream_init(&wired_wire);
}

int
wired_process(const char *said)
{
	wired_say(said);
	return smtpc_process(session);
}

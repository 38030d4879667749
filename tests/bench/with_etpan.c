/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libetpan as a client that is measured: its mailsmtp interface.  It verifies
 * no certificate.
 */
#include <libetpan/libetpan.h>

#include <stdio.h>

#include "driver.h"

static void
check(const mailsmtp *session, int result, const char *what)
{
	if (result == MAILSMTP_NO_ERROR)
		return;
	fprintf(stderr, "%s: %s\n", what,
		session->response != NULL ? session->response : "no reply");
	driver_fail("libetpan", mailsmtp_strerror(result));
}

static mailsmtp *
open_session(void)
{
	mailsmtp *session = mailsmtp_new(0, NULL);
	uint16_t port = (uint16_t)settings.port;

	if (settings.implicit)
		check(session,
		      mailsmtp_ssl_connect(session, settings.host, port),
		      "connect");
	else
		check(session,
		      mailsmtp_socket_connect(session, settings.host, port),
		      "connect");
	check(session, mailesmtp_ehlo(session), "EHLO");
	if (!settings.tls)
		return session;
	if (!settings.implicit) {
		check(session, mailsmtp_socket_starttls(session), "STARTTLS");
		check(session, mailesmtp_ehlo(session), "EHLO");
	}
	check(session,
	      mailesmtp_auth_sasl(session, "PLAIN", settings.host, NULL, NULL,
				  USER, USER, PASSWORD, NULL),
	      "AUTH");
	return session;
}

static void
close_session(mailsmtp *session)
{
	mailsmtp_quit(session);
	mailsmtp_free(session);
}

static void
send_one(mailsmtp *session, clist *recipients, const char *data, size_t len)
{
	check(session,
	      mailesmtp_send(session, SENDER, 0, NULL, recipients, data, len),
	      "send");
}

static void
send_all(void)
{
	clist *recipients = esmtp_address_list_new();
	mailsmtp *session = NULL;
	char name[NAME_SIZE];
	size_t len;
	const char *data = driver_load(&len);
	int i;

	for (i = 0; i < settings.recipients; i++)
		esmtp_address_list_add(recipients, driver_recipient(name, i), 0,
				       NULL);
	driver_opening();
	if (!settings.fresh)
		session = open_session();
	for (i = 0; i < settings.messages; i++) {
		if (i == settings.messages - driver_counted())
			driver_sending();
		if (settings.fresh)
			session = open_session();
		send_one(session, recipients, data, len);
		if (settings.fresh)
			close_session(session);
	}
	driver_sent();
	if (!settings.fresh)
		close_session(session);
	driver_closed();
	esmtp_address_list_free(recipients);
}

static void
idle(void)
{
	size_t heap = 0;
	int i;

	for (i = 0; i < settings.idle; i++) {
		open_session();
		if (i == 0)
			heap = driver_heap();
	}
	driver_report_idle(heap);
}

int
main(int argc, char **argv)
{
	driver_options(argc, argv);
	if (settings.idle > 0)
		idle();
	else if (settings.messages > 0)
		send_all();
	else
		mailsmtp_free(mailsmtp_new(0, NULL));
	return 0;
}

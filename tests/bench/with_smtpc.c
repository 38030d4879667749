/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsmtpc as a client that is measured, through its public header alone.
 *
 * Words of the mode: "chunking" (BDAT), "stream" (the level STREAM), "submit"
 * (smtpc_submit() and smtpc_collect() instead of smtpc_send()), "fd" and
 * "reader" (where the content comes from, instead of memory).
 */
#include <smtpc/smtpc.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

/* As many transactions are handed over before the oldest one is collected. */
#define OUTSTANDING 100

static smtpc_tls *tls;
static const char *message;
static size_t message_len;
static char (*recipients)[NAME_SIZE];

static void
check(const smtpc_session *session, int result, const char *what)
{
	if (result != SMTPC_OK)
		driver_fail(what, session != NULL ? smtpc_error_message(session)
						  : smtpc_strerror(result));
}

static void
set_trust(void)
{
	int result = smtpc_tls_new(&tls);

	if (result == SMTPC_OK)
		result = smtpc_tls_set_trust_system(tls, settings.system_trust);
	if (result == SMTPC_OK)
		result = smtpc_tls_add_trust_file(tls, settings.ca);
	check(NULL, result, "trust");
}

static void
set_tls(smtpc_session *session)
{
	int mode = SMTPC_TLS_NONE;

	if (settings.tls)
		mode =
		    settings.implicit ? SMTPC_TLS_IMPLICIT : SMTPC_TLS_STARTTLS;
	check(session, smtpc_session_set_tls_mode(session, mode), "TLS mode");
	if (!settings.tls)
		return;
	check(session, smtpc_session_set_tls(session, tls), "TLS");
	check(session,
	      smtpc_session_set_credentials(session, NULL, USER, PASSWORD),
	      "credentials");
	check(session, smtpc_session_set_mechanisms(session, "PLAIN"),
	      "mechanisms");
}

static void
open_session(smtpc_session *session)
{
	check(session, smtpc_open(session, settings.host, settings.port),
	      "open");
}

static smtpc_session *
new_session(void)
{
	smtpc_session *session;

	check(NULL, smtpc_session_new(&session), "session");
	check(session, smtpc_session_set_client_domain(session, CLIENT_DOMAIN),
	      "domain");
	set_tls(session);
	if (driver_has("stream"))
		check(session,
		      smtpc_session_set_pipelining(session,
						   SMTPC_PIPELINING_STREAM),
		      "level");
	if (driver_has("chunking"))
		check(session, smtpc_session_set_chunking(session, 1),
		      "chunking");
	return session;
}

static void
close_session(smtpc_session *session)
{
	check(session, smtpc_quit(session), "quit");
}

static int
read_file(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	const int *fd = userdata;
	ssize_t got = read(*fd, buffer, size);

	if (got < 0)
		return SMTPC_E_SYSTEM;
	*ret_len = (size_t)got;
	return SMTPC_OK;
}

static int
set_content_from_file(smtpc_transaction *transaction)
{
	static int fd = -1;

	if (fd >= 0)
		close(fd);
	fd = open(settings.file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		driver_fail(settings.file, "can't be opened");
	if (driver_has("fd"))
		return smtpc_transaction_set_content_fd(transaction, fd);
	return smtpc_transaction_set_content_reader(transaction, read_file,
						    (int64_t)message_len, &fd);
}

/* As a program does for each of its messages. */
static void
fill(smtpc_transaction *transaction)
{
	int i;

	check(NULL, smtpc_transaction_reset(transaction), "reset");
	check(NULL, smtpc_transaction_set_sender(transaction, SENDER),
	      "sender");
	for (i = 0; i < settings.recipients; i++)
		check(NULL,
		      smtpc_transaction_add_recipient(transaction,
						      recipients[i], NULL),
		      "recipient");
	check(NULL,
	      message != NULL
		  ? smtpc_transaction_set_content(transaction, message,
						  message_len)
		  : set_content_from_file(transaction),
	      "content");
}

static smtpc_transaction *
new_transaction(void)
{
	smtpc_transaction *transaction;

	check(NULL, smtpc_transaction_new(&transaction), "transaction");
	return transaction;
}

static void
name_recipients(void)
{
	int i;

	recipients = calloc((size_t)settings.recipients, sizeof(*recipients));
	if (recipients == NULL)
		driver_fail("recipients", "no memory");
	for (i = 0; i < settings.recipients; i++)
		driver_recipient(recipients[i], i);
}

static void
send_each(smtpc_session *session)
{
	smtpc_transaction *transaction = new_transaction();
	int first = settings.messages - driver_counted();
	int i;

	if (!settings.fresh)
		open_session(session);
	for (i = 0; i < settings.messages; i++) {
		if (i == first)
			driver_sending();
		if (settings.fresh)
			open_session(session);
		fill(transaction);
		check(session, smtpc_send(session, transaction), "send");
		if (settings.fresh)
			close_session(session);
	}
	driver_sent();
	if (!settings.fresh)
		close_session(session);
	smtpc_transaction_free(transaction);
}

/* The oldest transaction, its message accepted. */
static smtpc_transaction *
collect(smtpc_session *session)
{
	smtpc_transaction *transaction;

	check(session, smtpc_collect(session, &transaction), "collect");
	check(session, smtpc_transaction_result(transaction), "result");
	return transaction;
}

static void
send_stream(smtpc_session *session)
{
	smtpc_transaction *transaction;
	int first = settings.messages - driver_counted();
	int outstanding = 0;
	int i;

	open_session(session);
	for (i = 0; i < settings.messages; i++) {
		if (i == first)
			driver_sending();
		if (outstanding < OUTSTANDING) {
			transaction = new_transaction();
			outstanding++;
		} else {
			transaction = collect(session);
		}
		fill(transaction);
		check(session, smtpc_submit(session, transaction), "submit");
	}
	for (; outstanding > 0; outstanding--)
		smtpc_transaction_free(collect(session));
	driver_sent();
	close_session(session);
}

static void
idle(void)
{
	size_t heap = 0;
	int i;

	for (i = 0; i < settings.idle; i++) {
		open_session(new_session());
		if (i == 0)
			heap = driver_heap();
	}
	driver_report_idle(heap);
}

int
main(int argc, char **argv)
{
	smtpc_session *session;

	driver_options(argc, argv);
	if (settings.tls)
		set_trust();
	if (settings.idle > 0) {
		idle();
		return 0;
	}
	session = new_session();
	if (settings.messages > 0) {
		message_len = driver_size();
		if (!driver_has("fd") && !driver_has("reader"))
			message = driver_load(&message_len);
		name_recipients();
		driver_opening();
		if (driver_has("submit"))
			send_stream(session);
		else
			send_each(session);
		driver_closed();
	}
	smtpc_session_free(session);
	return 0;
}

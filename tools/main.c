/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* smtpc: sends one message from the command line. */
#include <fcntl.h>
#include <signal.h>
#include <smtpc/smtpc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "dialogue.h"
#include "exit.h"
#include "login.h"
#include "message.h"
#include "options.h"
#include "probe.h"

/*
 * A connection must not get the number of a standard descriptor that is
 * closed: a complaint would go into the dialogue.  In their place comes
 * what can't be read.
 */
static int
open_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_WRONLY);
		if (fd < 0)
			return EX_OSERR;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return EX_OK;
}

/*
 * Who reads what is said here may go away at any time.  That must not end the
 * program, least of all once the server has the message: the exit code would
 * not tell.
 */
static int
ignore_broken_pipes(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &action, NULL) == 0 ? EX_OK : EX_OSERR;
}

static int
complain_about_transaction(const smtpc_transaction *transaction,
			   const char *what, int rc, int code_if_invalid)
{
	const char *message = smtpc_transaction_error_message(transaction);

	complain("%s: %s", what,
		 message[0] != '\0' ? message : smtpc_strerror(rc));
	if (rc == SMTPC_E_INVALID)
		return code_if_invalid;
	return exit_code(rc, SMTPC_PHASE_NONE, 0);
}

static int
fill_envelope(smtpc_transaction *transaction, const struct options *options,
	      const struct mailboxes *recipients, size_t argument_count)
{
	size_t i;
	int rc;

	rc = smtpc_transaction_set_sender(transaction, options->sender);
	if (rc != SMTPC_OK)
		return complain_about_transaction(transaction, options->sender,
						  rc, EX_USAGE);
	for (i = 0; i < recipients->count; i++) {
		rc =
		    smtpc_transaction_add_recipient(transaction,
						    recipients->items[i], NULL);
		if (rc != SMTPC_OK)
			return complain_about_transaction(
			    transaction, recipients->items[i], rc,
			    i < argument_count ? EX_USAGE : EX_DATAERR);
	}
	smtpc_transaction_set_all_or_none(transaction, options->all_or_none);
	return EX_OK;
}

static int
send_message(smtpc_session *session, smtpc_transaction *transaction,
	     struct message *message)
{
	int rc;

	rc = message_give(message, transaction);
	if (rc != SMTPC_OK)
		return complain_about_transaction(transaction, "the message",
						  rc, EX_DATAERR);
	rc = smtpc_send(session, transaction);
	progress_end(&message->progress);
	if (rc == SMTPC_E_CONTENT && message->wrong != NULL) {
		complain("standard input: %s", message->wrong);
		return EX_IOERR;
	}
	return exit_with_fate(session, transaction);
}

static int
complain_about_memory(void)
{
	complain("%s", smtpc_strerror(SMTPC_E_NOMEM));
	return EX_OSERR;
}

static int
gather_arguments(struct mailboxes *recipients, const struct options *options)
{
	size_t i;

	for (i = 0; i < options->recipient_count; i++) {
		const char *mailbox = options->recipients[i];

		if (!mailboxes_add(recipients, mailbox, strlen(mailbox)))
			return complain_about_memory();
	}
	return mailboxes_unique(recipients) ? EX_OK : complain_about_memory();
}

/* All that can be wrong here is found before the server is troubled. */
static int
prepare(struct message *message, smtpc_transaction *transaction,
	const struct options *options)
{
	struct mailboxes recipients;
	size_t argument_count;
	int rc;

	mailboxes_init(&recipients);
	rc = gather_arguments(&recipients, options);
	/* Those of the header come behind. */
	argument_count = recipients.count;
	if (rc == EX_OK)
		rc = message_prepare(message, options, &recipients);
	if (rc == EX_OK && !mailboxes_unique(&recipients))
		rc = complain_about_memory();
	if (rc == EX_OK)
		rc = fill_envelope(transaction, options, &recipients,
				   argument_count);
	mailboxes_clear(&recipients);
	return rc;
}

static int
deliver(smtpc_session *session, const struct options *options)
{
	smtpc_transaction *transaction;
	struct message message;
	int rc;

	rc = smtpc_transaction_new(&transaction);
	if (rc != SMTPC_OK) {
		complain("%s", smtpc_strerror(rc));
		return exit_code(rc, SMTPC_PHASE_NONE, 0);
	}
	message_init(&message);
	/* First: the password may be the first line of standard input. */
	rc = login_set_secret(session, options);
	if (rc == EX_OK)
		rc = prepare(&message, transaction, options);
	if (rc == EX_OK)
		rc = dialogue_open(session, options);
	if (rc == EX_OK)
		rc = send_message(session, transaction, &message);
	if (smtpc_session_state(session) == SMTPC_STATE_READY)
		smtpc_quit(session);

	smtpc_transaction_free(transaction);
	message_clear(&message);
	return rc;
}

static int
run(const struct options *options)
{
	smtpc_session *session;
	int rc;

	rc = dialogue_new(options, &session);
	if (rc != EX_OK)
		return rc;
	rc = options->probe ? probe(session, options)
			    : deliver(session, options);
	smtpc_session_free(session);
	return rc;
}

/* What --help or --version asks for. */
static int
print(const char *text)
{
	fputs(text, stdout);
	if (fflush(stdout) != 0) {
		complain("standard output could not be written");
		return EX_IOERR;
	}
	return EX_OK;
}

int
main(int argc, char **argv)
{
	struct options options;
	int rc;

	rc = open_standard_descriptors();
	if (rc == EX_OK)
		rc = ignore_broken_pipes();
	if (rc != EX_OK)
		return rc;
	rc = options_parse(&options, argc, argv);
	if (rc != EX_OK)
		return rc;
	if (options.help)
		return print(options_help);
	if (options.version) {
		printf("smtpc %s\n", smtpc_version_string());
		return print("");
	}
	return run(&options);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the program ends: exit codes, and the one line that says why. */
#include "exit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "octet.h"
#include "text.h"

#define LINE_SIZE  4096
#define REPLY_SIZE 2048

void
complain(const char *format, ...)
{
	char line[LINE_SIZE];
	va_list args;
	const char *s;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	fputs("smtpc: ", stderr);
	for (s = line; *s != '\0'; s++) {
		if (octet_is_control(*s) || !octet_is_ascii(*s))
			fprintf(stderr, "\\x%02X", (unsigned char)*s);
		else
			putc(*s, stderr);
	}
	putc('\n', stderr);
}

static int
exit_code_of_errno(int system_error)
{
	switch (system_error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case ENETRESET:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ETIMEDOUT:
	case EPIPE:
	case EAGAIN:
		return EX_TEMPFAIL;
	case ENOENT:
	case ENOTSOCK:
		return EX_NOHOST;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	default:
		return EX_OSERR;
	}
}

static int
exit_code_of_failure(int result, int phase, int system_error)
{
	static const struct {
		int result;
		int code;
	} codes[] = {
		{ SMTPC_E_NOMEM, EX_OSERR },
		{ SMTPC_E_INVALID, EX_USAGE },
		{ SMTPC_E_RESOLVE, EX_NOHOST },
		{ SMTPC_E_RESOLVE_LATER, EX_TEMPFAIL },
		{ SMTPC_E_TIMEOUT, EX_TEMPFAIL },
		{ SMTPC_E_CLOSED, EX_TEMPFAIL },
		{ SMTPC_E_CANCELLED, EX_TEMPFAIL },
		{ SMTPC_E_PROTOCOL, EX_PROTOCOL },
		{ SMTPC_E_TRANSIENT, EX_TEMPFAIL },
		{ SMTPC_E_PERMANENT, EX_UNAVAILABLE },
		{ SMTPC_E_LIMIT, EX_UNAVAILABLE },
		{ SMTPC_E_TLS, EX_PROTOCOL },
		{ SMTPC_E_TLS_REQUIRED, EX_NOPERM },
		{ SMTPC_E_CERTIFICATE, EX_NOPERM },
		{ SMTPC_E_AUTH_REJECTED, EX_NOPERM },
		{ SMTPC_E_AUTH_LATER, EX_TEMPFAIL },
		{ SMTPC_E_AUTH_POLICY, EX_NOPERM },
		{ SMTPC_E_AUTH_UNAVAILABLE, EX_NOPERM },
		{ SMTPC_E_AUTH_TOKEN, EX_NOPERM },
		{ SMTPC_E_AUTH_PROTOCOL, EX_PROTOCOL },
	};
	size_t i;

	switch (result) {
	case SMTPC_E_SYSTEM:
		return exit_code_of_errno(system_error);
	case SMTPC_E_NOEXTENSION:
		/* Without STARTTLS there is no channel to be used. */
		return phase == SMTPC_PHASE_STARTTLS ? EX_NOPERM
						     : EX_UNAVAILABLE;
	case SMTPC_E_CONTENT:
		return system_error != 0 ? EX_IOERR : EX_DATAERR;
	default:
		break;
	}
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].result == result)
			return codes[i].code;
	}
	return EX_SOFTWARE;
}

int
exit_code(int result, int phase, int system_error)
{
	switch (result) {
	case SMTPC_OK:
		return EX_OK;
	case SMTPC_PARTIAL:
		return EX_UNAVAILABLE;
	case SMTPC_IN_DOUBT:
		return EXIT_IN_DOUBT;
	case SMTPC_AGAIN:
	case SMTPC_FULL:
		return EX_SOFTWARE;
	default:
		break;
	}
	/* A success that this program does not know: never to be repeated. */
	if (result > 0)
		return EXIT_IN_DOUBT;
	return exit_code_of_failure(result, phase, system_error);
}

int
exit_with_error(const smtpc_session *session)
{
	int result = smtpc_error_result(session);
	const char *message = smtpc_error_message(session);

	complain("%s", message[0] != '\0' ? message : smtpc_strerror(result));
	return exit_code(result, smtpc_error_phase(session),
			 smtpc_error_errno(session));
}

/* The enhanced code stands in each line; once is enough. */
static void
add_reply_line(struct text *out, const smtpc_reply *reply, size_t index)
{
	const char *enhanced = smtpc_reply_enhanced(reply);
	const char *text;
	size_t len, skip;

	if (smtpc_reply_line(reply, index, &text, &len) != SMTPC_OK)
		return;
	if (index > 0 && enhanced != NULL) {
		skip = strlen(enhanced);
		if (len > skip && strncmp(text, enhanced, skip) == 0 &&
		    text[skip] == ' ') {
			text += skip + 1;
			len -= skip + 1;
		}
	}
	text_add(out, " ");
	text_append(out, text, len);
}

static void
complain_about_recipient(const char *mailbox, const char *what,
			 const smtpc_reply *reply)
{
	struct text text;
	char code[16];
	size_t i;

	if (reply == NULL) {
		complain("<%s>: %s", mailbox, what);
		return;
	}
	text_init(&text, REPLY_SIZE);
	snprintf(code, sizeof(code), "%d", smtpc_reply_code(reply));
	text_add(&text, code);
	for (i = 0; i < smtpc_reply_line_count(reply); i++)
		add_reply_line(&text, reply, i);
	complain("<%s>: %s: %s", mailbox, what,
		 text.data != NULL ? text.data : code);
	text_clear(&text);
}

/* Whether this reply was about the recipient, not about the whole. */
static bool
is_its_own(const smtpc_reply *reply, const smtpc_reply *whole)
{
	const char *text, *whole_text;
	size_t len, whole_len;

	if (reply == NULL || reply == whole)
		return false;
	if (whole == NULL ||
	    smtpc_reply_code(reply) != smtpc_reply_code(whole) ||
	    smtpc_reply_line(reply, 0, &text, &len) != SMTPC_OK ||
	    smtpc_reply_line(whole, 0, &whole_text, &whole_len) != SMTPC_OK)
		return true;
	return len != whole_len || memcmp(text, whole_text, len) != 0;
}

/* One line for each that was refused by itself; how many there were. */
static size_t
complain_about_recipients(const smtpc_transaction *transaction, int result)
{
	const smtpc_reply *whole = smtpc_transaction_reply(transaction);
	size_t count = smtpc_transaction_recipient_count(transaction);
	size_t said = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		const char *mailbox =
		    smtpc_transaction_recipient(transaction, i);
		const smtpc_reply *reply =
		    smtpc_transaction_recipient_reply(transaction, i);
		int outcome =
		    smtpc_transaction_recipient_outcome(transaction, i);
		const char *what;

		if (outcome == SMTPC_OUTCOME_PERMANENT)
			what = "refused";
		else if (outcome == SMTPC_OUTCOME_TRANSIENT)
			what = "refused for now";
		else if (outcome == SMTPC_OUTCOME_NOT_ATTEMPTED &&
			 result == SMTPC_PARTIAL)
			what = "not attempted";
		else
			continue;
		if (result != SMTPC_PARTIAL && !is_its_own(reply, whole))
			continue;
		complain_about_recipient(mailbox, what, reply);
		said++;
	}
	return said;
}

/* What there is to say beside the lines about recipients; NULL: nothing. */
static const char *
last_word(const smtpc_session *session, const smtpc_transaction *transaction,
	  size_t said)
{
	int result = smtpc_transaction_result(transaction);
	const char *message = smtpc_transaction_error_message(transaction);

	if (message[0] == '\0')
		message = smtpc_error_message(session);
	if (message[0] == '\0')
		message = smtpc_strerror(result);
	if (said == 0)
		return message;
	if (result == SMTPC_PARTIAL ||
	    said == smtpc_transaction_recipient_count(transaction))
		return NULL;
	/* Some were refused, and nothing else was: all or none. */
	if (smtpc_transaction_reply(transaction) == NULL &&
	    (result == SMTPC_E_TRANSIENT || result == SMTPC_E_PERMANENT))
		return "the message was sent to no other recipient either, as "
		       "was asked for";
	return message;
}

int
exit_with_fate(const smtpc_session *session,
	       const smtpc_transaction *transaction)
{
	int result = smtpc_transaction_result(transaction);
	const char *message;
	size_t said;

	if (result == SMTPC_OK)
		return EX_OK;

	said = complain_about_recipients(transaction, result);
	message = last_word(session, transaction, said);
	if (message != NULL)
		complain("%s", message);
	/* The envelope was good, so that it can only be the content. */
	if (result == SMTPC_E_INVALID)
		return EX_DATAERR;
	return exit_code(result, smtpc_error_phase(session),
			 smtpc_error_errno(session));
}

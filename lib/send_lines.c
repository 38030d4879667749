/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MAIL and RCPT of a transaction, with all that they declare.
 */
#include <string.h>

#include "ascii.h"
#include "command.h"
#include "engine.h"
#include "parameter.h"
#include "send_check.h"

/* " BODY=BINARYMIME SIZE=18446744073709551615 SMTPUTF8" */
#define OWN_PARAMETERS_MAX 64

static size_t
append_text(char *out, size_t used, const char *text)
{
	size_t len = strlen(text);

	memcpy(out + used, text, len + 1);
	return used + len;
}

/* Returns the length of what the library itself has to declare. */
static size_t
own_parameters(const struct smtpc_transaction *transaction,
	       char text[OWN_PARAMETERS_MAX])
{
	size_t len = append_text(text, 0, "");
	char digits[ASCII_NUMBER_MAX];

	if (transaction->needs_bdat)
		len = append_text(text, len, " BODY=BINARYMIME");
	else if (transaction->is_8bit)
		len = append_text(text, len, " BODY=8BITMIME");
	if (transaction->size >= 0) {
		len = append_text(text, len, " SIZE=");
		len = append_text(text, len,
				  ascii_number((uint64_t)transaction->size,
					       digits));
	}
	if (transaction->is_utf8)
		len = append_text(text, len, " SMTPUTF8");
	return len;
}

/* As it goes out. */
static const char *
path_of(const struct smtpc_transaction *transaction, const char *mailbox,
	const char *ascii)
{
	return ascii != NULL && !transaction->is_utf8 ? ascii : mailbox;
}

bool
send_write_mail(struct buffer *out, const struct smtpc_transaction *transaction)
{
	const char *path = path_of(transaction, transaction->sender,
				   transaction->sender_ascii);
	const char *parameters = transaction->parameters;
	char own[OWN_PARAMETERS_MAX];

	own_parameters(transaction, own);
	if (parameters == NULL)
		parameters = "";
	if (transaction->is_utf8)
		return command_write_mail_utf8(out, path, own, parameters);
	return command_write_mail(out, path, own, parameters);
}

bool
send_write_recipient(struct buffer *out,
		     const struct smtpc_transaction *transaction, size_t index)
{
	const struct recipient *recipient = &transaction->recipients[index];
	const char *path =
	    path_of(transaction, recipient->mailbox, recipient->ascii);
	const char *parameters = recipient->parameters;

	if (parameters == NULL)
		parameters = "";
	if (transaction->is_utf8)
		return command_write_rcpt_utf8(out, path, parameters);
	return command_write_rcpt(out, path, parameters);
}

/* A line without parameters of the caller's is never too long. */
int
send_check_lines(struct smtpc_session *session,
		 const struct smtpc_transaction *transaction)
{
	const size_t mail = strlen("MAIL FROM:<>\r\n");
	const size_t rcpt = strlen("RCPT TO:<>\r\n");
	const struct extension_list *offered = &session->extensions;
	const struct recipient *recipient;
	char own[OWN_PARAMETERS_MAX];
	bool is_long = false;
	const char *path;
	size_t i;

	if (transaction->parameters != NULL) {
		path = path_of(transaction, transaction->sender,
			       transaction->sender_ascii);
		is_long = mail + strlen(path) +
			      own_parameters(transaction, own) +
			      strlen(transaction->parameters) >
			  parameter_line_max(PARAMETER_OF_MAIL, offered);
	}
	for (i = 0; !is_long && i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (recipient->parameters == NULL)
			continue;
		path =
		    path_of(transaction, recipient->mailbox, recipient->ascii);
		is_long = rcpt + strlen(path) + strlen(recipient->parameters) >
			  parameter_line_max(PARAMETER_OF_RECIPIENT, offered);
	}
	if (!is_long)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_INVALID, "long-line",
			   "with its parameters, the command is longer than "
			   "the server's extensions allow for");
}

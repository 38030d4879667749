/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done with the mail, and what has to come of it. */
#include "wired_mail.h"

#include <string.h>

#include "suite.h"

void
is_refused(int result, const char *detail)
{
	ck_assert_int_eq(smtpc_send(session, mail), result);
	ck_assert_str_eq(smtpc_error_detail(session), detail);
	ck_assert_str_ne(smtpc_error_message(session), "");
	ck_assert_int_eq(smtpc_error_safe_to_retry(session), 1);
	wired_heard("");
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	ck_assert_int_eq(smtpc_transaction_result(mail), result);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 1);
}

void
goes_on_as(const char *commands, int result)
{
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard(commands);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 result);
}

void
begins_as(const char *commands)
{
	goes_on_as(commands, SMTPC_AGAIN);
}

void
is_sent(const char *commands, const char *content)
{
	begins_as(commands);
	wired_heard(content);
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
}

void
set_content(const char *text, size_t len)
{
	ck_assert_int_eq(smtpc_transaction_set_content_copy(mail, text, len),
			 SMTPC_OK);
}

void
set_text(const char *text)
{
	set_content(text, strlen(text));
}

void
set_form(int form)
{
	ck_assert_int_eq(smtpc_transaction_set_content_form(mail, form),
			 SMTPC_OK);
}

void
set_body(int body)
{
	ck_assert_int_eq(smtpc_transaction_set_body(mail, body), SMTPC_OK);
}

static const char *pieces[4];
static int next_piece;

int
read_pieces(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	const char *piece = pieces[next_piece];

	(void)size;
	(void)userdata;
	*ret_len = piece != NULL ? strlen(piece) : 0;
	if (piece != NULL)
		memcpy(buffer, piece, *ret_len);
	if (piece != NULL)
		next_piece++;
	return SMTPC_OK;
}

void
set_pieces(const char *first, const char *second, int64_t size)
{
	pieces[0] = first;
	pieces[1] = second;
	pieces[2] = NULL;
	next_piece = 0;
	ck_assert_int_eq(smtpc_transaction_set_content_reader(mail, read_pieces,
							      size, NULL),
			 SMTPC_OK);
}

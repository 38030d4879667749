/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SEND_CHECK_H
#define SMTPC_SEND_CHECK_H

/*
 * What is looked at before an octet of a mail transaction is sent, and what
 * follows from it.
 */

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct failure;
struct smtpc_session;
struct smtpc_transaction;

/*
 * Whether all is there that it takes, and the server can do it.  Sets what
 * follows from that in the transaction.  SMTPC_OK, or why not.
 */
int send_check(struct smtpc_session *session,
	       struct smtpc_transaction *transaction);

/*
 * What the server has told beforehand (send_limits.c).
 */

/*
 * Holds back those recipients that it does not take at the same time.
 * SMTPC_OK; SMTPC_E_LIMIT: it was to be all or none.
 */
int send_check_limits(struct smtpc_session *session,
		      struct smtpc_transaction *transaction);

/*
 * Whether it takes another transaction on this connection.  SMTPC_OK;
 * SMTPC_E_LIMIT, and why.
 */
int send_check_count(const struct smtpc_session *session,
		     struct failure *ret_why);

/*
 * The lines (send_lines.c).
 */

/* Whether the commands are as long as they may be.  SMTPC_OK, or why not. */
int send_check_lines(struct smtpc_session *session,
		     const struct smtpc_transaction *transaction);

/*
 * MAIL, with all that is declared, and one RCPT: whole lines, or false as with
 * command_write_mail().
 */
bool send_write_mail(struct buffer *out,
		     const struct smtpc_transaction *transaction);
bool send_write_recipient(struct buffer *out,
			  const struct smtpc_transaction *transaction,
			  size_t index);

/*
 * While it is sent.
 */

/* Before the content: the encoder knows its form, and what it holds. */
void send_begin_encoding(struct smtpc_transaction *transaction, bool by_bdat);

/*
 * Octets at the source's present position are to be sent next.  Looks at them,
 * once, if they were not before.  False: they can't be sent, and the
 * transaction says why.
 */
bool send_check_part(struct smtpc_transaction *transaction, const char *data,
		     size_t len);

/* The same for the end of the content. */
bool send_check_end(struct smtpc_transaction *transaction);

#endif

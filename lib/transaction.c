/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transaction's envelope and content, and its fate for the caller to read.
 */
#include "transaction.h"

#include <string.h>

#include "ascii.h"
#include "engine.h"
#include "mailbox.h"
#include "mem.h"
#include "parameter.h"

#define RECIPIENTS_FIRST 4

int
smtpc_transaction_new(smtpc_transaction **ret_transaction)
{
	smtpc_transaction *transaction;

	if (ret_transaction == NULL)
		return SMTPC_E_INVALID;
	transaction = mem_zalloc(sizeof(*transaction));
	if (transaction == NULL)
		return SMTPC_E_NOMEM;
	source_clear(&transaction->source);
	transaction->result = SMTPC_E_STATE;
	*ret_transaction = transaction;
	return SMTPC_OK;
}

static void
clear(smtpc_transaction *transaction)
{
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		mem_free(transaction->recipients[i].mailbox);
		mem_free(transaction->recipients[i].parameters);
		reply_release(transaction->recipients[i].reply);
	}
	mem_free(transaction->recipients);
	mem_free(transaction->sender);
	mem_free(transaction->parameters);
	source_clear(&transaction->source);
	failure_clear(&transaction->failure);
	reply_release(transaction->reply);
}

void
smtpc_transaction_free(smtpc_transaction *transaction)
{
	smtpc_session *session;

	if (transaction == NULL)
		return;
	session = transaction->session;
	if (session != NULL) {
		if (engine_in_callback(session))
			return;
		/* Without the final dot, the server throws away what it has. */
		engine_close(session, SMTPC_E_CANCELLED);
		session->state = SMTPC_STATE_DEAD;
	}
	clear(transaction);
	mem_free(transaction);
}

/* What every setter asks first; it forgets why the last one failed. */
static int
may_set(smtpc_transaction *transaction)
{
	if (transaction == NULL)
		return SMTPC_E_INVALID;
	if (transaction->session != NULL)
		return SMTPC_E_BUSY;
	failure_clear(&transaction->failure);
	return SMTPC_OK;
}

int
smtpc_transaction_reset(smtpc_transaction *transaction)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	clear(transaction);
	memset(transaction, 0, sizeof(*transaction));
	source_clear(&transaction->source);
	transaction->result = SMTPC_E_STATE;
	return SMTPC_OK;
}

static int
invalid(smtpc_transaction *transaction, const char *what, const char *problem)
{
	failure_set(&transaction->failure, SMTPC_E_INVALID, SMTPC_PHASE_NONE,
		    what, "the %s is no good: %s", what, problem);
	return SMTPC_E_INVALID;
}

int
smtpc_transaction_set_sender(smtpc_transaction *transaction,
			     const char *mailbox)
{
	const char *problem = NULL;
	int rc = may_set(transaction);
	char *copy;

	if (rc != SMTPC_OK)
		return rc;
	if (mailbox == NULL)
		return SMTPC_E_INVALID;
	if (*mailbox != '\0')
		problem = mailbox_problem(mailbox);
	if (problem != NULL)
		return invalid(transaction, "sender", problem);
	copy = mem_copy_text(mailbox);
	if (copy == NULL)
		return SMTPC_E_NOMEM;
	mem_free(transaction->sender);
	transaction->sender = copy;
	return SMTPC_OK;
}

static bool
make_room(smtpc_transaction *transaction)
{
	size_t room = transaction->recipient_room > 0
			  ? 2 * transaction->recipient_room
			  : RECIPIENTS_FIRST;
	struct recipient *recipients;

	if (transaction->recipient_count < transaction->recipient_room)
		return true;
	recipients =
	    mem_resize(transaction->recipients, room * sizeof(*recipients));
	if (recipients == NULL)
		return false;
	transaction->recipients = recipients;
	transaction->recipient_room = room;
	return true;
}

/* RFC 5321, section 4.1.1.3: the one mailbox that needs no domain. */
static bool
is_postmaster(const char *mailbox)
{
	return ascii_equal_text(mailbox, "postmaster");
}

int
smtpc_transaction_add_recipient(smtpc_transaction *transaction,
				const char *mailbox, size_t *ret_index)
{
	struct recipient *recipient;
	const char *problem = NULL;
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (mailbox == NULL)
		return SMTPC_E_INVALID;
	if (!is_postmaster(mailbox))
		problem = mailbox_problem(mailbox);
	if (problem != NULL)
		return invalid(transaction, "recipient", problem);
	if (!make_room(transaction))
		return SMTPC_E_NOMEM;
	recipient = &transaction->recipients[transaction->recipient_count];
	memset(recipient, 0, sizeof(*recipient));
	recipient->mailbox = mem_copy_text(mailbox);
	if (recipient->mailbox == NULL)
		return SMTPC_E_NOMEM;
	if (ret_index != NULL)
		*ret_index = transaction->recipient_count;
	transaction->recipient_count++;
	return SMTPC_OK;
}

static int
add_parameter(smtpc_transaction *transaction, char **list, const char *keyword,
	      const char *value)
{
	int rc = SMTPC_E_INVALID;

	if (keyword != NULL)
		rc = parameter_append(list, keyword, value);
	if (rc == SMTPC_E_INVALID)
		invalid(transaction, "parameter",
			"it does not fit the grammar, is too long, or is set "
			"by the library itself");
	return rc;
}

int
smtpc_transaction_add_mail_parameter(smtpc_transaction *transaction,
				     const char *keyword, const char *value)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	return add_parameter(transaction, &transaction->parameters, keyword,
			     value);
}

int
smtpc_transaction_add_recipient_parameter(smtpc_transaction *transaction,
					  size_t index, const char *keyword,
					  const char *value)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (index >= transaction->recipient_count)
		return invalid(transaction, "recipient", "there is none such");
	return add_parameter(transaction,
			     &transaction->recipients[index].parameters,
			     keyword, value);
}

int
smtpc_transaction_set_content(smtpc_transaction *transaction, const void *data,
			      size_t len)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (data == NULL && len > 0)
		return SMTPC_E_INVALID;
	source_set_memory(&transaction->source, data, len);
	return SMTPC_OK;
}

int
smtpc_transaction_set_content_copy(smtpc_transaction *transaction,
				   const void *data, size_t len)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (data == NULL && len > 0)
		return SMTPC_E_INVALID;
	return source_set_copy(&transaction->source, data, len);
}

int
smtpc_transaction_set_content_fd(smtpc_transaction *transaction, int fd)
{
	int rc = may_set(transaction);

	if (rc == SMTPC_OK)
		rc = source_set_descriptor(&transaction->source, fd);
	if (rc == SMTPC_E_INVALID && transaction != NULL)
		invalid(transaction, "descriptor", "it is not open");
	return rc;
}

int
smtpc_transaction_set_content_reader(smtpc_transaction *transaction,
				     smtpc_reader_fn function, int64_t size,
				     void *userdata)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (function == NULL || size < -1)
		return invalid(transaction, "reader",
			       "its function is missing or its size negative");
	source_set_reader(&transaction->source, function, size, userdata);
	return SMTPC_OK;
}

int
smtpc_transaction_set_all_or_none(smtpc_transaction *transaction, int on)
{
	int rc = may_set(transaction);

	if (rc == SMTPC_OK)
		transaction->all_or_none = on != 0;
	return rc;
}

int
smtpc_transaction_result(const smtpc_transaction *transaction)
{
	return transaction != NULL ? transaction->result : SMTPC_E_INVALID;
}

const smtpc_reply *
smtpc_transaction_reply(const smtpc_transaction *transaction)
{
	return transaction != NULL ? transaction->reply : NULL;
}

const char *
smtpc_transaction_error_message(const smtpc_transaction *transaction)
{
	if (transaction == NULL)
		return "no transaction";
	if (transaction->failure.message != NULL)
		return transaction->failure.message;
	return transaction->failure.result != SMTPC_OK
		   ? smtpc_strerror(transaction->failure.result)
		   : "";
}

int64_t
smtpc_transaction_octets_sent(const smtpc_transaction *transaction)
{
	return transaction != NULL ? send_octets(transaction) : 0;
}

size_t
smtpc_transaction_recipient_count(const smtpc_transaction *transaction)
{
	return transaction != NULL ? transaction->recipient_count : 0;
}

static const struct recipient *
get_recipient(const smtpc_transaction *transaction, size_t index)
{
	if (transaction == NULL || index >= transaction->recipient_count)
		return NULL;
	return &transaction->recipients[index];
}

const char *
smtpc_transaction_recipient(const smtpc_transaction *transaction, size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	return recipient != NULL ? recipient->mailbox : NULL;
}

int
smtpc_transaction_recipient_outcome(const smtpc_transaction *transaction,
				    size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	return recipient != NULL ? recipient->outcome : SMTPC_E_INVALID;
}

const smtpc_reply *
smtpc_transaction_recipient_reply(const smtpc_transaction *transaction,
				  size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	return recipient != NULL ? recipient->reply : NULL;
}

int
smtpc_transaction_recipient_safe_to_retry(const smtpc_transaction *transaction,
					  size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	if (recipient == NULL)
		return 0;
	return recipient->outcome == SMTPC_OUTCOME_TRANSIENT ||
	       recipient->outcome == SMTPC_OUTCOME_PERMANENT ||
	       recipient->outcome == SMTPC_OUTCOME_NOT_ATTEMPTED;
}

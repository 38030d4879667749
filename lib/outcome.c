/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of the recipients, and what that makes of the whole.
 */
#include "transaction.h"

#include <assert.h>
#include <string.h>

void
outcome_begin(struct smtpc_transaction *transaction)
{
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		transaction->recipients[i].outcome = SMTPC_OUTCOME_PENDING;
		transaction->recipients[i].left_over =
		    transaction->recipients[i].held_back;
		reply_keep(&transaction->recipients[i].reply, NULL);
	}
	memset(&transaction->turn, 0, sizeof(transaction->turn));
	transaction->octets_sent = 0;
	transaction->result = SMTPC_AGAIN;
	reply_keep(&transaction->reply, NULL);
	failure_clear(&transaction->failure);
}

/* Whether somebody has it, or may have it. */
static bool
has_anybody(const struct smtpc_transaction *transaction)
{
	int outcome;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		outcome = transaction->recipients[i].outcome;
		if (outcome == SMTPC_OUTCOME_ACCEPTED ||
		    outcome == SMTPC_OUTCOME_IN_DOUBT)
			return true;
	}
	return false;
}

void
outcome_not_begun(struct smtpc_transaction *transaction,
		  const struct failure *why)
{
	size_t i;

	if (has_anybody(transaction))
		return;
	for (i = 0; i < transaction->recipient_count; i++)
		transaction->recipients[i].held_back = false;
	outcome_begin(transaction);
	failure_copy(&transaction->failure, why);
	(void)outcome_settle(transaction, why->result);
}

int
outcome_refused(const struct smtpc_reply *reply)
{
	return reply_class(reply) == 4 ? SMTPC_OUTCOME_TRANSIENT
				       : SMTPC_OUTCOME_PERMANENT;
}

int
outcome_refused_result(const struct smtpc_reply *reply)
{
	return reply_class(reply) == 4 ? SMTPC_E_TRANSIENT : SMTPC_E_PERMANENT;
}

/*
 * RFC 5321, section 4.5.3.1.10: 552 to RCPT was once how a server said that
 * there are too many recipients, which is for now only.
 */
static bool
is_too_many(const struct smtpc_reply *reply)
{
	const char *enhanced = reply->enhanced;

	if (enhanced[0] == '\0')
		return reply->code == 452 || reply->code == 552;
	return strcmp(enhanced + 1, ".5.3") == 0 &&
	       (reply->code == 452 || reply->code == 550 || reply->code == 552);
}

void
outcome_of_recipient(struct smtpc_transaction *transaction, size_t index,
		     struct smtpc_reply *reply)
{
	struct recipient *recipient = &transaction->recipients[index];

	assert(recipient->outcome == SMTPC_OUTCOME_PENDING &&
	       recipient->reply == NULL);
	reply_keep(&recipient->reply, reply);
	if (reply_class(reply) == 2) {
		transaction->turn.taken++;
	} else {
		transaction->turn.refused++;
		recipient->left_over = is_too_many(reply);
		recipient->outcome = recipient->left_over
					 ? SMTPC_OUTCOME_TRANSIENT
					 : outcome_refused(reply);
	}
}

void
outcome_of_taken(struct smtpc_transaction *transaction, int outcome,
		 struct smtpc_reply *reply)
{
	struct recipient *recipient;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (recipient->outcome != SMTPC_OUTCOME_PENDING ||
		    recipient->reply == NULL)
			continue;
		recipient->outcome = outcome;
		if (reply != NULL)
			reply_keep(&recipient->reply, reply);
	}
}

void
outcome_in_doubt(struct smtpc_transaction *transaction)
{
	const struct turn *turn = &transaction->turn;
	/* Chunks may go out before it is known who was taken. */
	bool is_blind =
	    turn->uses_bdat && (!turn->mail_refused || turn->is_muddled);
	struct recipient *recipient;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (recipient->outcome == SMTPC_OUTCOME_PENDING &&
		    (recipient->reply != NULL ||
		     (is_blind && !recipient->held_back)))
			recipient->outcome = SMTPC_OUTCOME_IN_DOUBT;
	}
}

void
outcome_contradicted(struct smtpc_transaction *transaction)
{
	struct recipient *recipient;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (recipient->reply == transaction->reply)
			recipient->outcome = SMTPC_OUTCOME_IN_DOUBT;
	}
}

size_t
outcome_next_taken(const struct smtpc_transaction *transaction, size_t index)
{
	const struct recipient *recipient;

	for (; index < transaction->recipient_count; index++) {
		recipient = &transaction->recipients[index];
		if (recipient->outcome == SMTPC_OUTCOME_PENDING &&
		    recipient->reply != NULL)
			break;
	}
	return index;
}

void
outcome_of_one(struct smtpc_transaction *transaction, size_t index,
	       struct smtpc_reply *reply)
{
	struct recipient *recipient = &transaction->recipients[index];

	recipient->outcome = reply_class(reply) == 2 ? SMTPC_OUTCOME_ACCEPTED
						     : outcome_refused(reply);
	reply_keep(&recipient->reply, reply);
}

int
outcome_settle(struct smtpc_transaction *transaction, int failed)
{
	size_t counts[SMTPC_OUTCOME_IN_DOUBT + 1] = { 0 };
	struct recipient *recipient;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (recipient->outcome == SMTPC_OUTCOME_PENDING)
			recipient->outcome = SMTPC_OUTCOME_NOT_ATTEMPTED;
		counts[recipient->outcome]++;
	}
	if (counts[SMTPC_OUTCOME_IN_DOUBT] > 0)
		transaction->result = SMTPC_IN_DOUBT;
	else if (counts[SMTPC_OUTCOME_ACCEPTED] == 0)
		/* Nobody has it: whatever is said, that is a failure. */
		transaction->result = failed < 0 ? failed : SMTPC_E_PROTOCOL;
	else if (counts[SMTPC_OUTCOME_ACCEPTED] < transaction->recipient_count)
		transaction->result = SMTPC_PARTIAL;
	else
		transaction->result = SMTPC_OK;
	return transaction->result;
}

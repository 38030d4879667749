/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mail transaction from the inside, and the settling of its fate.
 */
#ifndef SMTPC_TRANSACTION_H
#define SMTPC_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content.h"
#include "failure.h"
#include "source.h"

struct recipient {
	char *mailbox;
	char *parameters; /* of RCPT, a blank before each; NULL: none */
	/*
	 * The reply to RCPT, or later the one that decided.  SMTPC_OUTCOME_
	 * PENDING with a reply: the server has taken the recipient, so far.
	 */
	struct smtpc_reply *reply;
	int outcome;
};

/* How far a transaction has got with what it sends. */
enum transaction_stage {
	STAGE_NONE,	  /* not under way */
	STAGE_MAIL,	  /* MAIL comes next */
	STAGE_RECIPIENTS, /* RCPT comes next */
	STAGE_DATA,	  /* DATA comes next, if it may */
	STAGE_AWAIT_DATA, /* DATA is sent; its reply decides */
	STAGE_CONTENT,	  /* the content comes next */
	STAGE_VERDICT,	  /* all is put in; only the verdict lacks */
	STAGE_RSET,	  /* it was given up, and RSET is sent */
};

/* One mail transaction: what is to be sent, how far that is, and its fate. */
struct smtpc_transaction {
	/* The envelope and the content. */
	char *sender;	  /* NULL: not set */
	char *parameters; /* of MAIL, a blank before each; NULL: none */
	struct recipient *recipients;
	size_t recipient_count, recipient_room;
	struct source source;
	bool all_or_none;

	/* Under way; the session borrows it. */
	struct smtpc_session *session;
	enum transaction_stage stage;
	bool is_8bit;		       /* BODY=8BITMIME is declared */
	bool mail_taken, mail_refused; /* the answer to MAIL, if there is one */
	bool is_muddled; /* recipients were taken without a sender */
	bool is_paused;	 /* the source has nothing for now */
	size_t next;	 /* the recipient whose RCPT comes next */
	size_t taken;	 /* recipients that the server has taken */
	size_t refused;
	struct content_encoder encoder;
	/* Positions among the octets put into the channel. */
	uint64_t content_start, content_end;
	/* What the timer was last set for; false: it is not set. */
	bool is_watched;
	uint64_t progress_before;

	/* Its fate. */
	int result;
	struct failure failure;
	struct smtpc_reply *reply; /* that decided the whole */
	int64_t octets_sent;
};

/*
 * Outcomes (outcome.c).
 */

/* As before the first step: nobody has an outcome. */
void outcome_begin(struct smtpc_transaction *transaction);

/*
 * It was not even begun, for this reason: nobody has it, unless somebody has
 * it, or may have it, from an earlier time.  Returns the result.
 */
int outcome_not_begun(struct smtpc_transaction *transaction, int rc,
		      const struct failure *failure);

/* Takes the reply to one RCPT. */
void outcome_of_recipient(struct smtpc_transaction *transaction, size_t index,
			  struct smtpc_reply *reply);

/*
 * Gives every recipient that the server has taken this outcome, and the reply
 * that decided it.
 */
void outcome_of_taken(struct smtpc_transaction *transaction, int outcome,
		      struct smtpc_reply *reply);

/* TRANSIENT or PERMANENT, and the result that goes with it. */
int outcome_refused(const struct smtpc_reply *reply);
int outcome_refused_result(const struct smtpc_reply *reply);

/*
 * Settles the fate: whoever has no outcome yet was not attempted, and the
 * whole is what they add up to.  failed: the result if nobody has the
 * message.  Returns the result.
 */
int outcome_settle(struct smtpc_transaction *transaction, int failed);

#endif

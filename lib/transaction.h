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

/* So much of the content is kept back for the next chunk. */
#define TRANSACTION_TAIL 256

struct recipient {
	char *mailbox;
	char *ascii;	  /* with an ASCII domain, if that makes it ASCII */
	char *parameters; /* of RCPT, a blank before each; NULL: none */
	/*
	 * The reply to RCPT, or later the one that decided.  SMTPC_OUTCOME_
	 * PENDING with a reply: the server has taken the recipient, so far.
	 */
	struct smtpc_reply *reply;
	int outcome;
	bool needs_utf8; /* its local-part is not ASCII */
	bool held_back;	 /* from its next turn, by a limit told before */
	bool left_over;	 /* by its last one, for another time */
};

/* How far a transaction has got with what it sends. */
enum transaction_stage {
	STAGE_NONE,	  /* not under way */
	STAGE_QUEUED,	  /* it has to wait for its turn */
	STAGE_MAIL,	  /* MAIL comes next */
	STAGE_RECIPIENTS, /* RCPT comes next */
	STAGE_DATA,	  /* DATA, or the first BDAT, comes next, if it may */
	STAGE_AWAIT_DATA, /* DATA is sent; its reply decides */
	STAGE_CONTENT,	  /* the content comes next */
	STAGE_VERDICT,	  /* all is put in; only the verdict lacks */
	STAGE_RSET,	  /* it was given up, and RSET is sent */
	STAGE_FAILED,  /* its content has no end: neither has anything else */
	STAGE_SETTLED, /* its fate is known; to be handed back */
};

/* The chunk that is being put in, and what is to go with the next one. */
struct chunk {
	bool is_open, is_last;
	size_t left; /* of the source's octets */
	size_t kept; /* behind them, to go with the next one */
	char tail[TRANSACTION_TAIL];
	size_t tail_len;
};

/* A transaction's turn to be sent: nothing of it outlasts that. */
struct turn {
	bool uses_bdat;	 /* the content goes by BDAT */
	bool wants_rset; /* before MAIL, if the one before is still open */
	bool mail_taken, mail_refused; /* the answer to MAIL, if there is one */
	bool is_muddled; /* recipients were taken without a sender */
	bool is_paused;	 /* the source has nothing for now */
	bool is_stopped; /* a chunk was refused: no more of them */
	size_t next;	 /* the recipient whose RCPT comes next */
	size_t taken;	 /* recipients that the server has taken */
	size_t refused;
	size_t unanswered; /* commands of its */
	size_t verdict;	   /* LMTP: the recipient whose verdict comes next */
	struct content_encoder encoder;
	struct chunk chunk;
	/* Positions among the octets put into the channel. */
	uint64_t begun_at, content_start, content_end;
	uint64_t overhead; /* octets among them that are not content */
};

/* One mail transaction: what is to be sent, how far that is, and its fate. */
struct smtpc_transaction {
	/* The envelope and the content. */
	char *sender;	    /* NULL: not set */
	char *sender_ascii; /* as with a recipient */
	bool sender_needs_utf8;
	char *parameters; /* of MAIL, a blank before each; NULL: none */
	struct recipient *recipients;
	size_t recipient_count, recipient_room;
	struct source source;
	bool all_or_none;
	int smtputf8; /* 1, 0; -1: as needed */
	int body;     /* SMTPC_BODY_... */
	int form;     /* SMTPC_CONTENT_... */

	/* What follows from that for this server (send_check.c). */
	bool is_scanned; /* all of the content was looked at */
	bool is_8bit;	 /* BODY=8BITMIME is declared */
	bool is_utf8;	 /* SMTPUTF8 is declared */
	bool needs_bdat; /* BODY=BINARYMIME is declared */
	int64_t size;	 /* declared; -1: none is */
	struct content_scanner scanner;

	/* Under way; the session borrows it until it is handed back. */
	struct smtpc_session *session;
	struct smtpc_transaction *younger; /* the next that was submitted */
	enum transaction_stage stage;
	bool is_alone; /* smtpc_send() hands it back itself */
	struct turn turn;

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
 * it, or may have it, from an earlier time, which is then left as it is.
 */
void outcome_not_begun(struct smtpc_transaction *transaction,
		       const struct failure *why);

/* Takes the reply to one RCPT. */
void outcome_of_recipient(struct smtpc_transaction *transaction, size_t index,
			  struct smtpc_reply *reply);

/*
 * Gives every recipient that the server has taken this outcome, and the reply
 * that decided it.
 */
void outcome_of_taken(struct smtpc_transaction *transaction, int outcome,
		      struct smtpc_reply *reply);

/*
 * The server may have taken the message, for whoever has no outcome yet and
 * was not refused.
 */
void outcome_in_doubt(struct smtpc_transaction *transaction);

/*
 * Those who were refused with the whole may have it all the same: the server
 * has said both.
 */
void outcome_contradicted(struct smtpc_transaction *transaction);

/*
 * LMTP: the first recipient from this index on who was taken and has no verdict
 * yet, or the number of recipients; and the verdict on one.
 */
size_t outcome_next_taken(const struct smtpc_transaction *transaction,
			  size_t index);
void outcome_of_one(struct smtpc_transaction *transaction, size_t index,
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

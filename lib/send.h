/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SEND_H
#define SMTPC_SEND_H

#include "engine.h"
#include "send_check.h"

/*
 * Sending mail.  pipeline.c keeps the transactions in their order, op_send.c
 * lets each have its turn; what one of them says and hears is in
 * send_envelope.c, send_content.c, send_chunk.c and send_verdict.c, and
 * send_check.c looks at it before.
 */

/* Another one, behind those that are under way (op_send.c). */
int send_submit(struct smtpc_session *session,
		struct smtpc_transaction *transaction);

/*
 * Whether a reply is neither a success nor a refusal of anything here: 3yz, or
 * 2yz about help, connections or authentication (RFC 5321, section 4.2.1).
 */
bool send_is_odd(const struct smtpc_reply *reply);

/* It is an answer that the command at hand can't have. */
int send_unexpected(struct smtpc_session *session,
		    const struct smtpc_reply *reply);

/*
 * The order (pipeline.c).
 */

/* At the end of the line; it has been checked. */
void pipeline_add(struct smtpc_session *session,
		  struct smtpc_transaction *transaction);

/* The oldest whose fate is open, or NULL. */
struct smtpc_transaction *pipeline_open(const struct smtpc_session *session);

/* The next whose turn it is to be sent, or NULL: nobody's, for now. */
struct smtpc_transaction *pipeline_next(struct smtpc_session *session);

/*
 * Settles the fate of the oldest one that has none.  why: the reason if nobody
 * has the message; what is recorded in the transaction counts before it.
 */
void pipeline_settle(struct smtpc_session *session,
		     struct smtpc_transaction *transaction,
		     const struct failure *why);

/* The same by what is recorded in it; then as pipeline_result(). */
int pipeline_conclude(struct smtpc_session *session,
		      struct smtpc_transaction *transaction);

/* Whether no more may be handed over for now. */
bool pipeline_is_full(const struct smtpc_session *session);

/* Whether the oldest one's fate is known. */
bool pipeline_can_take(const struct smtpc_session *session);

/* SMTPC_AGAIN while there is one whose fate is open, or QUIT; SMTPC_OK. */
int pipeline_result(const struct smtpc_session *session);

/* Hands the oldest one back, whose fate is known. */
struct smtpc_transaction *pipeline_take(struct smtpc_session *session);

/*
 * Envelope and content.  SMTPC_AGAIN: all is well.  Otherwise the connection is
 * lost, for the reason returned.
 */

/* MAIL, RCPT, DATA: whatever may go out now. */
int envelope_send(struct smtpc_session *session,
		  struct smtpc_transaction *transaction);

/* A reply to one of them, or to RSET. */
int envelope_reply(struct smtpc_session *session, const struct awaited *awaited,
		   struct smtpc_reply *reply);

/* Nobody is to get it: settles it, by RSET if that is needed. */
int envelope_give_up(struct smtpc_session *session,
		     struct smtpc_transaction *transaction);

/* Records, once, that a reply refuses the transaction. */
void envelope_refused(struct smtpc_transaction *transaction, int result,
		      int phase, const struct smtpc_reply *reply,
		      const char *what);

/* The refusal of the whole is that of everybody who was taken. */
void envelope_refuse_taken(struct smtpc_transaction *transaction, int phase,
			   struct smtpc_reply *reply, const char *what);

/* Records which of the refused recipients decided. */
void envelope_fail_by_recipient(struct smtpc_transaction *transaction);

/* Whether the level is STREAM, and the server takes pipelining. */
bool send_is_streaming(const struct smtpc_session *session);

/* Whether another command may go out before what was sent is answered. */
bool send_may_pipeline(const struct smtpc_session *session);

/*
 * The content (send_content.c).
 */

/* It comes next. */
int content_start(struct smtpc_session *session,
		  struct smtpc_transaction *transaction);

/* As much of it as there is room for. */
int content_send(struct smtpc_session *session,
		 struct smtpc_transaction *transaction);

/*
 * Puts in what data stands for, as far as there is room, and returns how long
 * that is; with channel NULL nothing, and only the length is found out.
 */
uint64_t content_encode(struct content_encoder *encoder,
			struct channel *channel, const char *data, size_t len,
			size_t *ret_taken);

/* All of it is in the channel: its end follows. */
int content_put_end(struct smtpc_session *session,
		    struct smtpc_transaction *transaction);

/*
 * Closes the connection in the midst of the content, which then has no end, and
 * settles the transaction by what is recorded in it: it is the oldest without a
 * fate.
 */
int content_close(struct smtpc_session *session,
		  struct smtpc_transaction *transaction);

/* Whether the server may have all of the content, end and all. */
bool content_may_be_whole(const struct smtpc_session *session,
			  const struct smtpc_transaction *transaction);

/* A reply to a chunk, or the verdict (send_verdict.c). */
int content_reply(struct smtpc_session *session, const struct awaited *awaited,
		  struct smtpc_reply *reply);

/*
 * Chunks (send_chunk.c).
 */

/* Announces one of these octets, which come next; len 0: the last one. */
int chunk_begin(struct smtpc_session *session,
		struct smtpc_transaction *transaction, const char *data,
		size_t len);

/* Puts in more of it. */
int chunk_fill(struct smtpc_session *session,
	       struct smtpc_transaction *transaction);

#endif

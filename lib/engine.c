/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What drives every operation: octets out, octets in, replies to the commands
 * they answer, time-outs, and the end of it all.  Nothing here waits.
 */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "clock.h"
#include "foreign.h"
#include "mem.h"
#include "system_error.h"

/* After a failed write: how long the server may take to say why. */
#define LAST_WORDS_MS 5000

/* As much of a line that is no reply as a message shows. */
#define SHOWN_MAX 60

/*
 * Failures.
 */

static void
forget_aside(struct smtpc_session *session)
{
	if (session->error_is_aside)
		failure_clear(&session->error);
	session->error_is_aside = false;
}

void
engine_set_aside(struct smtpc_session *session)
{
	session->error_is_aside = session->operation != NULL;
}

static int __attribute__((format(printf, 4, 0)))
record(struct smtpc_session *session, int result, const char *detail,
       const char *format, va_list args)
{
	char message[512];

	forget_aside(session);
	vsnprintf(message, sizeof(message), format, args);
	failure_set(&session->error, result, session->phase, detail, "%s",
		    message);
	return result;
}

int
engine_fail(struct smtpc_session *session, int result, const char *detail,
	    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(session, result, detail, format, args);
	va_end(args);
	return result;
}

int
engine_break(struct smtpc_session *session, int result, const char *detail,
	     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(session, result, detail, format, args);
	va_end(args);
	session->state = SMTPC_STATE_DEAD;
	return result;
}

int
engine_refused(struct smtpc_session *session, int result,
	       struct smtpc_reply *reply, const char *what)
{
	char *text = reply_describe(reply);

	engine_fail(session, result, NULL, "%s: %s", what,
		    text != NULL ? text : "refused");
	if (session->error.reply == NULL)
		session->error.reply = reply_hold(reply);
	mem_free(text);
	return result;
}

int
engine_lost(struct smtpc_session *session, int rc,
	    const struct stream_fault *fault)
{
	const char *phase = smtpc_phase_name(session->phase);

	switch (rc) {
	case SMTPC_E_CLOSED:
		engine_break(session, rc, fault->detail,
			     "%s: the server closed the connection%s%s", phase,
			     fault->text != NULL ? " " : "",
			     fault->text != NULL ? fault->text : "");
		break;
	case SMTPC_E_SYSTEM:
		engine_break(session, rc, fault->detail, "%s: %s", phase,
			     system_error_text(fault->system_error));
		break;
	case SMTPC_E_NOMEM:
		engine_break(session, rc, NULL, "%s: out of memory", phase);
		break;
	default:
		engine_break(session, rc, fault->detail, "%s: TLS: %s", phase,
			     fault->text != NULL ? fault->text : "failed");
		break;
	}
	session->error.system_error = fault->system_error;
	session->error.tls_error = fault->tls_error;
	return rc;
}

/*
 * Time.
 */

void
engine_set_phase(struct smtpc_session *session, int phase)
{
	session->phase = phase;
	if (!session->last_words)
		session->deadline = clock_after(session->timeouts[phase]);
}

int64_t
engine_deadline(const struct smtpc_session *session)
{
	if (session->operation == NULL)
		return CLOCK_NEVER;
	return session->deadline < session->operation_deadline
		   ? session->deadline
		   : session->operation_deadline;
}

/* The time is over: for one address only, or for good. */
static int
timed_out(struct smtpc_session *session)
{
	const struct channel *channel = &session->channel;
	const struct operation *operation = session->operation;

	if (channel->write_rc != SMTPC_OK)
		return engine_lost(session, channel->write_rc,
				   &channel->write_fault);
	if (channel->opening && session->deadline < session->operation_deadline)
		return operation->opened(session, SMTPC_E_TIMEOUT);
	return engine_break(session, SMTPC_E_TIMEOUT, NULL, "%s: timed out%s",
			    smtpc_phase_name(session->phase),
			    operation->hint != NULL ? operation->hint(session)
						    : "");
}

/*
 * Commands and replies.
 */

/* Await the reply to what ends at this position in the channel. */
static int
await(struct smtpc_session *session, int phase,
      struct smtpc_transaction *transaction, size_t recipient,
      uint64_t position)
{
	struct awaited item = { phase, position, transaction, recipient };

	if (!awaited_push(&session->awaited, &item))
		return engine_break(session, SMTPC_E_NOMEM, NULL,
				    "out of memory");
	if (session->awaited.count == 1)
		engine_set_phase(session, phase);
	return SMTPC_AGAIN;
}

int
engine_await(struct smtpc_session *session, int phase,
	     struct smtpc_transaction *transaction)
{
	return await(session, phase, transaction, 0, 0);
}

int
engine_await_next(struct smtpc_session *session, int phase,
		  struct smtpc_transaction *transaction)
{
	struct awaited item = { phase, 0, transaction, 0 };

	if (!awaited_push_first(&session->awaited, &item))
		return engine_break(session, SMTPC_E_NOMEM, NULL,
				    "out of memory");
	engine_set_phase(session, phase);
	return SMTPC_AGAIN;
}

/* Send the line at the end of the out buffer. */
static int
send_line(struct smtpc_session *session, bool ok, const char *shown, int phase)
{
	struct channel *channel = &session->channel;
	const char *line = buffer_data(&channel->out) + channel->committed;
	size_t len = buffer_length(&channel->out) - channel->committed;

	if (channel->out.failed)
		return engine_break(session, SMTPC_E_NOMEM, NULL,
				    "out of memory");
	if (!ok)
		return engine_break(session, SMTPC_E_INVALID, NULL,
				    "%s: the command can't be written",
				    smtpc_phase_name(phase));
	if (shown != NULL)
		trace_line(&session->trace, SMTPC_TRACE_CLIENT, shown,
			   strlen(shown));
	else
		trace_line(&session->trace, SMTPC_TRACE_CLIENT, line, len - 2);
	channel_commit(channel);
	return SMTPC_AGAIN;
}

int
engine_send(struct smtpc_session *session, bool ok, const char *shown,
	    int phase)
{
	int rc = send_line(session, ok, shown, phase);

	return rc == SMTPC_AGAIN
		   ? await(session, phase, NULL, 0, session->channel.put)
		   : rc;
}

int
engine_send_for(struct smtpc_session *session, bool ok, int phase,
		struct smtpc_transaction *transaction, size_t recipient)
{
	int rc = send_line(session, ok, NULL, phase);

	return rc == SMTPC_AGAIN ? await(session, phase, transaction, recipient,
					 session->channel.put)
				 : rc;
}

int
engine_send_chunk(struct smtpc_session *session, bool ok, int phase,
		  struct smtpc_transaction *transaction, uint64_t len)
{
	int rc = send_line(session, ok, NULL, phase);

	return rc == SMTPC_AGAIN ? await(session, phase, transaction, 0,
					 session->channel.put + len)
				 : rc;
}

bool
engine_is_awaiting(const struct smtpc_session *session)
{
	return session->awaited.count > 0;
}

bool
engine_may_await_more(const struct smtpc_session *session)
{
	/* One place is kept for what ends the transaction. */
	return session->awaited.count + 1 < AWAITED_MAX;
}

/* Show a reply; the challenges of AUTH are as secret as the answers. */
static void
trace_reply(struct smtpc_session *session, const struct smtpc_reply *reply,
	    bool hide)
{
	const char *text;
	size_t i, len;
	char *line;

	if (!trace_is_on(&session->trace))
		return;
	if (hide) {
		trace_line(&session->trace, SMTPC_TRACE_SERVER, "334 [hidden]",
			   12);
		return;
	}
	for (i = 0; i < reply->line_count; i++) {
		text = reply_line(reply, i, &len);
		line = mem_alloc(len + 4);
		if (line == NULL)
			return;
		line[0] = (char)('0' + reply->code / 100);
		line[1] = (char)('0' + reply->code / 10 % 10);
		line[2] = (char)('0' + reply->code % 10);
		line[3] = i + 1 < reply->line_count ? '-' : ' ';
		memcpy(line + 4, text, len);
		trace_line(&session->trace, SMTPC_TRACE_SERVER, line, len + 4);
		mem_free(line);
	}
}

/* The one thing that a server may say unasked is that it goes. */
static int
unsolicited(struct smtpc_session *session, struct smtpc_reply *reply)
{
	int result = SMTPC_E_PROTOCOL;

	if (reply->code == 421)
		result = SMTPC_E_TRANSIENT;
	engine_break(session, result,
		     result == SMTPC_E_PROTOCOL ? "unsolicited-reply" : NULL,
		     result == SMTPC_E_PROTOCOL
			 ? "the server sent a reply to no command"
			 : "the server is closing the connection");
	if (session->error.reply == NULL)
		session->error.reply = reply_hold(reply);
	return result;
}

/* Note a reply, but for what nobody is to see of it. */
static void
note_reply(struct smtpc_session *session, struct smtpc_reply *reply)
{
	bool hide = session->phase == SMTPC_PHASE_AUTH && reply->code == 334;

	if (session->operation != NULL && session->operation->censor != NULL)
		session->operation->censor(session, reply);
	/* A line that was too long for the server may have several answers. */
	if (session->awaited.count == 0 && session->auth.may_echo)
		reply_hide(reply);
	trace_reply(session, reply, hide);
	if (!hide)
		reply_keep(&session->reply, reply);
}

/*
 * What answers a command that is still here answers something else; but content
 * may be refused before it is all there, and 421 may come any time.
 */
static bool
is_early(const struct smtpc_session *session, const struct awaited *item,
	 const struct smtpc_reply *reply)
{
	return channel_left(&session->channel) < item->position &&
	       reply->code != 421 && item->phase != SMTPC_PHASE_CONTENT &&
	       item->phase != SMTPC_PHASE_END_OF_DATA;
}

/* Give a reply to whoever awaits it. */
static int
dispatch(struct smtpc_session *session, struct smtpc_reply *reply)
{
	const struct awaited_queue *queue = &session->awaited;
	struct awaited item;
	bool more;
	int rc;

	note_reply(session, reply);
	if (queue->count == 0)
		return unsolicited(session, reply);
	item = awaited_pop(&session->awaited);
	if (item.phase != SMTPC_PHASE_AUTH)
		session->auth.may_echo = false;
	more = queue->count > 0;
	session->phase = item.phase;
	if (is_early(session, &item, reply))
		return engine_break(session, SMTPC_E_PROTOCOL, "early-reply",
				    "%s: answered before it was sent",
				    smtpc_phase_name(item.phase));
	session->was_answered = true;
	rc = session->operation->reply(session, &item, reply);
	if (reply->code == 421) {
		/* Whatever it answers, the connection is gone. */
		engine_refused(session, SMTPC_E_TRANSIENT, reply,
			       smtpc_phase_name(item.phase));
		session->state = SMTPC_STATE_DEAD;
		return rc == SMTPC_AGAIN ? SMTPC_E_TRANSIENT : rc;
	}
	if (rc == SMTPC_AGAIN && more)
		engine_set_phase(session, awaited_first(queue)->phase);
	return rc;
}

/* SMTPC_AGAIN: more octets will tell what this is. */
static int
not_a_reply(struct smtpc_session *session)
{
	const struct buffer *in = &session->channel.in;
	const char *phase = smtpc_phase_name(session->phase);
	const char *name = NULL;
	char *shown = NULL;

	switch (foreign_look(buffer_data(in), buffer_length(in), &name)) {
	case FOREIGN_MAYBE:
		return SMTPC_AGAIN;
	case FOREIGN_TLS:
		return engine_break(session, SMTPC_E_PROTOCOL, "wrong-tls-mode",
				    "%s: the server speaks TLS here already: "
				    "try implicit TLS",
				    phase);
	case FOREIGN_OTHER:
		if (session->phase != SMTPC_PHASE_GREETING)
			break;
		return engine_break(session, SMTPC_E_PROTOCOL, "not-smtp",
				    "%s: the server speaks %s, not SMTP: is "
				    "this the right port?",
				    phase, name);
	default:
		break;
	}
	/* It may be a challenge, or an echo of a secret. */
	if (session->phase != SMTPC_PHASE_AUTH && !session->auth.may_echo)
		shown =
		    ascii_escape(buffer_data(in), buffer_length(in), SHOWN_MAX);
	engine_break(session, SMTPC_E_PROTOCOL, session->parser.detail,
		     "%s: the server sent what is no SMTP reply: %s", phase,
		     shown != NULL ? shown : "[hidden]");
	mem_free(shown);
	return SMTPC_E_PROTOCOL;
}

static int
take_replies(struct smtpc_session *session, bool *ret_moved)
{
	struct buffer *in = &session->channel.in;
	struct smtpc_reply *reply;
	size_t taken;
	int rc;

	while (buffer_length(in) > 0) {
		rc = reply_parse(&session->parser, buffer_data(in),
				 buffer_length(in), &taken, &reply);
		buffer_consume(in, taken);
		if (rc == SMTPC_E_PROTOCOL)
			return not_a_reply(session);
		if (rc == SMTPC_E_NOMEM)
			return engine_break(session, rc, NULL, "out of memory");
		if (rc == SMTPC_AGAIN)
			break;
		*ret_moved = true;
		rc = dispatch(session, reply);
		reply_release(reply);
		if (rc != SMTPC_AGAIN)
			return rc;
	}
	return SMTPC_AGAIN;
}

/*
 * Progress.
 */

/* Move octets both ways, and hand out the replies among them. */
static int
exchange_octets(struct smtpc_session *session, bool *ret_moved)
{
	struct channel *channel = &session->channel;
	int lost, rc;

	lost = channel_pump(channel, ret_moved);
	rc = take_replies(session, ret_moved);
	if (rc != SMTPC_AGAIN)
		return rc;
	if (lost < 0)
		return engine_lost(session, lost, &channel->stream->fault);
	if (channel->write_rc == SMTPC_E_NOMEM)
		return engine_lost(session, SMTPC_E_NOMEM,
				   &channel->write_fault);
	if (channel->write_rc != SMTPC_OK && !session->last_words) {
		session->last_words = true;
		session->deadline = clock_after(LAST_WORDS_MS);
	}
	return SMTPC_AGAIN;
}

/* One round of the operation in progress. */
static int
advance(struct smtpc_session *session, bool *ret_moved)
{
	const struct operation *operation = session->operation;
	int rc;

	if (operation->fill != NULL) {
		rc = operation->fill(session);
		if (rc != SMTPC_AGAIN)
			return rc;
	}
	if (session->channel.stream == NULL)
		return SMTPC_AGAIN;
	if (!session->channel.opening)
		return exchange_octets(session, ret_moved);
	rc = channel_open(&session->channel);
	if (rc == SMTPC_AGAIN)
		return rc;
	*ret_moved = true;
	return operation->opened(session, rc);
}

/* Everything that belongs to the connection goes with it. */
static void
close_connection(struct smtpc_session *session)
{
	channel_close(&session->channel);
	reply_parser_clear(&session->parser);
	awaited_clear(&session->awaited);
	session->last_words = false;
	session->tls_is_up = false;
	session->trust = SMTPC_TRUST_NONE;
	session->mechanism = NULL;
	session->auth.may_echo = false;
	session->pipeline.needs_rset = false;
	session->pipeline.last_used_bdat = session->pipeline.bdat_works = false;
	session->pipeline.begun = 0;
}

/* Give back the memory that a session at rest does not need. */
static void
rest(struct smtpc_session *session)
{
	session->phase = SMTPC_PHASE_IDLE;
	session->rests_since = clock_now();
	channel_rest(&session->channel);
	if (session->parser.line_count == 0)
		reply_parser_clear(&session->parser);
	if (session->awaited.count == 0)
		awaited_clear(&session->awaited);
}

static int start(struct smtpc_session *session,
		 const struct operation *operation, const void *argument);

/* The operation is over; what comes after it may begin. */
static int
finish(struct smtpc_session *session, int rc)
{
	const struct operation *operation = session->operation;
	const struct operation *next = NULL;

	/* What failed first is why; what failed in its wake is not. */
	if (rc < 0)
		forget_aside(session);
	if (rc < 0 && session->error.result < 0)
		rc = session->error.result;
	if (operation->end != NULL)
		rc = operation->end(session, rc);
	session->operation = NULL;
	if (session->state == SMTPC_STATE_DEAD ||
	    session->state == SMTPC_STATE_DISCONNECTED)
		close_connection(session);
	rest(session);
	if (rc == SMTPC_OK && session->next != NULL)
		rc = session->next(session, &next);
	if (rc == SMTPC_OK && next != NULL)
		return start(session, next, NULL);
	session->next = NULL;
	return rc;
}

/* Another thread may have said that this is to end. */
static int
check_cancelled(struct smtpc_session *session)
{
	if (!interrupt_is_requested(&session->interrupt))
		return SMTPC_AGAIN;
	return engine_break(session, SMTPC_E_CANCELLED, NULL, "%s: cancelled",
			    smtpc_phase_name(session->phase));
}

static int
carry_on(struct smtpc_session *session)
{
	bool moved;
	int rc;

	do {
		do {
			moved = session->was_answered = false;
			rc = check_cancelled(session);
			if (rc == SMTPC_AGAIN)
				rc = advance(session, &moved);
			/* What came in time counts, whenever it is read. */
		} while (rc == SMTPC_AGAIN && moved &&
			 (session->was_answered ||
			  clock_now() < engine_deadline(session)));
		if (rc == SMTPC_AGAIN && session->operation->watch != NULL)
			session->operation->watch(session);
		if (rc == SMTPC_AGAIN &&
		    clock_now() >= engine_deadline(session))
			rc = timed_out(session);
		if (rc == SMTPC_AGAIN)
			return rc;
		rc = finish(session, rc);
	} while (rc == SMTPC_AGAIN);
	return rc;
}

/* Nothing comes of a dead session; why is known. */
static int
dead_result(const struct smtpc_session *session)
{
	if (session->error.result < 0)
		return session->error.result;
	return interrupt_is_requested(&session->interrupt) ? SMTPC_E_CANCELLED
							   : SMTPC_E_STATE;
}

/* With nothing in progress, the server may still say that it goes, or go. */
static int
process_idle(struct smtpc_session *session)
{
	bool moved = false;
	int rc;

	if (session->state == SMTPC_STATE_DEAD)
		return dead_result(session);
	failure_clear(&session->error);
	rc = check_cancelled(session);
	if (rc == SMTPC_AGAIN && session->channel.stream != NULL &&
	    session->state != SMTPC_STATE_UNTRUSTED)
		rc = exchange_octets(session, &moved);
	if (session->state == SMTPC_STATE_DEAD)
		close_connection(session);
	else
		channel_rest(&session->channel);
	return rc == SMTPC_AGAIN ? SMTPC_OK : rc;
}

int
engine_process(struct smtpc_session *session)
{
	channel_wake(&session->channel);
	if (session->operation == NULL)
		return process_idle(session);
	return carry_on(session);
}

/*
 * Beginnings and ends.
 */

/*
 * Whether to ask the system for more, which costs a call: a reply too many, or
 * a goodbye, may have come while the session rested.
 */
static bool
may_have_heard(const struct smtpc_session *session,
	       const struct operation *operation)
{
	return operation->in_silence || session->channel.read_rc != SMTPC_OK ||
	       (operation->after_rest && clock_now() > session->rests_since);
}

/*
 * Whatever the server says before a command is sent is no answer to it.  What
 * has been read is looked at always.
 */
static int
check_silence(struct smtpc_session *session, const struct operation *operation)
{
	struct channel *channel = &session->channel;
	bool moved = false;
	int rc;

	if (channel->stream == NULL || session->state == SMTPC_STATE_UNTRUSTED)
		return SMTPC_AGAIN;
	if (may_have_heard(session, operation)) {
		channel_wake(channel);
		rc = exchange_octets(session, &moved);
	} else {
		rc = take_replies(session, &moved);
	}
	if (rc == SMTPC_AGAIN && !engine_is_silent(session))
		rc =
		    engine_break(session, SMTPC_E_PROTOCOL, "unsolicited-reply",
				 "the server sent a reply to no command");
	return rc;
}

static int
check_state(struct smtpc_session *session, const struct operation *operation)
{
	if (operation->states & IN(session->state))
		return SMTPC_AGAIN;
	return engine_fail(session, SMTPC_E_STATE, NULL,
			   "%s: not possible while the session is %s",
			   smtpc_phase_name(operation->phase),
			   smtpc_state_name(session->state));
}

/* Begin an operation: SMTPC_AGAIN, or its result. */
static int
start(struct smtpc_session *session, const struct operation *operation,
      const void *argument)
{
	int rc;

	session->phase = operation->phase;
	rc = check_cancelled(session);
	if (rc == SMTPC_AGAIN)
		rc = check_state(session, operation);
	if (rc == SMTPC_AGAIN)
		rc = check_silence(session, operation);
	if (rc == SMTPC_AGAIN)
		rc = operation->begin(session, argument);
	if (rc == SMTPC_AGAIN) {
		session->operation = operation;
		return rc;
	}
	session->next = NULL;
	if (session->state == SMTPC_STATE_DEAD)
		close_connection(session);
	rest(session);
	return rc;
}

int
engine_begin(struct smtpc_session *session, const struct operation *operation,
	     const void *argument)
{
	int rc;

	failure_clear(&session->error);
	session->error_is_aside = session->pipeline.has_doubts = false;
	session->operation_deadline = clock_after(session->operation_timeout);
	session->deadline = CLOCK_NEVER;
	rc = start(session, operation, argument);
	return rc == SMTPC_AGAIN ? carry_on(session) : rc;
}

int
engine_end(struct smtpc_session *session, int rc)
{
	session->next = NULL;
	return finish(session, rc);
}

void
engine_close(struct smtpc_session *session, int rc)
{
	if (session->operation != NULL) {
		engine_break(session, rc, NULL, "%s: given up by the caller",
			     smtpc_phase_name(session->phase));
		(void)engine_end(session, rc);
	}
	close_connection(session);
	rest(session);
	session->state = SMTPC_STATE_DISCONNECTED;
}

/*
 * What is known of the connection.
 */

bool
engine_in_callback(const struct smtpc_session *session)
{
	return session->trace.in_callback || session->auth.in_callback ||
	       (session->transaction != NULL &&
		session->transaction->source.in_callback);
}

bool
engine_is_silent(const struct smtpc_session *session)
{
	return buffer_length(&session->channel.in) == 0 &&
	       session->parser.line_count == 0;
}

bool
engine_offers(const struct smtpc_session *session, uint32_t extension)
{
	return (session->extensions.known & extension) != 0;
}

void
engine_forget(struct smtpc_session *session)
{
	extension_clear(&session->extensions);
	session->mechanism = NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps that are one line and one reply: RSET, NOOP, QUIT, and any verb of
 * the caller's.
 */
#include "ascii.h"
#include "command.h"
#include "engine.h"

static int
send_verb(struct smtpc_session *session, const char *verb, int phase)
{
	bool ok = command_write(&session->channel.out, verb, NULL);

	return engine_send(session, ok, NULL, phase);
}

/* 2yz is what these want; 3yz would leave the dialogue hanging. */
static int
judge(struct smtpc_session *session, struct smtpc_reply *reply,
      const char *what)
{
	if (reply_class(reply) == 2)
		return SMTPC_OK;
	if (reply_class(reply) == 3)
		return engine_break(session, SMTPC_E_PROTOCOL, "reply-code",
				    "%s is answered with code %d", what,
				    reply->code);
	return engine_refused(session, outcome_refused_result(reply), reply,
			      what);
}

static int
rset_begin(struct smtpc_session *session, const void *argument)
{
	(void)argument;
	return send_verb(session, "RSET", SMTPC_PHASE_RSET);
}

static int
rset_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	int rc = judge(session, reply, "RSET");

	(void)awaited;
	/* A server that does not know where it is: nor do we. */
	if (rc != SMTPC_OK)
		session->state = SMTPC_STATE_DEAD;
	return rc;
}

const struct operation op_rset = {
	.phase = SMTPC_PHASE_RSET,
	.states = IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = rset_begin,
	.reply = rset_reply,
};

static int
noop_begin(struct smtpc_session *session, const void *argument)
{
	(void)argument;
	return send_verb(session, "NOOP", SMTPC_PHASE_NOOP);
}

static int
noop_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	(void)awaited;
	return judge(session, reply, "NOOP");
}

const struct operation op_noop = {
	.phase = SMTPC_PHASE_NOOP,
	.states = IN(SMTPC_STATE_CONNECTED) | IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = noop_begin,
	.reply = noop_reply,
};

/* Verbs that have a call of their own, or that turn the dialogue round. */
static bool
is_reserved(const char *verb)
{
	static const char reserved[] =
	    "HELO EHLO LHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT "
	    "ATRN TURN SEND SOML SAML";

	return extension_lists(reserved, verb);
}

static int
command_begin(struct smtpc_session *session, const void *argument)
{
	const struct command_line *line = argument;
	bool ok;
	int rc;

	if (!command_is_verb(line->verb) ||
	    (line->argument != NULL && !command_is_argument(line->argument)))
		return engine_fail(session, SMTPC_E_INVALID, "command",
				   "a command is a word of letters and digits, "
				   "and printable ASCII behind it");
	if (is_reserved(line->verb))
		return engine_fail(session, SMTPC_E_INVALID, "command",
				   "%s is not a command for smtpc_command()",
				   line->verb);
	rc = policy_check(session);
	if (rc != SMTPC_OK)
		return rc;
	ok = command_write(&session->channel.out, line->verb, line->argument);
	if (!ok && !session->channel.out.failed)
		return engine_fail(session, SMTPC_E_INVALID, "command",
				   "the command is longer than 512 octets");
	/* After XCLIENT the session is as freshly greeted. */
	session->is_xclient = ascii_equal_text(line->verb, "XCLIENT");
	return engine_send(session, ok, NULL, SMTPC_PHASE_COMMAND);
}

static int
command_reply(struct smtpc_session *session, const struct awaited *awaited,
	      struct smtpc_reply *reply)
{
	int rc = judge(session, reply, "the command");

	(void)awaited;
	if (rc == SMTPC_OK && session->is_xclient) {
		engine_forget(session);
		reply_keep(&session->greeting, reply);
		session->state = SMTPC_STATE_CONNECTED;
	}
	return rc;
}

const struct operation op_command = {
	.phase = SMTPC_PHASE_COMMAND,
	.states = IN(SMTPC_STATE_CONNECTED) | IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = command_begin,
	.reply = command_reply,
};

static int
quit_begin(struct smtpc_session *session, const void *argument)
{
	(void)argument;
	return send_verb(session, "QUIT", SMTPC_PHASE_QUIT);
}

/* Whatever it says, this was it. */
static int
quit_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	(void)session;
	(void)awaited;
	(void)reply;
	return SMTPC_OK;
}

/*
 * Many servers close without a word, some with a reset, and that is as good:
 * what was sent before has been answered.
 */
int
quit_end(struct smtpc_session *session, int rc)
{
	struct stream *stream = session->channel.stream;

	if (stream != NULL && session->state != SMTPC_STATE_DEAD)
		stream->operations->end(stream);
	session->state = SMTPC_STATE_DISCONNECTED;
	if (rc != SMTPC_OK && rc != SMTPC_E_CLOSED && rc != SMTPC_E_SYSTEM)
		return rc;
	failure_clear(&session->error);
	return SMTPC_OK;
}

const struct operation op_quit = {
	.phase = SMTPC_PHASE_QUIT,
	.states = IN(SMTPC_STATE_CONNECTED) | IN(SMTPC_STATE_READY),
	.begin = quit_begin,
	.reply = quit_reply,
	.end = quit_end,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold after every step, whatever the scenario: above all that the
 * library never promises what the server has not, nor calls safe to repeat
 * what the server has taken.
 */
#include <string.h>

#include "play_world.h"

static void
wrong(struct play *play, const char *what)
{
	play_fail(play, play->step->number, "%s", what);
}

/* What the message of an error may be made of. */
static void
check_message(struct play *play)
{
	const char *message = smtpc_error_message(play->session);
	const char *c;

	for (c = message; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			wrong(play, "the error message is not printable");
	if (auth_shows(play, message, strlen(message)))
		wrong(play, "the error message has a secret");
	if ((play->rc == SMTPC_OK) != (*message == '\0'))
		wrong(play, "an error has a message, and nothing else has");
}

static void
check_error(struct play *play)
{
	const smtpc_session *session = play->session;

	if (smtpc_error_result(session) != play->rc)
		wrong(play, "smtpc_error_result() is not the result");
	if (smtpc_error_safe_to_retry(session) != (play->rc < 0))
		wrong(play, "safe to retry is not what the result promises");
	if (play->rc == SMTPC_OK &&
	    (smtpc_error_phase(session) != SMTPC_PHASE_NONE ||
	     smtpc_error_detail(session)[0] != '\0' ||
	     smtpc_error_reply(session) != NULL ||
	     smtpc_error_errno(session) != 0 || smtpc_error_tls(session) != 0))
		wrong(play, "a step that went well left an error behind");
	check_message(play);
}

static void
check_state(struct play *play)
{
	int state = smtpc_session_state(play->session);
	bool is_gone =
	    state == SMTPC_STATE_DEAD || state == SMTPC_STATE_DISCONNECTED;

	if (name_of_state(state) == NULL)
		wrong(play, "the state is none that there is");
	if (is_gone && play->link.is_open)
		wrong(play, "the session is over, and the connection is open");
	if (!is_gone && !play->link.is_open)
		wrong(play,
		      "the session goes on, and the connection is closed");
	if (smtpc_session_next_timeout(play->session) != SMTPC_FOREVER &&
	    smtpc_session_outstanding(play->session) == 0 &&
	    !play->stream.has_quit)
		wrong(play, "nothing is in progress, but there is a deadline");
}

/*
 * Over TLS, QUIT is followed by the goodbye that TLS has, as far as that goes
 * without waiting.
 */
static void
check_goodbye(struct play *play)
{
	if (strcmp(play->step->verb, "quit") == 0 && play->rc == SMTPC_OK &&
	    !play->stream.has_quit && play->peer.tls != NULL &&
	    !play->link.ended && play->link.read_error == 0 &&
	    (play->cell & CELL_WHOLE) && !play->options->lenient &&
	    play->state_before != SMTPC_STATE_UNTRUSTED &&
	    !play->peer.said_goodbye)
		wrong(play, "TLS was not ended with a goodbye");
}

/* How many of the recipients of the mail have this outcome. */
static size_t
count(const struct play *play, int outcome)
{
	size_t i, found = 0;

	for (i = 0; i < smtpc_transaction_recipient_count(play->sent); i++)
		if (smtpc_transaction_recipient_outcome(play->sent, i) ==
		    outcome)
			found++;
	return found;
}

/* The result is what the outcomes add up to. */
static void
check_sum(struct play *play)
{
	size_t all = smtpc_transaction_recipient_count(play->sent);
	size_t accepted = count(play, SMTPC_OUTCOME_ACCEPTED);
	size_t in_doubt = count(play, SMTPC_OUTCOME_IN_DOUBT);
	int result;

	if (in_doubt > 0)
		result = SMTPC_IN_DOUBT;
	else if (accepted > 0)
		result = accepted < all ? SMTPC_PARTIAL : SMTPC_OK;
	else
		result = play->fate < 0 ? play->fate : SMTPC_E_PROTOCOL;
	if (play->fate != result)
		wrong(play, "the result is not what the outcomes add up to");
	if (smtpc_transaction_result(play->sent) != play->fate)
		wrong(play, "smtpc_transaction_result() is not the result");
	if (count(play, SMTPC_OUTCOME_PENDING) > 0)
		wrong(play, "an outcome is still pending");
}

/* Domains may have another form on the wire, local-parts have none. */
static bool
is_same(const char *path, const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');

	return strcmp(path, mailbox) == 0 ||
	       (at != NULL && strrchr(path, '@') != NULL &&
		strncmp(path, mailbox, (size_t)(at - mailbox) + 1) == 0);
}

/*
 * Which of the RCPTs that the server has heard is about the recipient; SIZE_MAX
 * if none is.  Some may have been left out, but they are in order.
 */
static size_t
place_of(const struct play *play, size_t recipient)
{
	const char *path;
	size_t place = 0;
	size_t i;

	for (i = 0;; i++) {
		path = witness_asked(&play->peer.witness, play->sent_number,
				     place);
		if (path == NULL)
			return SIZE_MAX;
		if (!is_same(path, smtpc_transaction_recipient(play->sent, i)))
			path = NULL;
		if (i == recipient)
			return path != NULL ? place : SIZE_MAX;
		place += path != NULL;
	}
}

/* One recipient, against what the server has said and heard. */
static void
check_recipient(struct play *play, size_t i)
{
	const struct witness *witness = &play->peer.witness;
	size_t number = play->sent_number;
	size_t place = place_of(play, i);
	int outcome = smtpc_transaction_recipient_outcome(play->sent, i);
	bool safe =
	    smtpc_transaction_recipient_safe_to_retry(play->sent, i) == 1;
	bool promised = witness_accepted(witness, number, place);

	if (outcome == SMTPC_OUTCOME_ACCEPTED && !promised)
		wrong(play, "accepted, but the server has not said so");
	if (promised && safe)
		wrong(play, "safe to retry, but the server has accepted");
	if (safe != (outcome == SMTPC_OUTCOME_TRANSIENT ||
		     outcome == SMTPC_OUTCOME_PERMANENT ||
		     outcome == SMTPC_OUTCOME_NOT_ATTEMPTED))
		wrong(play, "safe to retry does not fit the outcome");
	if (place != SIZE_MAX &&
	    witness_may_have_taken(witness, number, place) &&
	    outcome == SMTPC_OUTCOME_NOT_ATTEMPTED)
		wrong(play, "not attempted, but the server has it all");
	/* Inside a TLS record, octets count before all of it has left. */
	if (outcome == SMTPC_OUTCOME_IN_DOUBT && play->peer.tls == NULL &&
	    (place == SIZE_MAX || !witness_mail(witness, number)->data_ended))
		wrong(play, "in doubt, but the server does not have it all");
}

/* A step that was not begun leaves the fate of an earlier time alone. */
static bool
keeps_earlier_fate(const struct play *play)
{
	return play->rc == SMTPC_E_STATE &&
	       count(play, SMTPC_OUTCOME_ACCEPTED) +
		       count(play, SMTPC_OUTCOME_IN_DOUBT) >
		   0 &&
	       smtpc_transaction_result(play->sent) >= 0;
}

void
truth_check(struct play *play)
{
	size_t i;

	check_state(play);
	/* What happened to the connection is nobody's result. */
	if (!stream_is_step(play) && play->stream.last == NULL)
		check_error(play);
	check_goodbye(play);
	auth_check_truth(play);
	if (play->sent == NULL || keeps_earlier_fate(play))
		return;
	stream_check_message(play);
	check_sum(play);
	for (i = 0; i < smtpc_transaction_recipient_count(play->sent); i++)
		check_recipient(play, i);
	if (smtpc_transaction_recipient_outcome(play->sent, i) !=
		SMTPC_E_INVALID ||
	    smtpc_transaction_recipient_safe_to_retry(play->sent, i) != 0)
		wrong(play, "there is an outcome of a recipient too many");
}

void
truth_check_abandoned(struct play *play)
{
	int result = smtpc_transaction_result(play->sent);
	size_t i;

	play->rc = play->fate = result;
	check_sum(play);
	if (result != SMTPC_E_CANCELLED && result != SMTPC_IN_DOUBT &&
	    witness_mail(&play->peer.witness, play->sent_number)->verdict ==
		0 &&
	    count(play, SMTPC_OUTCOME_TRANSIENT) == 0 &&
	    count(play, SMTPC_OUTCOME_PERMANENT) == 0)
		wrong(play, "given up, but the result is another");
	for (i = 0; i < smtpc_transaction_recipient_count(play->sent); i++)
		check_recipient(play, i);
}

/*
 * All that a caller can see.
 */

static int
code(const smtpc_reply *reply)
{
	return reply != NULL ? smtpc_reply_code(reply) : 0;
}

static const char *
text_or(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

static void
record_mail(const struct play *play, struct octets *out)
{
	const smtpc_transaction *mail = play->sent;
	size_t i;

	octets_printf(out, " mail %d %d \"%s\" %lld octets:",
		      smtpc_transaction_result(mail),
		      code(smtpc_transaction_reply(mail)),
		      smtpc_transaction_error_message(mail),
		      (long long)smtpc_transaction_octets_sent(mail));
	for (i = 0; i < smtpc_transaction_recipient_count(mail); i++)
		octets_printf(
		    out, " %s/%d",
		    text_or(name_of_outcome(
				smtpc_transaction_recipient_outcome(mail, i)),
			    "?"),
		    code(smtpc_transaction_recipient_reply(mail, i)));
}

void
truth_record(struct play *play)
{
	struct octets *out = &play->result->transcript;
	const smtpc_session *session = play->session;

	octets_printf(out, "%s %s: %s", play->step->verb, play->step->argument,
		      text_or(name_of_result(play->rc), "?"));
	/* How far the connection is at each of these may differ. */
	if (stream_is_step(play) || play->stream.last != NULL) {
		if (play->sent != NULL)
			record_mail(play, out);
		octets_append_text(out, "\n");
		return;
	}
	octets_printf(out, ", %s, error %d \"%s\" \"%s\" %s errno %d reply %d",
		      text_or(name_of_state(smtpc_session_state(session)), "?"),
		      smtpc_error_result(session), smtpc_error_detail(session),
		      smtpc_error_message(session),
		      text_or(name_of_phase(smtpc_error_phase(session)), "?"),
		      smtpc_error_errno(session),
		      code(smtpc_error_reply(session)));
	octets_printf(out, ", reply %d, greeting %d, %zu extensions, %s, %s",
		      code(smtpc_session_reply(session)),
		      code(smtpc_session_greeting(session)),
		      smtpc_session_extension_count(session),
		      text_or(smtpc_session_mechanism(session), "no mechanism"),
		      text_or(smtpc_session_tls_version(session), "no TLS"));
	octets_append_text(out, ", attempts: ");
	auth_describe_attempts(play, out);
	octets_append_text(out, ", challenge: ");
	auth_describe_challenge(play, out);
	octets_printf(out, ", asked: %s", octets_data(&play->keeper.asked));
	octets_printf(out, ", %lld ms",
		      (long long)(play->now - play->step_began));
	if (play->sent != NULL)
		record_mail(play, out);
	octets_append_text(out, "\n");
}

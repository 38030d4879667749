/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions that are submitted and collected.  From the first of them on,
 * until none is outstanding, steps share all their lines: when the octets of
 * which transaction leave is the library's affair, and differs from cell to
 * cell.
 */
#include <stdlib.h>
#include <string.h>

#include "play_world.h"

static struct source_line
line_of(const struct play *play)
{
	struct source_line line = { play->scenario->file, play->step->number,
				    NULL, 0 };

	return line;
}

static bool
is_verb(const struct step *step, const char *verb)
{
	return strcmp(step->verb, verb) == 0;
}

bool
stream_is_step(const struct play *play)
{
	static const char *const verbs[] = { "submit", "collect", "linger",
					     "free" };
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (is_verb(play->step, verbs[i]))
			return true;
	return false;
}

/*
 * Lines that are shared.
 */

/* Whether the step is to succeed; that need not be stated. */
static bool
succeeds(const struct step *step, unsigned int cell)
{
	size_t i;

	for (i = 0; i < step->fact_count; i++)
		if (strcmp(step->facts[i].key, "result") == 0 &&
		    (step->facts[i].cells & cell) == cell)
			return strcmp(step->facts[i].value, "OK") == 0;
	return true;
}

/* The step after which none is outstanding. */
static const struct step *
find_last(const struct play *play)
{
	const struct scenario *scenario = play->scenario;
	const struct step *end = scenario->steps + scenario->step_count;
	const struct step *step;
	size_t open = 0;

	for (step = play->step; step < end; step++) {
		if (is_verb(step, "submit") && succeeds(step, play->cell))
			open++;
		if ((is_verb(step, "collect") && succeeds(step, play->cell)) ||
		    is_verb(step, "free"))
			open--;
		if (open == 0)
			return step;
	}
	return end - 1;
}

static void
join_lines(struct play *play)
{
	struct play_stream *stream = &play->stream;
	const struct step *step;
	size_t i;

	free(stream->lines);
	stream->lines = NULL;
	stream->line_count = 0;
	for (step = play->step; step <= stream->last; step++) {
		for (i = 0; i < step->line_count; i++) {
			stream->lines =
			    dialogue_grow(stream->lines, stream->line_count,
					  sizeof(*stream->lines));
			stream->lines[stream->line_count++] = step->lines[i];
		}
	}
}

bool
stream_begin_step(struct play *play)
{
	struct play_stream *stream = &play->stream;

	if (stream->last != NULL && play->step <= stream->last)
		return false;
	stream->last = NULL;
	if (!is_verb(play->step, "submit"))
		return true;
	stream->last = find_last(play);
	join_lines(play);
	peer_begin(&play->peer, stream->lines, stream->line_count);
	witness_begin(&play->peer.witness);
	stream->begun = 0;
	return false;
}

bool
stream_goes_on(const struct play *play)
{
	return play->stream.last != NULL && play->step < play->stream.last;
}

void
stream_clear(struct play *play)
{
	free(play->stream.lines);
	play->stream.lines = NULL;
}

/*
 * Steps.
 */

/* Which of the mails: "2", or the first. */
static size_t
get_index(const struct play *play)
{
	struct source_line line = line_of(play);
	const char *argument = play->step->argument;
	size_t index = 1;

	if (*argument != '\0')
		index = (size_t)dialogue_number(&line, argument);
	if (index < 1 || index > play->scenario->mail_count ||
	    play->mails[index - 1] == NULL)
		dialogue_bad(&line, "there is no mail %zu", index);
	return index - 1;
}

static void
submit(struct play *play)
{
	struct play_stream *stream = &play->stream;
	struct source_line line = line_of(play);
	smtpc_transaction *mail = play->mails[get_index(play)];

	play->rc = smtpc_submit(play->session, mail);
	if (play->rc != SMTPC_OK) {
		/* What is not taken but for now has no fate. */
		if (play->rc < 0 && play->rc != SMTPC_E_BUSY)
			play->sent = mail;
		play->sent_number = SIZE_MAX / 2;
		play->fate = play->rc;
		return;
	}
	if (stream->count == PLAY_STEPS_MAX)
		dialogue_bad(&line, "there are too many");
	stream->mails[stream->count] = mail;
	stream->numbers[stream->count++] = stream->begun++;
}

/* Takes one out of those that are outstanding. */
static void
forget(struct play_stream *stream, size_t index)
{
	size_t behind = --stream->count - index;

	memmove(&stream->mails[index], &stream->mails[index + 1],
		behind * sizeof(stream->mails[0]));
	memmove(&stream->numbers[index], &stream->numbers[index + 1],
		behind * sizeof(stream->numbers[0]));
}

static void
collect(struct play *play)
{
	struct play_stream *stream = &play->stream;
	smtpc_transaction *mail = NULL;

	play->rc = smtpc_collect(play->session, &mail);
	if (play->rc == SMTPC_AGAIN) {
		(void)wait_drive(play, play->rc);
		play->rc = smtpc_collect(play->session, &mail);
	}
	if (play->rc != SMTPC_OK)
		return;
	if (stream->count == 0 || mail != stream->mails[0] ||
	    (*play->step->argument != '\0' &&
	     mail != play->mails[get_index(play)])) {
		play_fail(play, play->step->number,
			  "another transaction is handed back");
		return;
	}
	play->sent = mail;
	play->sent_number = stream->numbers[0];
	play->fate = smtpc_transaction_result(mail);
	forget(stream, 0);
}

/* Until neither side has anything to do. */
static void
linger(struct play *play)
{
	int64_t wakes;
	bool more;

	do {
		play->link.moved = false;
		play->rc = smtpc_process(play->session);
		more = play->link.moved || peer_turn(&play->peer, play->now);
		wakes = peer_wakes(&play->peer);
		if (!more && wakes != PEER_NEVER) {
			if (wakes > play->now)
				play->now = wakes;
			more = true;
		}
	} while (more);
	play->rc = SMTPC_OK;
}

static void
free_mail(struct play *play)
{
	struct play_stream *stream = &play->stream;
	size_t index = get_index(play);
	bool is_settled =
	    smtpc_transaction_result(play->mails[index]) != SMTPC_AGAIN;
	size_t i, place;

	for (place = 0; place < stream->count; place++)
		if (stream->mails[place] == play->mails[index])
			break;
	smtpc_transaction_free(play->mails[index]);
	play->mails[index] = NULL;
	play->rc = SMTPC_OK;
	if (place == stream->count)
		return;
	/* If it is withdrawn and the connection goes on, none of it was sent.
	 */
	for (i = place; !is_settled && i < stream->count; i++)
		if (smtpc_session_state(play->session) == SMTPC_STATE_READY)
			stream->numbers[i]--;
	forget(stream, place);
}

bool
stream_do(struct play *play)
{
	if (is_verb(play->step, "submit"))
		submit(play);
	else if (is_verb(play->step, "collect"))
		collect(play);
	else if (is_verb(play->step, "linger"))
		linger(play);
	else if (is_verb(play->step, "free"))
		free_mail(play);
	else
		return false;
	return true;
}

/*
 * Settings.
 */

static int
set_pipelining(struct play *play, const struct source_line *line,
	       const char *name)
{
	static const char *const names[] = {
		[SMTPC_PIPELINING_OFF] = "off",
		[SMTPC_PIPELINING_SAFE] = "safe",
		[SMTPC_PIPELINING_STREAM] = "stream",
	};
	int i;

	for (i = SMTPC_PIPELINING_OFF; i <= SMTPC_PIPELINING_STREAM; i++)
		if (strcmp(names[i], name) == 0)
			return smtpc_session_set_pipelining(play->session, i);
	dialogue_bad(line, "there is no level \"%s\"", name);
}

/* "OCTETS TRANSACTIONS". */
static int
set_window(struct play *play, const struct source_line *line, const char *value)
{
	char *octets = dialogue_word(&value);
	int rc;

	rc = smtpc_session_set_window(play->session,
				      dialogue_number(line, octets),
				      (size_t)dialogue_number(line, value));
	free(octets);
	return rc;
}

static int
set_protocol(struct play *play, const struct source_line *line,
	     const char *name)
{
	if (strcmp(name, "lmtp") == 0)
		return smtpc_session_set_protocol(play->session,
						  SMTPC_PROTOCOL_LMTP);
	if (strcmp(name, "smtp") != 0)
		dialogue_bad(line, "there is no protocol \"%s\"", name);
	return smtpc_session_set_protocol(play->session, SMTPC_PROTOCOL_SMTP);
}

bool
stream_apply(struct play *play, const struct setting *setting, int *ret_rc)
{
	struct source_line line = { play->scenario->file, setting->number, NULL,
				    0 };
	const char *key = setting->key;
	const char *value = setting->value;

	if (strcmp(key, "pipelining") == 0)
		*ret_rc = set_pipelining(play, &line, value);
	else if (strcmp(key, "chunking") == 0)
		*ret_rc = smtpc_session_set_chunking(play->session,
						     strcmp(value, "on") == 0);
	else if (strcmp(key, "chunk-threshold") == 0)
		*ret_rc = smtpc_session_set_chunk_threshold(
		    play->session, dialogue_number(&line, value));
	else if (strcmp(key, "window") == 0)
		*ret_rc = set_window(play, &line, value);
	else if (strcmp(key, "protocol") == 0)
		*ret_rc = set_protocol(play, &line, value);
	else if (strcmp(key, "disable") == 0)
		*ret_rc = smtpc_session_disable_extension(play->session, value);
	else
		return false;
	return true;
}

void
stream_equip(struct play *play)
{
	const struct scenario *scenario = play->scenario;

	play->peer.streams =
	    strcmp(scenario_setting(scenario, "pipelining", "safe"),
		   "stream") == 0;
	play->peer.witness.is_lmtp =
	    strcmp(scenario_setting(scenario, "protocol", "smtp"), "lmtp") == 0;
}

/*
 * What is expected.
 */

/*
 * How far the connection is while some are outstanding is nobody's affair, and
 * a step that finds it busy tells nothing about it.
 */
struct expected
stream_defaults(const struct play *play)
{
	struct expected expected = { NULL, "any", "any", "any", "any", "any" };

	if (!stream_is_step(play))
		return expected;
	expected.result = "OK";
	if (play->step == play->stream.last)
		expected.state = "ready";
	return expected;
}

void
stream_check_fate(struct play *play)
{
	size_t i;

	if (!is_verb(play->step, "collect") || play->sent == NULL)
		return;
	for (i = 0; i < play->step->fact_count; i++)
		if (strcmp(play->step->facts[i].key, "fate") == 0 &&
		    (play->step->facts[i].cells & play->cell) == play->cell)
			return;
	if (play->fate != SMTPC_OK)
		play_fail(play, play->step->number, "the fate is %s (%s)",
			  name_of_result(play->fate),
			  smtpc_transaction_error_message(play->sent));
}

void
stream_check_message(struct play *play)
{
	const char *message = smtpc_transaction_error_message(play->sent);

	if (!is_verb(play->step, "collect"))
		return;
	if ((play->fate == SMTPC_OK) != (*message == '\0'))
		play_fail(play, play->step->number,
			  "a fate that is not good has a message, and nothing "
			  "else has");
}

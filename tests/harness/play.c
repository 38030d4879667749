/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a play, from its beginning to the count of what is left. */
#include "play.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"
#include "heap.h"
#include "play_world.h"
#include "sasl_library.h"
#include "steps.h"
#include "wait.h"

#define BEGINNING_OF_TIME 1000000

void
play_fail(struct play *play, int number, const char *format, ...)
{
	struct octets *failure = &play->result->failure;
	char text[1024];
	va_list args;

	if (failure->len > 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	octets_printf(failure, "%s (%s): ", play_cell_name(play->cell),
		      play->step != NULL ? play->step->verb : "at the end");
	octets_append_escaped(failure, text, strlen(text));
	play->result->line = number;
}

/*
 * Cells.
 */

static const unsigned int cell_groups[][3] = {
	{ CELL_CLEAR, CELL_TLS, 0 },
	{ CELL_PIPELINING, CELL_TURNS, 0 },
	{ CELL_WHOLE, CELL_SEVEN, CELL_ONE },
	{ CELL_BLOCKING, CELL_NON_BLOCKING, 0 },
};

unsigned int
play_cell(size_t index)
{
	unsigned int cell = 0;
	size_t i, choices;

	/* Those that differ in nothing but blocking come in pairs. */
	for (i = sizeof(cell_groups) / sizeof(cell_groups[0]); i > 0; i--) {
		choices = cell_groups[i - 1][2] != 0 ? 3 : 2;
		cell |= cell_groups[i - 1][index % choices];
		index /= choices;
	}
	return index == 0 ? cell : 0;
}

const char *
play_cell_name(unsigned int cell)
{
	static char name[80];
	const char *octets = "all octets";

	if (cell & CELL_ONE)
		octets = "1 octet";
	else if (cell & CELL_SEVEN)
		octets = "7 octets";
	snprintf(name, sizeof(name), "%s, %s, %s, %s",
		 cell & CELL_BLOCKING ? "blocking" : "non-blocking", octets,
		 cell & CELL_PIPELINING ? "PIPELINING" : "no PIPELINING",
		 cell & CELL_TLS ? "TLS" : "clear");
	return name;
}

static size_t
step_of(unsigned int cell)
{
	if (cell & CELL_WHOLE)
		return MEMORY_UNLIMITED;
	return cell & CELL_SEVEN ? 7 : 1;
}

/*
 * The trace, which must not know secrets.
 */

static bool
is_line(const char *text, size_t len, const char *line)
{
	return strlen(line) == len && memcmp(text, line, len) == 0;
}

/* A line of AUTH: the mechanism may be seen, and nothing else. */
static bool
is_redacted(const char *text, size_t len)
{
	static const char hidden[] = " [hidden]";
	const char *blank;

	if (is_line(text, len, "[hidden]") || is_line(text, len, "*"))
		return true;
	if (len < 5 || memcmp(text, "AUTH ", 5) != 0)
		return false;
	blank = memchr(text + 5, ' ', len - 5);
	return blank == NULL ||
	       is_line(blank, len - (size_t)(blank - text), hidden);
}

/* What the trace may show of an exchange; smtpc_open() has other lines, too. */
static void
check_exchange(struct play *play, int kind, const char *text, size_t len)
{
	bool is_auth = strcmp(play->step->verb, "auth") == 0;

	if (!is_auth && strcmp(play->step->verb, "open") != 0)
		return;
	is_auth = is_auth || (len >= 5 && memcmp(text, "AUTH ", 5) == 0);
	if (kind == SMTPC_TRACE_CLIENT && is_auth && !is_redacted(text, len))
		play_fail(play, play->step->number,
			  "the trace shows what AUTH says");
	if (kind == SMTPC_TRACE_SERVER && len > 3 &&
	    memcmp(text, "334", 3) == 0 && !is_line(text, len, "334 [hidden]"))
		play_fail(play, play->step->number,
			  "the trace shows a challenge");
}

static void
hear_trace(int kind, const char *text, size_t len, void *userdata)
{
	struct play *play = userdata;
	size_t i;

	if (play->options->verbose)
		printf("#   %c %.*s\n", "CS*"[kind], (int)len, text);
	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			play_fail(play, play->step->number,
				  "the trace is not printable");
	if (auth_shows(play, text, len))
		play_fail(play, play->step->number, "the trace has a secret");
	check_exchange(play, kind, text, len);
}

/*
 * Steps.
 */

/* A fresh connection: the library's end of it. */
static struct stream *
new_connection(struct play *play)
{
	const struct play_options *options = play->options;
	struct peer *peer = &play->peer;
	const char *mode =
	    scenario_setting(play->scenario, "tls-mode", "required");
	bool implicit =
	    (play->cell & CELL_TLS) && strcmp(mode, "required") == 0;

	peer_clear_tls(peer);
	peer->tls_error = 0;
	peer->said_goodbye = peer->is_over = false;
	octets_clear(&peer->in);
	witness_clear(&peer->witness);
	witness_init(&peer->witness);
	stream_equip(play);
	memory_link_clear(&play->link);
	memory_link_init(&play->link, step_of(play->cell));
	play->link.open_result = play->open_result;
	if (options->refuse_client_after > 0)
		play->link.write_limit = options->refuse_client_after - 1;
	if (implicit)
		peer_start_tls(peer);
	return memory_stream_new(&play->link);
}

static int
do_connect(struct play *play)
{
	int rc;

	if (play->link.is_open) {
		rc =
		    steps_attach(play->session, memory_stream_new(&play->spare),
				 octets_data(&play->host), play->port);
		if (play->spare.is_open)
			play_fail(play, play->step->number,
				  "a second connection is not closed");
		return rc;
	}
	return steps_attach(play->session, new_connection(play),
			    octets_data(&play->host), play->port);
}

/* Over a socket, smtpc_open() would be these lines, too. */
static int
do_open(struct play *play)
{
	struct stream *stream = NULL;
	struct endpoint endpoint = { octets_data(&play->host), play->port,
				     &stream };
	int state = smtpc_session_state(play->session);
	int rc;

	if (state != SMTPC_STATE_DISCONNECTED && state != SMTPC_STATE_DEAD)
		return smtpc_open(play->session, endpoint.host, endpoint.port);
	stream = new_connection(play);
	rc = open_begin(play->session, &endpoint);
	if (stream != NULL)
		stream->operations->free(stream);
	return wait_until_done(play->session, rc);
}

/* The mail that the step names: "2", or the first. */
static smtpc_transaction **
mail_of(struct play *play)
{
	struct source_line line = { play->scenario->file, play->step->number,
				    NULL, 0 };
	const char *argument = play->step->argument;
	size_t index = 1;

	if (*argument != '\0')
		index = (size_t)dialogue_number(&line, argument);
	if (index < 1 || index > play->scenario->mail_count)
		dialogue_bad(&line, "there is no mail %zu", index);
	return &play->mails[index - 1];
}

static int
do_send(struct play *play)
{
	play->sent = *mail_of(play);
	play->sent_number = 0;
	if (play->stream.count == 0)
		witness_begin(&play->peer.witness);
	return smtpc_send(play->session, play->sent);
}

/* What is left over of a mail takes its place. */
static int
do_remainder(struct play *play)
{
	smtpc_transaction **place = mail_of(play);
	smtpc_transaction *rest;
	int rc = smtpc_transaction_remainder(*place, &rest);

	if (rc != SMTPC_OK)
		return rc;
	if (play->sent == *place)
		play->sent = NULL;
	smtpc_transaction_free(*place);
	*place = rest;
	return SMTPC_OK;
}

static int
do_command(struct play *play)
{
	struct source_line line = { play->scenario->file, play->step->number,
				    NULL, 0 };
	const char *rest = play->step->argument;
	struct octets verb = { 0 };
	struct octets argument = { 0 };
	char *word = dialogue_word(&rest);
	const char *text = word;
	int rc;

	dialogue_octets(&line, &text, false, 1, &verb, NULL);
	dialogue_octets(&line, &rest, false, 1, &argument, NULL);
	rc = smtpc_command(play->session, octets_data(&verb),
			   argument.len > 0 ? octets_data(&argument) : NULL);
	octets_clear(&verb);
	octets_clear(&argument);
	free(word);
	return rc;
}

/* What an event loop does with a session at rest, until nothing goes on. */
static int
do_process(struct play *play)
{
	int64_t wakes;
	bool more;
	int rc;

	do {
		play->link.moved = false;
		rc = smtpc_process(play->session);
		if (rc != SMTPC_OK)
			break;
		more = play->link.moved || peer_turn(&play->peer, play->now);
		wakes = peer_wakes(&play->peer);
		if (!more && wakes != PEER_NEVER) {
			if (wakes > play->now)
				play->now = wakes;
			more = true;
		}
	} while (more);
	return rc;
}

/* "10s" of nothing. */
static int
do_advance(struct play *play)
{
	struct source_line line = { play->scenario->file, play->step->number,
				    NULL, 0 };

	play->now += dialogue_time(&line, play->step->argument);
	return SMTPC_OK;
}

static int
do_set(struct play *play)
{
	const char *value = play->step->argument;
	struct setting setting = { play->step->number, NULL, NULL };
	char *copy;
	int rc;

	setting.key = dialogue_word(&value);
	setting.value = copy = dialogue_copy(value);
	rc = setup_apply(play, &setting);
	free(setting.key);
	free(copy);
	return rc;
}

static int
do_simple(struct play *play)
{
	static const struct {
		const char *verb;
		int (*call)(smtpc_session *session);
	} calls[] = {
		{ "ehlo", smtpc_ehlo },
		{ "starttls", smtpc_starttls },
		{ "accept", smtpc_accept_certificate },
		{ "auth", smtpc_auth },
		{ "rset", smtpc_rset },
		{ "noop", smtpc_noop },
		{ "quit", smtpc_quit },
		{ "disconnect", smtpc_disconnect },
	};
	struct source_line line = { play->scenario->file, play->step->number,
				    NULL, 0 };
	size_t i;

	play->stream.has_quit |=
	    strcmp(play->step->verb, "quit") == 0 && play->stream.count > 0;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].verb, play->step->verb) == 0)
			return calls[i].call(play->session);
	dialogue_bad(&line, "there is no step \"%s\"", play->step->verb);
}

static int
do_step(struct play *play)
{
	static const struct {
		const char *verb;
		int (*act)(struct play *play);
	} acts[] = {
		{ "connect", do_connect }, { "open", do_open },
		{ "send", do_send },	   { "command", do_command },
		{ "process", do_process }, { "advance", do_advance },
		{ "set", do_set },	   { "remainder", do_remainder },
	};
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i].verb, play->step->verb) == 0)
			return acts[i].act(play);
	if (stream_do(play))
		return play->rc;
	return do_simple(play);
}

/* The result that the file states, or NULL. */
static const char *
stated_result(const struct play *play)
{
	const struct step *step = play->step;
	size_t i;

	for (i = 0; i < step->fact_count; i++)
		if (strcmp(step->facts[i].key, "result") == 0 &&
		    (step->facts[i].cells & play->cell) == play->cell)
			return step->facts[i].value;
	return NULL;
}

/* Whether the step is none of the library's. */
static bool
is_preparation(const struct play *play)
{
	return strcmp(play->step->verb, "set") == 0 ||
	       strcmp(play->step->verb, "remainder") == 0 ||
	       strcmp(play->step->verb, "advance") == 0;
}

/* Whether the result is what the file says. */
static bool
is_as_stated(const struct play *play)
{
	const char *name = name_of_result(play->rc);
	const char *stated = stated_result(play);

	if (stated == NULL && stream_is_step(play))
		stated = "OK";
	return name != NULL && stated != NULL && strcmp(name, stated) == 0;
}

static bool
judge_preparation(struct play *play)
{
	const char *name = name_of_result(play->rc);
	const char *stated = stated_result(play);

	if (play->options->lenient)
		return play->rc == SMTPC_OK;
	if (strcmp(name != NULL ? name : "?", stated != NULL ? stated : "OK") !=
	    0)
		play_fail(play, play->step->number, "it fails with %s", name);
	return true;
}

/* False: this was the last one. */
static bool
judge(struct play *play)
{
	bool lenient = play->options->lenient;

	if (is_preparation(play))
		return judge_preparation(play);
	truth_record(play);
	truth_check(play);
	play->result->deviates = !is_as_stated(play);
	if (!lenient && !stream_goes_on(play))
		peer_end(&play->peer);
	if (play->peer.failure.len > 0)
		play_fail(play, play->step->number, "%s",
			  octets_data(&play->peer.failure));
	if (!lenient)
		facts_check(play);
	/* What was submitted before has a fate all the same. */
	if (lenient && stream_is_step(play))
		return true;
	return !play->result->deviates;
}

/*
 * Whatever a server says and however long the content is, a step takes no more
 * memory than this: the queues, a chunk of content, a reply.  What was said to
 * each recipient is kept.
 */
static void
check_memory(struct play *play, long before)
{
	long limit = 400000;

	if (play->sent != NULL)
		limit +=
		    1000 * (long)smtpc_transaction_recipient_count(play->sent);
	if (heap_peak() - before > limit)
		play_fail(play, play->step->number,
			  "the step took %ld octets of memory",
			  heap_peak() - before);
}

static void
record_result(struct play *play)
{
	struct play_result *result = play->result;

	if (result->steps < PLAY_STEPS_MAX)
		result->results[result->steps++] = play->rc;
	result->phase = smtpc_error_phase(play->session);
	result->state = smtpc_session_state(play->session);
	result->safe_to_retry = smtpc_error_safe_to_retry(play->session);
	result->took = play->now - play->step_began;
	snprintf(result->detail, sizeof(result->detail), "%s",
		 smtpc_error_detail(play->session));
}

static bool
play_step(struct play *play, const struct step *step)
{
	struct play_result *result = play->result;
	long before = heap_octets();
	size_t i;

	play->step = step;
	play->sent = NULL;
	octets_clear(&play->keeper.asked);
	play->step_began = play->now;
	play->cpu_began = clock();
	play->state_before = smtpc_session_state(play->session);
	if (stream_begin_step(play))
		peer_begin(&play->peer, step->lines, step->line_count);
	if (play->options->verbose)
		printf("# do %s %s\n", step->verb, step->argument);
	heap_forget_peak();
	play->rc = do_step(play);
	if (!stream_is_step(play)) {
		play->rc = wait_drive(play, play->rc);
		play->fate = play->rc;
	}
	check_memory(play, before);
	wait_settle(play);
	record_result(play);
	for (i = 0; play->sent != NULL && i < PLAY_RECIPIENTS_MAX; i++) {
		result->recipient_count =
		    smtpc_transaction_recipient_count(play->sent);
		result->outcomes[i] =
		    smtpc_transaction_recipient_outcome(play->sent, i);
	}
	/* Whoever waits for ever has no result. */
	if (play->rc == SMTPC_AGAIN)
		return false;
	return judge(play) && result->failure.len == 0;
}

/*
 * The play.
 */

static size_t
count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	if (directory == NULL)
		return 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void
act(struct play *play)
{
	const struct scenario *scenario = play->scenario;
	size_t i;
	int rc;

	setup_peer(play);
	if (play->options->end_server_after > 0)
		play->peer.end_after = play->options->end_server_after - 1;
	play->peer.manners.cut_after = play->options->cut_tls_after;
	play->peer.manners.cut_stalls = play->options->cut_tls_stalls;
	rc = setup_session(play);
	if (rc == SMTPC_OK)
		rc = smtpc_session_set_trace(play->session, hear_trace, play);
	if (rc == SMTPC_OK)
		rc = setup_mails(play);
	play->result->prepared = rc;
	if (rc != SMTPC_OK && !play->options->lenient)
		play_fail(play, scenario->number, "a setter fails with %s",
			  name_of_result(rc));
	for (i = 0; rc == SMTPC_OK && i < scenario->step_count; i++)
		if (!play_step(play, &scenario->steps[i]))
			break;
}

static void
complain(struct play *play, const char *what)
{
	play_fail(play, play->step->number, "cancelled, but %s", what);
}

/*
 * What had failed before, and was only being wound up, says so; whether the
 * fate of a mail is true is looked at later.
 */
static bool
may_end_so(const struct play *play, int rc, int before)
{
	if (rc == SMTPC_E_CANCELLED || (before < 0 && rc == before))
		return true;
	return play->sent != NULL && (rc < 0 || rc == SMTPC_IN_DOUBT);
}

/* Nothing goes on until the session is disconnected. */
static void
cancel(struct play *play)
{
	int before = smtpc_error_result(play->session);
	int over = SMTPC_STATE_DEAD;
	int rc;

	(void)smtpc_cancel(play->session);
	rc = smtpc_process(play->session);
	if (!may_end_so(play, rc, before))
		complain(play, "the result is another");
	if (play->sent != NULL && smtpc_transaction_result(play->sent) != rc)
		complain(play, "the result is not that of the mail");
	if (smtpc_error_result(play->session) != rc)
		complain(play, "the result is not that of the error");
	if (strcmp(play->step->verb, "quit") == 0)
		over = SMTPC_STATE_DISCONNECTED;
	if (smtpc_session_state(play->session) != over || play->link.is_open)
		complain(play, "it is not over");
	if (smtpc_noop(play->session) != SMTPC_E_CANCELLED ||
	    smtpc_process(play->session) != SMTPC_E_CANCELLED ||
	    smtpc_session_state(play->session) != SMTPC_STATE_DEAD)
		complain(play, "it goes on");
}

/* Whatever is in progress ends with the connection, and that at once. */
static void
abandon(struct play *play)
{
	if (play->options->abandon_how == ABANDON_MAILS)
		return;
	if (play->options->abandon_how == ABANDON_CANCEL)
		cancel(play);
	if (play->options->abandon_how == ABANDON_SESSION) {
		smtpc_session_free(play->session);
		play->session = NULL;
	} else {
		(void)smtpc_disconnect(play->session);
		if (smtpc_session_state(play->session) !=
		    SMTPC_STATE_DISCONNECTED)
			play_fail(play, play->step->number,
				  "disconnected, but the state is another");
		if (smtpc_noop(play->session) != SMTPC_E_STATE)
			play_fail(play, play->step->number,
				  "disconnected, but a step does not say so");
	}
	if (play->link.is_open)
		play_fail(play, play->step->number,
			  "given up, but the connection is open");
	wait_settle(play);
	if (play->sent != NULL)
		truth_check_abandoned(play);
}

static void
finish(struct play *play)
{
	struct play_result *result = play->result;

	if (play->options->verbose)
		printf("# %s\n", octets_data(&result->transcript));
	setup_clear(play);
	wait_settle(play);
	stream_clear(play);
	play->step = NULL;
	if (play->link.is_open)
		play_fail(play, play->scenario->number,
			  "the connection was not closed");
	octets_append(&result->wire, octets_data(&play->peer.from_client),
		      play->peer.from_client.len);
	result->octets_from_server = play->peer.spoken;
	result->octets_of_handshake = play->peer.manners.shaken;
	result->octets_from_client = (size_t)play->link.written;
	result->allocations = play->allocations;
	result->waits = play->waits;
	result->data_ended = witness_mail(&play->peer.witness, 0)->data_ended;
	peer_clear(&play->peer);
	memory_link_clear(&play->link);
}

/* Where everything is counted, before and after. */
static void
play_counted(struct play *play)
{
	const struct scenario *scenario = play->scenario;
	size_t descriptors = count_descriptors();
	long blocks = heap_blocks();
	long left;

	memory_link_init(&play->link, step_of(play->cell));
	memory_link_init(&play->spare, step_of(play->cell));
	peer_init(&play->peer, &play->link, play->cell);
	wait_install(play);
	act(play);
	if (play->result->abandoned)
		abandon(play);
	finish(play);
	wait_install(NULL);
	left = heap_blocks();
	/* Cyrus SASL frees by our functions what it has not got by them. */
	if (left > blocks)
		play_fail(play, scenario->number, "%ld blocks of memory leak",
			  left - blocks);
	if (count_descriptors() != descriptors)
		play_fail(play, scenario->number, "a descriptor leaks");
}

void
play(const struct scenario *scenario, unsigned int cell,
     const struct play_options *options, struct play_result *ret_result)
{
	struct play *play = calloc(1, sizeof(*play));

	if (play == NULL)
		abort();
	memset(ret_result, 0, sizeof(*ret_result));
	play->scenario = scenario;
	play->cell = cell;
	play->options = options;
	play->result = ret_result;
	play->now = BEGINNING_OF_TIME;
	/* What is made once for all plays does not count. */
	setup_certificate(play);
	play_counted(play);
	free(play);
}

void
play_result_clear(struct play_result *result)
{
	octets_clear(&result->failure);
	octets_clear(&result->transcript);
	octets_clear(&result->wire);
}

void
play_prepare(void)
{
	/* What Cyrus SASL keeps for ever is nobody's leak. */
	(void)sasl_library_prepare();
	setup_prepare();
}

void
play_finish(void)
{
	setup_finish();
}

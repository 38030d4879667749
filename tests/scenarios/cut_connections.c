/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays whole sessions with the connection cut: what the server sends ends
 * after its first octet, after its second, and so on; and what the client
 * writes is refused in the same way.  What each step must then come to is
 * worked out here, from the lines of the dialogue alone.
 */
#include <stdio.h>
#include <string.h>

#include "run.h"

#define RECIPIENTS_MAX 8

static const unsigned int cut_cells[] = {
	CELL_BLOCKING | CELL_WHOLE | CELL_PIPELINING | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_ONE | CELL_PIPELINING | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_SEVEN | CELL_TURNS | CELL_CLEAR,
	CELL_BLOCKING | CELL_WHOLE | CELL_TURNS | CELL_CLEAR,
	CELL_BLOCKING | CELL_WHOLE | CELL_PIPELINING | CELL_TLS,
	CELL_NON_BLOCKING | CELL_ONE | CELL_TURNS | CELL_TLS,
};

/*
 * Where, counted in octets, the script is so far: the client's commands end
 * and the replies to them.  One of these for each step.
 */
struct landmarks {
	/* The last octet of the step, of either side. */
	size_t client_end, server_end;

	/* Within a mail transaction; all 0: it is none. */
	size_t data_reply_end; /* of the 354 */
	size_t dot_end;	       /* of the final dot */
	size_t verdict_end;
	int verdict;
	size_t recipient_count;
	int replies[RECIPIENTS_MAX];
};

#define STEPS_MAX 8

struct map {
	struct landmarks steps[STEPS_MAX];
	size_t count;
};

/* What the last line of the client's was. */
enum said {
	SAID_OTHER,
	SAID_RCPT,
	SAID_DATA,
	SAID_DOT
};

static enum said
what_is_said(const struct script_line *line)
{
	const char *text = octets_data(&line->text);

	if (strncmp(text, "RCPT ", 5) == 0)
		return SAID_RCPT;
	if (strcmp(text, "DATA\r\n") == 0)
		return SAID_DATA;
	return strcmp(text, ".\r\n") == 0 ? SAID_DOT : SAID_OTHER;
}

/* A line of the server's, whose end is at the octet end. */
static void
map_reply(struct landmarks *step, enum said said,
	  const struct script_line *line, size_t end)
{
	const char *text = octets_data(&line->text);
	int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';

	if (text[3] == '-')
		return;
	switch (said) {
	case SAID_RCPT:
		ck_assert_uint_lt(step->recipient_count, RECIPIENTS_MAX);
		step->replies[step->recipient_count++] = code;
		break;
	case SAID_DATA:
		step->data_reply_end = end;
		break;
	case SAID_DOT:
		step->verdict = code;
		step->verdict_end = end;
		break;
	default:
		break;
	}
}

static void
map_step(const struct step *step, unsigned int cell, struct landmarks *before,
	 struct landmarks *ret)
{
	enum said said = SAID_OTHER;
	const struct script_line *line;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	ret->client_end = before->client_end;
	ret->server_end = before->server_end;
	for (i = 0; i < step->line_count; i++) {
		line = &step->lines[i];
		if ((line->cells & cell) != cell)
			continue;
		if (line->kind == LINE_CLIENT) {
			ret->client_end += line->text.len;
			said = what_is_said(line);
			if (said == SAID_DOT)
				ret->dot_end = ret->client_end;
		} else {
			ck_assert_int_eq(line->kind, LINE_SERVER);
			ret->server_end += line->text.len;
			map_reply(ret, said, line, ret->server_end);
		}
	}
}

static void
make_map(const struct scenario *scenario, unsigned int cell, struct map *ret)
{
	struct landmarks start = { 0 };
	size_t i;

	ck_assert_uint_le(scenario->step_count, STEPS_MAX);
	ret->count = scenario->step_count;
	for (i = 0; i < ret->count; i++)
		map_step(&scenario->steps[i], cell,
			 i > 0 ? &ret->steps[i - 1] : &start, &ret->steps[i]);
}

/*
 * The oracle.
 */

/* What one recipient's outcome must be. */
enum fate {
	FATE_NOBODY_HAS_IT,
	FATE_NOBODY_KNOWS,
	FATE_DECIDED
};

static int
refused_as(int code)
{
	return code / 100 == 4 ? SMTPC_OUTCOME_TRANSIENT
			       : SMTPC_OUTCOME_PERMANENT;
}

/*
 * Who was refused by RCPT stays so, if that was read; when the connection was
 * lost, it may not have been.
 */
static bool
is_right(int outcome, int rcpt, int verdict, enum fate fate)
{
	if (rcpt / 100 != 2)
		return outcome == refused_as(rcpt) ||
		       (fate == FATE_NOBODY_HAS_IT &&
			outcome == SMTPC_OUTCOME_NOT_ATTEMPTED);
	switch (fate) {
	case FATE_NOBODY_HAS_IT:
		return outcome == SMTPC_OUTCOME_NOT_ATTEMPTED;
	case FATE_NOBODY_KNOWS:
		return outcome == SMTPC_OUTCOME_IN_DOUBT;
	default:
		return outcome == (verdict / 100 == 2 ? SMTPC_OUTCOME_ACCEPTED
						      : refused_as(verdict));
	}
}

/* What the outcomes of all recipients make of the step. */
static bool
is_right_result(const struct landmarks *step, int rc, enum fate fate,
		bool server_ends)
{
	size_t i, refused = 0;

	for (i = 0; i < step->recipient_count; i++)
		if (step->replies[i] / 100 != 2)
			refused++;
	switch (fate) {
	case FATE_NOBODY_HAS_IT:
		/* A session may know already that the connection is gone. */
		return server_ends ? rc == SMTPC_E_CLOSED || rc == SMTPC_E_STATE
				   : rc == SMTPC_E_SYSTEM;
	case FATE_NOBODY_KNOWS:
		return rc == SMTPC_IN_DOUBT;
	default:
		if (step->verdict / 100 != 2)
			return rc == (step->verdict / 100 == 4
					  ? SMTPC_E_TRANSIENT
					  : SMTPC_E_PERMANENT);
		return rc == (refused > 0 ? SMTPC_PARTIAL : SMTPC_OK);
	}
}

struct cut {
	const struct scenario *scenario;
	unsigned int cell;
	size_t after;
	bool server_ends; /* or the client's writes are refused */
};

static enum fate
fate_of(const struct cut *cut, const struct landmarks *step,
	const struct play_result *result, int rc)
{
	if (!cut->server_ends)
		return cut->after < step->dot_end ? FATE_NOBODY_HAS_IT
						  : FATE_DECIDED;
	if (cut->after >= step->verdict_end)
		return FATE_DECIDED;
	if (cut->after > step->data_reply_end)
		return FATE_NOBODY_KNOWS;
	/*
	 * The end comes with the 354: did the client still send it all?  Under
	 * TLS it can't tell, once some of a record has left.
	 */
	if (cut->after == step->data_reply_end &&
	    (result->data_ended ||
	     ((cut->cell & CELL_TLS) && rc == SMTPC_IN_DOUBT)))
		return FATE_NOBODY_KNOWS;
	return FATE_NOBODY_HAS_IT;
}

static void
check_mail(const struct cut *cut, const struct landmarks *step,
	   const struct play_result *result, int rc)
{
	enum fate fate = fate_of(cut, step, result, rc);
	size_t i;

	ck_assert_msg(is_right_result(step, rc, fate, cut->server_ends),
		      "%s: %s: cut after octet %zu of the %s: the result is %d",
		      cut->scenario->name, play_cell_name(cut->cell),
		      cut->after, cut->server_ends ? "server" : "client", rc);
	for (i = 0; i < step->recipient_count; i++)
		ck_assert_msg(
		    is_right(result->outcomes[i], step->replies[i],
			     step->verdict, fate),
		    "%s: %s: cut after octet %zu of the %s: recipient %zu is "
		    "%d",
		    cut->scenario->name, play_cell_name(cut->cell), cut->after,
		    cut->server_ends ? "server" : "client", i,
		    result->outcomes[i]);
}

/* A step of one command and one reply, or of one reply alone. */
static bool
is_right_step(const struct cut *cut, const struct step *step,
	      const struct landmarks *marks, int rc)
{
	bool is_quit = strcmp(step->verb, "quit") == 0;

	if (cut->server_ends && cut->after >= marks->server_end)
		return rc == SMTPC_OK;
	if (!cut->server_ends && cut->after >= marks->client_end)
		return rc == SMTPC_OK;
	/* Who says goodbye does not mind that nobody is there any more. */
	if (is_quit && rc == SMTPC_OK)
		return true;
	if (cut->server_ends)
		return rc == SMTPC_E_CLOSED || rc == SMTPC_E_STATE;
	return rc == SMTPC_E_SYSTEM;
}

static void
check_steps(const struct cut *cut, const struct map *map,
	    const struct play_result *result)
{
	const struct landmarks *marks;
	const struct step *step;
	size_t i;

	ck_assert_msg(result->failure.len == 0,
		      "%s:%d: cut after octet %zu of the %s: %s",
		      cut->scenario->file, result->line, cut->after,
		      cut->server_ends ? "server" : "client",
		      octets_data(&result->failure));
	for (i = 0; i < result->steps; i++) {
		step = &cut->scenario->steps[i];
		marks = &map->steps[i];
		if (marks->dot_end > 0) {
			check_mail(cut, marks, result, result->results[i]);
			continue;
		}
		ck_assert_msg(is_right_step(cut, step, marks,
					    result->results[i]),
			      "%s: %s: cut after octet %zu of the %s: %s is %d",
			      cut->scenario->name, play_cell_name(cut->cell),
			      cut->after,
			      cut->server_ends ? "server" : "client",
			      step->verb, result->results[i]);
	}
}

static void
play_cut(const struct cut *cut, const struct map *map)
{
	struct play_options options = { 0 };
	struct play_result result;

	options.lenient = true;
	if (cut->server_ends)
		options.end_server_after = cut->after + 1;
	else
		options.refuse_client_after = cut->after + 1;
	options.verbose = run_is_verbose();
	play(cut->scenario, cut->cell, &options, &result);
	run_count(1);
	check_steps(cut, map, &result);
	play_result_clear(&result);
}

/* After every octet, from none to all of them. */
static size_t
play_cuts(struct cut *cut, const struct map *map)
{
	const struct landmarks *last = &map->steps[map->count - 1];
	size_t plays = 0;

	cut->server_ends = true;
	for (cut->after = 0; cut->after <= last->server_end; cut->after++)
		play_cut(cut, map), plays++;
	/* TLS's octets are others than those of the script. */
	if (cut->cell & CELL_TLS)
		return plays;
	cut->server_ends = false;
	for (cut->after = 0; cut->after <= last->client_end; cut->after++)
		play_cut(cut, map), plays++;
	return plays;
}

static void
cut_everywhere(const struct scenario *scenario)
{
	struct cut cut = { scenario, 0, 0, false };
	struct map map;
	size_t i, plays = 0;

	for (i = 0; i < sizeof(cut_cells) / sizeof(cut_cells[0]); i++) {
		cut.cell = cut_cells[i];
		make_map(cut.scenario, cut.cell, &map);
		plays += play_cuts(&cut, &map);
	}
	printf("# %s: %zu cuts\n", cut.scenario->name, plays);
}

/*
 * Under TLS, writing is refused after every octet of TLS's.  Which of the
 * session's have left by then nobody can say from here; but what is promised
 * must hold, and that the player looks after.
 */
static void
refuse_everywhere_under_TLS(const struct scenario *scenario)
{
	struct play_options options = { 0 };
	struct play_result result;
	size_t after = 0;
	size_t octets;

	options.lenient = true;
	do {
		options.refuse_client_after = ++after;
		play(scenario,
		     CELL_BLOCKING | CELL_WHOLE | CELL_PIPELINING | CELL_TLS,
		     &options, &result);
		octets = result.octets_from_client;
		ck_assert_msg(result.failure.len == 0, "octet %zu: %s", after,
			      octets_data(&result.failure));
		play_result_clear(&result);
	} while (octets + 1 >= after);
	ck_assert_uint_gt(after, 500);
	printf("# %s: %zu refusals\n", scenario->name, after);
}

/*
 * Any session at all: who is authenticated, and whose certificate is accepted.
 * What becomes of each mail the player knows from the server's own words; here
 * is seen to it that no step succeeds that was not answered to its end.
 */

/* How many octets each side has sent when a step is over, uncut. */
struct ends {
	size_t server[STEPS_MAX], client[STEPS_MAX];
	int results[STEPS_MAX];
	bool shakes_hands[STEPS_MAX]; /* in the middle of it */
	bool has_tls;
};

static void
measure(const struct scenario *scenario, unsigned int cell, struct ends *ret)
{
	struct play_options options = { 0 };
	struct play_result result;
	struct scenario part = *scenario;
	const struct step *step;
	size_t i, j;

	memset(ret, 0, sizeof(*ret));
	ret->has_tls = (cell & CELL_TLS) != 0;
	ck_assert_uint_le(scenario->step_count, STEPS_MAX);
	for (i = 0; i < scenario->step_count; i++) {
		part.step_count = i + 1;
		play(&part, cell, &options, &result);
		ck_assert_msg(result.failure.len == 0, "%s",
			      octets_data(&result.failure));
		ret->server[i] = result.octets_from_server;
		ret->client[i] = result.octets_from_client;
		ret->results[i] = result.results[i];
		play_result_clear(&result);
		step = &scenario->steps[i];
		for (j = 0; j < step->line_count; j++)
			if (step->lines[j].kind == LINE_TLS)
				ret->shakes_hands[i] = ret->has_tls = true;
	}
}

/* What a connection that is lost may make of any step. */
static bool
is_loss(int rc)
{
	return rc == SMTPC_E_CLOSED || rc == SMTPC_E_SYSTEM ||
	       rc == SMTPC_E_TLS || rc == SMTPC_E_PROTOCOL ||
	       rc == SMTPC_E_STATE;
}

/* A step that was cut short: it failed, or it failed before that. */
static bool
is_failure(const struct step *step, int rc, int uncut, const char *detail)
{
	/* Lost behind a refusal, with or without another mechanism to try. */
	if (rc == SMTPC_E_AUTH_UNAVAILABLE && strcmp(step->verb, "auth") == 0 &&
	    (strcmp(detail, "reconnect") == 0 ||
	     strcmp(detail, "mechanism-refused") == 0))
		return true;
	if (strcmp(step->verb, "quit") == 0 && rc == SMTPC_OK)
		return true;
	if (strcmp(step->verb, "send") == 0 && rc == SMTPC_IN_DOUBT)
		return true;
	return is_loss(rc) || (uncut < 0 && rc == uncut);
}

static bool
is_right_anyway(const struct cut *cut, const struct ends *ends, size_t i,
		const struct play_result *result)
{
	int rc = result->results[i];
	const struct step *step = &cut->scenario->steps[i];
	size_t end = cut->server_ends ? ends->server[i] : ends->client[i];

	if (cut->after < end)
		return is_failure(step, rc, ends->results[i], result->detail);
	/* The server is gone before it shakes hands. */
	if (cut->after == end && ends->shakes_hands[i] && is_loss(rc))
		return true;
	return rc == ends->results[i];
}

/* The scenario up to the step in which the cut falls. */
static struct scenario
up_to_cut(const struct cut *cut, const struct ends *ends)
{
	const size_t *all = cut->server_ends ? ends->server : ends->client;
	struct scenario part = *cut->scenario;
	size_t i;

	for (i = 0; i + 1 < part.step_count && cut->after >= all[i]; i++)
		;
	part.step_count = i + 1;
	return part;
}

static void
play_cut_anyway(const struct cut *cut, const struct ends *ends)
{
	struct scenario part = up_to_cut(cut, ends);
	struct play_options options = { 0 };
	struct play_result result;
	size_t i;

	options.lenient = true;
	if (cut->server_ends)
		options.end_server_after = cut->after + 1;
	else
		options.refuse_client_after = cut->after + 1;
	play(&part, cut->cell, &options, &result);
	run_count(1);
	ck_assert_msg(result.failure.len == 0,
		      "%s:%d: cut after octet %zu of the %s: %s",
		      cut->scenario->file, result.line, cut->after,
		      cut->server_ends ? "server" : "client",
		      octets_data(&result.failure));
	for (i = 0; i < result.steps; i++)
		ck_assert_msg(is_right_anyway(cut, ends, i, &result),
			      "%s: %s: cut after octet %zu of the %s: %s is %d",
			      cut->scenario->name, play_cell_name(cut->cell),
			      cut->after,
			      cut->server_ends ? "server" : "client",
			      cut->scenario->steps[i].verb, result.results[i]);
	play_result_clear(&result);
}

static size_t
play_cuts_anyway(struct cut *cut, const struct ends *ends)
{
	size_t last = cut->scenario->step_count - 1;
	size_t plays = 0;

	cut->server_ends = true;
	for (cut->after = 0; cut->after <= ends->server[last]; cut->after++)
		play_cut_anyway(cut, ends), plays++;
	/* TLS's octets are others each time. */
	if (ends->has_tls)
		return plays;
	cut->server_ends = false;
	for (cut->after = 0; cut->after <= ends->client[last]; cut->after++)
		play_cut_anyway(cut, ends), plays++;
	return plays;
}

static void
cut_anyway(const struct scenario *scenario)
{
	struct cut cut = { scenario, 0, 0, false };
	struct ends ends;
	size_t i, plays = 0;

	for (i = 0; i < sizeof(cut_cells) / sizeof(cut_cells[0]); i++) {
		if ((scenario->cells & cut_cells[i]) != cut_cells[i])
			continue;
		cut.cell = cut_cells[i];
		measure(scenario, cut.cell, &ends);
		plays += play_cuts_anyway(&cut, &ends);
	}
	ck_assert_uint_gt(plays, 100);
	printf("# %s: %zu cuts\n", scenario->name, plays);
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "cut", "cut_", cut_everywhere },
		{ "refused_under_TLS", "cut_", refuse_everywhere_under_TLS },
		{ "any", "", cut_anyway },
	};

	return run_cases(argc, argv, "cut", cases, 3);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays the canonical scenarios without blocking and gives up in the middle:
 * after the first wait, after the second, and so on, in each of the ways that
 * a caller has.  Nothing leaks, the connection is closed, and a mail under way
 * has a fate that is true.
 */
#include <stdio.h>

#include "run.h"

/* In one cell and in one way, about. */
#define PLAYS_MAX 300

/* One octet at a time goes through every state that there is. */
static const unsigned int abandoned_cells[] = {
	CELL_NON_BLOCKING | CELL_ONE | CELL_PIPELINING | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_SEVEN | CELL_TURNS | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_SEVEN | CELL_PIPELINING | CELL_TLS,
	CELL_NON_BLOCKING | CELL_WHOLE | CELL_TURNS | CELL_TLS,
};

/* Returns how often it was waited for; after is 0: it is not given up. */
static size_t
play_and_abandon(const struct scenario *scenario, unsigned int cell,
		 size_t after, enum play_abandon how)
{
	struct play_options options = { 0 };
	struct play_result result;
	size_t waits;

	options.lenient = true;
	options.abandon_after = after;
	options.abandon_how = how;
	options.verbose = run_is_verbose();
	play(scenario, cell, &options, &result);
	run_count(1);
	waits = result.waits;
	ck_assert_msg(result.failure.len == 0, "%s:%d: after wait %zu: %s",
		      scenario->file, result.line, after,
		      octets_data(&result.failure));
	ck_assert_msg(result.abandoned == (after > 0),
		      "%s:%d: not given up after wait %zu", scenario->file,
		      scenario->number, after);
	play_result_clear(&result);
	return waits;
}

/* In each of the ways, and so often that all states are met. */
static size_t
abandon_in_cell(const struct scenario *scenario, unsigned int cell)
{
	size_t waits = play_and_abandon(scenario, cell, 0, ABANDON_MAILS);
	size_t stride = 1 + waits / PLAYS_MAX;
	/* How long a handshake is, differs by some octets. */
	size_t margin = cell & CELL_WHOLE ? 0 : 20;
	size_t plays = 0;
	enum play_abandon how;
	size_t after;

	for (how = ABANDON_MAILS; how <= ABANDON_CANCEL; how++) {
		for (after = 1; after + margin <= waits; after += stride) {
			play_and_abandon(scenario, cell, after, how);
			plays++;
		}
	}
	return plays;
}

static void
abandon_everywhere(const struct scenario *scenario)
{
	size_t i, plays = 0;

	for (i = 0; i < sizeof(abandoned_cells) / sizeof(abandoned_cells[0]);
	     i++)
		if ((scenario->cells & abandoned_cells[i]) ==
		    abandoned_cells[i])
			plays += abandon_in_cell(scenario, abandoned_cells[i]);
	ck_assert_uint_gt(plays, 100);
	printf("# %s: given up %zu times\n", scenario->name, plays);
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "given_up", "", abandon_everywhere },
	};

	return run_cases(argc, argv, "abandoned", cases, 1);
}

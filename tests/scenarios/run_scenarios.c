/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays each scenario of a dialogue file in every cell of the matrix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static void
failed_play(const struct scenario *scenario, const struct play_result *result)
{
	ck_abort_msg("%s:%d: %s", scenario->file, result->line,
		     octets_data(&result->failure));
}

static bool
is_same(const struct octets *one, const struct octets *other)
{
	return one->len == other->len &&
	       memcmp(octets_data(one), octets_data(other), one->len) == 0;
}

/* Blocking or not, a caller sees the same and the wire has the same. */
static void
compare(const struct scenario *scenario, unsigned int cell,
	const struct play_result *one, const struct play_result *other)
{
	if (!is_same(&one->wire, &other->wire))
		ck_abort_msg("%s:%d: %s: blocking and not, the octets differ",
			     scenario->file, scenario->number,
			     play_cell_name(cell));
	if (is_same(&one->transcript, &other->transcript))
		return;
	printf("# blocking:\n# %s# not:\n# %s", octets_data(&one->transcript),
	       octets_data(&other->transcript));
	ck_abort_msg("%s:%d: %s: blocking and not, the results differ",
		     scenario->file, scenario->number, play_cell_name(cell));
}

/*
 * With SMTPC_TEST_CELLS=fewer, octets come one by one only where a scenario is
 * for nothing else: that takes the most time.
 */
static bool
is_left_out(const struct scenario *scenario, unsigned int cell)
{
	const char *cells = getenv("SMTPC_TEST_CELLS");

	return cells != NULL && strcmp(cells, "fewer") == 0 &&
	       (cell & CELL_ONE) &&
	       (scenario->cells & (CELL_SEVEN | CELL_WHOLE));
}

static bool
is_wanted(const struct scenario *scenario, unsigned int cell)
{
	return (scenario->cells & cell) == cell && !is_left_out(scenario, cell);
}

static void
play_cells(const struct scenario *scenario)
{
	struct play_options options = { 0 };
	struct play_result result, before;
	unsigned int cell, cell_before = 0;
	size_t i;

	options.verbose = run_is_verbose();
	memset(&before, 0, sizeof(before));
	for (i = 0; (cell = play_cell(i)) != 0; i++) {
		if (!is_wanted(scenario, cell))
			continue;
		if (run_is_verbose())
			printf("# %s\n", play_cell_name(cell));
		play(scenario, cell, &options, &result);
		run_count(1);
		if (result.failure.len > 0)
			failed_play(scenario, &result);
		if ((cell & CELL_NON_BLOCKING) &&
		    cell_before == (cell ^ CELL_BLOCKING ^ CELL_NON_BLOCKING))
			compare(scenario, cell, &before, &result);
		play_result_clear(&before);
		before = result;
		cell_before = cell;
	}
	play_result_clear(&before);
	ck_assert_msg(cell_before != 0, "there is no cell to play");
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "played", "", play_cells },
	};

	return run_cases(argc, argv, "scenarios", cases, 1);
}

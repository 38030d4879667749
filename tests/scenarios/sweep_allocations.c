/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays the canonical scenarios with one allocation of the library's failing:
 * the first, the second, and so on, until none fails any more; and the same
 * with all that follow failing, too.  Whatever step that hits ends in a way
 * that is defined, promises nothing that is not so, and leaks nothing.
 */
#include <stdio.h>
#include <string.h>

#include "run.h"

/* With the octets cut, the same allocations happen. */
static const unsigned int swept[] = {
	CELL_BLOCKING | CELL_WHOLE | CELL_PIPELINING | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_WHOLE | CELL_TURNS | CELL_CLEAR,
	CELL_BLOCKING | CELL_WHOLE | CELL_TURNS | CELL_TLS,
};

/* What a step may come to that it does not come to otherwise. */
static bool
is_defined(const struct play_result *result, bool fault_stays)
{
	int rc = result->prepared;

	if (rc != SMTPC_OK)
		return rc == SMTPC_E_NOMEM;
	if (!result->deviates)
		return true;
	rc = result->results[result->steps - 1];
	/* A step that was refused anyway may have cost the connection. */
	if (rc == SMTPC_E_STATE)
		return result->steps > 1;
	/* Who is asked for a secret may have no memory for it. */
	if (rc == SMTPC_E_CANCELLED)
		return strcmp(result->detail, "secret-refused") == 0;
	if (rc == SMTPC_E_TIMEOUT)
		return fault_stays && result->phase == SMTPC_PHASE_AUTH;
	return rc == SMTPC_E_NOMEM || rc == SMTPC_IN_DOUBT;
}

/* False: no allocation failed, so this is the end of the sweep. */
static bool
play_with_fault(const struct scenario *scenario, unsigned int cell,
		size_t fault_at, bool fault_stays)
{
	struct play_options options = { 0 };
	struct play_result result;
	bool hit;

	options.lenient = true;
	options.fault_at = fault_at;
	options.fault_stays = fault_stays;
	options.verbose = run_is_verbose();
	play(scenario, cell, &options, &result);
	run_count(1);
	hit = result.allocations >= fault_at;
	ck_assert_msg(result.failure.len == 0, "%s:%d: allocation %zu%s: %s",
		      scenario->file, result.line, fault_at,
		      fault_stays ? " and all later ones" : "",
		      octets_data(&result.failure));
	ck_assert_msg(is_defined(&result, fault_stays),
		      "%s:%d: %s: allocation %zu%s: step %zu is %d",
		      scenario->file, scenario->number, play_cell_name(cell),
		      fault_at, fault_stays ? " and all later ones" : "",
		      result.steps,
		      result.steps > 0 ? result.results[result.steps - 1] : 0);
	ck_assert_msg(hit || (result.prepared == SMTPC_OK && !result.deviates),
		      "%s: nothing failed, and still it went wrong",
		      scenario->name);
	play_result_clear(&result);
	return hit;
}

static void
sweep(const struct scenario *scenario)
{
	size_t fault_at = 0;
	size_t i, cells = 0;

	for (i = 0; i < sizeof(swept) / sizeof(swept[0]); i++) {
		if ((scenario->cells & swept[i]) != swept[i])
			continue;
		for (fault_at = 1;
		     play_with_fault(scenario, swept[i], fault_at, false);
		     fault_at++)
			;
		for (fault_at = 1;
		     play_with_fault(scenario, swept[i], fault_at, true);
		     fault_at++)
			;
		cells++;
	}
	/* Each needs some: otherwise nothing was swept. */
	ck_assert_uint_gt(cells, 0);
	ck_assert_uint_gt(fault_at, 10);
	printf("# %s: %zu allocations\n", scenario->name, fault_at - 1);
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "swept", "", sweep },
	};

	return run_cases(argc, argv, "allocations", cases, 1);
}

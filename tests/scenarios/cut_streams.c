/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays streams of messages with the connection cut: what the server sends ends
 * after its first octet, after its second, and so on; and what the client
 * writes is refused in the same way.  Whatever comes of it, play_truth.c holds
 * each outcome against what the server has said and heard.
 */
#include <stdio.h>

#include "run.h"

static const unsigned int cut_cells[] = {
	CELL_BLOCKING | CELL_WHOLE | CELL_PIPELINING | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_SEVEN | CELL_PIPELINING | CELL_CLEAR,
	CELL_NON_BLOCKING | CELL_ONE | CELL_PIPELINING | CELL_CLEAR,
	CELL_BLOCKING | CELL_WHOLE | CELL_PIPELINING | CELL_TLS,
};

#define CELLS (sizeof(cut_cells) / sizeof(cut_cells[0]))

static void
check(const struct scenario *scenario, const struct play_result *result,
      const char *what, size_t after)
{
	run_count(1);
	if (result->failure.len > 0)
		ck_abort_msg("%s:%d: %s after %zu octets: %s", scenario->file,
			     result->line, what, after,
			     octets_data(&result->failure));
}

/* How many octets either side sends if nobody stops it. */
static void
measure(const struct scenario *scenario, unsigned int cell,
	size_t *ret_of_server, size_t *ret_of_client)
{
	struct play_options options = { 0 };
	struct play_result result;

	play(scenario, cell, &options, &result);
	check(scenario, &result, "not cut", 0);
	*ret_of_server = result.octets_from_server;
	*ret_of_client = result.octets_from_client;
	play_result_clear(&result);
}

static void
cut_cell(const struct scenario *scenario, unsigned int cell)
{
	struct play_options options = { 0 };
	struct play_result result;
	size_t of_server, of_client, after;

	measure(scenario, cell, &of_server, &of_client);
	options.lenient = true;
	for (after = 0; after <= of_server; after++) {
		options.end_server_after = after + 1;
		play(scenario, cell, &options, &result);
		check(scenario, &result, "the server ends", after);
		play_result_clear(&result);
	}
	options.end_server_after = 0;
	for (after = 0; after <= of_client; after++) {
		options.refuse_client_after = after + 1;
		play(scenario, cell, &options, &result);
		check(scenario, &result, "writing fails", after);
		play_result_clear(&result);
	}
}

static void
cut_everywhere(const struct scenario *scenario)
{
	size_t i;

	for (i = 0; i < CELLS; i++)
		cut_cell(scenario, cut_cells[i]);
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "cut", "", cut_everywhere },
	};

	return run_cases(argc, argv, "cut streams", cases, 1);
}

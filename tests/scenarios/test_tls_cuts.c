/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of a handshake ends after its first octet, after its
 * second, and so on: with the end of the connection, or with silence.  Each
 * scenario is one of those that shake hands.
 */
#include <stdio.h>
#include <string.h>

#include "run.h"

static const unsigned int cells[] = {
	CELL_BLOCKING | CELL_WHOLE | CELL_TURNS,
	CELL_NON_BLOCKING | CELL_ONE | CELL_TURNS,
};

struct cut {
	const struct scenario *scenario;
	unsigned int cell;
	size_t after;
	bool stalls;
	size_t shaken; /* the octets of the whole handshake */
};

static void
play_cut(struct cut *cut, struct play_result *ret_result)
{
	struct play_options options = { 0 };

	options.lenient = true;
	options.verbose = run_is_verbose();
	if (cut->after != SIZE_MAX)
		options.cut_tls_after = cut->after + 1;
	options.cut_tls_stalls = cut->stalls;
	play(cut->scenario, cut->cell, &options, ret_result);
	run_count(1);
	ck_assert_msg(ret_result->failure.len == 0,
		      "%s: cut after octet %zu: %s", play_cell_name(cut->cell),
		      cut->after, octets_data(&ret_result->failure));
}

/* Signatures are not always of the same length: this one was not cut. */
static bool
is_whole(const struct cut *cut, const struct play_result *result)
{
	return result->octets_of_handshake > 0 &&
	       cut->after >= result->octets_of_handshake;
}

/*
 * The step that shakes hands is the last one, then, and nothing was said under
 * TLS.
 */
static void
check_cut(const struct cut *cut, const struct play_result *result)
{
	int wanted = cut->stalls ? SMTPC_E_TIMEOUT : SMTPC_E_TLS;
	int rc;

	ck_assert_uint_gt(result->steps, 0);
	rc = result->results[result->steps - 1];
	ck_assert_msg(rc == wanted, "%s: %s after octet %zu of %zu: %d",
		      play_cell_name(cut->cell),
		      cut->stalls ? "silence" : "the end", cut->after,
		      cut->shaken, rc);
	ck_assert_int_eq(result->phase, SMTPC_PHASE_TLS);
	ck_assert_int_eq(result->state, SMTPC_STATE_DEAD);
	ck_assert_uint_eq(result->safe_to_retry, 1);
	if (cut->stalls)
		ck_assert_int_eq(result->took, 60000);
	else
		ck_assert_str_eq(result->detail, "tls-closed");
	ck_assert_ptr_null(strstr(octets_data(&result->wire), "MAIL"));
}

/* How long it is when nothing is cut. */
static void
measure(struct cut *cut)
{
	struct play_result result;

	cut->after = SIZE_MAX;
	play_cut(cut, &result);
	ck_assert(!result.deviates);
	cut->shaken = result.octets_of_handshake;
	ck_assert_uint_gt(cut->shaken, 500);
	play_result_clear(&result);
}

/* 1, or 0 if there was nothing to cut. */
static size_t
try_cut(struct cut *cut, bool stalls)
{
	struct play_result result;
	bool whole;

	cut->stalls = stalls;
	play_cut(cut, &result);
	whole = is_whole(cut, &result);
	if (!whole)
		check_cut(cut, &result);
	play_result_clear(&result);
	return whole ? 0 : 1;
}

static void
cut_everywhere(const struct scenario *scenario)
{
	struct cut cut = { .scenario = scenario };
	size_t i, plays = 0;

	for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		cut.cell = cells[i] |
			   (scenario->cells & CELL_TLS ? CELL_TLS : CELL_CLEAR);
		measure(&cut);
		for (cut.after = 0; cut.after < cut.shaken; cut.after++) {
			plays += try_cut(&cut, false);
			plays += try_cut(&cut, true);
		}
	}
	/* At every octet but a few at the very end, in both ways and cells. */
	ck_assert_uint_ge(plays, 4 * (cut.shaken - 16));
	printf("# %s: %zu cuts\n", scenario->name, plays);
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "cut", "D_077_", cut_everywhere },
	};

	return run_cases(argc, argv, "tls_cuts", cases, 1);
}

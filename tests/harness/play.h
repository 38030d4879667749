/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays one scenario in one cell of the matrix: the library's real code on one
 * side, the scripted peer on the other, and in between neither a descriptor
 * nor a thread nor a second of real time.
 */
#ifndef HARNESS_PLAY_H
#define HARNESS_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

#include "dialogue.h"

/* What else is to happen in a play: all zero is nothing. */
struct play_options {
	/* The allocation, from 1 on, that fails, and whether all later do. */
	size_t fault_at;
	bool fault_stays;

	/* So many octets, plus 1: the server ends; writing begins to fail. */
	size_t end_server_after;
	size_t refuse_client_after;

	/* The same of the octets of the server's TLS, tickets and all. */
	size_t cut_tls_after;
	bool cut_tls_stalls; /* and there is no end */

	/*
	 * After so many waits, in a session that does not block, the caller
	 * gives up in the middle of whatever is in progress.
	 */
	size_t abandon_after;
	enum play_abandon {
		ABANDON_MAILS,	    /* frees them, and then the session */
		ABANDON_SESSION,    /* frees it, and then the mails */
		ABANDON_CONNECTION, /* disconnects, and frees all */
		ABANDON_CANCEL,	    /* cancels, disconnects, and frees all */
	} abandon_how;

	/*
	 * A step may end otherwise than the file says, and is then the last
	 * one.  What never may be, still fails.
	 */
	bool lenient;

	/* Print both sides and all results as they come. */
	bool verbose;
};

#define PLAY_STEPS_MAX	    64
#define PLAY_RECIPIENTS_MAX 8

/* What came of it. */
struct play_result {
	/* Empty: all was well.  Otherwise a sentence, and where. */
	struct octets failure;
	int line;

	/* How the setters before the first step ended, and then each step. */
	int prepared;
	int results[PLAY_STEPS_MAX];
	size_t steps;
	bool deviates; /* the last one, from what the file says */
	/* What the session has to say about that. */
	int phase, state, safe_to_retry;
	int64_t took;
	char detail[32];
	size_t allocations;

	/* Of the mail that was sent last. */
	size_t recipient_count;
	int outcomes[PLAY_RECIPIENTS_MAX];

	/* All that was seen by the caller, and what the client sent. */
	struct octets transcript, wire;
	size_t octets_from_server, octets_from_client;
	size_t octets_of_handshake; /* the server's */
	bool data_ended;	    /* the server has the final dot */
	bool abandoned;
	size_t waits; /* in a session that does not block */
};

/* Once, before the first play: certificates and trust. */
void play_prepare(void);
void play_finish(void);

/* How a cell is called, and the cells there are, by number; 0: no more. */
const char *play_cell_name(unsigned int cell);
unsigned int play_cell(size_t index);

/* ret_result is the caller's to clear. */
void play(const struct scenario *scenario, unsigned int cell,
	  const struct play_options *options, struct play_result *ret_result);
void play_result_clear(struct play_result *result);

#endif

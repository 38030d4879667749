/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listens to both sides of a dialogue and knows, from the octets alone and
 * without the library's parser, what a server has promised to whom.
 */
#ifndef HARNESS_WITNESS_H
#define HARNESS_WITNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "octets.h"

#define WITNESS_RECIPIENTS_MAX 4096
#define WITNESS_QUEUE_MAX      8192

/* What a line of the client's asks for, as far as that matters here. */
enum witness_command {
	WITNESS_OTHER,
	WITNESS_MAIL,
	WITNESS_RCPT,
	WITNESS_DATA,
	WITNESS_DOT,
};

struct witness {
	struct octets from_client, from_server; /* lines that have no end yet */
	enum witness_command queue[WITNESS_QUEUE_MAX];
	size_t queue_start, queue_end;
	bool in_content;

	/* The mail transaction at hand, or the last one. */
	bool mail_taken;
	bool taken[WITNESS_RECIPIENTS_MAX]; /* by RCPT's replies */
	size_t recipient_count;		    /* RCPTs that were answered */
	bool data_ended;		    /* the dot has arrived */
	int verdict;			    /* its reply's code, or 0 */
};

void witness_init(struct witness *witness);
void witness_clear(struct witness *witness);

/* Forgets the transaction: another one begins. */
void witness_begin(struct witness *witness);

void witness_hear_client(struct witness *witness, const char *data, size_t len);
void witness_hear_server(struct witness *witness, const char *data, size_t len);

/* Whether the server has said that this recipient has the message. */
bool witness_accepted(const struct witness *witness, size_t recipient);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listens to both sides of a dialogue and knows, from the octets alone and
 * without the library's parser, what a server has promised to whom.
 */
#ifndef HARNESS_WITNESS_H
#define HARNESS_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "octets.h"

#define WITNESS_QUEUE_MAX 8192

/* What a line of the client's asks for, as far as that matters here. */
enum witness_command {
	WITNESS_OTHER,
	WITNESS_MAIL,
	WITNESS_RCPT,
	WITNESS_DATA,
	WITNESS_CHUNK,
	WITNESS_END, /* the final dot, or the last chunk */
};

struct witness_recipient {
	bool taken;  /* by RCPT's reply */
	int verdict; /* LMTP; the code, or 0 */
};

/* One mail transaction, from its MAIL on. */
struct witness_mail {
	bool mail_answered, mail_taken;
	char **asked; /* the paths of RCPT */
	size_t asked_count;
	struct witness_recipient *recipients; /* whose RCPT was answered */
	size_t recipient_count;
	bool data_ended; /* the dot, or the last chunk's last octet, is here */
	int verdict;	 /* its reply's code, or 0 */
};

struct witness {
	bool is_lmtp;
	struct octets from_client, from_server; /* lines that have no end yet */
	/* What is not answered yet, and of which mail. */
	struct witness_item {
		enum witness_command command;
		size_t mail;
	} queue[WITNESS_QUEUE_MAX];
	size_t queue_start, queue_end;
	bool in_content;     /* of DATA */
	size_t content_mail; /* whose it is */
	uint64_t chunk_left;
	bool chunk_is_last;

	struct witness_mail *mails;
	size_t count;
	size_t first; /* of those that matter now */
};

void witness_init(struct witness *witness);
void witness_clear(struct witness *witness);

/* What has been does not matter any more: another transaction begins. */
void witness_begin(struct witness *witness);

void witness_hear_client(struct witness *witness, const char *data, size_t len);
void witness_hear_server(struct witness *witness, const char *data, size_t len);

/* The mail with this number since then, from 0 on; an empty one if none. */
const struct witness_mail *witness_mail(const struct witness *witness,
					size_t number);

/* The path of the RCPT with this number, or NULL: there was none. */
const char *witness_asked(const struct witness *witness, size_t number,
			  size_t recipient);

/* Whether the server has said that this recipient has the message. */
bool witness_accepted(const struct witness *witness, size_t number,
		      size_t recipient);

/* Whether the message is all there, and this recipient not refused before. */
bool witness_may_have_taken(const struct witness *witness, size_t number,
			    size_t recipient);

#endif

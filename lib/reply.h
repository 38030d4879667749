/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_REPLY_H
#define SMTPC_REPLY_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

#include "buffer.h"

/* Limits of what is read: beyond them the server has broken the protocol. */
#define REPLY_LINE_MAX	   4096	       /* octets of a line, with its CRLF */
#define REPLY_AUTH_MAX	   (12288 + 6) /* the same for a 334, RFC 4954 */
#define REPLY_LINES_MAX	   512
#define REPLY_OCTETS_MAX   65536
#define REPLY_ENHANCED_MAX 12 /* "5.999.999" and a NUL */

/*
 * One whole reply (RFC 5321, section 4.2).  It never changes, so that session,
 * recipients and error records can share it, in several threads too.
 */
struct smtpc_reply {
	atomic_uint holds;
	int code;
	char enhanced[REPLY_ENHANCED_MAX]; /* "" if there is none */
	size_t line_count;
	uint32_t *line_ends; /* offsets into text */
	char *text;	     /* the lines' texts, each followed by a NUL */
};

struct smtpc_reply *reply_hold(struct smtpc_reply *reply);
void reply_release(struct smtpc_reply *reply);

/* Replace what *place holds. */
void reply_keep(struct smtpc_reply **place, struct smtpc_reply *reply);

/* Line index's text; it may hold NULs. */
static inline const char *
reply_line(const struct smtpc_reply *reply, size_t index, size_t *ret_len)
{
	size_t start = index > 0 ? reply->line_ends[index - 1] + 1 : 0;

	assert(index < reply->line_count);
	*ret_len = reply->line_ends[index] - start;
	return reply->text + start;
}

/*
 * Overwrites a secret in a fresh reply's text, before anybody has seen it.
 */
void reply_blot(struct smtpc_reply *reply, const char *secret, size_t len);

/* The same to all of its text. */
void reply_hide(struct smtpc_reply *reply);

/* 2 for 2yz, and so on. */
static inline int
reply_class(const struct smtpc_reply *reply)
{
	return reply->code / 100;
}

/*
 * The last line and the code as one text for messages: "550 5.1.1 No such
 * user", escaped and cut.  Memory of its own; NULL when there is none.
 */
char *reply_describe(const struct smtpc_reply *reply);

/* Reads replies out of a stream of octets, wherever the stream is cut. */
struct reply_parser {
	struct buffer text; /* of the lines so far, each followed by a NUL */
	struct buffer ends; /* their offsets, as uint32_t */
	size_t line_count;
	size_t octets;
	int code;
	const char *detail; /* the cause of SMTPC_E_PROTOCOL, as a token */
};

void reply_parser_init(struct reply_parser *parser);
void reply_parser_clear(struct reply_parser *parser);

/*
 * Takes lines from data, as many as the reply at hand still has, and tells how
 * many octets they were.  SMTPC_OK: a whole reply, which the caller holds.
 * SMTPC_AGAIN: more is needed behind what was not taken.  Or SMTPC_E_PROTOCOL,
 * SMTPC_E_NOMEM.
 */
int reply_parse(struct reply_parser *parser, const char *data, size_t len,
		size_t *ret_taken, struct smtpc_reply **ret_reply);

#endif

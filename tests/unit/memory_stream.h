/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream in memory: what is written waits for a peer to take, what the peer
 * puts in can be read.
 */
#ifndef UNIT_MEMORY_STREAM_H
#define UNIT_MEMORY_STREAM_H

#include "stream.h"

struct octets {
	char *data;
	size_t len;
};

void octets_append(struct octets *octets, const void *data, size_t len);

/* Forgets the first len. */
void octets_consume(struct octets *octets, size_t len);
void octets_clear(struct octets *octets);

struct memory_stream {
	struct stream base;
	struct octets in;  /* put in by the peer, not yet read */
	struct octets out; /* written, not yet taken by the peer */

	/* How many octets each way until the next wake; at first no limit. */
	size_t turn;
	size_t read_left, write_left;
	bool is_stuck; /* nothing is taken any more */

	/* What the calls return when nothing can be moved: SMTPC_AGAIN. */
	int read_rc, write_rc;
	/* And what these return: SMTPC_OK. */
	int open_rc, flush_rc;

	unsigned int reads, writes, flushes, wakes, ends, frees;
	int pieces; /* of the last write */
};

/* The test owns the memory: being freed is counted only. */
void memory_stream_init(struct memory_stream *stream);
void memory_stream_clear(struct memory_stream *stream);

/* The same limit for each turn from now on. */
void memory_stream_limit(struct memory_stream *stream, size_t turn);

/* The next read finds the end of what the peer sends. */
void memory_stream_end(struct memory_stream *stream);

#endif

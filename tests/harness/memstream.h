/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection in memory: the library has one end as a struct stream, a test
 * has the other as two queues.  It never waits, takes and gives as few octets
 * at once as it is told to, and can end in every way that a socket can.
 */
#ifndef HARNESS_MEMSTREAM_H
#define HARNESS_MEMSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "octets.h"

struct stream;

#define MEMORY_UNLIMITED SIZE_MAX

struct memory_link {
	struct octets to_server, to_client;

	/* SMTPC_AGAIN: connecting takes for ever.  SMTPC_E_SYSTEM: it fails. */
	int open_result;

	/* At most so many octets a read or a write, and then SMTPC_AGAIN. */
	size_t step;

	/* After so many octets in all, a write has to wait. */
	size_t window;

	/* After so many octets in all, writing fails with write_error. */
	size_t write_limit;
	int write_error;

	/* Behind what is queued: the end, or a failure. */
	bool ended;
	int read_error;

	/* What the library's end has done. */
	bool is_open;
	bool moved; /* octets, since this was last cleared */
	uint64_t written;
	bool may_read, may_write; /* until the next wake */
};

void memory_link_init(struct memory_link *link, size_t step);
void memory_link_clear(struct memory_link *link);

/* The library's end, to be attached.  The link must outlive it. */
struct stream *memory_stream_new(struct memory_link *link);

/* As when the server's system sends a reset. */
void memory_link_reset(struct memory_link *link);

#endif

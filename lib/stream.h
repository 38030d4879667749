/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every stream of octets can do.
 */
#ifndef SMTPC_STREAM_H
#define SMTPC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <smtpc/smtpc.h>

struct stream;

/*
 * A two-way stream of octets that never waits: a socket, TLS over another
 * stream, or a test's memory.  Results are SMTPC_OK, SMTPC_AGAIN, or a
 * failure, of which stream->fault tells more.
 */
struct stream_operations {
	/* Carry on connecting or shaking hands, until SMTPC_OK. */
	int (*open)(struct stream *stream);

	/* At least one octet.  SMTPC_E_CLOSED: the peer sends no more. */
	int (*read)(struct stream *stream, char *data, size_t size,
		    size_t *ret_len);

	/* As many octets as are taken now, at least one. */
	int (*write)(struct stream *stream, const struct iovec *pieces,
		     int count, size_t *ret_taken);

	/* Pass on what a write kept back.  SMTPC_AGAIN: there is still some. */
	int (*flush)(struct stream *stream);

	/*
	 * Waiting is over: ask the system again.  Between two wakes a stream
	 * that knows it would get SMTPC_AGAIN need not ask.
	 */
	void (*wake)(struct stream *stream);

	/* The descriptor to wait for, or -1, and SMTPC_WANT_... for it. */
	int (*descriptor)(const struct stream *stream);
	uint32_t (*wants)(const struct stream *stream);

	/* Nothing is under way: give back memory that is not in use.  Or NULL.
	 */
	void (*rest)(struct stream *stream);

	/* Tell the peer that no more comes (TLS's close_notify). */
	void (*end)(struct stream *stream);

	/* Close without another octet, and free. */
	void (*free)(struct stream *stream);
};

/* Why a stream failed. */
struct stream_fault {
	const char *detail; /* a token, or NULL */
	const char *text;   /* words that last for ever, or NULL */
	int system_error;
	int tls_error;
};

struct stream {
	const struct stream_operations *operations;
	const struct stream *inner; /* what it is over, or NULL */

	/*
	 * How many of the octets ever written have left, so that the peer may
	 * have them.  TLS keeps octets back, and a peer can't read a record
	 * before its last octet.
	 */
	uint64_t left;
	struct stream_fault fault;
};

#endif

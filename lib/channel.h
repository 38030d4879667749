/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CHANNEL_H
#define SMTPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "stream.h"

/* Above this much waiting to be sent, nothing more is put in. */
#define CHANNEL_OUT_HIGH 65536
#define CHANNEL_OUT_MAX	 (CHANNEL_OUT_HIGH + 32768)
#define CHANNEL_IN_MAX	 16384
#define CHANNEL_SEGMENTS 64

/* Waiting to be sent: octets of the out buffer, or somebody else's. */
struct channel_segment {
	const char *borrowed; /* NULL: the next len octets of the buffer */
	size_t len;
};

/* All of them fit. */
#define CHANNEL_SEGMENTS_SIZE                                                  \
	(CHANNEL_SEGMENTS * sizeof(struct channel_segment))

/*
 * The octets on their way to and from the stream.  The protocol puts lines
 * into out and finds replies in in; channel_pump() moves them.
 */
struct channel {
	struct stream *stream; /* NULL: not connected */
	bool opening;	       /* connecting or shaking hands */

	struct buffer in;

	struct buffer out;
	size_t committed;	/* octets of out that a segment stands for */
	struct buffer segments; /* of channel_segment, in their order */
	uint64_t put;		/* octets ever put in */

	/* Somebody waits for the octets that were borrowed. */
	bool is_missed;

	/* Why reading or writing ended for good, or SMTPC_OK. */
	int read_rc, write_rc;
	struct stream_fault write_fault;
};

void channel_init(struct channel *channel);

/* Takes the stream over.  opening: it has to be opened first. */
void channel_attach(struct channel *channel, struct stream *stream,
		    bool opening);

/* Gives the stream away, to be wrapped in another one. */
struct stream *channel_detach(struct channel *channel);

/* Closes at once; both queues are emptied. */
void channel_close(struct channel *channel);

/* Gives back the memory of empty queues, here and in the stream. */
void channel_rest(struct channel *channel);

/* What was written to channel->out since the last time is to be sent. */
void channel_commit(struct channel *channel);

/*
 * Puts in octets: a copy if they are few, otherwise borrowed until they have
 * left.
 */
void channel_put(struct channel *channel, const char *data, size_t len);

/*
 * Whether there is room for more: below the mark, and one segment left for what
 * is borrowed, one for what is copied behind.
 */
static inline bool
channel_has_room(const struct channel *channel)
{
	return buffer_length(&channel->segments) <=
		   CHANNEL_SEGMENTS_SIZE - 2 * sizeof(struct channel_segment) &&
	       buffer_length(&channel->out) < CHANNEL_OUT_HIGH;
}

/* Whether octets wait to be sent, here or in the stream. */
bool channel_is_sending(const struct channel *channel);

/* Whether octets of somebody else's wait to be sent. */
bool channel_is_borrowing(const struct channel *channel);

/* How many of the octets put in have left: the peer may have them. */
static inline uint64_t
channel_left(const struct channel *channel)
{
	return channel->stream != NULL ? channel->stream->left : 0;
}

/* A number that grows whenever octets leave, however few. */
uint64_t channel_progress(const struct channel *channel);

/* Carries on connecting or shaking hands: SMTPC_OK when that is done. */
int channel_open(struct channel *channel);

/*
 * Moves what can be moved without waiting, and tells whether that may get
 * anybody on: something was read, or there is room where there was none.
 * SMTPC_AGAIN: the stream lives.  A failure: nothing more will come; what was
 * read before is still in the queue.  A stream that can't be written to is
 * read to its end first: the server's own words say more than the failure.
 */
int channel_pump(struct channel *channel, bool *ret_moved);

void channel_wake(struct channel *channel);

#endif

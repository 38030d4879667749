/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replies that are to come: what is sent but not yet answered.
 */
#ifndef SMTPC_AWAITED_H
#define SMTPC_AWAITED_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smtpc_transaction;

/* More commands than this are never without a reply. */
#define AWAITED_MAX 1024

/* One reply that is to come.  The phase says which command it answers. */
struct awaited {
	int phase;
	uint64_t position; /* in the channel, behind the command; 0: none */
	struct smtpc_transaction *transaction; /* or NULL */
	size_t recipient;
};

/* The replies to come, in order: this queue is what pipelining is. */
struct awaited_queue {
	struct awaited *items; /* a ring */
	size_t size;	       /* a power of two */
	size_t first, count;
};

/* False: there is no memory.  The queue must not be full. */
bool awaited_push(struct awaited_queue *queue, const struct awaited *item);

/* The same in front of all others. */
bool awaited_push_first(struct awaited_queue *queue,
			const struct awaited *item);

/* Both take a queue that is not empty. */

static inline const struct awaited *
awaited_first(const struct awaited_queue *queue)
{
	assert(queue->count > 0);
	return &queue->items[queue->first];
}

static inline struct awaited
awaited_pop(struct awaited_queue *queue)
{
	struct awaited item = *awaited_first(queue);

	queue->first = (queue->first + 1) & (queue->size - 1);
	queue->count--;
	return item;
}

void awaited_clear(struct awaited_queue *queue);

#endif

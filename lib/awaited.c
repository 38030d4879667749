/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue of awaited replies, as a ring that grows.
 */
#include "awaited.h"

#include <assert.h>
#include <string.h>

#include "mem.h"

#define SIZE_FIRST 16

/* Where the item is that stands so far behind the first. */
static struct awaited *
place(const struct awaited_queue *queue, size_t index)
{
	return &queue->items[(queue->first + index) & (queue->size - 1)];
}

static bool
grow(struct awaited_queue *queue)
{
	size_t size = queue->size > 0 ? 2 * queue->size : SIZE_FIRST;
	struct awaited *items = mem_alloc(size * sizeof(*items));
	size_t i;

	if (items == NULL)
		return false;
	for (i = 0; i < queue->count; i++)
		items[i] = *place(queue, i);
	mem_free(queue->items);
	queue->items = items;
	queue->size = size;
	queue->first = 0;
	return true;
}

bool
awaited_push(struct awaited_queue *queue, const struct awaited *item)
{
	assert(queue->count < AWAITED_MAX);
	if (queue->count == queue->size && !grow(queue))
		return false;
	*place(queue, queue->count) = *item;
	queue->count++;
	return true;
}

bool
awaited_push_first(struct awaited_queue *queue, const struct awaited *item)
{
	if (queue->count == queue->size && !grow(queue))
		return false;
	queue->first = (queue->first + queue->size - 1) & (queue->size - 1);
	queue->items[queue->first] = *item;
	queue->count++;
	return true;
}

void
awaited_clear(struct awaited_queue *queue)
{
	mem_free(queue->items);
	memset(queue, 0, sizeof(*queue));
}

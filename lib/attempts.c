/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of what was tried to authenticate.
 */
#include "attempts.h"

#include <string.h>

#include "mem.h"

void
attempts_clear(struct attempt_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		failure_clear(&list->items[i].end);
	mem_free(list->items);
	list->items = NULL;
	list->count = 0;
}

struct attempt *
attempts_add(struct attempt_list *list, const char *mechanism)
{
	struct attempt *items =
	    mem_resize(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return NULL;
	list->items = items;
	items += list->count++;
	memset(items, 0, sizeof(*items));
	items->mechanism = mechanism;
	return items;
}

struct attempt *
attempts_last(const struct attempt_list *list)
{
	return list->count > 0 ? &list->items[list->count - 1] : NULL;
}

const struct attempt *
attempts_last_refused(const struct attempt_list *list)
{
	size_t i = list->count;

	while (i-- > 0)
		if (list->items[i].end.result < 0 &&
		    list->items[i].end.reply != NULL &&
		    list->items[i].end.reply->code != 421)
			return &list->items[i];
	return NULL;
}

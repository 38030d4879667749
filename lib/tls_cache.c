/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS sessions kept for resumption.
 */
#include "tls_cache.h"

#include <string.h>

#include "mem.h"

void
tls_cache_init(struct tls_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	pthread_mutex_init(&cache->lock, NULL);
}

void
tls_cache_free_data(gnutls_datum_t *data)
{
	mem_wipe(data->data, data->size);
	gnutls_free(data->data);
	data->data = NULL;
	data->size = 0;
}

static void
free_entry(struct tls_cache_entry *entry)
{
	mem_free(entry->key);
	tls_cache_free_data(&entry->data);
}

/* Close the gap that the entry at index leaves. */
static void
close_gap(struct tls_cache *cache, size_t index)
{
	struct tls_cache_entry *gap = &cache->entries[index];

	cache->count--;
	memmove(gap, gap + 1, (cache->count - index) * sizeof(*gap));
}

void
tls_cache_clear(struct tls_cache *cache)
{
	while (cache->count > 0)
		free_entry(&cache->entries[--cache->count]);
	pthread_mutex_destroy(&cache->lock);
}

void
tls_cache_put(struct tls_cache *cache, const char *key, gnutls_datum_t *data,
	      time_t good_until)
{
	struct tls_cache_entry entry = { mem_copy_text(key), *data,
					 good_until };

	data->data = NULL;
	data->size = 0;
	if (entry.key == NULL) {
		free_entry(&entry);
		return;
	}
	pthread_mutex_lock(&cache->lock);
	if (cache->count == TLS_CACHE_MAX) {
		free_entry(&cache->entries[0]);
		close_gap(cache, 0);
	}
	cache->entries[cache->count++] = entry;
	pthread_mutex_unlock(&cache->lock);
}

/* Take the newest of this key out of the cache. */
static bool
take_entry(struct tls_cache *cache, const char *key,
	   struct tls_cache_entry *ret_entry)
{
	size_t i;

	for (i = cache->count; i > 0; i--) {
		if (strcmp(cache->entries[i - 1].key, key) != 0)
			continue;
		*ret_entry = cache->entries[i - 1];
		close_gap(cache, i - 1);
		return true;
	}
	return false;
}

bool
tls_cache_take(struct tls_cache *cache, const char *key,
	       gnutls_datum_t *ret_data)
{
	struct tls_cache_entry entry;
	bool found;

	pthread_mutex_lock(&cache->lock);
	found = take_entry(cache, key, &entry);
	pthread_mutex_unlock(&cache->lock);
	if (!found)
		return false;
	if (entry.good_until <= time(NULL)) {
		free_entry(&entry);
		return false;
	}
	mem_free(entry.key);
	*ret_data = entry.data;
	return true;
}

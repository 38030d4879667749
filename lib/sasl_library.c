/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cyrus SASL as a guest in a process that may have other users of it:
 * initialised when first needed, without global callbacks, and never given
 * up, since its own count of users is all that keeps it alive.
 */
#include "sasl_library.h"

#include <malloc.h>
#include <pthread.h>
#include <sasl/saslplug.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sasl_plugins.h"

#define FIRST_COUNT 16
#define SPARE_COUNT 16

/* Of what Cyrus SASL has once in a process, and does not protect itself. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mechanisms_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool prepared;

void
sasl_library_lock_mechanisms(void)
{
	pthread_mutex_lock(&mechanisms_lock);
}

void
sasl_library_unlock_mechanisms(void)
{
	pthread_mutex_unlock(&mechanisms_lock);
}

void
sasl_library_dispose(sasl_conn_t **connection)
{
	pthread_mutex_lock(&lock);
	sasl_dispose(connection);
	pthread_mutex_unlock(&lock);
}

bool
sasl_library_is_prepared(void)
{
	return atomic_load(&prepared);
}

/*
 * Real mutexes for Cyrus SASL: what version 2.1.28 uses by default does
 * nothing.  Whoever has initialised it before us has chosen already, and then
 * this is not listened to.  It asks for one or two a plug-in, and for good: the
 * first of them need no memory that could be lacking.
 */
static pthread_mutex_t first_mutexes[FIRST_COUNT];
static atomic_size_t mutex_count;

static bool
is_first_mutex(const pthread_mutex_t *mutex)
{
	return mutex >= first_mutexes && mutex < first_mutexes + FIRST_COUNT;
}

static void *
new_mutex(void)
{
	size_t index = atomic_fetch_add(&mutex_count, 1);
	pthread_mutex_t *mutex;

	mutex = index < FIRST_COUNT ? &first_mutexes[index]
				    : mem_alloc(sizeof(*mutex));
	if (mutex != NULL)
		pthread_mutex_init(mutex, NULL);
	return mutex;
}

static int
lock_mutex(void *mutex)
{
	return pthread_mutex_lock(mutex) == 0 ? SASL_OK : SASL_FAIL;
}

static int
unlock_mutex(void *mutex)
{
	return pthread_mutex_unlock(mutex) == 0 ? SASL_OK : SASL_FAIL;
}

static void
free_mutex(void *mutex)
{
	pthread_mutex_destroy(mutex);
	if (!is_first_mutex(mutex))
		mem_free(mutex);
}

/*
 * Memory for Cyrus SASL that is wiped when it is given back: neither it nor its
 * modules wipe names, salted passwords or answers.  Whoever has initialised it
 * before us has chosen already, here, too.
 */
static void
free_wiped(void *memory)
{
	if (memory != NULL)
		mem_wipe(memory, malloc_usable_size(memory));
	free(memory);
}

static void *
resize_wiped(void *memory, size_t size)
{
	size_t old = memory != NULL ? malloc_usable_size(memory) : 0;
	void *fresh = malloc(size);

	if (fresh == NULL)
		return NULL;
	if (old > 0)
		memcpy(fresh, memory, old < size ? old : size);
	free_wiped(memory);
	return fresh;
}

/* Called for each plug-in that Cyrus SASL has. */
static void
look_at_plugin(client_sasl_mechanism_t *mechanism,
	       sasl_info_callback_stage_t stage, void *found)
{
	if (stage == SASL_INFO_LIST_MECH && mechanism != NULL &&
	    sasl_plugins_is_ours(mechanism->plug))
		*(bool *)found = true;
}

static int
prepare(void)
{
	bool found = false;
	int i, rc;

	/*
	 * Another user who gives Cyrus SASL up once too often takes it, and
	 * our plug-ins, from everybody.
	 */
	rc = sasl_client_plugin_info(NULL, look_at_plugin, &found);
	if (found)
		return SASL_OK;
	if (rc == SASL_NOTINIT || !prepared) {
		sasl_set_mutex(new_mutex, lock_mutex, unlock_mutex, free_mutex);
		sasl_set_alloc(malloc, calloc, resize_wiped, free_wiped);
		rc = sasl_client_init(NULL);
		if (rc != SASL_OK)
			return rc;
		/*
		 * More than one, for those who give up what is not theirs while
		 * we have connections.
		 */
		for (i = 0; i < SPARE_COUNT; i++)
			(void)sasl_client_init(NULL);
	}
	rc = sasl_plugins_add();
	atomic_store(&prepared, rc == SASL_OK);
	return rc;
}

int
sasl_library_prepare(void)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = prepare();
	pthread_mutex_unlock(&lock);
	return rc;
}

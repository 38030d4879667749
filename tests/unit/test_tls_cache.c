/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls_cache.c: each session is handed out once and to its own
 * key only, the oldest gives way, and what is thrown away is wiped.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "tls_cache.h"

/* Later than any test ends. */
#define FOR_EVER ((time_t)INT32_MAX)

static struct tls_cache cache;
static gnutls_datum_t data;

static void
set_up(void)
{
	tls_cache_init(&cache);
	data.data = NULL;
	data.size = 0;
}

static void
tear_down(void)
{
	tls_cache_free_data(&data);
	tls_cache_clear(&cache);
	ck_assert_uint_eq(cache.count, 0);
}

/* GnuTLS's memory, as a session is. */
static gnutls_datum_t
session_of(const char *text)
{
	gnutls_datum_t session;

	session.size = (unsigned int)strlen(text);
	session.data = gnutls_malloc(session.size);
	ck_assert_ptr_nonnull(session.data);
	memcpy(session.data, text, session.size);
	return session;
}

static void
put_until(const char *key, const char *text, time_t good_until)
{
	gnutls_datum_t session = session_of(text);

	tls_cache_put(&cache, key, &session, good_until);
	/* It is the cache's now. */
	ck_assert_ptr_null(session.data);
	ck_assert_uint_eq(session.size, 0);
}

static void
put(const char *key, const char *text)
{
	put_until(key, text, FOR_EVER);
}

/* What is taken for this key is this, or nothing. */
static void
taken(const char *key, const char *text)
{
	bool found = tls_cache_take(&cache, key, &data);

	ck_assert_int_eq(found, text != NULL);
	if (!found)
		return;
	ck_assert_uint_eq(data.size, strlen(text));
	ck_assert_mem_eq(data.data, text, data.size);
	tls_cache_free_data(&data);
	ck_assert_ptr_null(data.data);
	ck_assert_uint_eq(data.size, 0);
}

START_TEST(an_empty_cache_has_nothing)
{
	taken("key", NULL);
	taken("", NULL);
}
END_TEST

START_TEST(each_session_is_taken_once)
{
	put("key", "one");
	taken("key", "one");
	taken("key", NULL);
	ck_assert_uint_eq(cache.count, 0);
}
END_TEST

START_TEST(the_newest_is_taken_first)
{
	put("key", "one");
	put("other", "strange");
	put("key", "two");
	put("key", "three");
	taken("key", "three");
	taken("key", "two");
	put("key", "four");
	taken("key", "four");
	taken("key", "one");
	taken("key", NULL);
	taken("other", "strange");
}
END_TEST

START_TEST(keys_are_compared_as_a_whole)
{
	put("mx.example.test 465", "one");
	taken("mx.example.test 46", NULL);
	taken("mx.example.test 4655", NULL);
	taken("MX.example.test 465", NULL);
	taken("", NULL);
	taken("mx.example.test 465", "one");
}
END_TEST

START_TEST(when_it_is_full_the_oldest_goes)
{
	char text[16];
	int i;

	wipe_watch("session 0");
	for (i = 0; i < TLS_CACHE_MAX + 1; i++) {
		snprintf(text, sizeof(text), "session %d", i);
		put(text, text);
	}
	ck_assert_uint_eq(cache.count, TLS_CACHE_MAX);
	ck_assert_uint_eq(wipe_count(), 1);
	taken("session 0", NULL);
	for (i = 1; i < TLS_CACHE_MAX + 1; i++) {
		snprintf(text, sizeof(text), "session %d", i);
		taken(text, text);
	}
	ck_assert_uint_eq(cache.count, 0);
}
END_TEST

/* A certificate that has expired since is a reason to look at the new one. */
START_TEST(what_is_good_no_more_is_not_given_out)
{
	static const time_t past[] = { 0, 1 };
	gnutls_datum_t session = session_of("secret");
	time_t now = time(NULL);

	wipe_watch("secret");
	tls_cache_put(&cache, "key", &session, _i < 2 ? past[_i] : now);
	taken("key", NULL);
	ck_assert_uint_eq(cache.count, 0);
	ck_assert_uint_eq(wipe_count(), 1);
	/* An hour: this machine may be slow. */
	session = session_of("secret");
	tls_cache_put(&cache, "key", &session, now + 3600);
	taken("key", "secret");
}
END_TEST

/* Wherever the gap is, the others close up in their order. */
START_TEST(a_gap_is_closed)
{
	static const char *const keys[] = { "a", "b", "c", "d" };
	size_t i;

	for (i = 0; i < 4; i++)
		put(keys[i], keys[i]);
	taken(keys[_i], keys[_i]);
	ck_assert_uint_eq(cache.count, 3);
	for (i = 0; i < 4; i++)
		taken(keys[i], (int)i == _i ? NULL : keys[i]);
}
END_TEST

START_TEST(what_is_thrown_away_is_wiped)
{
	wipe_watch("secret");
	put("one", "secret");
	put("two", "secret");
	ck_assert_uint_eq(wipe_count(), 0);
	taken("one", "secret");
	ck_assert_uint_eq(wipe_count(), 1);
	tls_cache_clear(&cache);
	ck_assert_uint_eq(wipe_count(), 2);
	tls_cache_init(&cache);
}
END_TEST

START_TEST(without_memory_nothing_is_kept_and_nothing_leaks)
{
	gnutls_datum_t session = session_of("secret");

	put("key", "before");
	wipe_watch("secret");
	fault_at(0);
	tls_cache_put(&cache, "key", &session, FOR_EVER);
	ck_assert(fault_end());
	ck_assert_ptr_null(session.data);
	ck_assert_uint_eq(wipe_count(), 1);
	taken("key", "before");
}
END_TEST

/* Each has its own time, wherever it stands. */
START_TEST(one_that_is_good_no_more_spoils_no_other)
{
	put_until("a", "one", FOR_EVER);
	put_until("b", "two", 1);
	put_until("c", "three", FOR_EVER);
	taken("b", NULL);
	taken("a", "one");
	taken("c", "three");
	ck_assert_uint_eq(cache.count, 0);
	/* What was good no more leaves room for what is. */
	put_until("a", "one", 1);
	taken("a", NULL);
	put("a", "two");
	taken("a", "two");
}
END_TEST

#define THREADS 8
#define ROUNDS	2000

static void *
put_and_take(void *argument)
{
	gnutls_datum_t session;
	size_t found = 0;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		session.size = 8;
		session.data = gnutls_malloc(8);
		memset(session.data, 'x', 8);
		tls_cache_put(&cache, "key", &session, FOR_EVER);
		if (tls_cache_take(&cache, "key", &session)) {
			found += session.size == 8;
			tls_cache_free_data(&session);
		}
	}
	*(size_t *)argument = found;
	return NULL;
}

/* Whatever one puts in, another may have; nobody has it twice. */
START_TEST(several_threads_share_it)
{
	pthread_t threads[THREADS];
	size_t found[THREADS];
	size_t all = 0;
	size_t i;

	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, put_and_take,
						&found[i]),
				 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all += found[i];
	}
	/* Nobody finds it empty who has just put something in. */
	ck_assert_uint_eq(all, THREADS * ROUNDS);
	ck_assert_uint_eq(cache.count, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_cache");
	TCase *tcase = suite_case(suite, "tls_cache");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, an_empty_cache_has_nothing);
	tcase_add_test(tcase, each_session_is_taken_once);
	tcase_add_test(tcase, the_newest_is_taken_first);
	tcase_add_test(tcase, keys_are_compared_as_a_whole);
	tcase_add_test(tcase, when_it_is_full_the_oldest_goes);
	tcase_add_loop_test(tcase, what_is_good_no_more_is_not_given_out, 0, 3);
	tcase_add_loop_test(tcase, a_gap_is_closed, 0, 4);
	tcase_add_test(tcase, what_is_thrown_away_is_wiped);
	tcase_add_test(tcase, without_memory_nothing_is_kept_and_nothing_leaks);
	tcase_add_test(tcase, one_that_is_good_no_more_spoils_no_other);
	tcase_add_test(tcase, several_threads_share_it);
	return suite_run(suite);
}

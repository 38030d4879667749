/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/resolve.c with a name service of their own. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"
#include "suite.h"
#include "system_error.h"

/* What the name service answers, and what it was asked. */
static int answer, answer_errno;
static size_t answer_count;
static char asked_host[300], asked_service[20];
static struct addrinfo asked_hints;
static pthread_t asked_by;
static atomic_int asked, answered;

/* A slow one waits for this pipe, and tells the other when it is done. */
static bool is_slow;
static int go[2], done[2];

/* The C library frees it: one piece of memory for each address. */
static struct addrinfo *
make_address(uint32_t number)
{
	struct sockaddr_in *name;
	struct addrinfo *item = calloc(1, sizeof(*item) + sizeof(*name));

	if (item == NULL)
		return NULL;
	name = (void *)(item + 1);
	name->sin_family = AF_INET;
	name->sin_port = htons(25);
	name->sin_addr.s_addr = htonl(0xc0000200 + number);
	item->ai_family = AF_INET;
	item->ai_addr = (void *)name;
	item->ai_addrlen = sizeof(*name);
	return item;
}

static int
name_service(const char *host, const char *service,
	     const struct addrinfo *hints, struct addrinfo **ret_found)
{
	struct addrinfo *first = NULL;
	size_t i;
	char octet;

	atomic_fetch_add(&asked, 1);
	asked_by = pthread_self();
	asked_hints = *hints;
	snprintf(asked_host, sizeof(asked_host), "%s", host);
	snprintf(asked_service, sizeof(asked_service), "%s", service);
	if (is_slow)
		while (read(go[0], &octet, 1) != 1)
			;
	for (i = answer_count; answer == 0 && i > 0; i--) {
		struct addrinfo *item = make_address((uint32_t)i);

		item->ai_next = first;
		first = item;
	}
	if (answer == 0)
		*ret_found = first;
	atomic_fetch_add(&answered, 1);
	if (is_slow)
		while (write(done[1], "", 1) != 1)
			;
	errno = answer_errno;
	return answer;
}

static void
set_up(void)
{
	resolve_source = name_service;
	answer = answer_errno = 0;
	answer_count = 1;
	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(pipe(done), 0);
}

static struct resolution *
begin(const char *host, bool threaded)
{
	struct resolution *resolution = NULL;

	ck_assert_int_eq(resolve_begin(&resolution, host, 587, threaded),
			 SMTPC_OK);
	ck_assert_ptr_nonnull(resolution);
	return resolution;
}

static int
take(struct resolution *resolution, struct address_list *ret_list)
{
	const char *text;
	int system_error;

	return resolve_take(resolution, ret_list, &text, &system_error);
}

static void
wait_for(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };

	ck_assert_int_eq(poll(&ready, 1, -1), 1);
}

START_TEST(name_service_is_asked_for_streams)
{
	struct resolution *resolution = begin("mx.example.test", false);
	struct address_list list;

	ck_assert_int_eq(resolve_descriptor(resolution), -1);
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(asked_host, "mx.example.test");
	ck_assert_str_eq(asked_service, "587");
	ck_assert_int_eq(asked_hints.ai_socktype, SOCK_STREAM);
	ck_assert_int_eq(asked_hints.ai_family, AF_UNSPEC);
	ck_assert_int_eq(asked_hints.ai_flags, AI_NUMERICSERV);
	ck_assert(pthread_equal(asked_by, pthread_self()));
	address_list_clear(&list);
	ck_assert_ptr_null(list.items);
	ck_assert_uint_eq(list.count, 0);
	address_list_clear(&list);
	resolve_leave(resolution);
}
END_TEST

START_TEST(addresses_come_in_the_order_of_the_name_service)
{
	struct resolution *resolution;
	struct address_list list;
	char text[SOCKET_TEXT_MAX];

	answer_count = 3;
	resolution = begin("mx.example.test", false);
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	resolve_leave(resolution);
	ck_assert_uint_eq(list.count, 3);
	socket_address_text(&list.items[0], text);
	ck_assert_str_eq(text, "192.0.2.1:25");
	socket_address_text(&list.items[2], text);
	ck_assert_str_eq(text, "192.0.2.3:25");
	address_list_clear(&list);
}
END_TEST

START_TEST(no_more_addresses_than_make_sense_are_taken)
{
	struct resolution *resolution;
	struct address_list list;

	answer_count = 200;
	resolution = begin("mx.example.test", false);
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	resolve_leave(resolution);
	ck_assert_uint_eq(list.count, 64);
	address_list_clear(&list);
}
END_TEST

/* Numbers are read by the C library itself, and never in a thread. */
static void
number_is_read(const char *host, int family)
{
	struct resolution *resolution;
	struct address_list list;

	resolve_source = getaddrinfo;
	resolution = begin(host, true);
	ck_assert_int_eq(resolve_descriptor(resolution), -1);
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	resolve_leave(resolution);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_int_eq(list.items[0].storage.ss_family, family);
	address_list_clear(&list);
}

START_TEST(numbers_need_no_name_service)
{
	number_is_read("192.0.2.1", AF_INET);
	number_is_read("2001:db8::1", AF_INET6);
	number_is_read("fe80::1%lo", AF_INET6);

	resolve_source = name_service;
	resolve_leave(begin("::1", true));
	ck_assert_int_eq(asked_hints.ai_flags, AI_NUMERICSERV | AI_NUMERICHOST);
	ck_assert(pthread_equal(asked_by, pthread_self()));
}
END_TEST

static const struct {
	int answer, rc;
} failures[] = {
	{ EAI_NONAME, SMTPC_E_RESOLVE },
	{ EAI_NODATA, SMTPC_E_RESOLVE },
	{ EAI_FAMILY, SMTPC_E_RESOLVE },
	{ EAI_SERVICE, SMTPC_E_RESOLVE },
	{ EAI_BADFLAGS, SMTPC_E_RESOLVE },
	{ EAI_AGAIN, SMTPC_E_RESOLVE_LATER },
	{ EAI_FAIL, SMTPC_E_RESOLVE_LATER },
	{ EAI_MEMORY, SMTPC_E_NOMEM },
	{ EAI_SYSTEM, SMTPC_E_SYSTEM },
};

START_TEST(each_failure_has_its_result)
{
	struct resolution *resolution;
	struct address_list list;
	const char *text = NULL;
	int system_error = -1;

	answer = failures[_i].answer;
	answer_errno = EMFILE;
	resolution = begin("mx.example.test", _i % 2 == 0);
	if (_i % 2 == 0)
		wait_for(resolve_descriptor(resolution));
	ck_assert_int_eq(resolve_take(resolution, &list, &text, &system_error),
			 failures[_i].rc);
	resolve_leave(resolution);
	ck_assert_ptr_nonnull(text);
	ck_assert_str_ne(text, "");
	if (answer == EAI_SYSTEM)
		ck_assert_str_eq(text, system_error_text(EMFILE));
	ck_assert_int_eq(system_error, answer == EAI_SYSTEM ? EMFILE : 0);
}
END_TEST

#define FAILURES ((int)(sizeof(failures) / sizeof(failures[0])))

START_TEST(slow_name_service_is_waited_for)
{
	struct resolution *resolution;
	struct address_list list;
	struct pollfd ready;

	is_slow = true;
	resolution = begin("mx.example.test", true);
	ready.fd = resolve_descriptor(resolution);
	ready.events = POLLIN;
	ck_assert_int_ge(ready.fd, 0);
	ck_assert_int_eq(take(resolution, &list), SMTPC_AGAIN);
	ck_assert_int_eq(poll(&ready, 1, 0), 0);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	wait_for(ready.fd);
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	ck_assert(!pthread_equal(asked_by, pthread_self()));
	ck_assert_uint_eq(list.count, 1);
	address_list_clear(&list);
	resolve_leave(resolution);
}
END_TEST

START_TEST(look_up_ends_by_itself_when_nobody_waits_any_more)
{
	unsigned int threads = threads_count();

	is_slow = true;
	answer_count = 5;
	resolve_leave(begin("mx.example.test", true));
	ck_assert_int_eq(answered, 0);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	wait_for(done[0]);
	ck_assert_int_eq(answered, 1);
	threads_wait(threads);
	resolve_leave(NULL);
}
END_TEST

START_TEST(host_is_copied)
{
	struct resolution *resolution = NULL;
	struct address_list list;
	char host[] = "mx.example.test";

	is_slow = true;
	ck_assert_int_eq(resolve_begin(&resolution, host, 25, true), SMTPC_OK);
	memset(host, 'x', sizeof(host) - 1);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	wait_for(resolve_descriptor(resolution));
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	ck_assert_str_eq(asked_host, "mx.example.test");
	address_list_clear(&list);
	resolve_leave(resolution);
}
END_TEST

START_TEST(without_memory_nobody_is_asked)
{
	struct resolution *resolution = NULL;
	bool more = true;
	unsigned int i;
	int rc;

	for (i = 0; more; i++) {
		atomic_store(&asked, 0);
		fault_at(i);
		rc = resolve_begin(&resolution, "mx.example.test", 25, false);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		ck_assert_int_eq(asked, !more);
	}
	ck_assert_uint_eq(i, 5);
	resolve_leave(resolution);
}
END_TEST

START_TEST(without_memory_addresses_can_be_taken_later)
{
	struct resolution *resolution = begin("mx.example.test", false);
	struct address_list list;

	fault_at(0);
	ck_assert_int_eq(take(resolution, &list), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_int_eq(take(resolution, &list), SMTPC_OK);
	ck_assert_uint_eq(list.count, 1);
	address_list_clear(&list);
	resolve_leave(resolution);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = suite_case(suite, "resolve");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, name_service_is_asked_for_streams);
	tcase_add_test(tcase, addresses_come_in_the_order_of_the_name_service);
	tcase_add_test(tcase, no_more_addresses_than_make_sense_are_taken);
	tcase_add_test(tcase, numbers_need_no_name_service);
	tcase_add_loop_test(tcase, each_failure_has_its_result, 0, FAILURES);
	tcase_add_test(tcase, slow_name_service_is_waited_for);
	tcase_add_test(tcase,
		       look_up_ends_by_itself_when_nobody_waits_any_more);
	tcase_add_test(tcase, host_is_copied);
	tcase_add_test(tcase, without_memory_nobody_is_asked);
	tcase_add_test(tcase, without_memory_addresses_can_be_taken_later);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/source.c: content from memory, descriptors and readers.  What
 * poll() and read() say is replaced by the linker.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "source.h"
#include "suite.h"

/* Whether everything is said to be readable, and calls to be interrupted. */
static bool is_ready;
static int interruptions;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);

int
__wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return is_ready ? 1 : __real_poll(fds, count, timeout);
}

ssize_t
__wrap_read(int fd, void *data, size_t size)
{
	if (interruptions-- > 0) {
		errno = EINTR;
		return -1;
	}
	return __real_read(fd, data, size);
}

static struct source source;

static void
set_up(void)
{
	is_ready = false;
	interruptions = 0;
	source_clear(&source);
}

static void
tear_down(void)
{
	source_clear(&source);
}

/* Reads to the end in steps of at most step octets; the result of the end. */
static int
read_all(char *data, size_t size, size_t step, size_t *ret_len)
{
	const char *chunk;
	size_t len, part;
	int rc;

	*ret_len = 0;
	source_begin(&source, false);
	for (;;) {
		rc = source_look(&source, &chunk, &len);
		if (rc != SMTPC_OK || len == 0)
			return rc;
		part = len < step ? len : step;
		if (*ret_len + part > size)
			ck_abort_msg("more than %zu octets came", size);
		memcpy(data + *ret_len, chunk, part);
		*ret_len += part;
		source_take(&source, part);
	}
}

static void
reads_as(const char *expected, size_t len)
{
	static const size_t steps[] = { 1, 7, SIZE_MAX };
	char *data = malloc(len + 1);
	size_t i, got;

	for (i = 0; i < 3; i++) {
		ck_assert(source_can_begin(&source));
		ck_assert_int_eq(read_all(data, len, steps[i], &got), SMTPC_OK);
		ck_assert_uint_eq(got, len);
		ck_assert_mem_eq(data, expected, len);
		source_end(&source);
		if (source.kind == SOURCE_READER)
			break;
	}
	free(data);
}

/* An unlinked file with this content, at its start. */
static int
file_with(const char *data, size_t len)
{
	char path[512];
	const char *parent = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof(path), "%s/smtpc-source-XXXXXX",
		 parent != NULL ? parent : "/tmp");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Longer than a chunk, and no chunk like another. */
#define LONG (2 * SOURCE_CHUNK + 1000)

static char *
long_data(void)
{
	char *data = malloc(LONG);
	size_t i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i < LONG; i++)
		data[i] = (char)('a' + (i * 7 + i / 1000) % 26);
	return data;
}

START_TEST(memory_is_read_where_it_is_as_often_as_is_wanted)
{
	static const char text[] = "one\r\ntwo\r\n";
	const char *data;
	size_t len;

	source_set_memory(&source, text, 10);
	reads_as(text, 10);
	reads_as(text, 10);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_ptr_eq(data, text);
	source_take(&source, 4);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_ptr_eq(data, text + 4);
	ck_assert_uint_eq(len, 6);
	source_take(&source, 6);
	/* What was sent from may still be borrowed. */
	ck_assert(!source_is_used_up(&source));
	ck_assert_int_eq(source_waits_for(&source), -1);
}
END_TEST

START_TEST(empty_memory_is_at_its_end)
{
	const char *data = NULL;
	size_t len = 1;

	source_set_memory(&source, NULL, 0);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 0);
	ck_assert_ptr_nonnull(data);
}
END_TEST

START_TEST(copy_is_independent_of_what_was_copied)
{
	char text[] = "one\r\ntwo\r\n";

	ck_assert_int_eq(source_set_copy(&source, text, 10), SMTPC_OK);
	memset(text, 'x', 10);
	reads_as("one\r\ntwo\r\n", 10);
	/* Its own memory, even. */
	ck_assert_int_eq(source_set_copy(&source, source.data + 5, 5),
			 SMTPC_OK);
	reads_as("two\r\n", 5);
	ck_assert_int_eq(source_set_copy(&source, NULL, 0), SMTPC_OK);
	reads_as("", 0);
}
END_TEST

START_TEST(without_memory_the_old_content_stays)
{
	source_set_memory(&source, "old", 3);
	fault_at(0);
	ck_assert_int_eq(source_set_copy(&source, "new", 3), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	reads_as("old", 3);
}
END_TEST

START_TEST(file_is_read_from_where_it_stood_to_its_end)
{
	char *data = long_data();
	int fd = file_with(data, LONG);

	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	ck_assert_int_eq(source_waits_for(&source), -1);
	reads_as(data, LONG);

	ck_assert_int_eq(lseek(fd, 1000, SEEK_SET), 1000);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	/* Where it stands later makes no difference. */
	ck_assert_int_eq(lseek(fd, 5, SEEK_SET), 5);
	reads_as(data + 1000, LONG - 1000);

	/* It is the caller's, and stays open and where it is. */
	source_clear(&source);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 5);
	close(fd);
	free(data);
}
END_TEST

START_TEST(file_that_is_cut_off_meanwhile_is_a_failure)
{
	char *data = long_data();
	int fd = file_with(data, LONG);
	const char *look;
	size_t len;
	int rc;

	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &look, &len), SMTPC_OK);
	ck_assert_int_eq(ftruncate(fd, LONG - 1), 0);
	do {
		source_take(&source, len);
		rc = source_look(&source, &look, &len);
	} while (rc == SMTPC_OK && len > 0);
	ck_assert_int_eq(rc, SMTPC_E_CONTENT);
	ck_assert_str_eq(source.detail, "content-size");
	/* Longer than it was, it is read to its end. */
	source_begin(&source, false);
	ck_assert_int_eq(pwrite(fd, data + LONG - 1, 1, LONG - 1), 1);
	reads_as(data, LONG);
	source_clear(&source);
	close(fd);
	free(data);
}
END_TEST

START_TEST(file_behind_its_end_is_empty)
{
	int fd = file_with("abc", 3);

	ck_assert_int_eq(lseek(fd, 100, SEEK_SET), 100);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	reads_as("", 0);
	close(fd);
}
END_TEST

START_TEST(chunk_sizes_make_no_difference)
{
	static const size_t sizes[] = { 0,
					1,
					SOURCE_CHUNK - 1,
					SOURCE_CHUNK,
					SOURCE_CHUNK + 1,
					2 * SOURCE_CHUNK };
	char *data = long_data();
	int fd = file_with(data, sizes[_i]);

	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	reads_as(data, sizes[_i]);
	close(fd);
	free(data);
}
END_TEST

#define SIZES 6

START_TEST(only_an_open_descriptor_is_taken)
{
	int fds[2];

	source_set_memory(&source, "old", 3);
	ck_assert_int_eq(source_set_descriptor(&source, -1), SMTPC_E_INVALID);
	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]),
			 SMTPC_E_INVALID);
	reads_as("old", 3);
}
END_TEST

START_TEST(silent_pipe_means_again_and_no_waiting)
{
	const char *data;
	size_t len;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]), SMTPC_OK);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_AGAIN);
	ck_assert_int_eq(source_waits_for(&source), fds[0]);
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(data, "abc", 3);
	/* There is something at hand. */
	ck_assert_int_eq(source_waits_for(&source), -1);
	ck_assert(!source_is_used_up(&source));
	source_take(&source, 3);
	ck_assert(source_is_used_up(&source));
	ck_assert_int_eq(source_waits_for(&source), fds[0]);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_AGAIN);
	close(fds[1]);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 0);
	/* The end stays the end. */
	ck_assert_int_eq(source_waits_for(&source), -1);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 0);
	close(fds[0]);
}
END_TEST

/* poll() said that there was something, and somebody else has read it. */
START_TEST(descriptor_that_would_wait_after_all_means_again)
{
	const char *data;
	size_t len;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]), SMTPC_OK);
	source_begin(&source, false);
	is_ready = true;
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_AGAIN);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(interrupted_call_is_made_again)
{
	const char *data;
	size_t len;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]), SMTPC_OK);
	source_begin(&source, false);
	interruptions = 3;
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_int_lt(interruptions, 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* What went by is gone; where nothing was asked for yet, nothing is. */
START_TEST(what_is_read_once_is_not_begun_again)
{
	const char *data;
	size_t len;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]), SMTPC_OK);
	ck_assert(source_can_begin(&source));
	source_begin(&source, false);
	ck_assert(source_can_begin(&source));
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert(!source_can_begin(&source));
	source_end(&source);
	ck_assert(!source_can_begin(&source));
	/* Given anew, it is another content. */
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]), SMTPC_OK);
	ck_assert(source_can_begin(&source));
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(descriptor_that_fails_says_why)
{
	const char *data;
	size_t len;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_E_CONTENT);
	ck_assert_str_eq(source.detail, "content-descriptor");
	ck_assert_int_eq(source.system_error, EISDIR);
	source_begin(&source, false);
	ck_assert_ptr_null(source.detail);
	ck_assert_int_eq(source.system_error, 0);
	close(fd);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_E_CONTENT);
	ck_assert_int_eq(source.system_error, EBADF);

	fd = file_with("abc", 3);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	source_begin(&source, false);
	close(fd);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_E_CONTENT);
	ck_assert_int_eq(source.system_error, EBADF);
}
END_TEST

/* What a reader does, one call after another. */
struct call {
	int rc;
	size_t len;
};

struct script {
	const struct call *calls;
	size_t next;
	char octet;
	const struct source *seen_in;
};

static int
reader(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	struct script *script = userdata;
	const struct call *call = &script->calls[script->next++];

	ck_assert_uint_eq(size, SOURCE_CHUNK);
	ck_assert(script->seen_in->in_callback);
	memset(buffer, script->octet++, call->len < size ? call->len : size);
	*ret_len = call->len;
	return call->rc;
}

static void
set_script(struct script *script, const struct call *calls, int64_t size)
{
	memset(script, 0, sizeof(*script));
	script->calls = calls;
	script->octet = 'a';
	script->seen_in = &source;
	source_set_reader(&source, reader, size, script);
}

START_TEST(reader_is_asked_until_nothing_comes)
{
	static const struct call calls[] = {
		{ SMTPC_OK, 2 },
		{ SMTPC_OK, 1 },
		{ SMTPC_OK, 3 },
		{ SMTPC_OK, 0 },
	};
	struct script script;

	set_script(&script, calls, _i == 0 ? -1 : 6);
	reads_as("aabccc", 6);
	ck_assert_uint_eq(script.next, 4);
	ck_assert(!source.in_callback);
	ck_assert_int_eq(source_waits_for(&source), -1);
}
END_TEST

START_TEST(reader_may_pause)
{
	static const struct call calls[] = {
		{ SMTPC_AGAIN, 0 }, { SMTPC_OK, 1 }, { SMTPC_AGAIN, 0 },
		{ SMTPC_AGAIN, 0 }, { SMTPC_OK, 1 }, { SMTPC_OK, 0 },
	};
	struct script script;
	char got[10];
	size_t used = 0;
	const char *data;
	size_t len = 1;
	int rc, pauses = 0;

	set_script(&script, calls, 2);
	source_begin(&source, false);
	while (len > 0) {
		rc = source_look(&source, &data, &len);
		if (rc == SMTPC_AGAIN) {
			len = 1;
			pauses++;
			ck_assert_int_eq(source_waits_for(&source), -1);
			ck_assert(!source.in_callback);
			continue;
		}
		ck_assert_int_eq(rc, SMTPC_OK);
		memcpy(got + used, data, len);
		used += len;
		source_take(&source, len);
	}
	ck_assert_int_eq(pauses, 3);
	ck_assert_uint_eq(used, 2);
	ck_assert_mem_eq(got, "be", 2);
}
END_TEST

static const struct {
	struct call calls[3];
	int64_t size;
	const char *detail;
} broken[] = {
	{ { { -1, 0 } }, -1, "content-reader" },
	{ { { SMTPC_OK, 5 }, { SMTPC_E_SYSTEM, 3 } }, -1, "content-reader" },
	{ { { 2, 0 } }, -1, "content-reader" },
	{ { { SMTPC_OK, SOURCE_CHUNK + 1 } }, -1, "content-size" },
	{ { { SMTPC_OK, SIZE_MAX } }, -1, "content-size" },
	{ { { SMTPC_OK, 5 }, { SMTPC_OK, 0 } }, 6, "content-size" },
	{ { { SMTPC_OK, 5 }, { SMTPC_OK, 0 } }, 4, "content-size" },
	{ { { SMTPC_OK, 5 }, { SMTPC_OK, 2 }, { SMTPC_OK, 0 } },
	  6,
	  "content-size" },
	{ { { SMTPC_OK, 0 } }, 1, "content-size" },
	{ { { SMTPC_OK, 1 }, { SMTPC_OK, 0 } }, 0, "content-size" },
};

START_TEST(reader_that_fails_or_lies_is_found_out)
{
	struct script script;
	char got[20];
	size_t len;

	set_script(&script, broken[_i].calls, broken[_i].size);
	ck_assert_int_eq(read_all(got, sizeof(got), SIZE_MAX, &len),
			 SMTPC_E_CONTENT);
	ck_assert_str_eq(source.detail, broken[_i].detail);
	ck_assert_int_eq(source.system_error, 0);
	/* Never more than was announced. */
	if (broken[_i].size >= 0)
		ck_assert_int_le((int64_t)len, broken[_i].size);
}
END_TEST

#define BROKEN ((int)(sizeof(broken) / sizeof(broken[0])))

START_TEST(without_memory_for_a_chunk_nothing_is_read)
{
	static const struct call calls[] = { { SMTPC_OK, 1 }, { SMTPC_OK, 0 } };
	struct script script;
	const char *data;
	size_t len;

	set_script(&script, calls, -1);
	source_begin(&source, false);
	fault_at(0);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_uint_eq(script.next, 0);
	reads_as("a", 1);
}
END_TEST

START_TEST(chunk_is_given_back_at_the_end)
{
	int fd = file_with("abc", 3);
	const char *data;
	size_t len;

	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_ptr_nonnull(source.owned);
	source_end(&source);
	ck_assert_ptr_null(source.owned);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 0);
	close(fd);
	/* What is no chunk stays. */
	ck_assert_int_eq(source_set_copy(&source, "abc", 3), SMTPC_OK);
	source_end(&source);
	reads_as("abc", 3);
}
END_TEST

START_TEST(source_without_content_is_no_empty_one)
{
	const char *data;
	size_t len;

	source_begin(&source, false);
	ck_assert_int_eq(source.kind, SOURCE_NONE);
	ck_assert_int_ne(source_look(&source, &data, &len), SMTPC_OK);
}
END_TEST

/* What is found, as flags. */
static void
scan(void *context, const char *data, size_t len)
{
	uint32_t *found = context;

	*found |= content_scan(data, len) & (CONTENT_8BIT | CONTENT_NUL);
}

static bool
look_through(int64_t max, uint32_t *ret_found)
{
	*ret_found = 0;
	return source_scan(&source, max, scan, ret_found);
}

START_TEST(memory_and_files_are_looked_through)
{
	char *data = long_data();
	uint32_t found = 77;
	int fd;

	source_set_memory(&source, data, LONG);
	ck_assert(look_through(1 << 20, &found));
	ck_assert_uint_eq(found, 0);
	data[LONG - 1] = '\xe4';
	ck_assert(look_through(1 << 20, &found));
	ck_assert_uint_eq(found, CONTENT_8BIT);

	/* A file from where it stood, and it stays where it is. */
	data[0] = '\0';
	fd = file_with(data, LONG);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	ck_assert(look_through(1 << 20, &found));
	ck_assert_uint_eq(found, CONTENT_8BIT | CONTENT_NUL);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	ck_assert_int_eq(lseek(fd, 1, SEEK_SET), 1);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	ck_assert(look_through(1 << 26, &found));
	ck_assert_uint_eq(found, CONTENT_8BIT);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 1);
	fault_at(0);
	ck_assert(!look_through(1 << 26, &found));
	ck_assert(fault_end());
	close(fd);
	free(data);
}
END_TEST

/* Reading it twice costs too much, if it is not needed. */
START_TEST(long_file_is_looked_through_only_if_it_has_to_be)
{
	int fd = file_with("\xe4", 1);
	uint32_t found;

	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	ck_assert_int_eq(ftruncate(fd, (1 << 20) - 1), 0);
	ck_assert(look_through(1 << 20, &found));
	ck_assert_uint_eq(found, CONTENT_8BIT | CONTENT_NUL);
	ck_assert_int_eq(ftruncate(fd, (1 << 20) + 1), 0);
	ck_assert(!look_through(1 << 20, &found));
	ck_assert(look_through(1 << 26, &found));
	ck_assert_uint_eq(found, CONTENT_8BIT | CONTENT_NUL);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
}
END_TEST

START_TEST(what_can_be_read_only_once_is_not_looked_through)
{
	static const struct call calls[] = { { SMTPC_OK, 0 } };
	struct script script;
	uint32_t found = 77;
	int fds[2], fd;

	ck_assert(!look_through(1 << 26, &found));
	set_script(&script, calls, -1);
	ck_assert(!look_through(1 << 26, &found));
	ck_assert_uint_eq(script.next, 0);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "\xe4", 1), 1);
	ck_assert_int_eq(source_set_descriptor(&source, fds[0]), SMTPC_OK);
	ck_assert(!look_through(1 << 26, &found));
	ck_assert_uint_eq(found, 0);
	close(fds[0]);
	close(fds[1]);
	/* Nor is what can't be read at all. */
	fd = file_with("abc", 3);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	close(fd);
	ck_assert(!look_through(1 << 26, &found));
}
END_TEST

static void
add_readers(Suite *suite)
{
	TCase *tcase = suite_case(suite, "reader");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, reader_is_asked_until_nothing_comes, 0, 2);
	tcase_add_test(tcase, reader_may_pause);
	tcase_add_loop_test(tcase, reader_that_fails_or_lies_is_found_out, 0,
			    BROKEN);
	tcase_add_test(tcase, without_memory_for_a_chunk_nothing_is_read);
}

static void
add_descriptors(Suite *suite)
{
	TCase *tcase = suite_case(suite, "descriptor");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, file_is_read_from_where_it_stood_to_its_end);
	tcase_add_test(tcase, file_that_is_cut_off_meanwhile_is_a_failure);
	tcase_add_test(tcase, file_behind_its_end_is_empty);
	tcase_add_loop_test(tcase, chunk_sizes_make_no_difference, 0, SIZES);
	tcase_add_test(tcase, only_an_open_descriptor_is_taken);
	tcase_add_test(tcase, silent_pipe_means_again_and_no_waiting);
	tcase_add_test(tcase, descriptor_that_would_wait_after_all_means_again);
	tcase_add_test(tcase, interrupted_call_is_made_again);
	tcase_add_test(tcase, what_is_read_once_is_not_begun_again);
	tcase_add_test(tcase, descriptor_that_fails_says_why);
	tcase_add_test(tcase, chunk_is_given_back_at_the_end);
}

/*
 * What is known of it, and the same again.
 */

START_TEST(size_is_known_of_what_has_one)
{
	int fd = file_with("abcdef", 6);

	ck_assert_int_eq(source_size(&source), -1);
	source_set_memory(&source, "abc", 3);
	ck_assert_int_eq(source_size(&source), 3);
	ck_assert_int_eq(lseek(fd, 2, SEEK_SET), 2);
	ck_assert_int_eq(source_set_descriptor(&source, fd), SMTPC_OK);
	ck_assert_int_eq(source_size(&source), 4);
	/* That of an empty one may be of a file that is made as it is read. */
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(source_size(&source), -1);
	source_set_push(&source, -1);
	ck_assert_int_eq(source_size(&source), -1);
	close(fd);
}
END_TEST

START_TEST(memory_and_files_can_be_set_again)
{
	static const char text[] = "abc";
	struct source other;
	int fd = file_with("abcdef", 6);

	memset(&other, 0, sizeof(other));
	source_clear(&other);
	ck_assert_int_eq(source_set_again(&source, &other), SMTPC_E_STATE);
	source_set_memory(&other, text, 3);
	ck_assert_int_eq(source_set_again(&source, &other), SMTPC_OK);
	ck_assert_ptr_eq(source.data, text);
	ck_assert_int_eq(source_set_copy(&other, text, 3), SMTPC_OK);
	ck_assert_int_eq(source_set_again(&source, &other), SMTPC_OK);
	ck_assert_ptr_ne(source.data, other.data);
	source_clear(&other);
	reads_as("abc", 3);
	/* From where it began, wherever it stands now. */
	ck_assert_int_eq(lseek(fd, 2, SEEK_SET), 2);
	ck_assert_int_eq(source_set_descriptor(&other, fd), SMTPC_OK);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(source_set_again(&source, &other), SMTPC_OK);
	reads_as("cdef", 4);
	source_set_push(&other, -1);
	ck_assert_int_eq(source_set_again(&source, &other), SMTPC_E_STATE);
	close(fd);
}
END_TEST

START_TEST(long_memory_is_not_looked_through_without_need)
{
	uint32_t found = 77;

	source_set_memory(&source, "\xe4\xe4\xe4", 3);
	ck_assert(!look_through(2, &found));
	ck_assert_uint_eq(found, 0);
	ck_assert(look_through(3, &found));
	ck_assert_uint_eq(found, CONTENT_8BIT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = suite_case(suite, "memory");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, memory_is_read_where_it_is_as_often_as_is_wanted);
	tcase_add_test(tcase, empty_memory_is_at_its_end);
	tcase_add_test(tcase, copy_is_independent_of_what_was_copied);
	tcase_add_test(tcase, without_memory_the_old_content_stays);
	tcase_add_test(tcase, source_without_content_is_no_empty_one);

	add_descriptors(suite);
	add_readers(suite);

	tcase = suite_case(suite, "source_scan");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, memory_and_files_are_looked_through);
	tcase_add_test(tcase, long_file_is_looked_through_only_if_it_has_to_be);
	tcase_add_test(tcase, what_can_be_read_only_once_is_not_looked_through);
	tcase_add_test(tcase, long_memory_is_not_looked_through_without_need);
	tcase_add_test(tcase, size_is_known_of_what_has_one);
	tcase_add_test(tcase, memory_and_files_can_be_set_again);
	return suite_run(suite);
}

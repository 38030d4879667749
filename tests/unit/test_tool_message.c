/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/message.c: the message from standard input to the library. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "header.h"
#include "message.h"
#include "options.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static struct mailboxes list;
static struct message message;
static struct options options;
static struct text out;
static FILE *file;

static void
set_up(void)
{
	memset(&options, 0, sizeof(options));
	options.progress_wish = PROGRESS_NEVER;
	mailboxes_init(&list);
	message_init(&message);
	text_init(&out, 64 * 1024 * 1024);
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
}

static void
tear_down(void)
{
	mailboxes_clear(&list);
	message_clear(&message);
	text_clear(&out);
	fclose(file);
}

/* Each test is a process of its own: it may have its own standard input. */
static void
input_is_file(const void *data, size_t len)
{
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fflush(file), 0);
	ck_assert_int_ge(dup2(fileno(file), STDIN_FILENO), 0);
	ck_assert_int_eq(lseek(STDIN_FILENO, 0, SEEK_SET), 0);
}

static void
input_is_pipe(const char *data, size_t len)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], data, len), (ssize_t)len);
	close(ends[1]);
	ck_assert_int_ge(dup2(ends[0], STDIN_FILENO), 0);
	close(ends[0]);
}

static void
prepare(void)
{
	ck_assert_int_eq(message_prepare(&message, &options, &list), EX_OK);
}

/* Reads it all, at most size octets at once. */
static void
read_all(size_t size)
{
	char *buffer = malloc(size);
	size_t len;

	ck_assert_ptr_nonnull(buffer);
	do {
		len = SIZE_MAX;
		ck_assert_int_eq(message_read(buffer, size, &len, &message),
				 SMTPC_OK);
		ck_assert_uint_le(len, size);
		text_append(&out, buffer, len);
	} while (len > 0);
	free(buffer);
	ck_assert_int_eq(out.failed, 0);
}

#define BODY	    "\r\nbody\r\nBcc: d@x\r\n.\n\0\xff"
#define WITH_BCC    "To: a@x\r\nBcc: b@x,\r\n c@x\r\nX: y\n" BODY
#define WITHOUT_BCC "To: a@x\r\nX: y\n" BODY

static void
check_without_bcc(size_t size)
{
	options.from_header = 1;
	prepare();
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[2], "c@x");
	read_all(size);
	ck_assert_uint_eq(out.len, sizeof(WITHOUT_BCC) - 1);
	ck_assert_mem_eq(out.data, WITHOUT_BCC, out.len);
	ck_assert_int_eq(message.done, (int64_t)out.len);
}

START_TEST(bcc_is_removed_from_a_file_whose_size_is_known)
{
	input_is_file(WITH_BCC, sizeof(WITH_BCC) - 1);
	check_without_bcc(4096);
	ck_assert_int_eq(message.progress.total, sizeof(WITHOUT_BCC) - 1);
}
END_TEST

START_TEST(bcc_is_removed_from_a_pipe_whose_size_is_not_known)
{
	input_is_pipe(WITH_BCC, sizeof(WITH_BCC) - 1);
	check_without_bcc(1);
	ck_assert_int_eq(message.progress.total, -1);
}
END_TEST

START_TEST(message_of_a_header_alone_is_taken)
{
	input_is_pipe("To: a@x\nBcc: b@x", 16);
	options.from_header = 1;
	prepare();
	ck_assert_uint_eq(list.count, 2);
	read_all(10);
	ck_assert_str_eq(out.data, "To: a@x\n");
}
END_TEST

static void
refused(int expected)
{
	options.from_header = 1;
	ck_assert_int_eq(message_prepare(&message, &options, &list), expected);
}

START_TEST(empty_message_names_no_recipient)
{
	input_is_pipe("", 0);
	refused(EX_DATAERR);
}
END_TEST

START_TEST(message_of_which_nothing_would_be_left_is_refused)
{
	input_is_pipe("Bcc: a@x", 8);
	refused(EX_DATAERR);
	mailboxes_clear(&list);
	input_is_file("Bcc: a@x\nBcc: b@x\n", 18);
	refused(EX_DATAERR);
}
END_TEST

START_TEST(header_without_recipients_is_refused)
{
	input_is_file("From: a@x\n\nTo: b@x\n", 19);
	refused(EX_DATAERR);
}
END_TEST

START_TEST(malformed_header_is_refused)
{
	input_is_file("To: b@x\nnonsense\n\n", 18);
	refused(EX_DATAERR);
}
END_TEST

START_TEST(header_beyond_a_mebibyte_is_refused)
{
	char *data = malloc(HEADER_MAX + 100);

	ck_assert_ptr_nonnull(data);
	memset(data, 'a', HEADER_MAX + 100);
	memcpy(data, "To: b@x\nX: ", 11);
	/* One octet above, then exactly, with its empty line. */
	memcpy(data + HEADER_MAX - 1, "\n\nbody", 6);
	input_is_file(data, HEADER_MAX + 5);
	refused(EX_DATAERR);

	tear_down();
	set_up();
	memcpy(data + HEADER_MAX - 2, "\n\nbody", 6);
	input_is_file(data, HEADER_MAX + 4);
	options.from_header = 1;
	prepare();
	read_all(65536);
	ck_assert_uint_eq(out.len, HEADER_MAX + 4);
	ck_assert_mem_eq(out.data, data, out.len);
	free(data);
}
END_TEST

START_TEST(endless_header_is_refused)
{
	int fd = open("/dev/zero", O_RDONLY);

	ck_assert_int_ge(dup2(fd, STDIN_FILENO), 0);
	refused(EX_DATAERR);
}
END_TEST

START_TEST(body_is_not_held_in_memory)
{
	char *data = calloc(1, 16 * 1024 * 1024);

	ck_assert_ptr_nonnull(data);
	memcpy(data, "To: b@x\n\n", 9);
	input_is_file(data, 16 * 1024 * 1024);
	options.from_header = 1;
	prepare();
	ck_assert_uint_lt(message.head.size, HEADER_MAX);
	ck_assert_int_eq(message.progress.total, 16 * 1024 * 1024);
	read_all(65536);
	ck_assert_uint_eq(out.len, 16 * 1024 * 1024);
	free(data);
}
END_TEST

START_TEST(no_more_than_announced_is_read_of_a_growing_file)
{
	input_is_file("To: b@x\n\nbody\n", 14);
	options.from_header = 1;
	prepare();
	/* Behind what was measured, in the file and in the part kept. */
	ck_assert_int_eq(lseek(STDIN_FILENO, 0, SEEK_CUR), 14);
	ck_assert_int_eq(write(STDIN_FILENO, "more\n", 5), 5);
	ck_assert_int_eq(lseek(STDIN_FILENO, 14, SEEK_SET), 14);
	read_all(100);
	ck_assert_uint_eq(out.len, 14);
}
END_TEST

START_TEST(file_that_becomes_shorter_fails_the_content)
{
	char buffer[100];
	size_t len;

	input_is_file("To: b@x\n\nbody\n", 14);
	options.from_header = 1;
	prepare();
	/* What has been read in advance is kept; there is to be more. */
	message.rest = 5;
	ck_assert_int_eq(message_read(buffer, sizeof(buffer), &len, &message),
			 SMTPC_OK);
	ck_assert_uint_eq(len, 14);
	ck_assert_int_lt(message_read(buffer, sizeof(buffer), &len, &message),
			 0);
	ck_assert_ptr_nonnull(strstr(message.wrong, "shorter"));
}
END_TEST

START_TEST(file_that_does_not_tell_its_size_is_read_to_its_end)
{
	int fd = open("/proc/self/status", O_RDONLY);

	ck_assert_int_ge(dup2(fd, STDIN_FILENO), 0);
	prepare();
	ck_assert_int_eq(message.progress.total, -1);
	read_all(100);
	ck_assert_ptr_nonnull(strstr(out.data, "Name:"));
}
END_TEST

START_TEST(file_is_read_from_its_present_position)
{
	input_is_file("skipped\nSubject: x\n\nbody\n", 25);
	ck_assert_int_eq(lseek(STDIN_FILENO, 8, SEEK_SET), 8);
	prepare();
	ck_assert_int_eq(message.rest, 17);
	read_all(7);
	ck_assert_str_eq(out.data, "Subject: x\n\nbody\n");
}
END_TEST

START_TEST(what_can_not_be_read_is_no_input)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	ck_assert_int_ge(dup2(fd, STDIN_FILENO), 0);
	refused(EX_NOINPUT);
	options.from_header = 0;
	ck_assert_int_eq(message_prepare(&message, &options, &list),
			 EX_NOINPUT);

	fd = open("/dev/null", O_WRONLY);
	ck_assert_int_ge(dup2(fd, STDIN_FILENO), 0);
	refused(EX_NOINPUT);
	options.from_header = 0;
	ck_assert_int_eq(message_prepare(&message, &options, &list),
			 EX_NOINPUT);

	close(STDIN_FILENO);
	ck_assert_int_eq(message_prepare(&message, &options, &list),
			 EX_NOINPUT);
}
END_TEST

START_TEST(failed_read_fails_the_content)
{
	char buffer[10];
	size_t len;

	input_is_pipe("text", 4);
	prepare();
	close(STDIN_FILENO);
	ck_assert_int_lt(message_read(buffer, sizeof(buffer), &len, &message),
			 0);
	ck_assert_str_eq(message.wrong, strerror(EBADF));
}
END_TEST

START_TEST(text_comes_from_an_argument_or_standard_input)
{

	options.sender = "a@x.test";
	ck_assert_int_eq(mailboxes_add(&list, "b@x.test", 8), true);
	options.text = "argument";
	input_is_pipe("standard input", 14);
	prepare();
	read_all(100);
	ck_assert_ptr_nonnull(strstr(out.data, "\r\n\r\nargument\r\n"));
	ck_assert_int_eq(message.progress.total, (int64_t)out.len);

	message_clear(&message);
	message_init(&message);
	text_clear(&out);
	options.text = "-";
	prepare();
	read_all(100);
	ck_assert_ptr_nonnull(strstr(out.data, "\r\n\r\nstandard input\r\n"));
}
END_TEST

START_TEST(text_beyond_16_mebibytes_is_refused)
{
	char *data = malloc(16 * 1024 * 1024 + 1);

	ck_assert_ptr_nonnull(data);
	memset(data, 'a', 16 * 1024 * 1024 + 1);
	input_is_file(data, 16 * 1024 * 1024 + 1);
	free(data);
	options.sender = "a@x.test";
	ck_assert_int_eq(mailboxes_add(&list, "b@x.test", 8), true);
	options.text = "-";
	ck_assert_int_eq(message_prepare(&message, &options, &list),
			 EX_DATAERR);
}
END_TEST

START_TEST(two_composed_messages_have_two_ids)
{
	char first[100];

	options.sender = "a@x.test";
	ck_assert_int_eq(mailboxes_add(&list, "b@x.test", 8), true);
	options.text = "";
	prepare();
	memcpy(first, strstr(message.head.data, "Message-ID"), 45);
	message_clear(&message);
	message_init(&message);
	prepare();
	ck_assert_mem_ne(first, strstr(message.head.data, "Message-ID"), 45);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_message");
	TCase *tcase = tcase_create("message");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, bcc_is_removed_from_a_file_whose_size_is_known);
	tcase_add_test(tcase,
		       bcc_is_removed_from_a_pipe_whose_size_is_not_known);
	tcase_add_test(tcase, message_of_a_header_alone_is_taken);
	tcase_add_test(tcase,
		       message_of_which_nothing_would_be_left_is_refused);
	tcase_add_test(tcase, empty_message_names_no_recipient);
	tcase_add_test(tcase, header_without_recipients_is_refused);
	tcase_add_test(tcase, malformed_header_is_refused);
	tcase_add_test(tcase, header_beyond_a_mebibyte_is_refused);
	tcase_add_test(tcase, endless_header_is_refused);
	tcase_add_test(tcase, body_is_not_held_in_memory);
	tcase_add_test(tcase, no_more_than_announced_is_read_of_a_growing_file);
	tcase_add_test(tcase, file_that_becomes_shorter_fails_the_content);
	tcase_add_test(tcase,
		       file_that_does_not_tell_its_size_is_read_to_its_end);
	tcase_add_test(tcase, file_is_read_from_its_present_position);
	tcase_add_test(tcase, what_can_not_be_read_is_no_input);
	tcase_add_test(tcase, failed_read_fails_the_content);
	tcase_add_test(tcase, text_comes_from_an_argument_or_standard_input);
	tcase_add_test(tcase, text_beyond_16_mebibytes_is_refused);
	tcase_add_test(tcase, two_composed_messages_have_two_ids);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/reply.c.  What is read is written down as one text, so that
 * the same octets cut in different ways can be compared.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "reply.h"
#include "suite.h"

/* A reader as a session is one: octets in, replies out. */
struct reader {
	struct reply_parser parser;
	char *pending; /* exactly as long as it has to be */
	size_t len;
	int rc; /* a failure, once there was one */
	char *log;
	size_t log_size;
	FILE *out;
};

static void
reader_begin(struct reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	reply_parser_init(&reader->parser);
	reader->out = open_memstream(&reader->log, &reader->log_size);
	ck_assert_ptr_nonnull(reader->out);
}

/* What was read, the caller's to free. */
static char *
reader_end(struct reader *reader)
{
	if (reader->rc == SMTPC_E_PROTOCOL)
		fprintf(reader->out, "broken: %s", reader->parser.detail);
	else if (reader->rc != SMTPC_OK)
		fprintf(reader->out, "failed: %d", reader->rc);
	else if (reader->len > 0)
		fprintf(reader->out, "%zu left", reader->len);
	fclose(reader->out);
	reply_parser_clear(&reader->parser);
	free(reader->pending);
	return reader->log;
}

static void
write_down(struct reader *reader, const struct smtpc_reply *reply)
{
	const char *text;
	size_t i, len;

	fprintf(reader->out, "%d(%s)", reply->code, reply->enhanced);
	for (i = 0; i < reply->line_count; i++) {
		text = reply_line(reply, i, &len);
		fputc('[', reader->out);
		fwrite(text, 1, len, reader->out);
		fputc(']', reader->out);
	}
	fputc('\n', reader->out);
}

/* Forget the first taken octets, in memory that ends where they do. */
static void
take(struct reader *reader, size_t taken)
{
	size_t rest = reader->len - taken;
	char *kept = malloc(rest > 0 ? rest : 1);

	memcpy(kept, reader->pending + taken, rest);
	free(reader->pending);
	reader->pending = kept;
	reader->len = rest;
}

static void
reader_feed(struct reader *reader, const char *data, size_t len)
{
	struct smtpc_reply *reply;
	size_t taken;
	char *grown;

	if (reader->rc != SMTPC_OK)
		return;
	grown = malloc(reader->len + len > 0 ? reader->len + len : 1);
	if (reader->len > 0)
		memcpy(grown, reader->pending, reader->len);
	if (len > 0)
		memcpy(grown + reader->len, data, len);
	free(reader->pending);
	reader->pending = grown;
	reader->len += len;
	for (;;) {
		taken = 0;
		reader->rc = reply_parse(&reader->parser, reader->pending,
					 reader->len, &taken, &reply);
		if (taken > reader->len)
			ck_abort_msg("more than there is was taken");
		take(reader, taken);
		if (reader->rc != SMTPC_OK)
			break;
		write_down(reader, reply);
		reply_release(reply);
	}
	if (reader->rc == SMTPC_AGAIN)
		reader->rc = SMTPC_OK;
}

/* All at once. */
static char *
read_whole(const char *data, size_t len)
{
	struct reader reader;

	reader_begin(&reader);
	reader_feed(&reader, data, len);
	return reader_end(&reader);
}

/* The same, whichever way the stream is cut. */
static void
reads_as(const char *data, size_t len, const char *expected)
{
	struct reader reader;
	size_t cut, i;
	char *log;

	log = read_whole(data, len);
	ck_assert_str_eq(log, expected);
	free(log);

	for (cut = 0; cut <= len; cut++) {
		reader_begin(&reader);
		reader_feed(&reader, data, cut);
		reader_feed(&reader, data + cut, len - cut);
		log = reader_end(&reader);
		if (strcmp(log, expected) != 0)
			ck_abort_msg("cut at %zu: %s", cut, log);
		free(log);
	}

	reader_begin(&reader);
	for (i = 0; i < len; i++)
		reader_feed(&reader, data + i, 1);
	log = reader_end(&reader);
	ck_assert_str_eq(log, expected);
	free(log);
}

static void
text_reads_as(const char *text, const char *expected)
{
	reads_as(text, strlen(text), expected);
}

START_TEST(one_line_is_a_reply)
{
	text_reads_as("220 mx.example.test ESMTP\r\n",
		      "220()[mx.example.test ESMTP]\n");
	text_reads_as("250 2.1.0 Ok\r\n", "250(2.1.0)[2.1.0 Ok]\n");
	text_reads_as("250  two blanks \r\n", "250()[ two blanks ]\n");
}
END_TEST

START_TEST(text_may_be_missing)
{
	text_reads_as("250\r\n", "250()[]\n");
	text_reads_as("250 \r\n", "250()[]\n");
	text_reads_as("250-\r\n250\r\n", "250()[][]\n");
	text_reads_as("553-\r\n553 \r\n", "553()[][]\n");
}
END_TEST

START_TEST(several_lines_are_one_reply)
{
	text_reads_as("250-mx\r\n250-SIZE 1\r\n250 STARTTLS\r\n",
		      "250()[mx][SIZE 1][STARTTLS]\n");
}
END_TEST

START_TEST(replies_of_a_flight_are_told_apart)
{
	text_reads_as("250 a\r\n550-b\r\n550 5.1.1 c\r\n250\r\n354 go\r\n250-",
		      "250()[a]\n550(5.1.1)[b][5.1.1 c]\n250()[]\n354()[go]\n"
		      "4 left");
}
END_TEST

START_TEST(incomplete_line_is_waited_for)
{
	text_reads_as("", "");
	text_reads_as("2", "1 left");
	text_reads_as("250", "3 left");
	text_reads_as("250 ok", "6 left");
	text_reads_as("250 ok\r", "7 left");
	/* The line that is whole is taken. */
	text_reads_as("250-ok\r\n", "");
	text_reads_as("250-ok\r\n25", "2 left");
}
END_TEST

START_TEST(text_may_hold_anything_but_line_ends)
{
	static const char data[] = "250 a\0b\t\x1b]0;x\a\xff\xc3\xa4%s%n\r\n";
	static const char text[] = "a\0b\t\x1b]0;x\a\xff\xc3\xa4%s%n";
	struct reply_parser parser;
	struct smtpc_reply *reply;
	const char *line;
	size_t len, taken;

	reply_parser_init(&parser);
	ck_assert_int_eq(reply_parse(&parser, data, sizeof(data) - 1, &taken,
				     &reply),
			 SMTPC_OK);
	ck_assert_uint_eq(taken, sizeof(data) - 1);
	line = reply_line(reply, 0, &len);
	ck_assert_uint_eq(len, sizeof(text) - 1);
	ck_assert_mem_eq(line, text, sizeof(text));
	reply_release(reply);
	reply_parser_clear(&parser);
}
END_TEST

START_TEST(bare_lf_breaks_the_protocol)
{
	text_reads_as("250 ok\n", "broken: reply-bare-lf");
	text_reads_as("250\n", "broken: reply-bare-lf");
	text_reads_as("250-a\r\n250 b\n", "broken: reply-bare-lf");
	text_reads_as("250-a\n250 b\r\n", "broken: reply-bare-lf");
	text_reads_as("250 a\r\n250 b\n", "250()[a]\nbroken: reply-bare-lf");
}
END_TEST

/* Whatever the token says. */
static void
breaks(const char *data, size_t len)
{
	char *log = read_whole(data, len);

	ck_assert_msg(strncmp(log, "broken: ", 8) == 0, "read as %s", log);
	reads_as(data, len, log);
	free(log);
}

START_TEST(bare_cr_breaks_the_protocol)
{
	text_reads_as("250 ok\r\r\n", "broken: reply-bare-cr");
	text_reads_as("250 o\rk\r\n", "broken: reply-bare-cr");
	text_reads_as("250 \rok\r\n", "broken: reply-bare-cr");
	text_reads_as("250-a\rb\r\n", "broken: reply-bare-cr");
	/* Where a line without text ends. */
	breaks("250\r\0\r\n", 7);
	breaks("250\r\r\n", 6);
	breaks("250\rx\r\n", 7);
	breaks("250\r250 ok\r\n", 12);
	breaks("250\r-x\r\n", 8);
}
END_TEST

START_TEST(what_is_no_reply_breaks_the_protocol)
{
	static const char *const texts[] = {
		"2 50 x\r\n",
		"25 x\r\n",
		"2500 x\r\n",
		"abc\r\n",
		" 250 x\r\n",
		"-250 x\r\n",
		"+250 x\r\n",
		"250x\r\n",
		"\r\n",
		"\n",
		"25\r\n",
		"2\r\n",
		"250_x\r\n",
		"250\tx\r\n",
		"250+x\r\n",
		"250.x\r\n",
		"000 x\r\n",
		"099 x\r\n",
		"100 x\r\n",
		"199 x\r\n",
		"600 x\r\n",
		"999 x\r\n",
		"\377\373\001220 x\r\n",
		"\x16\x03\x01",
		"HTTP/1.1 400 Bad Request\r\n",
		"SSH-2.0-x\r\n",
		"\x15\x03\x01",
		"junk\r\n250 ok\r\n",
		"\xb2\xb5\xb0 x\r\n",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text_reads_as(texts[i], "broken: reply-unparsable");
	reads_as("\0", 1, "broken: reply-unparsable");
	reads_as("250\0x\r\n", 7, "broken: reply-unparsable");
}
END_TEST

/* Nobody has to wait for the end of a line to know that it is none. */
START_TEST(first_wrong_octet_is_enough)
{
	text_reads_as("x", "broken: reply-unparsable");
	text_reads_as("2x", "broken: reply-unparsable");
	text_reads_as("25x", "broken: reply-unparsable");
	text_reads_as("250x", "broken: reply-unparsable");
	text_reads_as("1", "broken: reply-unparsable");
	text_reads_as("6", "broken: reply-unparsable");
	text_reads_as("250-a\r\nx", "broken: reply-unparsable");
}
END_TEST

START_TEST(only_the_first_digit_has_to_make_sense)
{
	char text[20], expected[20];
	int code;

	for (code = 0; code < 1000; code++) {
		snprintf(text, sizeof(text), "%03d x\r\n", code);
		snprintf(expected, sizeof(expected), "%d()[x]\n", code);
		text_reads_as(text, code >= 200 && code < 600
					? expected
					: "broken: reply-unparsable");
	}
}
END_TEST

START_TEST(every_line_has_the_same_code)
{
	text_reads_as("250-a\r\n550 b\r\n", "broken: reply-mixed-codes");
	text_reads_as("550-a\r\n250 b\r\n", "broken: reply-mixed-codes");
	text_reads_as("250-a\r\n251 b\r\n", "broken: reply-mixed-codes");
	text_reads_as("250-a\r\n250-b\r\n550-c\r\n",
		      "broken: reply-mixed-codes");
	/* The code of the reply before does not count. */
	text_reads_as("250-a\r\n250 b\r\n550 c\r\n", "250()[a][b]\n550()[c]\n");
}
END_TEST

/* A line of this many octets, CRLF and all. */
static char *
make_line(const char *start, size_t len)
{
	char *line = malloc(len + 1);
	size_t used = strlen(start);

	ck_assert_ptr_nonnull(line);
	memcpy(line, start, used);
	memset(line + used, 'x', len - used);
	memcpy(line + len - 2, "\r\n", 3);
	return line;
}

/* NULL for detail: it can be read. */
static void
log_tells(const char *log, const char *detail)
{
	if (detail != NULL)
		ck_assert_ptr_nonnull(strstr(log, detail));
	else
		ck_assert_ptr_null(strstr(log, "broken"));
}

/* At once, and in single octets. */
static void
line_is(const char *start, size_t len, const char *detail)
{
	char *line = make_line(start, len);
	struct reader reader;
	char *log;
	size_t i;

	log = read_whole(line, len);
	log_tells(log, detail);
	free(log);
	reader_begin(&reader);
	for (i = 0; i < len; i++)
		reader_feed(&reader, line + i, 1);
	log = reader_end(&reader);
	log_tells(log, detail);
	free(log);
	free(line);
}

START_TEST(longest_line_is_exact)
{
	static const size_t lengths[] = { 512, 513, 2048, 4095, 4096 };
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		line_is("250 ", lengths[i], NULL);
	line_is("250 ", 4097, "reply-line-too-long");
	line_is("250-", 4097, "reply-line-too-long");
	line_is("335 ", 4097, "reply-line-too-long");
	line_is("334 ", 4097, NULL);
	line_is("334 ", 12294, NULL);
	line_is("334 ", 12295, "reply-line-too-long");
}
END_TEST

START_TEST(line_without_end_is_given_up_at_its_limit)
{
	char *line = make_line("250 ", 5000);
	struct reply_parser parser;
	struct smtpc_reply *reply;
	size_t taken;

	reply_parser_init(&parser);
	ck_assert_int_eq(reply_parse(&parser, line, 4095, &taken, &reply),
			 SMTPC_AGAIN);
	ck_assert_uint_eq(taken, 0);
	ck_assert_int_eq(reply_parse(&parser, line, 4096, &taken, &reply),
			 SMTPC_E_PROTOCOL);
	ck_assert_str_eq(parser.detail, "reply-line-too-long");
	reply_parser_clear(&parser);
	free(line);
}
END_TEST

/* A reply of lines lines, the last of which makes it octets long. */
static void
reply_is(size_t lines, size_t octets, const char *detail)
{
	char *text = malloc(octets + 1);
	size_t used = 0;
	size_t i, len;
	char *line, *log;

	ck_assert_ptr_nonnull(text);
	for (i = 0; i < lines; i++) {
		len = (octets - used) / (lines - i);
		line = make_line(i + 1 < lines ? "250-" : "250 ", len);
		memcpy(text + used, line, len);
		used += len;
		free(line);
	}
	ck_assert_uint_eq(used, octets);
	log = read_whole(text, octets);
	if (*detail != '\0') {
		ck_assert_str_eq(log, detail);
	} else {
		ck_assert_ptr_null(strstr(log, "broken"));
		ck_assert_int_eq(log[strlen(log) - 1], '\n');
	}
	free(log);
	free(text);
}

START_TEST(largest_reply_is_exact)
{
	reply_is(512, 512 * 6, "");
	reply_is(513, 513 * 6, "broken: reply-too-long");
	reply_is(512, 65536, "");
	reply_is(512, 65537, "broken: reply-too-long");
	reply_is(20, 65536, "");
	reply_is(20, 65537, "broken: reply-too-long");
}
END_TEST

START_TEST(endless_reply_is_given_up)
{
	struct reader reader;
	char *log;
	int i;

	reader_begin(&reader);
	for (i = 0; i < 100000 && reader.rc == SMTPC_OK; i++)
		reader_feed(&reader, "250-x\r\n", 7);
	ck_assert_int_eq(i, 513);
	log = reader_end(&reader);
	ck_assert_str_eq(log, "broken: reply-too-long");
	free(log);
}
END_TEST

/* The limits are a reply's, not a session's. */
START_TEST(any_number_of_replies_can_be_read)
{
	struct reply_parser parser;
	struct smtpc_reply *reply;
	size_t taken;
	char *line = make_line("250 ", 4096);
	int i;

	reply_parser_init(&parser);
	for (i = 0; i < 2000; i++) {
		if (reply_parse(&parser, line, 4096, &taken, &reply) !=
		    SMTPC_OK)
			ck_abort_msg("reply %d", i);
		reply_release(reply);
	}
	reply_parser_clear(&parser);
	free(line);
}
END_TEST

START_TEST(enhanced_code_goes_with_its_class)
{
	text_reads_as("250 2.0.0 x\r\n", "250(2.0.0)[2.0.0 x]\n");
	text_reads_as("250 2.0.0\r\n", "250(2.0.0)[2.0.0]\n");
	text_reads_as("550 5.7.1 x\r\n", "550(5.7.1)[5.7.1 x]\n");
	text_reads_as("451 4.999.999 x\r\n", "451(4.999.999)[4.999.999 x]\n");
	/* Some servers mix the two kinds of refusal. */
	text_reads_as("451 5.7.3 x\r\n", "451(5.7.3)[5.7.3 x]\n");
	text_reads_as("550 4.1.1 x\r\n", "550(4.1.1)[4.1.1 x]\n");
	/* The last line's counts. */
	text_reads_as("250-2.1.0 x\r\n250 y\r\n", "250()[2.1.0 x][y]\n");
	text_reads_as("550-5.1.0 x\r\n550 5.1.1 y\r\n",
		      "550(5.1.1)[5.1.0 x][5.1.1 y]\n");
}
END_TEST

START_TEST(enhanced_code_that_makes_no_sense_is_none)
{
	static const char *const texts[] = {
		"250 5.1.1",
		"250 4.1.1",
		"550 2.0.0",
		"451 2.0.0",
		"354 5.1.1",
		"354 2.0.0",
		"334 2.0.0",
		"550 9.9.9",
		"550 3.1.1",
		"550 5.7.",
		"550 2.0",
		"550 5.1",
		"550 5.",
		"550 5",
		"550 05.1.1",
		"550 5.01.1",
		"550 5.1.01",
		"550 5.1.00",
		"550 5..1",
		"550 5..11",
		"550 5.1. x",
		"550 5.1.",
		"550 5.1.1x",
		"550 5.1.1.1",
		"550 5.1.1-x",
		"550 5.1.1:",
		"550 5.1.1000",
		"550 5.1000.1",
		"550  5.1.1",
		"550 -5.1.1",
		"550 5.99999999999.1",
		"550 5.1.99999999999",
		"550 5,1,1",
		"550 5.1.1\t",
		"550 55.1.1",
	};
	char text[40], expected[40];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(text, sizeof(text), "%s\r\n", texts[i]);
		snprintf(expected, sizeof(expected), "%.3s()[%s]\n", texts[i],
			 texts[i] + 4);
		text_reads_as(text, expected);
	}
}
END_TEST

START_TEST(description_is_one_line_of_printable_ascii)
{
	static const char *const texts[][2] = {
		{ "550 5.1.1 No such user\r\n", "550 5.1.1 No such user" },
		{ "550-a\r\n550 b\r\n", "550 b" },
		{ "250\r\n", "250" },
		{ "250-a\r\n250\r\n", "250" },
		{ "550 \x1b[2J\xc3\xa4%s\r\n", "550 \\x1b[2J\\xc3\\xa4%s" },
	};
	struct smtpc_reply *reply;
	char *line, *text;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		reply = reply_of(texts[i][0]);
		text = reply_describe(reply);
		ck_assert_str_eq(text, texts[i][1]);
		mem_free(text);
		reply_release(reply);
	}
	line = make_line("550 ", 1000);
	reply = reply_of(line);
	text = reply_describe(reply);
	ck_assert_uint_eq(strlen(text), 4 + 200 + 3);
	ck_assert_str_eq(text + 200, "xxxx...");
	mem_free(text);
	reply_release(reply);
	free(line);
}
END_TEST

START_TEST(class_is_the_first_digit)
{
	static const char *const texts[] = { "200 x\r\n", "299 x\r\n",
					     "300 x\r\n", "421 x\r\n",
					     "500 x\r\n", "599 x\r\n" };
	struct smtpc_reply *reply;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		reply = reply_of(texts[i]);
		ck_assert_int_eq(reply_class(reply), texts[i][0] - '0');
		reply_release(reply);
	}
}
END_TEST

START_TEST(reply_lives_as_long_as_somebody_holds_it)
{
	struct smtpc_reply *reply = reply_of("250 x\r\n");
	struct smtpc_reply *other = reply_of("251 y\r\n");
	struct smtpc_reply *place = NULL;

	ck_assert_uint_eq(reply->holds, 1);
	ck_assert_ptr_eq(reply_hold(reply), reply);
	reply_keep(&place, reply);
	ck_assert_uint_eq(reply->holds, 3);
	reply_keep(&place, reply);
	ck_assert_uint_eq(reply->holds, 3);
	reply_keep(&place, other);
	ck_assert_uint_eq(reply->holds, 2);
	ck_assert_uint_eq(other->holds, 2);
	reply_keep(&place, NULL);
	ck_assert_ptr_null(place);
	ck_assert_uint_eq(other->holds, 1);
	reply_release(reply);
	ck_assert_int_eq(reply->code, 250);
	reply_release(reply);
	reply_release(other);
	reply_release(NULL);
	ck_assert_ptr_null(reply_hold(NULL));
}
END_TEST

#define TURNS 20000

static void *
hold_and_release(void *argument)
{
	struct smtpc_reply *reply = argument;
	int i;

	for (i = 0; i < TURNS; i++)
		reply_release(reply_hold(reply));
	return NULL;
}

START_TEST(several_threads_can_hold_a_reply)
{
	struct smtpc_reply *reply = reply_of("250 x\r\n");
	pthread_t threads[4];
	size_t i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
						hold_and_release, reply),
				 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(reply->holds, 1);
	reply_release(reply);
}
END_TEST

/* A parser that was broken or half-way is as new when it is cleared. */
START_TEST(cleared_parser_starts_anew)
{
	static const char *const before[] = { "250-a\r\n", "250-a\r\n550 ",
					      "xyz", "250 a\n" };
	struct reply_parser parser;
	struct smtpc_reply *reply;
	size_t i, taken;

	reply_parser_init(&parser);
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		(void)reply_parse(&parser, before[i], strlen(before[i]), &taken,
				  &reply);
		reply_parser_clear(&parser);
		ck_assert_ptr_null(parser.detail);
		ck_assert_int_eq(reply_parse(&parser, "354 b\r\n", 7, &taken,
					     &reply),
				 SMTPC_OK);
		ck_assert_uint_eq(reply->line_count, 1);
		ck_assert_int_eq(reply->code, 354);
		reply_release(reply);
	}
	reply_parser_clear(&parser);
}
END_TEST

START_TEST(without_memory_no_reply_is_made)
{
	static const char text[] = "250-mx\r\n250-SIZE\r\n250 DSN\r\n";
	struct reply_parser parser;
	struct smtpc_reply *reply;
	bool more = true;
	unsigned int i;
	size_t taken;
	int rc;

	for (i = 0; more; i++) {
		reply_parser_init(&parser);
		fault_at(i);
		rc = reply_parse(&parser, text, strlen(text), &taken, &reply);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		if (!more)
			reply_release(reply);
		reply_parser_clear(&parser);
	}
	ck_assert_uint_eq(i, 4);
}
END_TEST

START_TEST(without_memory_a_reply_is_not_described)
{
	struct smtpc_reply *reply = reply_of("250 ok\r\n");
	bool more = true;
	unsigned int i;
	char *text;

	for (i = 0; more; i++) {
		fault_at(i);
		text = reply_describe(reply);
		more = fault_end();
		ck_assert_int_eq(text == NULL, more);
		mem_free(text);
	}
	ck_assert_uint_eq(i, 3);
	reply_release(reply);
}
END_TEST

static void
add_grammar(Suite *suite)
{
	TCase *tcase = suite_case(suite, "reply_parse");

	tcase_add_test(tcase, one_line_is_a_reply);
	tcase_add_test(tcase, text_may_be_missing);
	tcase_add_test(tcase, several_lines_are_one_reply);
	tcase_add_test(tcase, replies_of_a_flight_are_told_apart);
	tcase_add_test(tcase, incomplete_line_is_waited_for);
	tcase_add_test(tcase, text_may_hold_anything_but_line_ends);
	tcase_add_test(tcase, bare_lf_breaks_the_protocol);
	tcase_add_test(tcase, bare_cr_breaks_the_protocol);
	tcase_add_test(tcase, what_is_no_reply_breaks_the_protocol);
	tcase_add_test(tcase, first_wrong_octet_is_enough);
	tcase_add_test(tcase, only_the_first_digit_has_to_make_sense);
	tcase_add_test(tcase, every_line_has_the_same_code);
	tcase_add_test(tcase, longest_line_is_exact);
	tcase_add_test(tcase, line_without_end_is_given_up_at_its_limit);
	tcase_add_test(tcase, largest_reply_is_exact);
	tcase_add_test(tcase, endless_reply_is_given_up);
	tcase_add_test(tcase, any_number_of_replies_can_be_read);
	tcase_add_test(tcase, cleared_parser_starts_anew);
	tcase_add_test(tcase, without_memory_no_reply_is_made);

	tcase = suite_case(suite, "enhanced");
	tcase_add_test(tcase, enhanced_code_goes_with_its_class);
	tcase_add_test(tcase, enhanced_code_that_makes_no_sense_is_none);
}

/* What a text, and secrets in it, look like afterwards. */
static const struct {
	const char *text, *secret, *blotted;
} blots[] = {
	{ "535 no\r\n", "secret", "no" },
	{ "535 secret\r\n", "secret", "******" },
	{ "535 x secret y\r\n", "secret", "x ****** y" },
	{ "535 secretsecret secre secret\r\n", "secret",
	  "************ secre ******" },
	/* Words would go with what is so short. */
	{ "535 aaaa\r\n", "aaa", "aaaa" },
	{ "535 aaaaaa\r\n", "aaaa", "****aa" },
	/* Of what is long, parts give it away, in whatever case. */
	{ "535 \"AHVzZXIAU2VjcmV0...\"\r\n",
	  "AHVzZXIAU2VjcmV0UGFzcw==", "\"****************...\"" },
	{ "535 zXIAU2VjcmV, XIAU2VJCRM\r\n",
	  "AHVzZXIAU2VjcmV0UGFzcw==", "***********, ********RM" },
	{ "535 AHVzZXI and cmV0UGF\r\n",
	  "AHVzZXIAU2VjcmV0UGFzcw==", "AHVzZXI and cmV0UGF" },
	{ "535-AHVzZXIAU2\r\n535 no\r\n",
	  "AHVzZXIAU2VjcmV0UGFzcw==", "**********" },
	{ "535 Secret\r\n", "secret", "Secret" },
	{ "535\r\n", "secret", "" },
	{ "535 no\r\n", "", "no" },
	/* The code is no text, nor is what is longer than all of it. */
	{ "535 x\r\n", "535", "x" },
	{ "535 ab\r\n", "abc", "ab" },
};

#define BLOTS ((int)(sizeof(blots) / sizeof(blots[0])))

START_TEST(secret_in_a_reply_is_blotted_out)
{
	struct smtpc_reply *reply = reply_of(blots[_i].text);
	const char *text;
	size_t len;

	reply_blot(reply, blots[_i].secret, strlen(blots[_i].secret));
	text = reply_line(reply, 0, &len);
	ck_assert_uint_eq(len, strlen(blots[_i].blotted));
	ck_assert_mem_eq(text, blots[_i].blotted, len);
	ck_assert_int_eq(reply->code, 535);
	reply_release(reply);
}
END_TEST

START_TEST(secret_is_blotted_out_of_each_line)
{
	struct smtpc_reply *reply =
	    reply_of("535-one secret\r\n535-secret two\r\n535 three\r\n");
	const char *text;
	size_t len;

	reply_blot(reply, "secret", 6);
	ck_assert_str_eq(reply_line(reply, 0, &len), "one ******");
	ck_assert_str_eq(reply_line(reply, 1, &len), "****** two");
	text = reply_line(reply, 2, &len);
	ck_assert_str_eq(text, "three");
	/* The end of one line and the start of the next are no secret. */
	reply_blot(reply, "******\0****", 11);
	ck_assert_str_eq(reply_line(reply, 1, &len), "****** two");
	reply_release(reply);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reply");
	TCase *tcase;

	add_grammar(suite);

	tcase = suite_case(suite, "reply_describe");
	tcase_add_test(tcase, description_is_one_line_of_printable_ascii);
	tcase_add_test(tcase, class_is_the_first_digit);
	tcase_add_test(tcase, without_memory_a_reply_is_not_described);

	tcase = suite_case(suite, "reply_blot");
	tcase_add_loop_test(tcase, secret_in_a_reply_is_blotted_out, 0, BLOTS);
	tcase_add_test(tcase, secret_is_blotted_out_of_each_line);

	tcase = suite_case(suite, "reply_hold");
	tcase_add_test(tcase, reply_lives_as_long_as_somebody_holds_it);
	tcase_add_test(tcase, several_threads_can_hold_a_reply);
	return suite_run(suite);
}

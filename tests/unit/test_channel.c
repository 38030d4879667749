/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/channel.c over a stream in memory. */
#include <string.h>

#include "channel.h"
#include "memory_stream.h"
#include "suite.h"

static struct channel channel;
static struct memory_stream wire;
static bool moved;

static void
set_up(void)
{
	memory_stream_init(&wire);
	channel_init(&channel);
	channel_attach(&channel, &wire.base, false);
	moved = false;
}

static void
tear_down(void)
{
	channel_close(&channel);
	ck_assert_uint_eq(wire.frees, 1);
	memory_stream_clear(&wire);
}

/* One line, as a command is written. */
static void
write_line(const char *line)
{
	buffer_append_text(&channel.out, line);
	channel_commit(&channel);
}

static int
pump(void)
{
	moved = false;
	return channel_pump(&channel, &moved);
}

static void
sent(const char *expected)
{
	ck_assert_uint_eq(wire.out.len, strlen(expected));
	if (wire.out.len > 0)
		ck_assert_mem_eq(wire.out.data, expected, wire.out.len);
}

START_TEST(lines_leave_in_order_and_in_one_write)
{
	write_line("MAIL FROM:<a@b>\r\n");
	write_line("RCPT TO:<c@d>\r\n");
	write_line("DATA\r\n");
	ck_assert(channel_is_sending(&channel));
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	/* Nobody lacked the room that there is now. */
	ck_assert(!moved);
	sent("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	ck_assert_uint_eq(wire.writes, 1);
	ck_assert_int_eq(wire.pieces, 1);
	ck_assert(!channel_is_sending(&channel));
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(!moved);
	ck_assert_uint_eq(wire.writes, 1);
}
END_TEST

START_TEST(what_is_not_committed_does_not_leave)
{
	buffer_append_text(&channel.out, "NOOP\r\n");
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	sent("");
	ck_assert(!channel_is_sending(&channel));
	channel_commit(&channel);
	ck_assert_uint_eq(channel.put, 6);
	channel_commit(&channel);
	ck_assert_uint_eq(channel.put, 6);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	sent("NOOP\r\n");
}
END_TEST

START_TEST(little_is_copied_and_much_is_borrowed)
{
	static char little[512], much[513];

	memset(little, 'l', sizeof(little));
	memset(much, 'm', sizeof(much));
	channel_put(&channel, little, sizeof(little));
	ck_assert(!channel_is_borrowing(&channel));
	memset(little, 'x', sizeof(little));
	channel_put(&channel, much, sizeof(much));
	ck_assert(channel_is_borrowing(&channel));
	memset(much, 'y', sizeof(much));
	channel_put(&channel, "", 0);
	ck_assert_uint_eq(channel.put, 1025);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(wire.out.len, 1025);
	ck_assert_int_eq(wire.out.data[0], 'l');
	ck_assert_int_eq(wire.out.data[511], 'l');
	ck_assert_int_eq(wire.out.data[512], 'y');
	ck_assert_int_eq(wire.out.data[1024], 'y');
	ck_assert(!channel_is_borrowing(&channel));
	ck_assert_uint_eq(channel_left(&channel), 1025);
}
END_TEST

/* Puts in pieces of all kinds, and writes down what they are together. */
static void
put_mixture(struct octets *expected)
{
	static char large[3][2000];
	size_t i;

	for (i = 0; i < 3; i++) {
		memset(large[i], (int)('A' + i), sizeof(large[i]));
		write_line("DATA\r\n");
		octets_append(expected, "DATA\r\n", 6);
		channel_put(&channel, large[i], sizeof(large[i]));
		octets_append(expected, large[i], sizeof(large[i]));
		channel_put(&channel, "..", 2);
		octets_append(expected, "..", 2);
		channel_put(&channel, large[i], 600);
		octets_append(expected, large[i], 600);
	}
	write_line("QUIT\r\n");
	octets_append(expected, "QUIT\r\n", 6);
}

START_TEST(order_is_kept_however_little_the_stream_takes)
{
	static const size_t turns[] = { 1, 2, 7, 511, 600, 2001, SIZE_MAX };
	struct octets expected = { NULL, 0 };
	size_t before;

	memory_stream_limit(&wire, turns[_i]);
	put_mixture(&expected);
	while (channel_is_sending(&channel)) {
		before = wire.out.len;
		ck_assert_int_eq(pump(), SMTPC_AGAIN);
		if (wire.out.len == before)
			ck_abort_msg("%zu left", wire.out.len);
		ck_assert_uint_eq(channel_left(&channel), wire.out.len);
		channel_wake(&channel);
	}
	ck_assert_uint_eq(wire.out.len, expected.len);
	ck_assert_mem_eq(wire.out.data, expected.data, expected.len);
	ck_assert_uint_eq(channel.put, expected.len);
	ck_assert_uint_eq(buffer_length(&channel.out), 0);
	octets_clear(&expected);
}
END_TEST

START_TEST(room_matters_to_those_who_lacked_it)
{
	static char large[600];

	while (channel_has_room(&channel))
		channel_put(&channel, large, sizeof(large));
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(moved);
	ck_assert(channel_has_room(&channel));
}
END_TEST

#define TURNS 7

START_TEST(room_ends_before_segments_do)
{
	static char large[600];
	int i;

	/* An even number of segments, and an odd one. */
	if (_i == 1)
		write_line("x");
	for (i = 0; channel_has_room(&channel); i++) {
		ck_assert_int_lt(i, CHANNEL_SEGMENTS);
		channel_put(&channel, large, sizeof(large));
		write_line("x");
	}
	ck_assert_uint_gt(buffer_length(&channel.segments),
			  CHANNEL_SEGMENTS_SIZE -
			      2 * sizeof(struct channel_segment));
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(channel_has_room(&channel));
	ck_assert_uint_eq(wire.out.len, (size_t)i * 601 + (size_t)_i);
}
END_TEST

START_TEST(room_ends_where_too_much_is_copied)
{
	static char line[500];
	size_t put;

	for (put = 0; channel_has_room(&channel); put += sizeof(line))
		channel_put(&channel, line, sizeof(line));
	ck_assert_uint_ge(put, CHANNEL_OUT_HIGH);
	ck_assert_uint_lt(put, CHANNEL_OUT_HIGH + sizeof(line));
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(channel_has_room(&channel));
}
END_TEST

START_TEST(what_the_peer_sends_is_read_up_to_the_maximum)
{
	char data[100];
	size_t i;

	memset(data, 'x', sizeof(data));
	for (i = 0; i < 300; i++)
		octets_append(&wire.in, data, sizeof(data));
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(moved);
	ck_assert_uint_eq(buffer_length(&channel.in), CHANNEL_IN_MAX);
	ck_assert_uint_eq(wire.in.len, 30000 - CHANNEL_IN_MAX);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(!moved);
	buffer_consume(&channel.in, 16000);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(moved);
	ck_assert_uint_eq(wire.in.len, 0);
	ck_assert_uint_eq(buffer_length(&channel.in), 14000);
}
END_TEST

START_TEST(reading_ends_where_the_peer_ends)
{
	octets_append(&wire.in, "221 bye\r\n", 9);
	memory_stream_end(&wire);
	ck_assert_int_eq(pump(), SMTPC_E_CLOSED);
	ck_assert(moved);
	ck_assert_uint_eq(buffer_length(&channel.in), 9);
	ck_assert_int_eq(pump(), SMTPC_E_CLOSED);
	ck_assert(!moved);
	/* Nobody asks a stream that has ended. */
	ck_assert_uint_eq(wire.reads, 2);
}
END_TEST

START_TEST(other_words_are_sent_though_the_peer_sends_no_more)
{
	memory_stream_end(&wire);
	ck_assert_int_eq(pump(), SMTPC_E_CLOSED);
	write_line("QUIT\r\n");
	ck_assert_int_eq(pump(), SMTPC_E_CLOSED);
	sent("QUIT\r\n");
}
END_TEST

/* The server's own words say more than EPIPE. */
START_TEST(after_a_write_error_the_last_words_are_read)
{
	wire.write_rc = SMTPC_E_SYSTEM;
	wire.base.fault.system_error = 32;
	octets_append(&wire.in, "421 no more\r\n", 13);
	write_line("MAIL FROM:<>\r\n");
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(moved);
	ck_assert_int_eq(channel.write_rc, SMTPC_E_SYSTEM);
	ck_assert_int_eq(channel.write_fault.system_error, 32);
	ck_assert_uint_eq(buffer_length(&channel.in), 13);
	ck_assert_int_eq(channel.read_rc, SMTPC_OK);

	/* Writing is not tried again; the fault of reading is another. */
	wire.base.fault.system_error = 104;
	wire.read_rc = SMTPC_E_SYSTEM;
	ck_assert_int_eq(pump(), SMTPC_E_SYSTEM);
	ck_assert_uint_eq(wire.writes, 1);
	ck_assert_int_eq(channel.write_fault.system_error, 32);
	ck_assert_int_eq(channel.read_rc, SMTPC_E_SYSTEM);
}
END_TEST

START_TEST(what_the_stream_kept_back_is_flushed)
{
	write_line("NOOP\r\n");
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(wire.flushes, 1);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(wire.flushes, 2);
	wire.flush_rc = SMTPC_AGAIN;
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_int_eq(channel.write_rc, SMTPC_OK);
	wire.flush_rc = SMTPC_E_SYSTEM;
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_int_eq(channel.write_rc, SMTPC_E_SYSTEM);
}
END_TEST

START_TEST(opening_goes_on_until_it_is_done)
{
	struct stream *stream = channel_detach(&channel);

	ck_assert_ptr_eq(stream, &wire.base);
	ck_assert_ptr_null(channel.stream);
	channel_attach(&channel, stream, true);
	ck_assert(channel.opening);
	wire.open_rc = SMTPC_AGAIN;
	ck_assert_int_eq(channel_open(&channel), SMTPC_AGAIN);
	ck_assert(channel.opening);
	wire.open_rc = SMTPC_E_SYSTEM;
	ck_assert_int_eq(channel_open(&channel), SMTPC_E_SYSTEM);
	ck_assert(channel.opening);
	wire.open_rc = SMTPC_OK;
	ck_assert_int_eq(channel_open(&channel), SMTPC_OK);
	ck_assert(!channel.opening);
}
END_TEST

START_TEST(new_stream_begins_to_count_anew)
{
	struct memory_stream other;

	write_line("STARTTLS\r\n");
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(channel.put, 10);
	memory_stream_end(&wire);
	ck_assert_int_eq(pump(), SMTPC_E_CLOSED);
	ck_assert_ptr_eq(channel_detach(&channel), &wire.base);
	/* The test owns it now. */
	wire.frees++;

	memory_stream_init(&other);
	channel_attach(&channel, &other.base, false);
	ck_assert_uint_eq(channel.put, 0);
	ck_assert_uint_eq(channel_left(&channel), 0);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	write_line("EHLO x\r\n");
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(channel_left(&channel), 8);
	channel_close(&channel);
	ck_assert_uint_eq(other.frees, 1);
	memory_stream_clear(&other);
}
END_TEST

START_TEST(closing_throws_everything_away)
{
	static char large[600];

	memory_stream_limit(&wire, 1);
	channel_put(&channel, large, sizeof(large));
	write_line("AUTH PLAIN c2VjcmV0\r\n");
	octets_append(&wire.in, "250 ok\r\n", 8);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	wipe_watch("c2VjcmV0");
	channel_close(&channel);
	ck_assert_uint_eq(wipe_count(), 1);
	ck_assert_uint_eq(wire.frees, 1);
	ck_assert_uint_eq(wire.out.len, 1);
	ck_assert_uint_eq(wire.ends, 0);
	ck_assert(!channel_is_sending(&channel));
	ck_assert(!channel_is_borrowing(&channel));
	ck_assert_uint_eq(buffer_length(&channel.in), 0);
	ck_assert_uint_eq(buffer_length(&channel.out), 0);
	ck_assert_uint_eq(channel_left(&channel), 0);
	/* Neither does any harm. */
	channel_wake(&channel);
	channel_close(&channel);
	ck_assert_uint_eq(wire.frees, 1);
}
END_TEST

START_TEST(rest_gives_back_and_wipes_what_is_empty)
{
	octets_append(&wire.in, "235 ok\r\n", 8);
	write_line("AUTH PLAIN c2VjcmV0\r\n");
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	wipe_watch("c2VjcmV0");
	channel_rest(&channel);
	ck_assert_uint_eq(wipe_count(), 1);
	ck_assert_uint_eq(channel.out.size, 0);
	/* This is not empty. */
	ck_assert_uint_eq(buffer_length(&channel.in), 8);
	buffer_consume(&channel.in, 8);
	write_line("NOOP\r\n");
	channel_rest(&channel);
	ck_assert_uint_eq(channel.in.size, 0);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	sent("AUTH PLAIN c2VjcmV0\r\nNOOP\r\n");
}
END_TEST

START_TEST(without_memory_reading_fails_for_good)
{
	octets_append(&wire.in, "250 ok\r\n", 8);
	fault_at(0);
	ck_assert_int_eq(pump(), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_int_eq(pump(), SMTPC_E_NOMEM);
}
END_TEST

START_TEST(without_memory_nothing_is_put_in)
{
	fault_at(0);
	channel_put(&channel, "abc", 3);
	ck_assert(fault_end());
	ck_assert(channel.out.failed);
	ck_assert_uint_eq(channel.put, 0);
	ck_assert(!channel_is_sending(&channel));
}
END_TEST

/* Whoever does not ask whether it was put in learns it here. */
START_TEST(without_memory_for_a_segment_writing_fails_for_good)
{
	fault_at(1);
	write_line("DATA\r\n");
	ck_assert(fault_end());
	ck_assert(channel.out.failed);
	ck_assert_uint_eq(channel.put, 0);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_int_eq(channel.write_rc, SMTPC_E_NOMEM);
	sent("");
}
END_TEST

/* TLS's octets are others than those that were put in. */
START_TEST(progress_is_that_of_the_innermost_stream)
{
	struct memory_stream outer;

	ck_assert_uint_eq(channel_progress(&channel), 0);
	write_line("NOOP\r\n");
	ck_assert_uint_eq(channel_progress(&channel), 0);
	memory_stream_limit(&wire, 2);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(channel_progress(&channel), 2);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(channel_progress(&channel), 2);
	wire.base.operations->wake(&wire.base);
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert_uint_eq(channel_progress(&channel), 4);

	memory_stream_init(&outer);
	outer.base.inner = &wire.base;
	outer.base.left = 1000;
	ck_assert_ptr_eq(channel_detach(&channel), &wire.base);
	ck_assert_uint_eq(channel_progress(&channel), 0);
	channel.stream = &outer.base;
	ck_assert_uint_eq(channel_left(&channel), 1000);
	ck_assert_uint_eq(channel_progress(&channel), 4);
	channel.stream = &wire.base;
	memory_stream_clear(&outer);
}
END_TEST

/* A flush moves octets, too, though nothing is put in. */
static int
flush_some(struct stream *stream)
{
	stream->left += 3;
	return SMTPC_AGAIN;
}

START_TEST(what_is_flushed_is_progress)
{
	struct stream_operations operations = *wire.base.operations;

	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(!moved);
	operations.flush = flush_some;
	wire.base.operations = &operations;
	channel.is_missed = true;
	ck_assert_int_eq(pump(), SMTPC_AGAIN);
	ck_assert(moved);
	ck_assert(!channel.is_missed);
	ck_assert_uint_eq(channel_progress(&channel), 3);
	/* The fixture closes the stream. */
	channel_close(&channel);
	memory_stream_clear(&wire);
	memory_stream_init(&wire);
	channel_attach(&channel, &wire.base, false);
}
END_TEST

static void
add_endings(Suite *suite)
{
	TCase *tcase = suite_case(suite, "channel_close");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, closing_throws_everything_away);
	tcase_add_test(tcase, rest_gives_back_and_wipes_what_is_empty);
	tcase_add_test(tcase, opening_goes_on_until_it_is_done);
	tcase_add_test(tcase, new_stream_begins_to_count_anew);
}

int
main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tcase = suite_case(suite, "channel_pump");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, lines_leave_in_order_and_in_one_write);
	tcase_add_test(tcase, what_is_not_committed_does_not_leave);
	tcase_add_test(tcase, little_is_copied_and_much_is_borrowed);
	tcase_add_loop_test(tcase,
			    order_is_kept_however_little_the_stream_takes, 0,
			    TURNS);
	tcase_add_test(tcase, room_matters_to_those_who_lacked_it);
	tcase_add_loop_test(tcase, room_ends_before_segments_do, 0, 2);
	tcase_add_test(tcase, room_ends_where_too_much_is_copied);
	tcase_add_test(tcase, what_the_peer_sends_is_read_up_to_the_maximum);
	tcase_add_test(tcase, reading_ends_where_the_peer_ends);
	tcase_add_test(tcase,
		       other_words_are_sent_though_the_peer_sends_no_more);
	tcase_add_test(tcase, after_a_write_error_the_last_words_are_read);
	tcase_add_test(tcase, what_the_stream_kept_back_is_flushed);
	tcase_add_test(tcase, without_memory_reading_fails_for_good);
	tcase_add_test(tcase, without_memory_nothing_is_put_in);
	tcase_add_test(tcase,
		       without_memory_for_a_segment_writing_fails_for_good);
	tcase_add_test(tcase, progress_is_that_of_the_innermost_stream);
	tcase_add_test(tcase, what_is_flushed_is_progress);
	add_endings(suite);
	return suite_run(suite);
}

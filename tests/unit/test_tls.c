/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls.c: a client over a stream in memory, and GnuTLS's server at
 * its other end.  test_tls_handshake.c is about how they meet.
 */
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "tls_pair.h"
#include "tls_stream.h"

static int
read_client(char *data, size_t size, size_t *ret_len)
{
	return client->operations->read(client, data, size, ret_len);
}

static int
write_client(const void *data, size_t len, size_t *ret_taken)
{
	struct iovec piece = { (void *)(uintptr_t)data, len };

	return client->operations->write(client, &piece, 1, ret_taken);
}

static void
client_reads(const char *expected)
{
	size_t len = strlen(expected);
	char data[1000];
	size_t used = 0;
	size_t got;

	while (used < len) {
		ck_assert_int_eq(read_client(data + used, sizeof(data) - used,
					     &got),
				 SMTPC_OK);
		used += got;
	}
	ck_assert_uint_eq(used, len);
	ck_assert_mem_eq(data, expected, len);
}

static void
peer_reads(const char *expected)
{
	struct octets data = { NULL, 0 };

	ck_assert_int_eq(tls_peer_receive(&peer, &data), GNUTLS_E_AGAIN);
	ck_assert_uint_eq(data.len, strlen(expected));
	if (data.len > 0)
		ck_assert_mem_eq(data.data, expected, data.len);
	octets_clear(&data);
}

START_TEST(both_sides_talk)
{
	char data[10];
	size_t len;

	pair_talk(versions[_i]);
	ck_assert_str_eq(tls_version(client), _i == 0 ? "TLS1.3" : "TLS1.2");
	ck_assert_ptr_nonnull(strstr(tls_cipher(client), "AES"));
	tls_peer_send(&peer, "220 mx\r\n", 8, 100);
	client_reads("220 mx\r\n");
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_AGAIN);
	ck_assert_int_eq(write_client("EHLO x\r\n", 8, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 8);
	ck_assert_uint_eq(client->left, 8);
	peer_reads("EHLO x\r\n");
	ck_assert_int_eq(client->operations->flush(client), SMTPC_OK);
	ck_assert_int_eq(client->operations->descriptor(client), 1234);
	ck_assert_uint_eq(client->operations->wants(client), SMTPC_WANT_READ);
}
END_TEST

START_TEST(single_octets_at_a_time_are_enough)
{
	size_t len, used = 0;
	char data[20];
	int rc;

	memory_stream_limit(&wire, 1);
	pair_talk(versions[_i]);
	ck_assert_int_eq(write_client("EHLO x\r\n", 8, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 8);
	while (client->operations->flush(client) == SMTPC_AGAIN) {
		ck_assert_uint_eq(client->operations->wants(client),
				  SMTPC_WANT_READ | SMTPC_WANT_WRITE);
		client->operations->wake(client);
	}
	peer_reads("EHLO x\r\n");
	tls_peer_send(&peer, "250-mx\r\n250 SIZE\r\n", 18, 5);
	while (used < 18) {
		rc = read_client(data + used, sizeof(data) - used, &len);
		if (rc == SMTPC_OK)
			used += len;
		else
			ck_assert_int_eq(rc, SMTPC_AGAIN);
		client->operations->wake(client);
	}
	ck_assert_mem_eq(data, "250-mx\r\n250 SIZE\r\n", 18);
}
END_TEST

/* GnuTLS keeps the rest of a record, where no descriptor shows it. */
START_TEST(rest_of_a_record_is_read_without_the_stream_below)
{
	char data[5];
	size_t len;
	unsigned int reads;

	pair_talk(versions[_i]);
	tls_peer_send(&peer, "0123456789abc", 13, 100);
	ck_assert_int_eq(read_client(data, 5, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 5);
	reads = wire.reads;
	ck_assert_int_eq(read_client(data, 5, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 5);
	ck_assert_mem_eq(data, "56789", 5);
	ck_assert_int_eq(read_client(data, 5, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_uint_eq(wire.reads, reads);
	ck_assert_int_eq(read_client(data, 5, &len), SMTPC_AGAIN);
}
END_TEST

#define LARGE 300000

/* The server's greeting may come together with the end of the handshake. */
START_TEST(what_came_with_the_handshake_is_not_lost)
{
	unsigned int reads;
	char data[20];
	size_t len;

	pair_meet("localhost", TLS_1_2_ONLY);
	while (!peer.is_up) {
		ck_assert_int_eq(client->operations->open(client), SMTPC_AGAIN);
		tls_peer_shake(&peer);
	}
	tls_peer_send(&peer, "220 mx\r\n", 8, 100);
	ck_assert_int_eq(client->operations->open(client), SMTPC_OK);
	ck_assert_uint_eq(wire.in.len, 0);
	reads = wire.reads;
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_OK);
	ck_assert_uint_eq(len, 8);
	ck_assert_uint_eq(wire.reads, reads);
}
END_TEST

/* More than fits is taken in parts, and what is encrypted has a limit. */
START_TEST(much_is_sent_in_order_and_in_bounded_memory)
{
	static const size_t turns[] = { 1000, 20000, 100000 };
	const struct tls_stream *inside;
	struct octets got = { NULL, 0 };
	char *data = malloc(LARGE);
	size_t sent = 0, taken, i;
	int rc;

	for (i = 0; i < LARGE; i++)
		data[i] = (char)(i * 7 + i / 251);
	pair_talk(TLS_1_3_ONLY);
	inside = (const void *)client;
	memory_stream_limit(&wire, turns[_i]);
	while (sent < LARGE) {
		rc = write_client(data + sent, LARGE - sent, &taken);
		ck_assert_int_ge(rc, 0);
		if (rc == SMTPC_OK) {
			ck_assert_uint_gt(taken, 0);
			sent += taken;
		}
		ck_assert_uint_le(buffer_length(&inside->out), 100000);
		client->operations->wake(client);
	}
	while (client->operations->flush(client) == SMTPC_AGAIN)
		client->operations->wake(client);
	ck_assert_uint_eq(client->left, LARGE);
	ck_assert_int_eq(tls_peer_receive(&peer, &got), GNUTLS_E_AGAIN);
	ck_assert_uint_eq(got.len, LARGE);
	ck_assert_mem_eq(got.data, data, LARGE);
	octets_clear(&got);
	free(data);
}
END_TEST

START_TEST(several_pieces_are_one_record_and_one_write_below)
{
	const struct iovec pieces[] = {
		{ (void *)(uintptr_t) "MAIL", 4 },
		{ (void *)(uintptr_t) "", 0 },
		{ (void *)(uintptr_t) " FROM:<>\r\n", 10 },
	};
	unsigned int writes;
	size_t before, taken;

	pair_talk(TLS_1_3_ONLY);
	writes = wire.writes;
	before = wire.out.len;
	ck_assert_int_eq(client->operations->write(client, pieces, 3, &taken),
			 SMTPC_OK);
	ck_assert_uint_eq(taken, 14);
	ck_assert_uint_eq(wire.writes, writes + 1);
	/* Each record has a header of 5 octets and a tag of 16. */
	ck_assert_uint_lt(wire.out.len - before, 14 + 2 * (5 + 16));
	peer_reads("MAIL FROM:<>\r\n");
}
END_TEST

/* Many pieces, whose sizes and places fit records or do not. */
START_TEST(pieces_of_any_size_leave_in_order)
{
	static const size_t sizes[] = { 1,    16384, 600, 16383, 40000,
					5,    0,     1,	  16384, 16384,
					3000, 3000,  99,  70000, 2 };
	static char data[200000];
	struct iovec pieces[15];
	struct octets got = { NULL, 0 };
	size_t sum = 0, sent = 0, taken, i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	for (i = 0; i < 15; i++) {
		pieces[i].iov_base = data + sum;
		pieces[i].iov_len = sizes[i];
		sum += sizes[i];
	}
	pair_talk(versions[_i]);
	for (i = 0; sent < sum; sent += taken) {
		ck_assert_int_eq(client->operations->write(client, pieces + i,
							   15 - (int)i, &taken),
				 SMTPC_OK);
		ck_assert_uint_eq(client->left, sent + taken);
		for (size_t rest = taken; rest > 0; i++) {
			if (rest < pieces[i].iov_len) {
				pieces[i].iov_base =
				    (char *)pieces[i].iov_base + rest;
				pieces[i].iov_len -= rest;
				break;
			}
			rest -= pieces[i].iov_len;
		}
	}
	ck_assert_uint_eq(sent, sum);
	ck_assert_int_eq(tls_peer_receive(&peer, &got), GNUTLS_E_AGAIN);
	ck_assert_uint_eq(got.len, sum);
	ck_assert_mem_eq(got.data, data, sum);
	octets_clear(&got);
}
END_TEST

START_TEST(at_rest_nothing_is_kept_of_what_was_written)
{
	const struct iovec pieces[] = {
		{ (void *)(uintptr_t) "AUTH PLAIN ", 11 },
		{ (void *)(uintptr_t) "c2VjcmV0\r\n", 10 },
	};
	const struct tls_stream *inside;
	char data[100];
	size_t taken;

	pair_talk(TLS_1_3_ONLY);
	ck_assert_int_eq(read_client(data, sizeof(data), &taken), SMTPC_AGAIN);
	inside = (const void *)client;
	ck_assert_int_eq(client->operations->write(client, pieces, 2, &taken),
			 SMTPC_OK);
	ck_assert_uint_gt(inside->out.size, 0);
	wipe_watch("c2VjcmV0");
	client->operations->rest(client);
	ck_assert_uint_eq(wipe_count(), 1);
	ck_assert_uint_eq(inside->plain.size + inside->in.size +
			      inside->out.size + inside->records.size,
			  0);
	peer_reads("AUTH PLAIN c2VjcmV0\r\n");
}
END_TEST

/* What has not left yet stays. */
START_TEST(rest_throws_nothing_away)
{
	size_t taken;

	pair_talk(TLS_1_3_ONLY);
	memory_stream_limit(&wire, 10);
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &taken), SMTPC_OK);
	client->operations->rest(client);
	ck_assert_uint_eq(client->left, 0);
	memory_stream_limit(&wire, SIZE_MAX);
	ck_assert_int_eq(client->operations->flush(client), SMTPC_OK);
	ck_assert_uint_eq(client->left, 6);
	peer_reads("NOOP\r\n");
}
END_TEST

/* Nobody can read a record before its last octet. */
START_TEST(a_record_has_left_when_its_last_octet_has)
{
	size_t before, taken;

	pair_talk(versions[_i]);
	memory_stream_limit(&wire, 0);
	ck_assert_int_eq(write_client("DATA\r\n", 6, &taken), SMTPC_OK);
	ck_assert_uint_eq(taken, 6);
	ck_assert_uint_eq(client->left, 0);
	ck_assert_int_eq(write_client("QUIT\r\n", 6, &taken), SMTPC_OK);
	ck_assert_uint_eq(client->left, 0);
	ck_assert_int_eq(client->operations->flush(client), SMTPC_AGAIN);
	ck_assert_uint_eq(client->operations->wants(client),
			  SMTPC_WANT_READ | SMTPC_WANT_WRITE);
	before = wire.out.len;
	do {
		ck_assert_uint_eq(client->left, 0);
		memory_stream_limit(&wire, 1);
		ck_assert_int_eq(client->operations->flush(client),
				 SMTPC_AGAIN);
	} while (client->left == 0);
	/* A header of 5 octets, and a tag of 16 at least. */
	ck_assert_uint_ge(wire.out.len - before, 5 + 6 + 16);
	ck_assert_uint_eq(client->left, 6);
	memory_stream_limit(&wire, 1);
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &taken), SMTPC_OK);
	ck_assert_uint_eq(client->left, 6);
	memory_stream_limit(&wire, SIZE_MAX);
	ck_assert_int_eq(client->operations->flush(client), SMTPC_OK);
	ck_assert_uint_eq(client->left, 18);
	peer_reads("DATA\r\nQUIT\r\nNOOP\r\n");
}
END_TEST

START_TEST(flush_below_has_the_last_word)
{
	size_t taken;

	pair_talk(TLS_1_3_ONLY);
	wire.flush_rc = SMTPC_AGAIN;
	ck_assert_int_eq(client->operations->flush(client), SMTPC_AGAIN);
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &taken), SMTPC_OK);
	ck_assert_uint_eq(taken, 6);
	wire.flush_rc = SMTPC_E_SYSTEM;
	ck_assert_int_eq(client->operations->flush(client), SMTPC_E_SYSTEM);
}
END_TEST

START_TEST(failure_below_is_told_as_it_is)
{
	char data[10];
	size_t len;

	pair_talk(versions[_i]);
	wire.write_rc = SMTPC_E_SYSTEM;
	wire.base.fault.system_error = 32;
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &len), SMTPC_E_SYSTEM);
	ck_assert_int_eq(client->fault.system_error, 32);
	ck_assert_uint_eq(client->left, 0);
	/* The last words can still be read. */
	tls_peer_send(&peer, "421 bye\r\n", 9, 100);
	client_reads("421 bye\r\n");
	wire.read_rc = SMTPC_E_SYSTEM;
	wire.base.fault.system_error = 104;
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_E_SYSTEM);
	ck_assert_int_eq(client->fault.system_error, 104);
}
END_TEST

START_TEST(goodbye_ends_the_reading)
{
	char data[10];
	size_t len;

	pair_talk(versions[_i]);
	tls_peer_send(&peer, "221 bye\r\n", 9, 100);
	(void)gnutls_bye(peer.session, GNUTLS_SHUT_WR);
	memory_stream_end(&wire);
	client_reads("221 bye\r\n");
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_E_CLOSED);
	ck_assert_ptr_null(client->fault.detail);
	ck_assert_int_eq(client->fault.tls_error, 0);
}
END_TEST

START_TEST(end_without_a_goodbye_is_a_truncation)
{
	char data[10];
	size_t len;

	pair_talk(versions[_i]);
	tls_peer_send(&peer, "221 bye\r\n", 9, 100);
	memory_stream_end(&wire);
	client_reads("221 bye\r\n");
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_E_CLOSED);
	ck_assert_str_eq(client->fault.detail, "tls-truncated");
	ck_assert_int_eq(client->fault.tls_error,
			 GNUTLS_E_PREMATURE_TERMINATION);
}
END_TEST

START_TEST(half_a_record_is_a_truncation)
{
	char data[100];
	size_t len;

	pair_talk(versions[_i]);
	tls_peer_send(&peer, "250 ok\r\n", 8, 100);
	wire.in.len -= 3;
	memory_stream_end(&wire);
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_E_CLOSED);
	ck_assert_str_eq(client->fault.detail, "tls-truncated");
}
END_TEST

START_TEST(our_own_goodbye_is_sent_only_when_asked_for)
{
	struct octets got = { NULL, 0 };

	pair_talk(versions[_i]);
	if (_i == 0) {
		client->operations->end(client);
		ck_assert_int_eq(tls_peer_receive(&peer, &got), 0);
	}
	client->operations->free(client);
	client = NULL;
	ck_assert_uint_eq(wire.frees, 1);
	ck_assert_uint_eq(wire.out.len, 0);
	octets_clear(&got);
}
END_TEST

START_TEST(alert_is_told_by_its_name)
{
	char data[10];
	size_t len;

	pair_talk(versions[_i]);
	ck_assert_int_eq(gnutls_alert_send(peer.session, GNUTLS_AL_FATAL,
					   GNUTLS_A_CERTIFICATE_REQUIRED),
			 0);
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_E_TLS);
	ck_assert_str_eq(client->fault.detail, "alert-certificate-required");
	ck_assert_ptr_nonnull(
	    strstr(client->fault.text, "demands a client certificate"));
	ck_assert_int_eq(client->fault.tls_error,
			 GNUTLS_E_FATAL_ALERT_RECEIVED);
}
END_TEST

START_TEST(warning_does_not_stop_the_reading)
{
	pair_talk(TLS_1_2_ONLY);
	ck_assert_int_eq(gnutls_alert_send(peer.session, GNUTLS_AL_WARNING,
					   GNUTLS_A_USER_CANCELED),
			 0);
	tls_peer_send(&peer, "250 ok\r\n", 8, 100);
	client_reads("250 ok\r\n");
}
END_TEST

START_TEST(renegotiation_is_refused_and_the_session_goes_on)
{
	struct octets got = { NULL, 0 };
	size_t len;

	pair_talk(TLS_1_2_ONLY);
	ck_assert_int_eq(gnutls_rehandshake(peer.session), 0);
	tls_peer_send(&peer, "250 ok\r\n", 8, 100);
	client_reads("250 ok\r\n");
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &len), SMTPC_OK);
	ck_assert_int_eq(tls_peer_receive(&peer, &got),
			 GNUTLS_E_WARNING_ALERT_RECEIVED);
	ck_assert_int_eq(gnutls_alert_get(peer.session),
			 GNUTLS_A_NO_RENEGOTIATION);
	ck_assert_int_eq(tls_peer_receive(&peer, &got), GNUTLS_E_AGAIN);
	ck_assert_uint_eq(got.len, 6);
	octets_clear(&got);
}
END_TEST

/* Octets that are no data mean "again", with data behind them. */
START_TEST(data_behind_tickets_and_new_keys_is_read_at_once)
{
	char data[10];
	size_t len;

	pair_talk(TLS_1_3_ONLY);
	ck_assert_int_eq(gnutls_session_ticket_send(peer.session, 30, 0), 0);
	ck_assert_int_eq(gnutls_session_key_update(peer.session,
						   GNUTLS_KU_PEER),
			 0);
	tls_peer_send(&peer, "250 ok\r\n", 8, 100);
	client_reads("250 ok\r\n");
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_AGAIN);
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &len), SMTPC_OK);
	peer_reads("NOOP\r\n");

	ck_assert_int_eq(gnutls_session_ticket_send(peer.session, 1, 0), 0);
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_AGAIN);
	ck_assert_uint_eq(wire.in.len, 0);
}
END_TEST

/* Whatever is not TLS or was changed on its way: nothing of it is data. */
START_TEST(broken_record_is_an_error)
{
	static const char *const records[] = {
		"250 this is no record\r\n",
		"\x17\x03\x03\xff\xff too long for a record",
		"\x99\x03\x03\x01\x01 of an unknown kind",
		NULL, /* a changed one */
	};
	char data[100];
	size_t len;

	pair_talk(versions[_i / 4]);
	if (records[_i % 4] != NULL) {
		octets_append(&wire.in, records[_i % 4],
			      strlen(records[_i % 4]));
	} else {
		tls_peer_send(&peer, "250 ok\r\n", 8, 100);
		wire.in.data[wire.in.len - 1] ^= 1;
	}
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_E_TLS);
	ck_assert_int_lt(client->fault.tls_error, 0);
	ck_assert_ptr_nonnull(client->fault.text);
	/* Nothing is sent over what is broken. */
	wire.out.len = 0;
	ck_assert_int_eq(write_client("NOOP\r\n", 6, &len), SMTPC_E_TLS);
	ck_assert_uint_eq(wire.out.len, 0);
}
END_TEST

START_TEST(without_memory_reading_and_writing_fail)
{
	char data[100];
	size_t len;

	pair_talk(TLS_1_3_ONLY);
	/* What is empty keeps no memory. */
	ck_assert_int_eq(read_client(data, sizeof(data), &len), SMTPC_AGAIN);
	client->operations->rest(client);
	fault_from(0);
	if (_i == 0) {
		ck_assert_int_eq(write_client("NOOP\r\n", 6, &len),
				 SMTPC_E_NOMEM);
		ck_assert_uint_eq(client->left, 0);
		ck_assert_uint_eq(wire.out.len, 0);
	} else {
		tls_peer_send(&peer, "250 ok\r\n", 8, 100);
		ck_assert_int_eq(read_client(data, sizeof(data), &len),
				 SMTPC_E_NOMEM);
	}
	ck_assert(fault_end());
}
END_TEST

static void
add_endings(Suite *suite)
{
	TCase *tcase = pair_case(suite, "end");

	tcase_add_loop_test(tcase, goodbye_ends_the_reading, 0, 2);
	tcase_add_loop_test(tcase, end_without_a_goodbye_is_a_truncation, 0, 2);
	tcase_add_loop_test(tcase, half_a_record_is_a_truncation, 0, 2);
	tcase_add_loop_test(tcase, our_own_goodbye_is_sent_only_when_asked_for,
			    0, 2);
	tcase_add_loop_test(tcase, alert_is_told_by_its_name, 0, 2);
}

int
main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tcase = pair_case(suite, "tls");

	tcase_add_loop_test(tcase, both_sides_talk, 0, 2);
	tcase_add_loop_test(tcase, single_octets_at_a_time_are_enough, 0, 2);
	tcase_add_loop_test(tcase,
			    rest_of_a_record_is_read_without_the_stream_below,
			    0, 2);
	tcase_add_test(tcase, what_came_with_the_handshake_is_not_lost);
	tcase_add_loop_test(tcase, much_is_sent_in_order_and_in_bounded_memory,
			    0, 3);
	tcase_add_test(tcase,
		       several_pieces_are_one_record_and_one_write_below);
	tcase_add_loop_test(tcase, pieces_of_any_size_leave_in_order, 0, 2);
	tcase_add_test(tcase, at_rest_nothing_is_kept_of_what_was_written);
	tcase_add_test(tcase, rest_throws_nothing_away);
	tcase_add_loop_test(tcase, a_record_has_left_when_its_last_octet_has, 0,
			    2);
	tcase_add_test(tcase, flush_below_has_the_last_word);
	tcase_add_loop_test(tcase, failure_below_is_told_as_it_is, 0, 2);
	tcase_add_test(tcase, warning_does_not_stop_the_reading);
	tcase_add_test(tcase, renegotiation_is_refused_and_the_session_goes_on);
	tcase_add_test(tcase, data_behind_tickets_and_new_keys_is_read_at_once);
	tcase_add_loop_test(tcase, broken_record_is_an_error, 0, 8);
	tcase_add_loop_test(tcase, without_memory_reading_and_writing_fail, 0,
			    2);

	add_endings(suite);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/socket.c on real sockets of the loopback interface.  SIGPIPE
 * has its default effect throughout: it would end the test.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "scratch.h"
#include "socket.h"
#include "suite.h"

static struct stream *stream;
static struct stream_fault fault;
static int peer = -1;

static void
tear_down(void)
{
	if (stream != NULL)
		stream->operations->free(stream);
	stream = NULL;
	if (peer >= 0)
		close(peer);
	peer = -1;
}

static int
open_stream(void)
{
	return stream->operations->open(stream);
}

static int
read_stream(char *data, size_t size, size_t *ret_len)
{
	return stream->operations->read(stream, data, size, ret_len);
}

static int
write_stream(const char *data, size_t len, size_t *ret_taken)
{
	struct iovec piece = { (void *)(uintptr_t)data, len };

	return stream->operations->write(stream, &piece, 1, ret_taken);
}

static void
wake(void)
{
	stream->operations->wake(stream);
}

static int
descriptor(void)
{
	return stream->operations->descriptor(stream);
}

/* Until fd is ready; what never comes is what the case's time-out is for. */
static void
wait_for(int fd, short events)
{
	struct pollfd ready = { fd, events, 0 };

	ck_assert_int_eq(poll(&ready, 1, -1), 1);
}

/* A socket that is bound to a free port, and listens if backlog >= 0. */
static int
bound(int family, int backlog, struct socket_address *ret_address)
{
	struct sockaddr_in *in = (void *)&ret_address->storage;
	struct sockaddr_in6 *in6 = (void *)&ret_address->storage;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->storage.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		ret_address->len = sizeof(*in);
	} else {
		in6->sin6_addr = in6addr_loopback;
		ret_address->len = sizeof(*in6);
	}
	ck_assert_int_eq(bind(fd, (void *)&ret_address->storage,
			      ret_address->len),
			 0);
	if (backlog >= 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&ret_address->storage,
				     &ret_address->len),
			 0);
	return fd;
}

/* Connected to peer over TCP. */
static void
connect_tcp(void)
{
	struct socket_address address;
	int listener = bound(AF_INET, 5, &address);
	int rc;

	ck_assert_int_eq(socket_connect(&address, &stream, &fault), SMTPC_OK);
	while ((rc = open_stream()) == SMTPC_AGAIN)
		wait_for(descriptor(), POLLOUT);
	ck_assert_int_eq(rc, SMTPC_OK);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	close(listener);
}

/* Attached to one end of a pair, whose other end is peer. */
static void
connect_pair(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    fds),
			 0);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_OK);
	close(fds[0]);
	peer = fds[1];
}

START_TEST(connection_is_made_without_waiting)
{
	char data[10];
	size_t len;

	connect_tcp();
	ck_assert_int_eq(open_stream(), SMTPC_OK);
	ck_assert_uint_eq(stream->operations->wants(stream), SMTPC_WANT_READ);
	ck_assert_int_eq(read_stream(data, sizeof(data), &len), SMTPC_AGAIN);
	ck_assert_int_eq(write_stream("EHLO", 4, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 4);
	ck_assert_int_eq(read(peer, data, sizeof(data)), 4);
	ck_assert_mem_eq(data, "EHLO", 4);
	ck_assert_int_eq(stream->operations->flush(stream), SMTPC_OK);
	stream->operations->end(stream);
}
END_TEST

START_TEST(socket_is_not_inherited_and_does_not_delay)
{
	socklen_t len = sizeof(int);
	int on = 0;

	connect_tcp();
	ck_assert_int_eq(fcntl(descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(descriptor(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ck_assert_int_eq(getsockopt(descriptor(), IPPROTO_TCP, TCP_NODELAY, &on,
				    &len),
			 0);
	ck_assert_int_ne(on, 0);
}
END_TEST

/* A bound port on which nobody listens. */
START_TEST(refused_connection_says_so)
{
	struct socket_address address;
	int unheard = bound(AF_INET, -1, &address);
	int rc = socket_connect(&address, &stream, &fault);

	if (rc == SMTPC_OK) {
		while ((rc = open_stream()) == SMTPC_AGAIN)
			wait_for(descriptor(), POLLOUT);
		fault = stream->fault;
	}
	ck_assert_int_eq(rc, SMTPC_E_SYSTEM);
	ck_assert_int_eq(fault.system_error, ECONNREFUSED);
	close(unheard);
}
END_TEST

/* A listener whose queue is full answers to nobody. */
START_TEST(open_connection_is_waited_for)
{
	struct socket_address address;
	int listener = bound(AF_INET, 0, &address);
	struct stream *held[64];
	size_t count, i;

	/* How many fit is the kernel's secret. */
	for (count = 0; count < 64; count++) {
		ck_assert_int_eq(socket_connect(&address, &held[count], &fault),
				 SMTPC_OK);
		if (held[count]->operations->open(held[count]) == SMTPC_AGAIN)
			break;
	}
	ck_assert_uint_lt(count, 64);
	ck_assert_uint_eq(held[count]->operations->wants(held[count]),
			  SMTPC_WANT_WRITE);
	ck_assert_int_eq(held[count]->operations->open(held[count]),
			 SMTPC_AGAIN);
	for (i = 0; i <= count; i++)
		held[i]->operations->free(held[i]);
	close(listener);
}
END_TEST

START_TEST(socket_that_cannot_be_made_says_why)
{
	struct socket_address address;

	memset(&address, 0, sizeof(address));
	address.storage.ss_family = AF_UNSPEC;
	address.len = sizeof(address.storage);
	fault.detail = "old";
	fault.tls_error = 1;
	ck_assert_int_eq(socket_connect(&address, &stream, &fault),
			 SMTPC_E_SYSTEM);
	ck_assert_int_eq(fault.system_error, EAFNOSUPPORT);
	ck_assert_ptr_null(fault.detail);
	ck_assert_int_eq(fault.tls_error, 0);

	close(bound(AF_INET, 5, &address));
	descriptors_run_out(true);
	ck_assert_int_eq(socket_connect(&address, &stream, &fault),
			 SMTPC_E_SYSTEM);
	descriptors_run_out(false);
	ck_assert_int_eq(fault.system_error, EMFILE);
	ck_assert_ptr_null(stream);
}
END_TEST

/* Asking again would only cost a call: the stream waits to be woken. */
START_TEST(short_read_means_that_no_more_is_there)
{
	char data[10];
	size_t len;

	connect_pair();
	ck_assert_int_eq(write(peer, "0123456789", 10), 10);
	ck_assert_int_eq(read_stream(data, 4, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 4);
	ck_assert_int_eq(read_stream(data, 4, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 4);
	ck_assert_int_eq(read_stream(data, 4, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 2);
	ck_assert_mem_eq(data, "89", 2);
	ck_assert_int_eq(write(peer, "ab", 2), 2);
	ck_assert_int_eq(read_stream(data, 4, &len), SMTPC_AGAIN);
	wake();
	ck_assert_int_eq(read_stream(data, 4, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 2);
	ck_assert_mem_eq(data, "ab", 2);
}
END_TEST

START_TEST(nothing_to_read_means_again_until_woken)
{
	char data[10];
	size_t len;

	connect_pair();
	ck_assert_int_eq(read_stream(data, 10, &len), SMTPC_AGAIN);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(read_stream(data, 10, &len), SMTPC_AGAIN);
	wake();
	ck_assert_int_eq(read_stream(data, 10, &len), SMTPC_OK);
	ck_assert_uint_eq(len, 1);
}
END_TEST

START_TEST(last_words_are_read_before_the_end)
{
	char data[10];
	size_t len;

	connect_pair();
	ck_assert_int_eq(write(peer, "bye", 3), 3);
	close(peer);
	peer = -1;
	ck_assert_int_eq(read_stream(data, 3, &len), SMTPC_OK);
	ck_assert_int_eq(read_stream(data, 3, &len), SMTPC_E_CLOSED);
	ck_assert_int_eq(read_stream(data, 3, &len), SMTPC_E_CLOSED);
}
END_TEST

START_TEST(reset_connection_says_so)
{
	const struct linger at_once = { 1, 0 };
	char data[10];
	size_t len;

	connect_tcp();
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once,
				    sizeof(at_once)),
			 0);
	close(peer);
	peer = -1;
	wait_for(descriptor(), POLLIN);
	stream->fault.detail = "old";
	ck_assert_int_eq(read_stream(data, 3, &len), SMTPC_E_SYSTEM);
	ck_assert_int_eq(stream->fault.system_error, ECONNRESET);
	ck_assert_ptr_null(stream->fault.detail);
}
END_TEST

START_TEST(broken_pipe_is_a_failure_and_no_signal)
{
	size_t len;

	connect_pair();
	close(peer);
	peer = -1;
	ck_assert_int_eq(write_stream("QUIT\r\n", 6, &len), SMTPC_E_SYSTEM);
	ck_assert_int_eq(stream->fault.system_error, EPIPE);
	ck_assert_uint_eq(stream->left, 0);
}
END_TEST

START_TEST(broken_tcp_connection_is_no_signal_either)
{
	size_t len;

	connect_tcp();
	close(peer);
	peer = -1;
	/* The first is answered with a reset; the second finds it. */
	ck_assert_int_eq(write_stream("QUIT\r\n", 6, &len), SMTPC_OK);
	wait_for(descriptor(), 0);
	ck_assert_int_eq(write_stream("QUIT\r\n", 6, &len), SMTPC_E_SYSTEM);
	ck_assert(stream->fault.system_error == EPIPE ||
		  stream->fault.system_error == ECONNRESET);
}
END_TEST

START_TEST(several_pieces_leave_in_one_write)
{
	const struct iovec pieces[] = {
		{ (void *)(uintptr_t) "MAIL", 4 },
		{ (void *)(uintptr_t) "", 0 },
		{ (void *)(uintptr_t) "\r\n", 2 },
	};
	char data[10];
	size_t taken;

	connect_pair();
	ck_assert_int_eq(stream->operations->write(stream, pieces, 3, &taken),
			 SMTPC_OK);
	ck_assert_uint_eq(taken, 6);
	ck_assert_uint_eq(stream->left, 6);
	ck_assert_int_eq(read(peer, data, sizeof(data)), 6);
	ck_assert_mem_eq(data, "MAIL\r\n", 6);
}
END_TEST

/* Writes until nothing more is taken; how much that was. */
static size_t
write_all_that_fits(void)
{
	static char data[100000];
	size_t total = 0;
	size_t taken;

	while (write_stream(data, sizeof(data), &taken) == SMTPC_OK)
		total += taken;
	return total;
}

START_TEST(full_socket_takes_no_more_until_woken)
{
	static char data[100000];
	size_t total, got;
	ssize_t len;

	connect_pair();
	total = write_all_that_fits();
	ck_assert_uint_gt(total, 0);
	/* Woken for nothing, it finds that out. */
	wake();
	total += write_all_that_fits();
	wake();
	ck_assert_uint_eq(write_all_that_fits(), 0);
	ck_assert_uint_eq(stream->left, total);
	for (got = 0; got < total; got += (size_t)len) {
		len = read(peer, data, sizeof(data));
		ck_assert_int_gt(len, 0);
	}
	ck_assert_uint_eq(got, total);
	/* There is room, but nobody has said so. */
	ck_assert_uint_eq(write_all_that_fits(), 0);
	wake();
	ck_assert_uint_gt(write_all_that_fits(), 0);
}
END_TEST

START_TEST(attached_socket_is_copied)
{
	char data[10];
	size_t len;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_OK);
	ck_assert_int_ne(descriptor(), fds[0]);
	ck_assert_int_eq(fcntl(descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* The caller's descriptor waits; the stream over it does not. */
	ck_assert_int_eq(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(open_stream(), SMTPC_OK);
	ck_assert_int_eq(read_stream(data, 10, &len), SMTPC_AGAIN);
	(void)write_all_that_fits();

	stream->operations->free(stream);
	stream = NULL;
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(read(fds[0], data, 10), 1);
	socket_close(fds[0]);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD), -1);
	close(fds[1]);
}
END_TEST

START_TEST(only_a_stream_socket_is_attached)
{
	int fds[2];
	int fd;

	ck_assert_int_eq(socket_attach(-1, &stream), SMTPC_E_INVALID);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_E_INVALID);
	close(fds[0]);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_E_INVALID);
	close(fds[1]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(socket_attach(fd, &stream), SMTPC_E_INVALID);
	close(fd);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_E_INVALID);
	close(fds[0]);
	close(fds[1]);
	ck_assert_ptr_null(stream);
}
END_TEST

START_TEST(only_a_connected_socket_is_attached)
{
	struct socket_address address;
	int fd = bound(AF_INET, _i == 0 ? -1 : 5, &address);

	ck_assert_int_eq(socket_attach(fd, &stream), SMTPC_E_INVALID);
	close(fd);
}
END_TEST

START_TEST(attaching_without_descriptors_is_a_system_error)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	descriptors_run_out(true);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_E_SYSTEM);
	descriptors_run_out(false);
	ck_assert_ptr_null(stream);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(without_memory_no_stream_is_made)
{
	struct socket_address address;
	int fds[2];

	close(bound(AF_INET, 5, &address));
	fault_at(0);
	ck_assert_int_eq(socket_connect(&address, &stream, &fault),
			 SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fault_at(0);
	ck_assert_int_eq(socket_attach(fds[0], &stream), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_ptr_null(stream);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(unix_socket_is_found_by_its_path)
{
	const char *path = scratch_path("s");
	struct socket_address address;
	char text[SOCKET_TEXT_MAX];
	size_t len;
	int listener;

	ck_assert_int_eq(socket_unix_address(path, &address), SMTPC_OK);
	socket_address_text(&address, text);
	ck_assert_str_eq(text, path);
	ck_assert_int_eq(socket_connect(&address, &stream, &fault),
			 SMTPC_E_SYSTEM);
	ck_assert_int_eq(fault.system_error, ENOENT);

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (void *)&address.storage, address.len),
			 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	ck_assert_int_eq(socket_connect(&address, &stream, &fault), SMTPC_OK);
	ck_assert_int_eq(open_stream(), SMTPC_OK);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_eq(write_stream("LHLO", 4, &len), SMTPC_OK);
	socket_peer_text(descriptor(), text);
	ck_assert_str_eq(text, path);
	socket_local_literal(descriptor(), text);
	ck_assert_str_eq(text, "localhost");
	close(listener);
}
END_TEST

START_TEST(path_has_107_octets_at_most)
{
	struct socket_address address;
	struct sockaddr_un *name = (void *)&address.storage;
	char path[200], text[SOCKET_TEXT_MAX];

	memset(path, 'p', sizeof(path));
	path[107] = '\0';
	ck_assert_int_eq(socket_unix_address(path, &address), SMTPC_OK);
	ck_assert_str_eq(name->sun_path, path);
	socket_address_text(&address, text);
	ck_assert_str_eq(text, path);
	path[107] = 'p';
	path[108] = '\0';
	ck_assert_int_eq(socket_unix_address(path, &address), SMTPC_E_INVALID);
	ck_assert_int_eq(socket_unix_address("", &address), SMTPC_E_INVALID);
}
END_TEST

START_TEST(addresses_are_written_as_people_write_them)
{
	struct socket_address address;
	struct sockaddr_in *in = (void *)&address.storage;
	struct sockaddr_in6 *in6 = (void *)&address.storage;
	char text[SOCKET_TEXT_MAX];

	memset(&address, 0, sizeof(address));
	in->sin_family = AF_INET;
	in->sin_port = htons(65535);
	in->sin_addr.s_addr = htonl(0xc0000201);
	socket_address_text(&address, text);
	ck_assert_str_eq(text, "192.0.2.1:65535");

	memset(&address, 0, sizeof(address));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(25);
	inet_pton(AF_INET6, "2001:db8::1", &in6->sin6_addr);
	socket_address_text(&address, text);
	ck_assert_str_eq(text, "[2001:db8::1]:25");

	memset(&address, 0, sizeof(address));
	socket_address_text(&address, text);
	ck_assert_str_eq(text, "");
}
END_TEST

/* Connects to a listener of this family, and asks for both ends' addresses. */
static void
ends_are(int family, const char *literal)
{
	char text[SOCKET_TEXT_MAX], expected[SOCKET_TEXT_MAX];
	struct socket_address address;
	int listener = bound(family, 5, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (void *)&address.storage, address.len), 0);
	socket_address_text(&address, expected);
	socket_peer_text(fd, text);
	ck_assert_str_eq(text, expected);
	socket_local_literal(fd, text);
	ck_assert_str_eq(text, literal);
	close(fd);
	close(listener);
}

START_TEST(both_ends_of_an_ipv4_connection_have_an_address)
{
	ends_are(AF_INET, "[127.0.0.1]");
}
END_TEST

START_TEST(both_ends_of_an_ipv6_connection_have_an_address)
{
	ends_are(AF_INET6, "[IPv6:::1]");
}
END_TEST

START_TEST(what_is_not_connected_has_no_address)
{
	char text[SOCKET_TEXT_MAX];
	int fds[2];

	socket_peer_text(-1, text);
	ck_assert_str_eq(text, "");
	socket_local_literal(-1, text);
	ck_assert_str_eq(text, "localhost");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	socket_peer_text(fds[0], text);
	ck_assert_str_eq(text, "");
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* Without IPv6 in the kernel there is nothing to test. */
static bool
has_ipv6(void)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6,
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool yes = fd >= 0 && bind(fd, (void *)&name, sizeof(name)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

static void
add_reading_and_writing(Suite *suite)
{
	TCase *tcase = suite_case(suite, "stream");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, short_read_means_that_no_more_is_there);
	tcase_add_test(tcase, nothing_to_read_means_again_until_woken);
	tcase_add_test(tcase, last_words_are_read_before_the_end);
	tcase_add_test(tcase, reset_connection_says_so);
	tcase_add_test(tcase, broken_pipe_is_a_failure_and_no_signal);
	tcase_add_test(tcase, broken_tcp_connection_is_no_signal_either);
	tcase_add_test(tcase, several_pieces_leave_in_one_write);
	tcase_add_test(tcase, full_socket_takes_no_more_until_woken);
}

static void
add_addresses(Suite *suite)
{
	TCase *tcase = suite_case(suite, "socket_address");

	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, unix_socket_is_found_by_its_path);
	tcase_add_test(tcase, path_has_107_octets_at_most);
	tcase_add_test(tcase, addresses_are_written_as_people_write_them);
	tcase_add_test(tcase, both_ends_of_an_ipv4_connection_have_an_address);
	if (has_ipv6())
		tcase_add_test(tcase,
			       both_ends_of_an_ipv6_connection_have_an_address);
	else
		suite_skip(tcase,
			   both_ends_of_an_ipv6_connection_have_an_address,
			   "the kernel has no IPv6");
	tcase_add_test(tcase, what_is_not_connected_has_no_address);
}

int
main(void)
{
	Suite *suite = suite_create("socket");
	TCase *tcase = suite_case(suite, "socket_connect");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, connection_is_made_without_waiting);
	tcase_add_test(tcase, socket_is_not_inherited_and_does_not_delay);
	tcase_add_test(tcase, refused_connection_says_so);
	tcase_add_test(tcase, open_connection_is_waited_for);
	tcase_add_test(tcase, socket_that_cannot_be_made_says_why);
	tcase_add_test(tcase, without_memory_no_stream_is_made);

	tcase = suite_case(suite, "socket_attach");
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, attached_socket_is_copied);
	tcase_add_test(tcase, only_a_stream_socket_is_attached);
	tcase_add_loop_test(tcase, only_a_connected_socket_is_attached, 0, 2);
	tcase_add_test(tcase, attaching_without_descriptors_is_a_system_error);

	add_reading_and_writing(suite);
	add_addresses(suite);
	return suite_run(suite);
}

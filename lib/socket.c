/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream socket.  No call of it ever waits or raises a signal, whatever the
 * descriptor's own flags are.
 */
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "mem.h"

struct socket_stream {
	struct stream base;
	int fd;
	bool connecting;
	/*
	 * A short read or write means that the kernel has, or takes, no more:
	 * asking again would cost a call to hear EAGAIN.
	 */
	bool drained, full;
};

static struct socket_stream *
from_stream(struct stream *stream)
{
	return (struct socket_stream *)(void *)stream;
}

static int
fail(struct stream *stream, int system_error)
{
	stream->fault.detail = NULL;
	stream->fault.text = NULL;
	stream->fault.system_error = system_error;
	return SMTPC_E_SYSTEM;
}

static bool
would_wait(int system_error)
{
	return system_error == EAGAIN || system_error == EWOULDBLOCK;
}

static int
socket_open(struct stream *stream)
{
	struct socket_stream *self = from_stream(stream);
	struct pollfd ready = { self->fd, POLLOUT, 0 };
	socklen_t len = sizeof(int);
	int error = 0;

	if (!self->connecting)
		return SMTPC_OK;
	if (poll(&ready, 1, 0) <= 0)
		return SMTPC_AGAIN;
	if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return fail(stream, error);
	self->connecting = false;
	return SMTPC_OK;
}

static int
socket_read(struct stream *stream, char *data, size_t size, size_t *ret_len)
{
	struct socket_stream *self = from_stream(stream);
	ssize_t len;

	if (self->drained)
		return SMTPC_AGAIN;
	do
		len = recv(self->fd, data, size, MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len > 0) {
		self->drained = (size_t)len < size;
		*ret_len = (size_t)len;
		return SMTPC_OK;
	}
	if (len == 0)
		return SMTPC_E_CLOSED;
	if (!would_wait(errno))
		return fail(stream, errno);
	self->drained = true;
	return SMTPC_AGAIN;
}

static size_t
total(const struct iovec *pieces, int count)
{
	size_t len = 0;
	int i;

	for (i = 0; i < count; i++)
		len += pieces[i].iov_len;
	return len;
}

static int
socket_write(struct stream *stream, const struct iovec *pieces, int count,
	     size_t *ret_taken)
{
	struct socket_stream *self = from_stream(stream);
	struct msghdr message;
	ssize_t len;

	if (self->full)
		return SMTPC_AGAIN;
	memset(&message, 0, sizeof(message));
	/* Only read, but the type can't say so. */
	message.msg_iov = (struct iovec *)(uintptr_t)pieces;
	message.msg_iovlen = (size_t)count;
	do
		len = sendmsg(self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	if (len < 0 && !would_wait(errno))
		return fail(stream, errno);
	if (len <= 0) {
		self->full = true;
		return SMTPC_AGAIN;
	}
	self->full = (size_t)len < total(pieces, count);
	stream->left += (uint64_t)len;
	*ret_taken = (size_t)len;
	return SMTPC_OK;
}

static int
socket_flush(struct stream *stream)
{
	(void)stream;
	return SMTPC_OK;
}

static void
socket_wake(struct stream *stream)
{
	struct socket_stream *self = from_stream(stream);

	self->drained = self->full = false;
}

static int
socket_descriptor(const struct stream *stream)
{
	return ((const struct socket_stream *)(const void *)stream)->fd;
}

static uint32_t
socket_wants(const struct stream *stream)
{
	const struct socket_stream *self = (const void *)stream;

	return self->connecting ? SMTPC_WANT_WRITE : SMTPC_WANT_READ;
}

static void
socket_end(struct stream *stream)
{
	(void)stream;
}

static void
socket_free(struct stream *stream)
{
	struct socket_stream *self = from_stream(stream);

	if (self->fd >= 0)
		close(self->fd);
	mem_free(self);
}

static const struct stream_operations operations = {
	.open = socket_open,
	.read = socket_read,
	.write = socket_write,
	.flush = socket_flush,
	.wake = socket_wake,
	.descriptor = socket_descriptor,
	.wants = socket_wants,
	.end = socket_end,
	.free = socket_free,
};

static struct socket_stream *
make(void)
{
	struct socket_stream *self = mem_zalloc(sizeof(*self));

	if (self == NULL)
		return NULL;
	self->base.operations = &operations;
	self->fd = -1;
	return self;
}

/* What is written belongs together already: nothing is gained by waiting. */
static void
set_no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int
socket_connect(const struct socket_address *address, struct stream **ret_stream,
	       struct stream_fault *ret_fault)
{
	struct socket_stream *self = make();
	const struct sockaddr *name = (const void *)&address->storage;

	if (self == NULL)
		return SMTPC_E_NOMEM;
	self->fd = socket(name->sa_family,
			  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (self->fd < 0)
		goto out;
	if (name->sa_family != AF_UNIX)
		set_no_delay(self->fd);
	if (connect(self->fd, name, address->len) != 0) {
		/* Interrupted or not, connecting goes on by itself. */
		if (errno != EINPROGRESS && errno != EINTR)
			goto out;
		self->connecting = true;
	}
	*ret_stream = &self->base;
	return SMTPC_OK;

out:
	memset(ret_fault, 0, sizeof(*ret_fault));
	ret_fault->system_error = errno;
	socket_free(&self->base);
	return SMTPC_E_SYSTEM;
}

/*
 * On a copy: whoever called owns fd until the connection is good, and a copy
 * can be closed without closing theirs.
 */
int
socket_attach(int fd, struct stream **ret_stream)
{
	struct socket_stream *self;
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	socklen_t len = sizeof(int);
	int type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_STREAM ||
	    getpeername(fd, (void *)&peer, &peer_len) != 0)
		return SMTPC_E_INVALID;
	self = make();
	if (self == NULL)
		return SMTPC_E_NOMEM;
	self->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (self->fd < 0) {
		socket_free(&self->base);
		return SMTPC_E_SYSTEM;
	}
	set_no_delay(self->fd);
	*ret_stream = &self->base;
	return SMTPC_OK;
}

void
socket_close(int fd)
{
	close(fd);
}

int
socket_unix_address(const char *path, struct socket_address *ret_address)
{
	struct sockaddr_un *name = (void *)&ret_address->storage;
	size_t len = strnlen(path, sizeof(name->sun_path));

	if (len == 0 || len == sizeof(name->sun_path))
		return SMTPC_E_INVALID;
	memset(ret_address, 0, sizeof(*ret_address));
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path, path, len + 1);
	ret_address->len = sizeof(*name);
	return SMTPC_OK;
}

static void
ipv6_text(const struct sockaddr_in6 *name, char text[INET6_ADDRSTRLEN])
{
	if (inet_ntop(AF_INET6, &name->sin6_addr, text, INET6_ADDRSTRLEN) ==
	    NULL)
		text[0] = '\0';
}

void
socket_address_text(const struct socket_address *address,
		    char text[SOCKET_TEXT_MAX])
{
	const struct sockaddr_in *in = (const void *)&address->storage;
	const struct sockaddr_in6 *in6 = (const void *)&address->storage;
	const struct sockaddr_un *un = (const void *)&address->storage;
	char number[INET6_ADDRSTRLEN] = "";

	text[0] = '\0';
	switch (address->storage.ss_family) {
	case AF_INET:
		inet_ntop(AF_INET, &in->sin_addr, number, sizeof(number));
		snprintf(text, SOCKET_TEXT_MAX, "%s:%d", number,
			 ntohs(in->sin_port));
		break;
	case AF_INET6:
		ipv6_text(in6, number);
		snprintf(text, SOCKET_TEXT_MAX, "[%s]:%d", number,
			 ntohs(in6->sin6_port));
		break;
	case AF_UNIX:
		snprintf(text, SOCKET_TEXT_MAX, "%s", un->sun_path);
		break;
	default:
		break;
	}
}

void
socket_peer_text(int fd, char text[SOCKET_TEXT_MAX])
{
	struct socket_address address;
	struct sockaddr *name = (void *)&address.storage;

	memset(&address, 0, sizeof(address));
	address.len = sizeof(address.storage);
	text[0] = '\0';
	if (getpeername(fd, name, &address.len) == 0)
		socket_address_text(&address, text);
}

void
socket_local_literal(int fd, char text[SOCKET_TEXT_MAX])
{
	struct sockaddr_storage storage;
	const struct sockaddr_in *in = (const void *)&storage;
	const struct sockaddr_in6 *in6 = (const void *)&storage;
	socklen_t len = sizeof(storage);
	char number[INET6_ADDRSTRLEN] = "";

	snprintf(text, SOCKET_TEXT_MAX, "localhost");
	if (getsockname(fd, (void *)&storage, &len) != 0)
		return;
	if (storage.ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, number, sizeof(number));
		snprintf(text, SOCKET_TEXT_MAX, "[%s]", number);
	} else if (storage.ss_family == AF_INET6) {
		ipv6_text(in6, number);
		snprintf(text, SOCKET_TEXT_MAX, "[IPv6:%s]", number);
	}
}

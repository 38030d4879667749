/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading descriptors. */
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "text.h"

/* A descriptor that was inherited may be non-blocking. */
static void
wait_for(int fd)
{
	struct pollfd pollfd = { fd, POLLIN, 0 };

	poll(&pollfd, 1, -1);
}

ssize_t
input_read(int fd, void *buffer, size_t size)
{
	ssize_t count;

	for (;;) {
		count = read(fd, buffer, size);
		if (count >= 0)
			return count;
		if (errno == EAGAIN)
			wait_for(fd);
		else if (errno != EINTR)
			return -1;
	}
}

int
input_read_all(int fd, struct text *text)
{
	ssize_t count;
	size_t room;
	char *end;

	for (;;) {
		end = text_room(text, &room);
		if (end == NULL) {
			errno = text->len == text->max ? EFBIG : ENOMEM;
			return -1;
		}
		count = input_read(fd, end, room);
		if (count <= 0)
			return (int)count;
		text_grew(text, (size_t)count);
	}
}

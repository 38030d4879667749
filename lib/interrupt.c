/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A request to stop, from another thread.
 */
#include "interrupt.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void
interrupt_init(struct interrupt *interrupt)
{
	atomic_init(&interrupt->is_requested, false);
	atomic_init(&interrupt->event, -1);
}

void
interrupt_end(struct interrupt *interrupt)
{
	int event = atomic_load(&interrupt->event);

	if (event >= 0)
		close(event);
}

/*
 * First the request, then the descriptor; who waits does it the other way
 * round, so that one of the two notices.
 */
void
interrupt_request(struct interrupt *interrupt)
{
	uint64_t one = 1;
	ssize_t written;
	int event;

	atomic_store(&interrupt->is_requested, true);
	event = atomic_load(&interrupt->event);
	if (event < 0)
		return;
	/* It never waits: there are not that many requests. */
	do
		written = write(event, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
}

bool
interrupt_is_requested(const struct interrupt *interrupt)
{
	return atomic_load(&interrupt->is_requested);
}

void
interrupt_drain(struct interrupt *interrupt)
{
	int event = atomic_load(&interrupt->event);
	uint64_t count;
	ssize_t len;

	if (event < 0)
		return;
	do
		len = read(event, &count, sizeof(count));
	while (len < 0 && errno == EINTR);
}

void
interrupt_clear(struct interrupt *interrupt)
{
	atomic_store(&interrupt->is_requested, false);
	interrupt_drain(interrupt);
}

int
interrupt_descriptor(struct interrupt *interrupt)
{
	int event = atomic_load(&interrupt->event);

	if (event >= 0)
		return event;
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_store(&interrupt->event, event);
	return event;
}

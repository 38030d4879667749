/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place that waits, and what tells a caller's event loop how to.
 */
#include "wait.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "clock.h"
#include "system_error.h"

#define INTERRUPT_LOOK_MS 100

int (*wait_source)(struct pollfd *, nfds_t, int) = poll;

static void
add(struct wait_set *set, int fd, uint32_t wants)
{
	if (fd < 0)
		return;
	set->items[set->count].fd = fd;
	set->items[set->count].wants = wants;
	set->count++;
}

/* What the session waits for now. */
static void
get_set(const struct smtpc_session *session, struct wait_set *set)
{
	const struct operation *operation = session->operation;
	const struct channel *channel = &session->channel;
	const struct stream *stream = channel->stream;
	uint32_t wants;

	memset(set, 0, sizeof(*set));
	/* Nothing is read while the caller makes up their mind. */
	if (session->state == SMTPC_STATE_UNTRUSTED && operation == NULL)
		return;
	if (stream != NULL) {
		wants = stream->operations->wants(stream);
		if (channel_is_sending(channel))
			wants |= SMTPC_WANT_WRITE;
		/* Nothing more goes out: only last words may come. */
		if (channel->write_rc != SMTPC_OK)
			wants = SMTPC_WANT_READ;
		add(set, stream->operations->descriptor(stream), wants);
	}
	if (operation != NULL && operation->waits_for != NULL)
		add(set, operation->waits_for(session), SMTPC_WANT_READ);
}

/* Note a change of what is waited for, and count it. */
static const struct wait_set *
refresh(struct smtpc_session *session)
{
	struct wait_set now;

	get_set(session, &now);
	if (session->waited_serial != session->serial ||
	    memcmp(&now, &session->waited, sizeof(now)) != 0) {
		session->waited = now;
		session->waited_serial = session->serial;
		session->generation++;
	}
	return &session->waited;
}

/* The milliseconds until time comes, as poll() takes them. */
static int
until(int64_t time)
{
	int64_t left;

	if (time == CLOCK_NEVER)
		return -1;
	left = time - clock_now();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/*
 * Wait for the descriptors and for another thread's request, until time at the
 * latest; poll()'s result.
 */
static int
wait_for(struct smtpc_session *session, int64_t time)
{
	const struct wait_set *set = refresh(session);
	struct pollfd items[WAIT_MAX + 1];
	int milliseconds, ready;
	size_t i;

	for (i = 0; i < set->count; i++) {
		items[i].fd = set->items[i].fd;
		items[i].events = 0;
		items[i].revents = 0;
		if (set->items[i].wants & SMTPC_WANT_READ)
			items[i].events |= POLLIN;
		if (set->items[i].wants & SMTPC_WANT_WRITE)
			items[i].events |= POLLOUT;
	}
	items[i].fd = interrupt_descriptor(&session->interrupt);
	items[i].events = POLLIN;
	items[i].revents = 0;
	if (interrupt_is_requested(&session->interrupt))
		return 1;
	milliseconds = until(time);
	/* Without a descriptor to wait for, it is looked for. */
	if (items[i].fd < 0 &&
	    (milliseconds < 0 || milliseconds > INTERRUPT_LOOK_MS))
		milliseconds = INTERRUPT_LOOK_MS;
	ready =
	    wait_source(items, set->count + (items[i].fd >= 0), milliseconds);
	/* What woke was taken back meanwhile. */
	if (ready > 0 && items[i].revents != 0 &&
	    !interrupt_is_requested(&session->interrupt))
		interrupt_drain(&session->interrupt);
	return ready;
}

static int
poll_failed(struct smtpc_session *session, int system_error)
{
	engine_fail(session, SMTPC_E_SYSTEM, NULL, "poll: %s",
		    system_error_text(system_error));
	session->error.system_error = system_error;
	return SMTPC_E_SYSTEM;
}

static int
cannot_wait(struct smtpc_session *session, int system_error)
{
	session->state = SMTPC_STATE_DEAD;
	return engine_end(session, poll_failed(session, system_error));
}

int
wait_until_done(struct smtpc_session *session, int rc)
{
	while (rc == SMTPC_AGAIN && session->blocking) {
		if (wait_for(session, engine_deadline(session)) < 0 &&
		    errno != EINTR)
			return cannot_wait(session, errno);
		rc = engine_process(session);
	}
	return rc;
}

void
wait_until(struct smtpc_session *session,
	   bool (*is_done)(const struct smtpc_session *session))
{
	while (!is_done(session) && session->operation != NULL) {
		if (engine_process(session) != SMTPC_AGAIN || is_done(session))
			continue;
		if (wait_for(session, engine_deadline(session)) < 0 &&
		    errno != EINTR)
			(void)cannot_wait(session, errno);
	}
}

int
smtpc_wait(smtpc_session *session, int64_t milliseconds)
{
	int64_t time, deadline;
	int count, rc;

	if (session == NULL || milliseconds < SMTPC_FOREVER)
		return SMTPC_E_INVALID;
	if (engine_in_callback(session))
		return SMTPC_E_BUSY;
	deadline = engine_deadline(session);
	time = clock_after(milliseconds);
	if (deadline < time)
		time = deadline;
	/* Nothing would ever end this. */
	if (time == CLOCK_NEVER && refresh(session)->count == 0)
		return SMTPC_E_STATE;
	/* Without a descriptor for requests, it waits several times. */
	do
		count = wait_for(session, time);
	while (count == 0 && clock_now() < time &&
	       interrupt_descriptor(&session->interrupt) < 0);
	if (count < 0 && errno == EINTR)
		return SMTPC_AGAIN;
	if (count < 0) {
		rc = poll_failed(session, errno);
		engine_set_aside(session);
		return rc;
	}
	if (count > 0 || clock_now() >= deadline)
		return SMTPC_OK;
	return SMTPC_AGAIN;
}

size_t
smtpc_session_fd_count(smtpc_session *session)
{
	return session != NULL ? refresh(session)->count : 0;
}

int
smtpc_session_fd_at(smtpc_session *session, size_t index, int *ret_fd,
		    uint32_t *ret_events)
{
	const struct wait_set *set;

	if (session == NULL || ret_fd == NULL || ret_events == NULL)
		return SMTPC_E_INVALID;
	set = refresh(session);
	if (index >= set->count)
		return SMTPC_E_INVALID;
	*ret_fd = set->items[index].fd;
	*ret_events = set->items[index].wants;
	return SMTPC_OK;
}

uint64_t
smtpc_session_fd_generation(smtpc_session *session)
{
	if (session == NULL)
		return 0;
	(void)refresh(session);
	return session->generation;
}

int64_t
smtpc_session_next_timeout(const smtpc_session *session)
{
	int64_t deadline, left;

	if (session == NULL)
		return SMTPC_FOREVER;
	deadline = engine_deadline(session);
	if (deadline == CLOCK_NEVER)
		return SMTPC_FOREVER;
	left = deadline - clock_now();
	return left > 0 ? left : 0;
}

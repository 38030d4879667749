/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting without time: whoever waits gives the peer a turn, and when nobody
 * can do anything, the clock is moved to what comes next.
 */
#include "play_world.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "mem.h"
#include "wait.h"

/* No scenario comes near it. */
#define TURNS_MAX 3000000ul

static struct play *current;
static int64_t (*real_clock)(void);
static int (*real_wait)(struct pollfd *, nfds_t, int);

static int64_t
fake_clock(void)
{
	return current->now;
}

static int
fake_wait(struct pollfd *items, nfds_t count, int timeout)
{
	return wait_turn(current, items, count, timeout);
}

static bool
fake_fault(void)
{
	const struct play_options *options = current->options;

	current->allocations++;
	if (options->fault_at == 0)
		return false;
	return options->fault_stays ? current->allocations >= options->fault_at
				    : current->allocations == options->fault_at;
}

void
wait_install(struct play *play)
{
	if (real_clock == NULL) {
		real_clock = clock_source;
		real_wait = wait_source;
	}
	current = play;
	clock_source = play != NULL ? fake_clock : real_clock;
	wait_source = play != NULL ? fake_wait : real_wait;
	mem_fault = play != NULL ? fake_fault : NULL;
}

static int64_t
earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

static int
hang(struct play *play, const char *why)
{
	play_fail(play, play->step->number, "%s", why);
	errno = EIO;
	return -1;
}

/* Nobody can do anything now: when can somebody? */
static int
pass_time(struct play *play, int64_t timeout)
{
	int64_t deadline = timeout >= 0 ? play->now + timeout : PEER_NEVER;
	int64_t next = earlier(deadline, peer_wakes(&play->peer));

	next = earlier(next, setup_feed_wakes(play));
	if (next == PEER_NEVER)
		return hang(play, "the library waits for ever");
	if (next > play->now)
		play->now = next;
	return next == deadline ? 0 : 1;
}

int
wait_turn(struct play *play, struct pollfd *items, nfds_t count,
	  int64_t timeout)
{
	if (play->turns++ == TURNS_MAX)
		return hang(play, "the library goes round in circles");
	if (play->link.moved) {
		play->link.moved = false;
		return 1;
	}
	if (peer_turn(&play->peer, play->now))
		return 1;
	if (count > 0 && poll(items, count, 0) > 0)
		return 1;
	if (setup_feed(play))
		return 1;
	return pass_time(play, timeout);
}

/* What a caller's event loop does, with the calls that are there for it. */
static nfds_t
get_items(struct play *play, struct pollfd *items, size_t max)
{
	size_t count = smtpc_session_fd_count(play->session);
	uint32_t events;
	size_t i;

	for (i = 0; i < count && i < max; i++) {
		memset(&items[i], 0, sizeof(items[i]));
		if (smtpc_session_fd_at(play->session, i, &items[i].fd,
					&events) != SMTPC_OK)
			play_fail(play, play->step->number,
				  "there is no descriptor %zu", i);
		if (events & SMTPC_WANT_READ)
			items[i].events |= POLLIN;
		if (events & SMTPC_WANT_WRITE)
			items[i].events |= POLLOUT;
	}
	return (nfds_t)i;
}

int
wait_drive(struct play *play, int rc)
{
	struct pollfd items[4];
	int64_t timeout;
	nfds_t count;

	while (rc == SMTPC_AGAIN) {
		if (++play->waits == play->options->abandon_after) {
			play->result->abandoned = true;
			break;
		}
		if (auth_resume(play)) {
			rc = smtpc_process(play->session);
			continue;
		}
		count = get_items(play, items, 4);
		timeout = smtpc_session_next_timeout(play->session);
		if (wait_turn(play, items, count, timeout) < 0)
			break;
		rc = smtpc_process(play->session);
	}
	return rc;
}

void
wait_settle(struct play *play)
{
	while (peer_turn(&play->peer, play->now))
		;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Streams of messages at random, against a server that knows what it has taken:
 * mail is submitted, pushed, collected and freed, QUIT behind it, the
 * connection given up, cancelled and cut, memory runs out, in any order.
 * Whatever happens, nothing is accepted that was not taken, nothing that was
 * taken is safe to retry, content comes as it was given, and memory that was
 * handed back is not used any more.
 *
 * usage: random_streams FROM TO    streams from one seed to another, as TAP
 *        random_streams SEED       one stream, line by line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "dice.h"
#include "mem.h"
#include "random_mail.h"
#include "random_server.h"

#define IDLE_MAX  60000
#define SHARES	  10
#define SUBMITTED 12

/* What is left to do, and for how long nothing has come of it. */
static unsigned int to_make, idle;
static size_t places;

static void
must(int rc, const char *what)
{
	if (rc != SMTPC_OK)
		wrong("%s: %s", what, smtpc_strerror(rc));
}

/*
 * A session that is ready.
 */

static void
hear_trace(int kind, const char *text, size_t len, void *userdata)
{
	(void)kind;
	(void)text;
	(void)len;
	(void)userdata;
	if (once_in(10) && world.count > 0)
		random_mail_meddle(
		    &world.mails[dice((unsigned int)world.count)]);
}

static void
set_up_session(void)
{
	smtpc_session *session;

	must(smtpc_session_new(&session), "session");
	world.session = session;
	must(smtpc_session_set_blocking(session, 0), "blocking");
	must(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE), "TLS");
	must(smtpc_session_set_client_domain(session, "c.test"), "domain");
	must(smtpc_session_set_protocol(session, world.is_lmtp
						     ? SMTPC_PROTOCOL_LMTP
						     : SMTPC_PROTOCOL_SMTP),
	     "protocol");
	must(smtpc_session_set_pipelining(session, (int)dice(3)), "level");
	must(smtpc_session_set_chunking(session, (int)dice(2)), "chunking");
	must(smtpc_session_set_chunk_threshold(
		 session, once_in(2) ? 65536 : (int64_t)dice(1000000)),
	     "threshold");
	must(smtpc_session_set_window(session,
				      1 + dice(once_in(2) ? 10 : 200000),
				      1 + dice(20)),
	     "window");
	must(smtpc_session_set_trace(session, hear_trace, NULL), "trace");
}

static void
step(int fd, int rc, const char *said, const char *what)
{
	if (send(fd, said, strlen(said), 0) != (ssize_t)strlen(said))
		wrong("the socket is too small");
	while (rc == SMTPC_AGAIN)
		rc = smtpc_process(world.session);
	must(rc, what);
}

#define OFFERS 6

/* What the server offers, and the limits that it tells. */
static const char *
pick_offers(void)
{
	static const struct {
		const char *text;
		size_t recipients_max, mails_max;
	} offers[OFFERS] = {
		{ "250-mx\r\n250-PIPELINING\r\n250-BINARYMIME\r\n"
		  "250-8BITMIME\r\n250 CHUNKING\r\n",
		  0, 0 },
		{ "250-mx\r\n250-SIZE\r\n250 PIPELINING\r\n", 0, 0 },
		{ "250-mx\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
		  "250 8BITMIME\r\n",
		  0, 0 },
		{ "250 mx\r\n", 0, 0 },
		{ "250-mx\r\n250-LIMITS RCPTMAX=2 MAILMAX=7\r\n"
		  "250 PIPELINING\r\n",
		  2, 7 },
		{ "250-mx\r\n250-PIPELINING\r\n250-BINARYMIME\r\n"
		  "250-8BITMIME\r\n250-LIMITS MAILMAX=9 RCPTMAX=3\r\n"
		  "250 CHUNKING\r\n",
		  3, 9 },
	};
	unsigned int picked = once_in(3) ? dice(OFFERS) : 0;

	world.recipients_max = offers[picked].recipients_max;
	world.mails_max = offers[picked].mails_max;
	return offers[picked].text;
}

static void
connect_session(void)
{
	int room = 2048 + (int)dice(60000);
	char greeted[100];
	int ends[2];
	size_t i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		wrong("there is no socket");
	for (i = 0; i < 2; i++)
		(void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room,
				 sizeof(room));
	step(ends[1], smtpc_attach(world.session, ends[0], "mx", 24),
	     "220 mx\r\n", "greeting");
	step(ends[1], smtpc_ehlo(world.session), pick_offers(), "EHLO");
	if (recv(ends[1], greeted, sizeof(greeted), 0) <= 0)
		wrong("there is no EHLO");
	random_server_begin(ends[1]);
}

/*
 * What the caller does.
 */

static struct random_mail *
oldest(void)
{
	struct random_mail *found = NULL;
	struct random_mail *mail;

	for (mail = world.mails; mail < world.mails + world.count; mail++)
		if (mail->is_submitted &&
		    (found == NULL || mail->place < found->place))
			found = mail;
	return found;
}

static void
hand_over(struct random_mail *mail)
{
	int rc = smtpc_submit(world.session, mail->transaction);

	note("submit %zu, %zu octets from %d: %s", mail->number, mail->len,
	     (int)mail->source, smtpc_strerror(rc));
	mail->is_submitted = rc == SMTPC_OK;
	mail->place = places++;
	if (!mail->is_submitted)
		random_mail_drop(mail);
}

static void
submit(void)
{
	struct random_mail *mail;

	if (to_make == 0 ||
	    smtpc_session_outstanding(world.session) >= SUBMITTED)
		return;
	to_make--;
	mail = random_mail_make();
	if (once_in(2))
		random_mail_push(mail);
	hand_over(mail);
}

static void
collect(void)
{
	smtpc_transaction *transaction;
	struct random_mail *mail;

	if (smtpc_collect(world.session, &transaction) != SMTPC_OK)
		return;
	idle = 0;
	mail = random_mail_of(transaction);
	if (mail != oldest())
		wrong("mail %zu is handed back before its time", mail->number);
	random_mail_judge(mail);
	if (random_mail_may_go_again(mail) && once_in(2))
		hand_over(mail);
	else
		random_mail_drop(mail);
}

static void
push_all(void)
{
	size_t i;

	for (i = 0; i < world.count; i++)
		if (world.mails[i].is_submitted)
			random_mail_push(&world.mails[i]);
}

/* Behind what was submitted, where that can be. */
static void
quit(void)
{
	if (smtpc_session_outstanding(world.session) > 0)
		note("quit: %s", smtpc_strerror(smtpc_quit(world.session)));
}

/* One is withdrawn, or the connection given up. */
static void
do_harm(void)
{
	struct random_mail *mail;

	if (world.is_honest || world.count == 0 || !once_in(40))
		return;
	mail = &world.mails[dice((unsigned int)world.count)];
	if (once_in(3)) {
		note("cancel");
		must(smtpc_cancel(world.session), "cancel");
	} else if (once_in(2)) {
		note("disconnect");
		must(smtpc_disconnect(world.session), "disconnect");
	} else if (mail->is_submitted) {
		note("free %zu", mail->number);
		random_mail_drop(mail);
	}
}

static bool
has_no_memory(void)
{
	return world.memory_fails_in > 0 && once_in(world.memory_fails_in);
}

static void
process(void)
{
	int rc;

	mem_fault = has_no_memory;
	rc = smtpc_process(world.session);
	mem_fault = NULL;
	if (rc == SMTPC_E_BUSY)
		wrong("the session is busy, and nobody is");
}

static void
act(void)
{
	unsigned int thrown = dice(100);

	if (thrown < 10)
		submit();
	else if (thrown < 13 && once_in(40))
		quit();
	else if (thrown < 13)
		do_harm();
	else if (thrown < 30)
		collect();
	else if (thrown < 45)
		push_all();
	else if (thrown < 75)
		random_server_turn();
	else
		process();
}

/*
 * Streams.
 */

static bool
is_over(void)
{
	size_t outstanding = smtpc_session_outstanding(world.session);

	if (!world.is_honest && once_in(20000))
		return true;
	return outstanding == 0 &&
	       (to_make == 0 ||
		smtpc_session_state(world.session) != SMTPC_STATE_READY);
}

static void
play(unsigned long seed, bool is_loud)
{
	size_t i;

	dice_begin(seed, is_loud);
	memset(&world, 0, sizeof(world));
	world.is_honest = once_in(3);
	world.is_lmtp = once_in(4);
	if (!world.is_honest && once_in(4))
		world.memory_fails_in = 20 + dice(400);
	set_up_session();
	connect_session();
	to_make = 3 + dice(25);
	for (idle = 0; !is_over(); idle++) {
		act();
		if (idle < IDLE_MAX)
			continue;
		random_server_note();
		wrong("nothing goes on any more; mail %zu comes next",
		      oldest() != NULL ? oldest()->number : world.count);
	}
	smtpc_session_free(world.session);
	for (i = 0; i < world.count; i++) {
		if (!world.mails[i].is_submitted)
			continue;
		random_mail_judge(&world.mails[i]);
		random_mail_drop(&world.mails[i]);
	}
	random_server_end();
}

/*
 * Many of them, in a process of their own: some failures are its end.  Where it
 * has got to is seen from outside.
 */
static bool
play_share(unsigned long from, unsigned long to, volatile unsigned long *seed)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		for (*seed = from; *seed < to; ++*seed)
			play(*seed, false);
		exit(EXIT_SUCCESS);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		printf("# there is no other process\n");
		return false;
	}
	if (WIFSIGNALED(status))
		printf("# seed %lu: signal %d\n", *seed, WTERMSIG(status));
	if (status != 0)
		printf("# again: random_streams %lu\n", *seed);
	return status == 0;
}

static int
play_all(unsigned long from, unsigned long to)
{
	volatile unsigned long *seed =
	    mmap(NULL, sizeof(*seed), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long share = (to - from + SHARES) / SHARES;
	unsigned long first, end;
	int result = EXIT_SUCCESS;
	bool is_good;
	int i;

	if (seed == MAP_FAILED)
		return EXIT_FAILURE;
	printf("1..%d\n", SHARES);
	for (i = 0; i < SHARES; i++) {
		first = from + (unsigned long)i * share;
		end = first + share <= to ? first + share : to + 1;
		is_good = play_share(first, end, seed);
		printf("%s %d - streams_at_random_%lu_to_%lu\n",
		       is_good ? "ok" : "not ok", i + 1, first, end - 1);
		if (!is_good)
			result = EXIT_FAILURE;
	}
	return result;
}

static bool
read_number(const char *text, unsigned long *ret_number)
{
	char *end;

	*ret_number = strtoul(text, &end, 10);
	return end != text && *end == '\0';
}

int
main(int argc, char **argv)
{
	unsigned long from, to;

	if (argc == 2 && read_number(argv[1], &from)) {
		setvbuf(stdout, NULL, _IOLBF, 0);
		play(from, true);
		printf("# seed %lu: all is well\n", from);
		return EXIT_SUCCESS;
	}
	if (argc == 3 && read_number(argv[1], &from) &&
	    read_number(argv[2], &to))
		return play_all(from, to);
	fprintf(stderr, "usage: random_streams SEED | FROM TO\n");
	return 2;
}

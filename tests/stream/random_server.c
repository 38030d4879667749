/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server at random. */
#include "random_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dice.h"
#include "random_mail.h"

#define IN_MAX	 131072
#define OUT_MAX	 1000000
#define BODY_MAX 4000000

enum chunk_fate {
	CHUNK_GOOD,
	CHUNK_REFUSED,	/* as the server likes */
	CHUNK_USELESS,	/* for there is nobody to have it */
	CHUNK_ANSWERED, /* before it was there */
};

static struct {
	int fd; /* -1: closed */
	bool is_leaving, has_quit;
	size_t in_len, out_len;
	size_t mail_count;

	bool has_sender;
	struct random_mail *mail;
	size_t taken[RECIPIENTS_MAX], taken_count, recipient_count;

	bool in_data, in_chunk;
	bool was_answered; /* while it came: the dot has no answer */
	bool is_last, has_failed;
	size_t left;
	enum chunk_fate fate;
	size_t body_len;
} server;

static char in[IN_MAX], out[OUT_MAX], body[BODY_MAX];

static bool
harm(unsigned int in_thousand)
{
	return !world.is_honest && dice(1000) < in_thousand;
}

static void
say(const char *line)
{
	size_t len = strlen(line);

	note("S: %s", line);
	if (server.out_len + len + 2 > OUT_MAX)
		wrong("the client does not read");
	memcpy(out + server.out_len, line, len);
	memcpy(out + server.out_len + len, "\r\n", 2);
	server.out_len += len + 2;
}

/* As if the command were not there, or had no place here, if it likes. */
static const char *
refusal(void)
{
	if (harm(250))
		return once_in(2) ? "500 no" : "503 no";
	return once_in(2) ? "451 later" : "554 never";
}

static void
reset(void)
{
	server.has_sender = server.has_failed = false;
	server.taken_count = server.body_len = 0;
}

/*
 * Content.
 */

static void
give_to(size_t first, size_t count)
{
	size_t i;

	for (i = first; i < first + count; i++)
		server.mail->taken[server.taken[i]]++;
}

/* One for all, or with LMTP one for each. */
static void
judge_message(void)
{
	size_t verdicts = world.is_lmtp ? server.taken_count : 1;
	size_t each = world.is_lmtp ? 1 : server.taken_count;
	size_t i;

	random_mail_compare(server.mail, body, server.body_len);
	for (i = 0; i < verdicts && !server.is_leaving; i++) {
		if (harm(5)) {
			say("421 closing");
			server.is_leaving = true;
		} else if (harm(5)) {
			note("the server takes all of the rest, and dies");
			give_to(i, server.taken_count - i);
			server.is_leaving = true;
		} else if (once_in(10)) {
			say(refusal());
		} else {
			give_to(i, each);
			say("250 taken");
		}
	}
	reset();
}

static bool
is_at_end(void)
{
	size_t len = server.body_len;

	return (len == 3 && memcmp(body, ".\r\n", 3) == 0) ||
	       (len >= 5 && memcmp(body + len - 5, "\r\n.\r\n", 5) == 0);
}

static void
undo_dots(void)
{
	size_t len = 0;
	bool starts = true; /* a line */
	size_t i;
	char c;

	for (i = 0; i < server.body_len; i++) {
		c = body[i];
		if (!(c == '.' && starts))
			body[len++] = c;
		starts = c == '\n';
	}
	server.body_len = len;
}

static void
end_data(void)
{
	note("the dot");
	server.in_data = false;
	server.body_len -= 3;
	undo_dots();
	if (server.was_answered) {
		reset();
	} else if (server.taken_count > 0) {
		judge_message();
	} else {
		if (server.body_len > 0)
			wrong("there is content for nobody");
		say("554 no valid recipients");
		reset();
	}
}

static size_t
take_data(const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len && server.in_data; i++) {
		if (server.body_len == BODY_MAX)
			wrong("the content has no end");
		body[server.body_len++] = data[i];
		if (data[i] == '\n' && is_at_end())
			end_data();
	}
	if (server.in_data && server.taken_count > 0 && !server.was_answered &&
	    !world.is_lmtp && harm(3)) {
		say("552 too big already");
		server.was_answered = true;
	}
	return i;
}

static void
end_chunk(void)
{
	size_t answers = 1;

	server.in_chunk = false;
	if (server.fate == CHUNK_GOOD && server.is_last) {
		judge_message();
		return;
	}
	if (server.fate == CHUNK_GOOD) {
		say("250 chunk");
		return;
	}
	server.has_failed = true;
	if (server.fate == CHUNK_ANSWERED)
		return;
	if (world.is_lmtp && server.is_last && server.fate == CHUNK_REFUSED)
		answers = server.taken_count;
	for (; answers > 0; answers--)
		say(server.fate == CHUNK_USELESS ? "503 for whom" : "452 no");
}

static size_t
take_chunk(const char *data, size_t len)
{
	if (len > server.left)
		len = server.left;
	if (server.body_len + len > BODY_MAX)
		wrong("the content has no end");
	memcpy(body + server.body_len, data, len);
	server.body_len += len;
	server.left -= len;
	if (server.left == 0)
		end_chunk();
	return len;
}

/*
 * Commands.
 */

/* The number in a mailbox, such as in "MAIL FROM:<m12@a.test>". */
static size_t
number_in(const char *line)
{
	const char *bracket = strchr(line, '<');
	char *end;
	size_t number = strtoul(bracket + 2, &end, 10);

	if (end == bracket + 2 || *end != '@')
		wrong("there is no such mailbox: %s", line);
	return number;
}

static void
hear_mail(const char *line)
{
	size_t number = number_in(line);

	if (server.has_sender)
		wrong("MAIL within a transaction");
	if (number >= world.count)
		wrong("there is no such mail: %s", line);
	if (++server.mail_count > world.mails_max && world.mails_max > 0)
		wrong("MAIL beyond the limit");
	if (once_in(15)) {
		say(refusal());
		return;
	}
	reset();
	server.recipient_count = 0;
	server.has_sender = true;
	server.mail = &world.mails[number];
	say("250 ok");
}

static void
hear_recipient(const char *line)
{
	size_t number = number_in(line);

	if (++server.recipient_count > world.recipients_max &&
	    world.recipients_max > 0 && server.has_sender)
		wrong("RCPT beyond the limit");
	if (!server.has_sender) {
		say("503 from whom");
	} else if (once_in(5)) {
		say(refusal());
	} else if (number >= server.mail->recipient_count) {
		wrong("there is no such recipient: %s", line);
	} else {
		server.taken[server.taken_count++] = number;
		say("250 ok");
	}
}

/* Some take it with nobody to have it, but not with LMTP. */
static void
hear_data(void)
{
	bool is_taken = server.taken_count > 0
			    ? !once_in(20)
			    : server.has_sender && !world.is_lmtp && once_in(2);

	if (!is_taken) {
		say(server.taken_count > 0 ? "451 not now" : "503 for whom");
		return;
	}
	server.in_data = true;
	server.was_answered = false;
	server.body_len = 0;
	say("354 go on");
}

static void
hear_chunk(const char *line)
{
	char *rest;

	server.in_chunk = true;
	server.left = strtoul(line + strlen("BDAT "), &rest, 10);
	server.is_last = strcmp(rest, " LAST") == 0;
	server.fate = CHUNK_GOOD;
	if (!server.is_last && server.left == 0)
		wrong("there is an empty chunk");
	if (server.taken_count == 0 || server.has_failed)
		server.fate = CHUNK_USELESS;
	else if (once_in(15))
		server.fate = CHUNK_REFUSED;
	/* Another one may be on its way when it is answered. */
	if (server.fate != CHUNK_GOOD && !server.is_last)
		world.may_be_cut = true;
	if (server.fate != CHUNK_GOOD && harm(250) &&
	    !(world.is_lmtp && server.is_last &&
	      server.fate == CHUNK_REFUSED)) {
		say(server.fate == CHUNK_USELESS ? "503 for whom" : "552 no");
		server.fate = CHUNK_ANSWERED;
	}
	if (server.left == 0)
		end_chunk();
}

/* With nobody taken, or behind a refused chunk, it may be left at that. */
static void
hear_quit(void)
{
	if (server.taken_count > 0 && !server.has_failed)
		wrong("QUIT within a transaction");
	if (!once_in(4))
		say("221 bye");
	server.is_leaving = server.has_quit = true;
}

static bool
begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static void
hear_line(const char *line)
{
	note("C: %s", line);
	if (harm(5)) {
		if (once_in(2))
			say("421 closing");
		server.is_leaving = true;
	} else if (begins(line, "MAIL FROM:<m")) {
		hear_mail(line);
	} else if (begins(line, "RCPT TO:<r")) {
		hear_recipient(line);
	} else if (strcmp(line, "DATA") == 0) {
		hear_data();
	} else if (begins(line, "BDAT ")) {
		hear_chunk(line);
	} else if (strcmp(line, "RSET") == 0) {
		reset();
		say("250 reset");
	} else if (strcmp(line, "QUIT") == 0) {
		hear_quit();
	} else {
		wrong("the client says what is no command: %.60s", line);
	}
}

/* How many octets the next line has, end and all; 0: it is not all there. */
static size_t
take_line(char *data, size_t len)
{
	char *lf = memchr(data, '\n', len);

	if (lf == NULL)
		return 0;
	if (lf == data || lf[-1] != '\r')
		wrong("a command does not end in CRLF");
	lf[-1] = '\0';
	hear_line(data);
	return (size_t)(lf - data) + 1;
}

static void
hear(void)
{
	size_t done = 0;
	size_t taken = 1;
	char *data;
	size_t len;

	while (!server.is_leaving && taken > 0 && done < server.in_len) {
		data = in + done;
		len = server.in_len - done;
		if (server.in_chunk)
			taken = take_chunk(data, len);
		else if (server.in_data)
			taken = take_data(data, len);
		else
			taken = take_line(data, len);
		done += taken;
	}
	server.in_len -= done;
	memmove(in, in + done, server.in_len);
	if (server.has_quit && server.in_len > 0)
		wrong("something follows QUIT");
	/* Nobody hears it. */
	if (server.is_leaving)
		server.in_len = 0;
}

/*
 * Its turn.
 */

static void
read_some(void)
{
	size_t want = once_in(4) ? 1 + dice(20) : once_in(3) ? 65536 : 3000;
	ssize_t len;

	if (server.in_len + want > IN_MAX)
		wrong("a command has no end");
	len = recv(server.fd, in + server.in_len, want, MSG_DONTWAIT);
	if (len <= 0)
		return;
	server.in_len += (size_t)len;
	hear();
}

static void
write_some(void)
{
	size_t want = server.out_len;
	ssize_t len;

	if (once_in(3))
		want = 1 + dice((unsigned int)want);
	len = send(server.fd, out, want, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (len <= 0)
		return;
	server.out_len -= (size_t)len;
	memmove(out, out + len, server.out_len);
}

void
random_server_begin(int fd)
{
	memset(&server, 0, sizeof(server));
	server.fd = fd;
}

void
random_server_turn(void)
{
	if (server.fd < 0)
		return;
	if (!once_in(3))
		read_some();
	if (server.out_len > 0 && !once_in(3))
		write_some();
	if (server.is_leaving && (server.out_len == 0 || harm(500)))
		random_server_end();
}

void
random_server_note(void)
{
	note("server: %s%s%s%zu octets read and %zu not sent, %zu of a chunk "
	     "not here",
	     server.fd < 0 ? "closed, " : "", server.in_data ? "in data, " : "",
	     server.in_chunk ? "in a chunk, " : "", server.in_len,
	     server.out_len, server.left);
}

void
random_server_end(void)
{
	if (server.fd >= 0)
		close(server.fd);
	server.fd = -1;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the sink says: ESMTP with PIPELINING, 8BITMIME, SIZE, CHUNKING,
 * ENHANCEDSTATUSCODES, STARTTLS and AUTH PLAIN, and yes to everything.
 */
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *sink_without = "";

static void
say(struct sink_connection *connection, const char *text)
{
	octets_add(&connection->replies, text, strlen(text));
}

void
sink_greet(struct sink_connection *connection)
{
	say(connection, "220 sink ESMTP\r\n");
}

static bool
offers(const char *keyword)
{
	size_t len = strlen(keyword);
	const char *at = sink_without;

	for (;;) {
		size_t span = strcspn(at, ",");

		if (span == len && strncasecmp(at, keyword, len) == 0)
			return false;
		if (at[span] == '\0')
			return true;
		at += span + 1;
	}
}

static void
offer(struct sink_connection *connection, const char *keyword,
      const char *parameters)
{
	char line[64];

	if (!offers(keyword))
		return;
	snprintf(line, sizeof(line), "250-%s%s\r\n", keyword, parameters);
	say(connection, line);
}

static void
take_ehlo(struct sink_connection *connection, char *argument)
{
	(void)argument;
	say(connection, "250-sink\r\n");
	offer(connection, "PIPELINING", "");
	offer(connection, "8BITMIME", "");
	offer(connection, "SIZE", " 2000000000");
	offer(connection, "CHUNKING", "");
	offer(connection, "ENHANCEDSTATUSCODES", "");
	if (sink_tls_is_there() && connection->tls == NULL)
		offer(connection, "STARTTLS", "");
	if (connection->tls != NULL)
		offer(connection, "AUTH", " PLAIN");
	say(connection, "250 HELP\r\n");
}

static void
take_helo(struct sink_connection *connection, char *argument)
{
	(void)argument;
	say(connection, "250 sink\r\n");
}

static void
take_mail(struct sink_connection *connection, char *argument)
{
	(void)argument;
	say(connection, "250 2.1.0 Ok\r\n");
}

static void
take_rcpt(struct sink_connection *connection, char *argument)
{
	(void)argument;
	connection->recipients++;
	say(connection, "250 2.1.5 Ok\r\n");
}

static void
begin_content(struct sink_connection *connection, enum sink_mode mode)
{
	memcpy(connection->tail, "\0\0\r\n", 4);
	connection->mode = mode;
}

static void
end_content(struct sink_connection *connection)
{
	sink_counters.messages++;
	sink_counters.recipients += (unsigned long)connection->recipients;
	connection->recipients = 0;
	connection->mode = SINK_COMMANDS;
	say(connection, "250 2.0.0 Ok: queued\r\n");
}

static void
take_data(struct sink_connection *connection, char *argument)
{
	(void)argument;
	if (connection->recipients == 0) {
		say(connection, "503 5.5.1 RCPT first\r\n");
		return;
	}
	begin_content(connection, SINK_DATA);
	say(connection, "354 Go\r\n");
}

static void
end_chunk(struct sink_connection *connection)
{
	if (connection->last_chunk) {
		end_content(connection);
		return;
	}
	connection->mode = SINK_COMMANDS;
	say(connection, "250 2.0.0 Ok\r\n");
}

static void
take_bdat(struct sink_connection *connection, char *argument)
{
	char *end;

	connection->chunk_left = strtoull(argument, &end, 10);
	connection->last_chunk = strcasecmp(end, " LAST") == 0;
	begin_content(connection, SINK_BDAT);
	sink_counters.chunks++;
	if (connection->chunk_left == 0)
		end_chunk(connection);
}

static void
take_response(struct sink_connection *connection, char *response)
{
	connection->mode = SINK_COMMANDS;
	if (strlen(response) < 4) {
		say(connection, "535 5.7.8 No\r\n");
		return;
	}
	sink_counters.auths++;
	say(connection, "235 2.7.0 Ok\r\n");
}

static void
take_auth(struct sink_connection *connection, char *argument)
{
	if (*argument != '\0') {
		take_response(connection,
			      argument + (*argument == ' ' ? 1 : 0));
		return;
	}
	connection->mode = SINK_AUTH;
	say(connection, "334 \r\n");
}

static void
take_starttls(struct sink_connection *connection, char *argument)
{
	(void)argument;
	say(connection, "220 2.0.0 Go\r\n");
	connection->start_tls = true;
}

static void
take_nothing(struct sink_connection *connection, char *argument)
{
	(void)argument;
	connection->recipients = 0;
	say(connection, "250 2.0.0 Ok\r\n");
}

static void
take_quit(struct sink_connection *connection, char *argument)
{
	(void)argument;
	say(connection, "221 2.0.0 Bye\r\n");
	connection->closing = true;
}

/* The most frequent ones come first. */
static const struct {
	const char *start;
	void (*take)(struct sink_connection *, char *);
} commands[] = {
	{ "MAIL FROM:", take_mail }, { "RCPT TO:", take_rcpt },
	{ "DATA", take_data },	     { "BDAT ", take_bdat },
	{ "EHLO ", take_ehlo },	     { "HELO ", take_helo },
	{ "AUTH PLAIN", take_auth }, { "STARTTLS", take_starttls },
	{ "RSET", take_nothing },    { "NOOP", take_nothing },
	{ "QUIT", take_quit },
};

static void
take_line(struct sink_connection *connection, char *line)
{
	size_t i;

	if (connection->mode == SINK_AUTH) {
		take_response(connection, line);
		return;
	}
	sink_counters.commands++;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		size_t len = strlen(commands[i].start);

		if (strncasecmp(line, commands[i].start, len) == 0) {
			commands[i].take(connection, line + len);
			return;
		}
	}
	say(connection, "502 5.5.2 What?\r\n");
}

/* What is behind CRLF . CRLF, or NULL. */
static const char *
find_end(const char *data, size_t len)
{
	const char *at = data;
	const char *end = data + len;

	/* memchr() over lines is far quicker than memmem() over all. */
	while (end - at > 4) {
		at = memchr(at + 1, '\n', (size_t)(end - at) - 4);
		if (at == NULL)
			return NULL;
		if (memcmp(at - 1, "\r\n.\r\n", 5) == 0)
			return at + 4;
	}
	return NULL;
}

/* How much of the octets is content, after DATA. */
static size_t
take_text(struct sink_connection *connection, const char *data, size_t len)
{
	char edge[8];
	size_t next = len < 4 ? len : 4;
	const char *found;
	bool end = false;

	memcpy(edge, connection->tail, 4);
	memcpy(edge + 4, data, next);
	found = memmem(edge, 4 + next, "\r\n.\r\n", 5);
	if (found != NULL) {
		len = (size_t)(found + 5 - (edge + 4));
		end = true;
	} else if ((found = find_end(data, len)) != NULL) {
		len = (size_t)(found - data);
		end = true;
	}
	if (len >= 4) {
		memcpy(connection->tail, data + len - 4, 4);
	} else {
		memmove(connection->tail, connection->tail + len, 4 - len);
		memcpy(connection->tail + 4 - len, data, len);
	}
	sink_counters.octets += len;
	if (end)
		end_content(connection);
	return len;
}

static size_t
take_chunk(struct sink_connection *connection, size_t len)
{
	if (len > connection->chunk_left)
		len = (size_t)connection->chunk_left;
	sink_counters.octets += len;
	connection->chunk_left -= len;
	if (connection->chunk_left == 0)
		end_chunk(connection);
	return len;
}

static size_t
take_command(struct sink_connection *connection, const char *data, size_t len)
{
	const char *lf = memchr(data, '\n', len);

	if (lf != NULL)
		len = (size_t)(lf + 1 - data);
	if (connection->line_len + len >= sizeof(connection->line)) {
		connection->closing = true;
		return len;
	}
	memcpy(connection->line + connection->line_len, data, len);
	connection->line_len += len;
	if (lf != NULL) {
		size_t end = connection->line_len - 1;

		if (end > 0 && connection->line[end - 1] == '\r')
			end--;
		connection->line[end] = '\0';
		connection->line_len = 0;
		take_line(connection, connection->line);
	}
	return len;
}

void
sink_input(struct sink_connection *connection, const char *data, size_t len)
{
	size_t taken;

	/* What comes with STARTTLS, or behind QUIT, is not looked at. */
	while (len > 0 && !connection->closing && !connection->start_tls) {
		switch (connection->mode) {
		case SINK_DATA:
			taken = take_text(connection, data, len);
			break;
		case SINK_BDAT:
			taken = take_chunk(connection, len);
			break;
		case SINK_IGNORE:
			sink_counters.octets += len;
			taken = len;
			break;
		default:
			taken = take_command(connection, data, len);
		}
		data += taken;
		len -= taken;
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was promised to whom, out of the octets of both sides. */
#include "witness.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
witness_init(struct witness *witness)
{
	memset(witness, 0, sizeof(*witness));
}

void
witness_clear(struct witness *witness)
{
	octets_clear(&witness->from_client);
	octets_clear(&witness->from_server);
}

void
witness_begin(struct witness *witness)
{
	witness->in_content = false;
	witness->mail_taken = false;
	memset(witness->taken, 0, sizeof(witness->taken));
	witness->recipient_count = 0;
	witness->data_ended = false;
	witness->verdict = 0;
}

static void
await(struct witness *witness, enum witness_command command)
{
	if (witness->queue_start == witness->queue_end)
		witness->queue_start = witness->queue_end = 0;
	if (witness->queue_end == WITNESS_QUEUE_MAX)
		abort();
	witness->queue[witness->queue_end++] = command;
}

static void
hear_command(struct witness *witness, const char *line, size_t len)
{
	static const struct {
		const char *verb;
		enum witness_command command;
	} verbs[] = {
		{ "MAIL ", WITNESS_MAIL },
		{ "RCPT ", WITNESS_RCPT },
		{ "DATA\r", WITNESS_DATA },
	};
	size_t i;

	if (witness->in_content) {
		if (len == 3 && memcmp(line, ".\r\n", 3) == 0) {
			witness->in_content = false;
			witness->data_ended = true;
			await(witness, WITNESS_DOT);
		}
		return;
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (len >= 5 && strncasecmp(line, verbs[i].verb, 5) == 0) {
			await(witness, verbs[i].command);
			return;
		}
	}
	await(witness, WITNESS_OTHER);
}

static void
hear_reply(struct witness *witness, int code)
{
	enum witness_command command = WITNESS_OTHER;

	/* The greeting, and whatever else nobody has asked for. */
	if (witness->queue_start < witness->queue_end)
		command = witness->queue[witness->queue_start++];
	switch (command) {
	case WITNESS_MAIL:
		witness->mail_taken = code / 100 == 2;
		break;
	case WITNESS_RCPT:
		if (witness->recipient_count == WITNESS_RECIPIENTS_MAX)
			abort();
		witness->taken[witness->recipient_count++] =
		    witness->mail_taken && code / 100 == 2;
		break;
	case WITNESS_DATA:
		witness->in_content = code == 354;
		break;
	case WITNESS_DOT:
		witness->verdict = code;
		break;
	default:
		break;
	}
}

static void
hear_reply_line(struct witness *witness, const char *line, size_t len)
{
	if (len >= 5 && line[3] == '-')
		return;
	if (len < 5)
		return;
	hear_reply(witness, (line[0] - '0') * 100 + (line[1] - '0') * 10 +
				(line[2] - '0'));
}

/* Give every whole line among the octets to hear. */
static void
hear(struct witness *witness, struct octets *octets, const char *data,
     size_t len,
     void (*line_heard)(struct witness *witness, const char *line, size_t len))
{
	const char *start, *lf;
	size_t line_len;

	octets_append(octets, data, len);
	for (;;) {
		start = octets_data(octets);
		lf = memchr(start, '\n', octets->len);
		if (lf == NULL)
			return;
		line_len = (size_t)(lf - start) + 1;
		line_heard(witness, start, line_len);
		octets_consume(octets, line_len);
	}
}

void
witness_hear_client(struct witness *witness, const char *data, size_t len)
{
	hear(witness, &witness->from_client, data, len, hear_command);
}

void
witness_hear_server(struct witness *witness, const char *data, size_t len)
{
	hear(witness, &witness->from_server, data, len, hear_reply_line);
}

bool
witness_accepted(const struct witness *witness, size_t recipient)
{
	return recipient < witness->recipient_count &&
	       witness->taken[recipient] && witness->verdict / 100 == 2;
}

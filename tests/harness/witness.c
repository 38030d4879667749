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
	struct witness_mail *mail;
	size_t i;

	octets_clear(&witness->from_client);
	octets_clear(&witness->from_server);
	for (i = 0; i < witness->count; i++) {
		mail = &witness->mails[i];
		free(mail->recipients);
		while (mail->asked_count > 0)
			free(mail->asked[--mail->asked_count]);
		free(mail->asked);
	}
	free(witness->mails);
	witness->mails = NULL;
	witness->count = witness->first = 0;
}

void
witness_begin(struct witness *witness)
{
	witness->in_content = false;
	witness->chunk_left = 0;
	witness->first = witness->count;
}

/*
 * What the client says.
 */

static void
await(struct witness *witness, enum witness_command command, size_t mail)
{
	struct witness_item *item;

	if (witness->queue_start == witness->queue_end)
		witness->queue_start = witness->queue_end = 0;
	if (witness->queue_end == WITNESS_QUEUE_MAX)
		abort();
	item = &witness->queue[witness->queue_end++];
	item->command = command;
	item->mail = mail;
}

static void *
grow(void *items, size_t count, size_t size)
{
	char *grown = realloc(items, (count + 1) * size);

	if (grown == NULL)
		abort();
	memset(grown + count * size, 0, size);
	return grown;
}

/* "BDAT 10" or "BDAT 10 LAST": octets follow. */
static void
hear_chunk(struct witness *witness, const char *line)
{
	char *rest;

	witness->chunk_left = strtoull(line + 5, &rest, 10);
	witness->chunk_is_last = strncasecmp(rest, " LAST", 5) == 0;
	await(witness, witness->chunk_is_last ? WITNESS_END : WITNESS_CHUNK,
	      witness->count - 1);
	if (witness->chunk_left == 0 && witness->chunk_is_last)
		witness->mails[witness->count - 1].data_ended = true;
}

/* "RCPT TO:<bob@example.test>", and maybe parameters. */
static void
hear_asked(struct witness *witness, const char *line, size_t len)
{
	struct witness_mail *mail = &witness->mails[witness->count - 1];
	const char *start = memchr(line, '<', len);
	const char *end = memrchr(line, '>', len);
	size_t path_len = 0;

	if (start != NULL && end > start)
		path_len = (size_t)(end - start) - 1;
	mail->asked =
	    grow(mail->asked, mail->asked_count, sizeof(*mail->asked));
	mail->asked[mail->asked_count] =
	    strndup(path_len > 0 ? start + 1 : "", path_len);
	if (mail->asked[mail->asked_count++] == NULL)
		abort();
	await(witness, WITNESS_RCPT, witness->count - 1);
}

static void
hear_command(struct witness *witness, const char *line, size_t len)
{
	if (witness->in_content) {
		if (len == 3 && memcmp(line, ".\r\n", 3) == 0) {
			witness->in_content = false;
			witness->mails[witness->content_mail].data_ended = true;
			await(witness, WITNESS_END, witness->content_mail);
		}
		return;
	}
	if (len >= 5 && strncasecmp(line, "MAIL ", 5) == 0) {
		witness->mails = grow(witness->mails, witness->count,
				      sizeof(*witness->mails));
		await(witness, WITNESS_MAIL, witness->count++);
		return;
	}
	if (len >= 5 && strncasecmp(line, "BDAT ", 5) == 0 &&
	    witness->count > 0) {
		hear_chunk(witness, line);
		return;
	}
	if (len >= 5 && strncasecmp(line, "RCPT ", 5) == 0 &&
	    witness->count > 0)
		hear_asked(witness, line, len);
	else if (len >= 5 && strncasecmp(line, "DATA\r", 5) == 0 &&
		 witness->count > 0)
		await(witness, WITNESS_DATA, witness->count - 1);
	else
		await(witness, WITNESS_OTHER, 0);
}

/* Octets of a chunk; how many of these they are. */
static size_t
hear_octets(struct witness *witness, size_t len)
{
	if (len > witness->chunk_left)
		len = (size_t)witness->chunk_left;
	witness->chunk_left -= len;
	if (len > 0 && witness->chunk_left == 0 && witness->chunk_is_last)
		witness->mails[witness->count - 1].data_ended = true;
	return len;
}

/*
 * What the server says.
 */

static void
hear_recipient(struct witness_mail *mail, int code)
{
	mail->recipients = grow(mail->recipients, mail->recipient_count,
				sizeof(*mail->recipients));
	mail->recipients[mail->recipient_count++].taken =
	    mail->mail_taken && code / 100 == 2;
}

/* LMTP: it is about the next one of those who were taken. */
static void
hear_verdict(struct witness *witness, struct witness_mail *mail, int code)
{
	bool was_given = false;
	size_t i;

	/* Of what is not here yet, there is none. */
	if (!mail->data_ended && code / 100 == 2)
		return;
	mail->verdict = code;
	for (i = 0; witness->is_lmtp && i < mail->recipient_count; i++) {
		if (!mail->recipients[i].taken ||
		    mail->recipients[i].verdict != 0)
			continue;
		if (was_given) {
			/* Another one follows. */
			witness->queue_start--;
			return;
		}
		mail->recipients[i].verdict = code;
		was_given = true;
	}
}

static void
hear_reply(struct witness *witness, int code)
{
	struct witness_item item = { WITNESS_OTHER, 0 };
	struct witness_mail *mail;

	/* The greeting, and whatever else nobody has asked for. */
	if (witness->queue_start < witness->queue_end)
		item = witness->queue[witness->queue_start++];
	if (item.command == WITNESS_OTHER)
		return;
	mail = &witness->mails[item.mail];
	switch (item.command) {
	case WITNESS_MAIL:
		mail->mail_answered = true;
		mail->mail_taken = code / 100 == 2;
		break;
	case WITNESS_RCPT:
		hear_recipient(mail, code);
		break;
	case WITNESS_DATA:
		witness->in_content = code == 354;
		witness->content_mail = item.mail;
		break;
	case WITNESS_CHUNK:
		if (code >= 400 && mail->verdict == 0)
			mail->verdict = code;
		break;
	case WITNESS_END:
		hear_verdict(witness, mail, code);
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

/* The first line of these octets, if it is whole, and its length; or NULL. */
static const char *
whole_line(const struct octets *octets, size_t *ret_len)
{
	const char *start = octets_data(octets);
	const char *lf = memchr(start, '\n', octets->len);

	if (lf == NULL)
		return NULL;
	*ret_len = (size_t)(lf - start) + 1;
	return start;
}

void
witness_hear_client(struct witness *witness, const char *data, size_t len)
{
	struct octets *octets = &witness->from_client;
	const char *line;
	size_t line_len;

	octets_append(octets, data, len);
	for (;;) {
		octets_consume(octets, hear_octets(witness, octets->len));
		if (witness->chunk_left > 0)
			return;
		line = whole_line(octets, &line_len);
		if (line == NULL)
			return;
		hear_command(witness, line, line_len);
		octets_consume(octets, line_len);
	}
}

void
witness_hear_server(struct witness *witness, const char *data, size_t len)
{
	struct octets *octets = &witness->from_server;
	const char *line;
	size_t line_len;

	octets_append(octets, data, len);
	while ((line = whole_line(octets, &line_len)) != NULL) {
		hear_reply_line(witness, line, line_len);
		octets_consume(octets, line_len);
	}
}

const struct witness_mail *
witness_mail(const struct witness *witness, size_t number)
{
	static const struct witness_mail none;

	number += witness->first;
	return number < witness->count ? &witness->mails[number] : &none;
}

const char *
witness_asked(const struct witness *witness, size_t number, size_t recipient)
{
	const struct witness_mail *mail = witness_mail(witness, number);

	return recipient < mail->asked_count ? mail->asked[recipient] : NULL;
}

bool
witness_accepted(const struct witness *witness, size_t number, size_t recipient)
{
	const struct witness_mail *mail = witness_mail(witness, number);
	int verdict = mail->verdict;

	if (recipient >= mail->recipient_count ||
	    !mail->recipients[recipient].taken)
		return false;
	if (witness->is_lmtp)
		verdict = mail->recipients[recipient].verdict;
	return verdict / 100 == 2;
}

bool
witness_may_have_taken(const struct witness *witness, size_t number,
		       size_t recipient)
{
	const struct witness_mail *mail = witness_mail(witness, number);

	if (!mail->data_ended || mail->verdict >= 400)
		return false;
	if (recipient < mail->recipient_count)
		return mail->recipients[recipient].taken;
	return !mail->mail_answered || mail->mail_taken;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of a dialogue file that describe a mail transaction.
 */
#include "dialogue.h"

#include <stdlib.h>
#include <string.h>

static struct piece *
add_piece(struct mail *mail, enum piece_kind kind)
{
	struct piece *piece;

	mail->pieces = dialogue_grow(mail->pieces, mail->piece_count,
				     sizeof(*mail->pieces));
	piece = &mail->pieces[mail->piece_count++];
	piece->kind = kind;
	return piece;
}

/* text is behind the quote. */
static const char *
parse_quoted(const struct source_line *line, struct mail *mail,
	     const char *text, int64_t count)
{
	struct piece *piece = add_piece(mail, PIECE_OCTETS);
	const char *rest = text;
	int64_t i;

	for (i = 1; i <= count; i++) {
		rest = text;
		dialogue_octets(line, &rest, true, (unsigned int)i,
				&piece->text, NULL);
	}
	return rest;
}

/* One word that is no quoted piece, and what follows it. */
static const char *
parse_word(const struct source_line *line, struct mail *mail, const char *text)
{
	char *word = dialogue_word(&text);
	char *value = NULL;

	if (strcmp(word, "fail") == 0) {
		add_piece(mail, PIECE_FAIL);
	} else {
		value = dialogue_word(&text);
		if (strcmp(word, "pause") == 0)
			add_piece(mail, PIECE_PAUSE)->amount =
			    dialogue_time(line, value);
		else if (strcmp(word, "size") == 0)
			mail->size = dialogue_number(line, value);
		else if (strcmp(word, "offset") == 0)
			mail->offset = dialogue_number(line, value);
		else if (strcmp(word, "repeat") == 0 && *text == '"')
			text = parse_quoted(line, mail, text + 1,
					    dialogue_number(line, value));
		else
			dialogue_bad(line, "\"%s\" is no content", word);
	}
	free(word);
	free(value);
	return text;
}

static void
parse_content(const struct source_line *line, struct mail *mail,
	      const char *text)
{
	static const char *const kinds[] = {
		[CONTENT_OF_MEMORY] = "memory", [CONTENT_OF_COPY] = "copy",
		[CONTENT_OF_FILE] = "file",	[CONTENT_OF_PIPE] = "pipe",
		[CONTENT_OF_READER] = "reader", [CONTENT_OF_BROKEN] = "broken",
		[CONTENT_OF_NOTHING] = "none",
	};
	char *word = dialogue_word(&text);
	size_t i;

	for (i = 0; i <= CONTENT_OF_NOTHING; i++)
		if (strcmp(kinds[i], word) == 0)
			break;
	if (i > CONTENT_OF_NOTHING)
		dialogue_bad(line, "content of \"%s\" is not known", word);
	free(word);
	mail->content = (enum content_kind)i;
	while (*text != '\0')
		text = *text == '"' ? parse_quoted(line, mail, text + 1, 1)
				    : parse_word(line, mail, text);
}

static void
add_recipient(const struct source_line *line, struct mail *mail,
	      const char *text)
{
	struct octets mailbox = { 0 };

	dialogue_octets(line, &text, false,
			(unsigned int)mail->recipient_count + 1, &mailbox,
			NULL);
	mail->recipients =
	    dialogue_grow(mail->recipients, mail->recipient_count,
			  sizeof(*mail->recipients));
	mail->recipients[mail->recipient_count++] =
	    dialogue_copy(octets_data(&mailbox));
	octets_clear(&mailbox);
}

static void
add_recipients(const struct source_line *line, struct mail *mail,
	       const char *text)
{
	int64_t count = 1;
	char *word;

	if (strncmp(text, "repeat ", 7) == 0) {
		text += 7;
		word = dialogue_word(&text);
		count = dialogue_number(line, word);
		free(word);
	}
	while (count-- > 0)
		add_recipient(line, mail, text);
}

static void
add_parameter(struct mail *mail, size_t recipient, const char *text)
{
	struct mail_parameter *parameter;

	mail->parameters =
	    dialogue_grow(mail->parameters, mail->parameter_count,
			  sizeof(*mail->parameters));
	parameter = &mail->parameters[mail->parameter_count++];
	parameter->text = dialogue_copy(text);
	parameter->recipient = recipient;
}

void
dialogue_mail_init(struct mail *mail)
{
	mail->size = -1;
}

void
dialogue_mail_line(const struct source_line *line, struct mail *mail,
		   const char *key, const char *value)
{
	if (strcmp(key, "from") == 0) {
		free(mail->sender);
		mail->sender = dialogue_copy(value);
	} else if (strcmp(key, "to") == 0) {
		add_recipients(line, mail, value);
	} else if (strcmp(key, "parameter") == 0) {
		add_parameter(mail, SIZE_MAX, value);
	} else if (strcmp(key, "to-parameter") == 0) {
		add_parameter(mail, mail->recipient_count - 1, value);
	} else if (strcmp(key, "all-or-none") == 0) {
		mail->all_or_none = true;
	} else if (strcmp(key, "form") == 0) {
		free(mail->form);
		mail->form = dialogue_copy(value);
	} else if (strcmp(key, "content") == 0) {
		parse_content(line, mail, value);
	} else {
		dialogue_bad(line, "\"%s\" is not understood", key);
	}
}

void
dialogue_mail_clear(struct mail *mail)
{
	size_t i;

	for (i = 0; i < mail->recipient_count; i++)
		free(mail->recipients[i]);
	for (i = 0; i < mail->parameter_count; i++)
		free(mail->parameters[i].text);
	for (i = 0; i < mail->piece_count; i++)
		octets_clear(&mail->pieces[i].text);
	free(mail->recipients);
	free(mail->parameters);
	free(mail->pieces);
	free(mail->sender);
	free(mail->form);
}

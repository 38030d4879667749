/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small correct message out of a subject and a text. */
#include "compose.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "date.h"
#include "encode.h"
#include "octet.h"
#include "text.h"

/* RFC 5322, 2.1.1: what a line should have at most, and what it must. */
#define LINE_SHOULD 76
#define LINE_MUST   998

static bool
is_ascii(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!octet_is_ascii(s[i]))
			return false;
	}
	return true;
}

/* What stands in a header must be one mailbox there as well. */
static const char *
check_mailbox(const char *mailbox)
{
	struct mailboxes list;
	const char *wrong;
	bool whole;

	mailboxes_init(&list);
	wrong = address_parse(mailbox, strlen(mailbox), &list);
	whole = wrong == NULL && list.count == 1 &&
		strlen(list.items[0]) <= LINE_SHOULD * 4 &&
		is_ascii(mailbox, strlen(mailbox)) &&
		strpbrk(mailbox, "<\r\n") == NULL;
	mailboxes_clear(&list);
	if (!whole)
		return "a message can be composed only for plain mailboxes in "
		       "ASCII, such as alice@example.test";
	return NULL;
}

static const char *
check_subject(const char *subject)
{
	size_t i;

	if (!encode_is_utf8(subject, strlen(subject)))
		return "the subject is not UTF-8";
	for (i = 0; subject[i] != '\0'; i++) {
		if (octet_is_control(subject[i]))
			return "the subject holds a line end or another "
			       "control character";
	}
	return NULL;
}

static const char *
check(const struct compose *compose)
{
	const char *wrong;
	size_t i;

	if (compose->sender[0] == '\0')
		return "a composed message needs a sender";
	wrong = check_mailbox(compose->sender);
	for (i = 0; i < compose->recipient_count && wrong == NULL; i++)
		wrong = check_mailbox(compose->recipients[i]);
	if (wrong == NULL && compose->subject != NULL)
		wrong = check_subject(compose->subject);
	if (wrong != NULL)
		return wrong;
	if (!encode_is_utf8(compose->text, compose->text_len))
		return "the text is not UTF-8";
	if (compose->text_len > 0 &&
	    memchr(compose->text, '\0', compose->text_len) != NULL)
		return "the text holds a NUL character";
	return NULL;
}

static void
add_recipients(struct text *out, const struct compose *compose)
{
	size_t column = strlen("To:");
	size_t i, len;

	text_add(out, "To:");
	for (i = 0; i < compose->recipient_count; i++) {
		len = strlen(compose->recipients[i]);
		if (i > 0)
			text_add(out, ",");
		if (i > 0 && column + len + 3 > LINE_SHOULD) {
			text_add(out, "\r\n");
			column = 0;
		}
		text_add(out, " ");
		text_append(out, compose->recipients[i], len);
		column += len + 2;
	}
	text_add(out, "\r\n");
}

/* The length of the blanks at s and the word behind them. */
static size_t
chunk_length(const char *s)
{
	size_t blanks = strspn(s, " ");

	return blanks + strcspn(s + blanks, " ");
}

/*
 * Whether a subject may stand as it is: folded before blanks, and not to be
 * taken for an encoded-word.
 */
static bool
is_plain(const char *subject, size_t column)
{
	size_t len = strlen(subject);
	size_t chunk;

	if (len == 0)
		return true;
	if (!is_ascii(subject, len) || strstr(subject, "=?") != NULL ||
	    subject[0] == ' ' || subject[len - 1] == ' ')
		return false;
	for (; *subject != '\0'; subject += chunk) {
		chunk = chunk_length(subject);
		if (chunk > LINE_SHOULD - column)
			return false;
	}
	return true;
}

static void
add_plain(struct text *out, const char *subject, size_t column)
{
	size_t chunk;

	for (; *subject != '\0'; subject += chunk) {
		chunk = chunk_length(subject);
		if (column + chunk > LINE_SHOULD) {
			text_add(out, "\r\n");
			column = 0;
		}
		text_append(out, subject, chunk);
		column += chunk;
	}
}

static void
add_subject(struct text *out, const char *subject)
{
	size_t column = strlen("Subject: ");

	text_add(out, "Subject: ");
	if (is_plain(subject, column))
		add_plain(out, subject, column);
	else
		encode_words(out, subject, strlen(subject), column);
	text_add(out, "\r\n");
}

static void
add_message_id(struct text *out, const struct compose *compose)
{
	char hex[3];
	size_t i;

	text_add(out, "Message-ID: <");
	for (i = 0; i < COMPOSE_ID_SIZE; i++) {
		snprintf(hex, sizeof(hex), "%02x", compose->id[i]);
		text_add(out, hex);
	}
	text_add(out, strrchr(compose->sender, '@'));
	text_add(out, ">\r\n");
}

static void
add_header(struct text *out, const struct compose *compose)
{
	char date[DATE_SIZE];

	date_for_header(date, compose->now);
	text_add(out, "Date: ");
	text_add(out, date);
	text_add(out, "\r\nFrom: ");
	text_add(out, compose->sender);
	text_add(out, "\r\n");
	add_recipients(out, compose);
	if (compose->subject != NULL)
		add_subject(out, compose->subject);
	add_message_id(out, compose);
	text_add(out, "MIME-Version: 1.0\r\n");
}

/* LF, CR and CR LF become CR LF, and the last line gets one. */
static void
add_with_line_ends(struct text *out, const char *s, size_t len)
{
	size_t i;
	size_t start = 0;

	for (i = 0; i < len; i++) {
		if (s[i] != '\r' && s[i] != '\n')
			continue;
		text_append(out, s + start, i - start);
		text_add(out, "\r\n");
		if (s[i] == '\r' && i + 1 < len && s[i + 1] == '\n')
			i++;
		start = i + 1;
	}
	if (start < len) {
		text_append(out, s + start, len - start);
		text_add(out, "\r\n");
	}
}

static bool
has_long_line(const char *s, size_t len)
{
	size_t line = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		line = s[i] == '\n' ? 0 : line + 1;
		/* The CR counts as well. */
		if (line > LINE_MUST + 1)
			return true;
	}
	return false;
}

static void
add_part(struct text *out, const char *charset, const char *encoding,
	 const struct text *body)
{
	text_add(out, "Content-Type: text/plain; charset=");
	text_add(out, charset);
	text_add(out, "\r\nContent-Transfer-Encoding: ");
	text_add(out, encoding);
	text_add(out, "\r\n\r\n");
	text_append(out, body->data, body->len);
	if (body->failed)
		out->failed = true;
}

/* As it is if every server may see it so, else in the shorter encoding. */
static void
add_text(struct text *out, const struct compose *compose)
{
	struct text lines, quoted, base64;
	const char *charset = "utf-8";
	bool ascii;

	text_init(&lines, out->max);
	text_init(&quoted, out->max);
	text_init(&base64, out->max);
	add_with_line_ends(&lines, compose->text, compose->text_len);
	ascii = is_ascii(lines.data, lines.len);
	if (ascii)
		charset = "us-ascii";

	if (ascii && !has_long_line(lines.data, lines.len)) {
		add_part(out, charset, "7bit", &lines);
	} else {
		encode_quoted_printable(&quoted, lines.data, lines.len);
		encode_base64(&base64, lines.data, lines.len);
		if (quoted.failed || base64.len < quoted.len)
			add_part(out, charset, "base64", &base64);
		else
			add_part(out, charset, "quoted-printable", &quoted);
	}

	if (lines.failed)
		out->failed = true;
	text_clear(&lines);
	text_clear(&quoted);
	text_clear(&base64);
}

const char *
compose_message(const struct compose *compose, struct text *out)
{
	const char *wrong = check(compose);

	if (wrong != NULL)
		return wrong;
	add_header(out, compose);
	add_text(out, compose);
	return out->failed ? "the text is too long" : NULL;
}

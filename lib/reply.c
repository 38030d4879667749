/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replies: RFC 5321, section 4.2.  Strict where leniency has cost others mail
 * or passwords: lines end in CRLF, every line has the same code, and nothing
 * that is not a reply is ever skipped.
 */
#include "reply.h"

#include <assert.h>
#include <string.h>

#include "ascii.h"
#include "blot.h"
#include "mem.h"

#define DESCRIBE_MAX 200

struct smtpc_reply *
reply_hold(struct smtpc_reply *reply)
{
	if (reply != NULL)
		atomic_fetch_add(&reply->holds, 1);
	return reply;
}

void
reply_release(struct smtpc_reply *reply)
{
	if (reply != NULL && atomic_fetch_sub(&reply->holds, 1) == 1)
		mem_free(reply);
}

void
reply_keep(struct smtpc_reply **place, struct smtpc_reply *reply)
{
	struct smtpc_reply *old = *place;

	*place = reply_hold(reply);
	reply_release(old);
}

void
reply_blot(struct smtpc_reply *reply, const char *secret, size_t len)
{
	blot(reply->text, reply->line_ends[reply->line_count - 1], secret, len);
}

void
reply_hide(struct smtpc_reply *reply)
{
	size_t size = reply->line_ends[reply->line_count - 1];
	size_t i;

	for (i = 0; i < size; i++)
		if (reply->text[i] != '\0')
			reply->text[i] = '*';
	reply->enhanced[0] = '\0';
}

char *
reply_describe(const struct smtpc_reply *reply)
{
	size_t len;
	const char *line = reply_line(reply, reply->line_count - 1, &len);
	char *text = ascii_escape(line, len, DESCRIBE_MAX);
	char *whole = NULL;

	if (text != NULL)
		whole =
		    mem_format("%d%s%s", reply->code, len > 0 ? " " : "", text);
	mem_free(text);
	return whole;
}

void
reply_parser_init(struct reply_parser *parser)
{
	memset(parser, 0, sizeof(*parser));
	buffer_init(&parser->text, REPLY_OCTETS_MAX + REPLY_LINES_MAX);
	buffer_init(&parser->ends, REPLY_LINES_MAX * sizeof(uint32_t));
}

void
reply_parser_clear(struct reply_parser *parser)
{
	buffer_clear_secret(&parser->text);
	buffer_clear(&parser->ends);
	reply_parser_init(parser);
}

static int
broken(struct reply_parser *parser, const char *detail)
{
	parser->detail = detail;
	return SMTPC_E_PROTOCOL;
}

/*
 * The end of a number of 1 to 3 digits without a needless zero, one part of an
 * enhanced code; NULL if there is none.  No text ends without a NUL.
 */
static const char *
skip_number(const char *at)
{
	if (*at == '0')
		return at + 1;
	if (!ascii_is_digit(*at))
		return NULL;
	if (!ascii_is_digit(at[1]))
		return at + 1;
	return ascii_is_digit(at[2]) ? at + 3 : at + 2;
}

/*
 * How long the enhanced status code at the start of text is (RFC 2034,
 * section 4): class.subject.detail and a blank or the end; 0 if there is none.
 */
static size_t
enhanced_length(const char *text, size_t len)
{
	const char *at;

	if ((text[0] != '2' && text[0] != '4' && text[0] != '5') ||
	    text[1] != '.')
		return 0;
	at = skip_number(text + 2);
	if (at == NULL || *at != '.')
		return 0;
	at = skip_number(at + 1);
	if (at == NULL || (*at != ' ' && at != text + len))
		return 0;
	return (size_t)(at - text);
}

/*
 * Take the enhanced code from the last line.  4 and 5 may differ from the
 * reply's own class, as Exchange's "451 5.7.3" does; success never goes with
 * failure.
 */
static void
set_enhanced(struct smtpc_reply *reply)
{
	size_t len;
	const char *line = reply_line(reply, reply->line_count - 1, &len);
	bool good = reply_class(reply) == 2;
	bool bad = reply_class(reply) >= 4;

	len = enhanced_length(line, len);
	if (len == 0 || (line[0] == '2' ? !good : !bad))
		return;
	memcpy(reply->enhanced, line, len);
	reply->enhanced[len] = '\0';
}

/* One piece of memory for all of a reply; NULL when there is none. */
static struct smtpc_reply *
new_reply(int code, size_t line_count, size_t text_size)
{
	size_t ends_size = line_count * sizeof(uint32_t);
	struct smtpc_reply *reply;

	reply = mem_alloc(sizeof(*reply) + ends_size + text_size);
	if (reply == NULL)
		return NULL;
	atomic_init(&reply->holds, 1);
	reply->code = code;
	reply->enhanced[0] = '\0';
	reply->line_count = line_count;
	reply->line_ends = (uint32_t *)(void *)(reply + 1);
	reply->text = (char *)(reply + 1) + ends_size;
	return reply;
}

/* Make the reply of the lines read. */
static struct smtpc_reply *
make_reply(const struct reply_parser *parser)
{
	size_t ends_size = buffer_length(&parser->ends);
	size_t text_size = buffer_length(&parser->text);
	struct smtpc_reply *reply =
	    new_reply(parser->code, parser->line_count, text_size);

	if (reply == NULL)
		return NULL;
	memcpy(reply->line_ends, buffer_data(&parser->ends), ends_size);
	memcpy(reply->text, buffer_data(&parser->text), text_size);
	set_enhanced(reply);
	return reply;
}

/* Most replies have one line: they are made of it where it lies. */
static struct smtpc_reply *
make_single(int code, const char *line, size_t len)
{
	size_t text_len = len > 4 ? len - 4 : 0;
	struct smtpc_reply *reply = new_reply(code, 1, text_len + 1);

	if (reply == NULL)
		return NULL;
	reply->line_ends[0] = (uint32_t)text_len;
	if (text_len > 0)
		memcpy(reply->text, line + 4, text_len);
	reply->text[text_len] = '\0';
	set_enhanced(reply);
	return reply;
}

static void
forget_lines(struct reply_parser *parser)
{
	parser->line_count = 0;
	parser->octets = 0;
	parser->code = 0;
	/* A server may have quoted a secret, and the reply has it no more. */
	buffer_empty_secret(&parser->text);
	buffer_truncate(&parser->ends, 0);
}

static bool
is_first_digit(char c)
{
	return c >= '2' && c <= '5';
}

/* What may stand behind a code. */
static bool
is_separator(char c)
{
	return c == ' ' || c == '-' || c == '\r' || c == '\n';
}

/*
 * Whether the octets there are can be the start of a line, so that a peer
 * that speaks something else is found out without waiting for a line's end.
 */
static bool
may_begin_line(const char *data, size_t len)
{
	return (len < 1 || is_first_digit(data[0])) &&
	       (len < 2 || ascii_is_digit(data[1])) &&
	       (len < 3 || ascii_is_digit(data[2])) &&
	       (len < 4 || is_separator(data[3]));
}

/* Whether a line is longer than is read: a 334 may carry a long challenge. */
static bool
is_too_long(const char *line, size_t len)
{
	if (len <= REPLY_LINE_MAX)
		return false;
	return len > REPLY_AUTH_MAX || memcmp(line, "334", 3) != 0;
}

/* Whether a line, without its CRLF, can go on the reply being read. */
static int
check_line(struct reply_parser *parser, const char *line, size_t len, int code)
{
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return broken(parser, "reply-unparsable");
	if (len > 4 && memchr(line + 4, '\r', len - 4) != NULL)
		return broken(parser, "reply-bare-cr");
	/* RFC 5321, section 4.2.1: every line of one reply has the same code.
	 */
	if (parser->line_count > 0 && code != parser->code)
		return broken(parser, "reply-mixed-codes");
	if (parser->line_count == REPLY_LINES_MAX ||
	    parser->octets + len + 2 > REPLY_OCTETS_MAX)
		return broken(parser, "reply-too-long");
	return SMTPC_OK;
}

/*
 * Take one line, without its CRLF, into the reply being read.
 * SMTPC_OK: the reply is whole.  SMTPC_AGAIN: more lines follow.
 */
static int
take_line(struct reply_parser *parser, const char *line, size_t len,
	  struct smtpc_reply **ret_reply)
{
	bool is_last = len <= 3 || line[3] != '-';
	uint32_t end;
	int code, rc;

	if (len < 3)
		return broken(parser, "reply-unparsable");
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
	rc = check_line(parser, line, len, code);
	if (rc != SMTPC_OK)
		return rc;
	if (is_last && parser->line_count == 0) {
		*ret_reply = make_single(code, line, len);
		return *ret_reply != NULL ? SMTPC_OK : SMTPC_E_NOMEM;
	}

	parser->code = code;
	parser->line_count++;
	parser->octets += len + 2;
	if (len > 4)
		buffer_append(&parser->text, line + 4, len - 4);
	end = (uint32_t)buffer_length(&parser->text);
	buffer_append(&parser->text, "", 1);
	buffer_append(&parser->ends, &end, sizeof(end));
	if (parser->text.failed || parser->ends.failed)
		return SMTPC_E_NOMEM;
	if (!is_last)
		return SMTPC_AGAIN;
	*ret_reply = make_reply(parser);
	forget_lines(parser);
	return *ret_reply != NULL ? SMTPC_OK : SMTPC_E_NOMEM;
}

/* Find the line at data's start; SMTPC_AGAIN: its end is not there yet. */
static int
find_line(struct reply_parser *parser, const char *data, size_t len,
	  size_t *ret_len)
{
	const char *lf;

	if (!may_begin_line(data, len))
		return broken(parser, "reply-unparsable");
	lf = memchr(data, '\n', len);
	if (lf == NULL) {
		/* Its end would make it longer still. */
		if (is_too_long(data, len + 1))
			return broken(parser, "reply-line-too-long");
		return SMTPC_AGAIN;
	}
	*ret_len = (size_t)(lf - data) + 1;
	if (*ret_len < 2 || lf[-1] != '\r')
		return broken(parser, "reply-bare-lf");
	if (is_too_long(data, *ret_len))
		return broken(parser, "reply-line-too-long");
	return SMTPC_OK;
}

int
reply_parse(struct reply_parser *parser, const char *data, size_t len,
	    size_t *ret_taken, struct smtpc_reply **ret_reply)
{
	size_t taken = 0;
	size_t line_len;
	int rc;

	do {
		rc = find_line(parser, data + taken, len - taken, &line_len);
		if (rc != SMTPC_OK)
			break;
		rc = take_line(parser, data + taken, line_len - 2, ret_reply);
		/* What is wrong is left to be looked at. */
		if (rc != SMTPC_E_PROTOCOL)
			taken += line_len;
	} while (rc == SMTPC_AGAIN);

	*ret_taken = taken;
	return rc;
}

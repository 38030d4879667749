/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mailboxes for the envelope, out of address lists (RFC 5322, 3.4). */
#include "address.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "octet.h"
#include "text.h"

#define OUT_OF_MEMORY "out of memory"

enum token_kind {
	TOKEN_END,
	TOKEN_SPECIAL, /* one of < > @ , ; : . */
	TOKEN_ATOM,
	TOKEN_QUOTED,  /* its text is without quotes and backslashes */
	TOKEN_LITERAL, /* its text is with its brackets */
	TOKEN_WRONG
};

/*
 * words gathers words and dots: a display name or a local-part, as it turns
 * out at the character behind it.
 */
struct parser {
	const char *value;
	size_t len;
	size_t pos;
	enum token_kind kind;
	char special;
	struct text token;
	struct text words;
	struct text domain;
	const char *wrong;
};

void
mailboxes_init(struct mailboxes *list)
{
	memset(list, 0, sizeof(*list));
}

void
mailboxes_clear(struct mailboxes *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	mailboxes_init(list);
}

bool
mailboxes_add(struct mailboxes *list, const char *mailbox, size_t len)
{
	char **items;
	size_t size;

	if (list->count == list->size) {
		size = list->size == 0 ? 16 : list->size * 2;
		items = reallocarray(list->items, size, sizeof(*items));
		if (items == NULL)
			return false;
		list->items = items;
		list->size = size;
	}
	list->items[list->count] = strndup(mailbox, len);
	if (list->items[list->count] == NULL)
		return false;
	list->count++;
	return true;
}

static int
compare_items(const void *a, const void *b)
{
	char *const *const *left = a;
	char *const *const *right = b;
	int rc = strcmp(**left, **right);

	if (rc != 0)
		return rc;
	/* The same text: the one that came first stays first. */
	return *left < *right ? -1 : *left > *right;
}

bool
mailboxes_unique(struct mailboxes *list)
{
	char ***sorted;
	size_t i;
	size_t kept = 0;

	if (list->count < 2)
		return true;
	sorted = reallocarray(NULL, list->count, sizeof(*sorted));
	if (sorted == NULL)
		return false;
	for (i = 0; i < list->count; i++)
		sorted[i] = &list->items[i];
	qsort(sorted, list->count, sizeof(*sorted), compare_items);

	/* From the end, so that each still has its predecessor's text. */
	for (i = list->count - 1; i > 0; i--) {
		if (strcmp(*sorted[i], *sorted[i - 1]) == 0) {
			free(*sorted[i]);
			*sorted[i] = NULL;
		}
	}
	for (i = 0; i < list->count; i++) {
		if (list->items[i] != NULL)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	free(sorted);
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 5322, 3.2.3; and all that is not ASCII (RFC 6532). */
static bool
is_atext(char c)
{
	if (!octet_is_ascii(c) || octet_is_alpha(c) || octet_is_digit(c))
		return true;
	return c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL;
}

static void
wrong(struct parser *parser, const char *text)
{
	if (parser->wrong == NULL)
		parser->wrong = text;
	parser->kind = TOKEN_WRONG;
}

/* Comments nest: counted, not recursed into. */
static void
skip_comment(struct parser *parser)
{
	size_t depth = 0;
	char c;

	while (parser->pos < parser->len) {
		c = parser->value[parser->pos++];
		if (c == '(') {
			depth++;
		} else if (c == ')') {
			depth--;
			if (depth == 0)
				return;
		} else if (c == '\\' && parser->pos < parser->len) {
			parser->pos++;
		}
	}
	wrong(parser, "a comment is not closed");
}

static void
skip_blanks_and_comments(struct parser *parser)
{
	while (parser->pos < parser->len && parser->kind != TOKEN_WRONG) {
		if (is_blank(parser->value[parser->pos]))
			parser->pos++;
		else if (parser->value[parser->pos] == '(')
			skip_comment(parser);
		else
			return;
	}
}

static void
read_atom(struct parser *parser)
{
	size_t start = parser->pos;

	while (parser->pos < parser->len &&
	       is_atext(parser->value[parser->pos]))
		parser->pos++;
	parser->kind = TOKEN_ATOM;
	text_append(&parser->token, parser->value + start, parser->pos - start);
}

/* Within quotes a line end is folding; the blank behind it stays. */
static void
read_quoted(struct parser *parser)
{
	char c;

	while (parser->pos < parser->len) {
		c = parser->value[parser->pos++];
		if (c == '"') {
			parser->kind = TOKEN_QUOTED;
			return;
		}
		if (c == '\r' || c == '\n')
			continue;
		if (c == '\\' && parser->pos < parser->len)
			c = parser->value[parser->pos++];
		if (octet_is_control(c) && c != '\t') {
			wrong(parser, "a control character in quotes");
			return;
		}
		text_add_octet(&parser->token, c);
	}
	wrong(parser, "a quoted string is not closed");
}

static void
read_literal(struct parser *parser)
{
	char c;

	text_add_octet(&parser->token, '[');
	while (parser->pos < parser->len) {
		c = parser->value[parser->pos++];
		if (is_blank(c))
			continue;
		if (c == '[' || c == '\\' || octet_is_control(c)) {
			wrong(parser, "an address literal is malformed");
			return;
		}
		text_add_octet(&parser->token, c);
		if (c == ']') {
			parser->kind = TOKEN_LITERAL;
			return;
		}
	}
	wrong(parser, "an address literal is not closed");
}

static void
next(struct parser *parser)
{
	char c;

	if (parser->kind == TOKEN_WRONG)
		return;
	skip_blanks_and_comments(parser);
	if (parser->kind == TOKEN_WRONG)
		return;
	/* Emptied, but not freed: one allocation serves all tokens. */
	parser->token.len = 0;
	if (parser->pos == parser->len) {
		parser->kind = TOKEN_END;
		return;
	}

	c = parser->value[parser->pos];
	if (is_atext(c)) {
		read_atom(parser);
		return;
	}
	parser->pos++;
	if (c == '"') {
		read_quoted(parser);
	} else if (c == '[') {
		read_literal(parser);
	} else if (c != '\0' && strchr("<>@,;:.", c) != NULL) {
		parser->kind = TOKEN_SPECIAL;
		parser->special = c;
	} else {
		wrong(parser, octet_is_control(c) ? "a control character"
						  : "a stray character");
	}
}

static bool
at(const struct parser *parser, char special)
{
	return parser->kind == TOKEN_SPECIAL && parser->special == special;
}

static bool
at_word(const struct parser *parser)
{
	return parser->kind == TOKEN_ATOM || parser->kind == TOKEN_QUOTED;
}

/*
 * Words and dots into parser->words.  *ret_local: they have the form of a
 * local-part, word *("." word).
 */
static void
gather_words(struct parser *parser, bool *ret_local)
{
	bool after_word = false;

	parser->words.len = 0;
	*ret_local = true;
	for (; at_word(parser) || at(parser, '.'); next(parser)) {
		if (after_word == at_word(parser))
			*ret_local = false;
		after_word = at_word(parser);
		if (after_word)
			text_append(&parser->words, parser->token.data,
				    parser->token.len);
		else
			text_add_octet(&parser->words, '.');
	}
	if (!after_word)
		*ret_local = false;
}

/* atom *("." atom), or an address literal, into parser->domain. */
static void
parse_domain(struct parser *parser)
{
	parser->domain.len = 0;
	if (parser->kind == TOKEN_LITERAL) {
		text_append(&parser->domain, parser->token.data,
			    parser->token.len);
		next(parser);
		return;
	}
	for (;;) {
		if (parser->kind != TOKEN_ATOM) {
			wrong(parser, "a domain is missing or malformed");
			return;
		}
		text_append(&parser->domain, parser->token.data,
			    parser->token.len);
		next(parser);
		if (!at(parser, '.'))
			return;
		text_add_octet(&parser->domain, '.');
		next(parser);
	}
}

static bool
is_dot_string(const struct text *words)
{
	size_t i;
	char before = '.';

	for (i = 0; i < words->len; i++) {
		char c = words->data[i];

		if (c == '.' ? before == '.' : !is_atext(c))
			return false;
		before = c;
	}
	return before != '.';
}

/* RFC 5321, 4.1.2: quoted only if it must be. */
static void
write_local_part(struct text *out, const struct text *words)
{
	size_t i;

	if (is_dot_string(words)) {
		text_append(out, words->data, words->len);
		return;
	}
	text_add_octet(out, '"');
	for (i = 0; i < words->len; i++) {
		if (words->data[i] == '"' || words->data[i] == '\\')
			text_add_octet(out, '\\');
		text_add_octet(out, words->data[i]);
	}
	text_add_octet(out, '"');
}

/* parser->words is the local-part; what comes now is "@" and the domain. */
static void
parse_rest_of_mailbox(struct parser *parser, bool local, struct mailboxes *list)
{
	struct text mailbox;

	if (!local) {
		wrong(parser, "a mailbox is malformed before its @");
		return;
	}
	next(parser);
	parse_domain(parser);
	if (parser->kind == TOKEN_WRONG)
		return;

	text_init(&mailbox, SIZE_MAX / 2);
	write_local_part(&mailbox, &parser->words);
	text_add_octet(&mailbox, '@');
	text_append(&mailbox, parser->domain.data, parser->domain.len);
	if (mailbox.failed || parser->words.failed || parser->domain.failed ||
	    !mailboxes_add(list, mailbox.data, mailbox.len))
		wrong(parser, OUT_OF_MEMORY);
	text_clear(&mailbox);
}

/* "@a,@b:" before the mailbox: a source route, to be ignored. */
static void
skip_route(struct parser *parser)
{
	while (at(parser, '@') || at(parser, ',')) {
		if (at(parser, ',')) {
			next(parser);
			continue;
		}
		next(parser);
		parse_domain(parser);
	}
	if (!at(parser, ':')) {
		wrong(parser, "a source route is malformed");
		return;
	}
	next(parser);
}

static void
parse_angle(struct parser *parser, struct mailboxes *list)
{
	bool local;

	next(parser);
	if (at(parser, '@'))
		skip_route(parser);
	gather_words(parser, &local);
	if (!at(parser, '@')) {
		wrong(parser, "there is no mailbox within < and >");
		return;
	}
	parse_rest_of_mailbox(parser, local, list);
	if (!at(parser, '>')) {
		wrong(parser, "a < is not closed by a >");
		return;
	}
	next(parser);
}

/* What there was is no mailbox. */
static void
no_mailbox(struct parser *parser)
{
	if (parser->words.len > 0)
		wrong(parser, "a mailbox has no @ and domain");
	else
		wrong(parser, "a mailbox is missing");
}

/* A mailbox, or a group's name and colon. */
static void
parse_element(struct parser *parser, struct mailboxes *list, bool *in_group)
{
	bool local;

	gather_words(parser, &local);
	if (at(parser, ':') && !*in_group && parser->words.len > 0) {
		*in_group = true;
		next(parser);
		return;
	}
	if (at(parser, '@'))
		parse_rest_of_mailbox(parser, local, list);
	else if (at(parser, '<'))
		parse_angle(parser, list);
	else
		no_mailbox(parser);
	if (parser->kind != TOKEN_END && !at(parser, ',') &&
	    !(*in_group && at(parser, ';')))
		wrong(parser, "a comma is missing between two mailboxes");
}

static void
parse_list(struct parser *parser, struct mailboxes *list)
{
	bool in_group = false;

	next(parser);
	while (parser->kind != TOKEN_END && parser->kind != TOKEN_WRONG) {
		if (at(parser, ',')) {
			next(parser);
		} else if (in_group && at(parser, ';')) {
			in_group = false;
			next(parser);
			if (parser->kind != TOKEN_END && !at(parser, ','))
				wrong(parser, "a comma is missing behind a "
					      "group");
		} else {
			parse_element(parser, list, &in_group);
		}
	}
	if (in_group)
		wrong(parser, "a group is not closed by a semicolon");
}

const char *
address_parse(const char *value, size_t len, struct mailboxes *list)
{
	struct parser parser;

	memset(&parser, 0, sizeof(parser));
	parser.value = value;
	parser.len = len;
	parser.kind = TOKEN_END;
	text_init(&parser.token, SIZE_MAX / 2);
	text_init(&parser.words, SIZE_MAX / 2);
	text_init(&parser.domain, SIZE_MAX / 2);

	parse_list(&parser, list);
	if (parser.wrong == NULL && parser.token.failed)
		parser.wrong = OUT_OF_MEMORY;

	text_clear(&parser.token);
	text_clear(&parser.words);
	text_clear(&parser.domain);
	return parser.wrong;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an OAuth server says when it does not take a token.
 */
#include "oauth.h"

#include <stdbool.h>
#include <string.h>

#include "ascii.h"

/* Deeper than any honest answer, and no reason to count further. */
#define DEPTH_MAX 16

struct scanner {
	const char *at, *end;
};

static void
skip_blanks(struct scanner *scanner)
{
	while (scanner->at < scanner->end && *scanner->at != '\0' &&
	       strchr(" \t\r\n", *scanner->at) != NULL)
		scanner->at++;
}

/* Step over a string whose opening quote has been seen; false: no end. */
static bool
take_string(struct scanner *scanner, const char **ret_text, size_t *ret_len)
{
	const char *start = ++scanner->at;

	for (; scanner->at < scanner->end; scanner->at++) {
		if (*scanner->at == '"') {
			*ret_text = start;
			*ret_len = (size_t)(scanner->at++ - start);
			return true;
		}
		if (*scanner->at == '\\' && ++scanner->at == scanner->end)
			break;
	}
	return false;
}

static bool
is_status_character(char c)
{
	return ascii_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* The value behind a colon: a string, or a number. */
static void
take_status(struct scanner *scanner, char ret_status[OAUTH_STATUS_MAX])
{
	const char *text = scanner->at;
	size_t len = 0;
	size_t i;

	if (scanner->at < scanner->end && *scanner->at == '"') {
		if (!take_string(scanner, &text, &len))
			return;
	} else {
		while (text + len < scanner->end && ascii_is_digit(text[len]))
			len++;
	}
	if (len >= OAUTH_STATUS_MAX)
		return;
	for (i = 0; i < len; i++)
		if (!is_status_character(text[i]))
			return;
	memcpy(ret_status, text, len);
	ret_status[len] = '\0';
}

/* Whether what comes next is a colon: the string before it was a name. */
static bool
take_colon(struct scanner *scanner)
{
	skip_blanks(scanner);
	if (scanner->at == scanner->end || *scanner->at != ':')
		return false;
	scanner->at++;
	skip_blanks(scanner);
	return true;
}

void
oauth_status(const char *json, size_t len, char ret_status[OAUTH_STATUS_MAX])
{
	struct scanner scanner = { json, json + len };
	const char *text;
	size_t text_len;
	int depth = 0;

	ret_status[0] = '\0';
	while (scanner.at < scanner.end && depth <= DEPTH_MAX) {
		if (*scanner.at != '"') {
			depth += *scanner.at == '{' || *scanner.at == '[';
			depth -= *scanner.at == '}' || *scanner.at == ']';
			scanner.at++;
			continue;
		}
		if (!take_string(&scanner, &text, &text_len))
			return;
		if (depth == 1 && text_len == strlen("status") &&
		    memcmp(text, "status", text_len) == 0 &&
		    take_colon(&scanner)) {
			take_status(&scanner, ret_status);
			return;
		}
	}
}

static bool
is_one_of(const char *const *list, const char *status)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, status) == 0)
			return true;
	return false;
}

enum oauth_verdict
oauth_judge(const char *status)
{
	/* Google's numbers are HTTP's; the names are RFC 6750's. */
	static const char *const expired[] = { "400", "invalid_token", NULL };
	static const char *const refused[] = { "401", "403",
					       "insufficient_scope",
					       "invalid_request", NULL };

	if (is_one_of(expired, status))
		return OAUTH_EXPIRED;
	return is_one_of(refused, status) ? OAUTH_REFUSED : OAUTH_REJECTED;
}

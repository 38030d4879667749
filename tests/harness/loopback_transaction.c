/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mail transactions: who may send what to whom, and the content. */
#include "loopback_transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loopback_address.h"

#define DIGITS "0123456789"

void
envelope_clear(struct envelope *envelope)
{
	size_t i;

	for (i = 0; i < envelope->recipient_count; i++)
		free(envelope->recipients[i].path);
	envelope->recipient_count = 0;
	free(envelope->sender);
	envelope->sender = NULL;
	free(envelope->parameters);
	envelope->parameters = NULL;
	envelope->is_8bit = false;
}

/* RFC 1870, 3: 1*20DIGIT. */
static const char *
take_size(const char *value, long limit)
{
	unsigned long long size;
	char *end;
	size_t len;

	errno = 0;
	size = strtoull(value, &end, 10);
	len = strspn(value, DIGITS);
	if (len == 0 || len > 20 || *end != '\0')
		return "501 5.5.4 Not a size";
	if (errno != 0 || size > (unsigned long long)limit)
		return "552 5.3.4 Message too large";
	return NULL;
}

static const char *
take_body(const char *value, bool *ret_is_8bit)
{
	*ret_is_8bit = strcasecmp(value, "8BITMIME") == 0;
	if (!*ret_is_8bit && strcasecmp(value, "7BIT") != 0)
		return "501 5.5.4 Not a kind of body";
	return NULL;
}

/* One "KEYWORD=VALUE"; NULL, or the reply that refuses it. */
static const char *
take_parameter(const struct loopback_options *options, char *parameter,
	       unsigned int *seen, bool *ret_is_8bit)
{
	static const char *const keywords[] = { "SIZE=", "BODY=", "AUTH=" };
	const char *value;
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (strncasecmp(parameter, keywords[i], 5) == 0)
			break;
	if (i == 3 || (i == 1 && !options->eight_bit))
		return "555 5.5.4 Parameter not known";
	if ((*seen & 1u << i) != 0)
		return "501 5.5.4 Parameter given twice";
	*seen |= 1u << i;
	value = parameter + 5;
	if (i == 0)
		return take_size(value, options->size_limit);
	if (i == 1)
		return take_body(value, ret_is_8bit);
	/* RFC 4954, 5: a mailbox as xtext, or "<>"; nothing is done with it. */
	return *value == '\0' ? "501 5.5.4 AUTH has no value" : NULL;
}

/* Each is behind one blank, and text is not changed in the end. */
static const char *
take_parameters(const struct loopback_options *options, char *text,
		bool *ret_is_8bit)
{
	const char *fault;
	unsigned int seen;
	char *blank;

	seen = 0;
	while (*text != '\0') {
		if (*text != ' ' || text[1] == ' ' || text[1] == '\0')
			return "501 5.5.2 One blank goes before a parameter";
		text++;
		blank = strchr(text, ' ');
		if (blank != NULL)
			*blank = '\0';
		fault = take_parameter(options, text, &seen, ret_is_8bit);
		text += strlen(text);
		if (blank != NULL)
			*blank = ' ';
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

/* NULL, or the reply that refuses a sender; the parameters are at rest. */
static const char *
judge_sender(const struct loopback_options *options, bool is_extended,
	     const struct address *address, char *rest, bool *ret_is_8bit)
{
	if (*rest != '\0' && !is_extended)
		return "555 5.5.4 Parameters need EHLO";
	if (strcasecmp(address->local_part, "blocked") == 0 &&
	    strcasecmp(address->domain, LOOPBACK_DOMAIN) == 0)
		return "550 5.7.1 Sender refused";
	return take_parameters(options, rest, ret_is_8bit);
}

/* What follows "FROM:" or "TO:" and a path, or NULL if that is not there. */
static char *
take_path(char *argument, const char *prefix, struct address *address)
{
	const char *rest;
	size_t len;

	len = strlen(prefix);
	if (strncasecmp(argument, prefix, len) != 0)
		return NULL;
	rest = address_parse_path(argument + len, address);
	if (rest == NULL || (*rest != '\0' && *rest != ' '))
		return NULL;
	return argument + (rest - argument);
}

void
transaction_mail(struct envelope *envelope,
		 const struct loopback_options *options, bool is_extended,
		 struct connection *connection, char *argument)
{
	struct address address;
	const char *fault;
	char *rest;
	bool is_8bit;

	if (envelope->sender != NULL) {
		connection_reply(connection, "503 5.5.1 MAIL was given before");
		return;
	}
	rest = take_path(argument, "FROM:", &address);
	if (rest == NULL) {
		connection_reply(connection, "501 5.5.2 Not MAIL FROM:<path>");
		return;
	}
	is_8bit = false;
	fault = judge_sender(options, is_extended, &address, rest, &is_8bit);
	if (fault != NULL) {
		connection_reply(connection, "%s", fault);
		return;
	}
	envelope->sender = strndup(argument + 5, (size_t)(rest - argument - 5));
	envelope->parameters = strdup(*rest == ' ' ? rest + 1 : rest);
	envelope->is_8bit = is_8bit;
	if (envelope->sender == NULL || envelope->parameters == NULL) {
		envelope_clear(envelope);
		connection_reply(connection, "451 4.3.0 No memory");
		return;
	}
	connection_reply(connection, "250 2.1.0 Sender accepted");
}

/* NULL, or the reply that refuses the recipient. */
static const char *
find_user(const struct address *address, const char **ret_local_part)
{
	const struct loopback_user *user;
	size_t len;

	if (strcmp(address->local_part, "tempfail") == 0)
		return "450 4.2.1 Mailbox busy";
	if (strcmp(address->local_part, "full") == 0)
		return "552 5.2.2 Mailbox full";
	if (strcasecmp(address->domain, LOOPBACK_DOMAIN) != 0)
		return "550 5.1.1 No such user";
	len = strcspn(address->local_part, "+");
	for (user = loopback_users; user->name != NULL; user++)
		if (strlen(user->local_part) == len &&
		    memcmp(user->local_part, address->local_part, len) == 0)
			break;
	if (user->name == NULL)
		return "550 5.1.1 No such user";
	*ret_local_part = user->local_part;
	return NULL;
}

void
transaction_rcpt(struct envelope *envelope, struct connection *connection,
		 char *argument)
{
	struct recipient *recipient;
	struct address address;
	const char *fault, *rest;

	if (envelope->sender == NULL) {
		connection_reply(connection, "503 5.5.1 MAIL is missing");
		return;
	}
	if (envelope->recipient_count == LOOPBACK_RECIPIENTS_MAX) {
		connection_reply(connection, "452 4.5.3 Too many recipients");
		return;
	}
	recipient = &envelope->recipients[envelope->recipient_count];
	rest = take_path(argument, "TO:", &address);
	if (rest == NULL || address.local_part[0] == '\0')
		fault = "501 5.5.2 Not RCPT TO:<path>";
	else if (*rest != '\0')
		fault = "555 5.5.4 Parameter not known";
	else
		fault = find_user(&address, &recipient->local_part);
	if (fault != NULL) {
		connection_reply(connection, "%s", fault);
		return;
	}
	recipient->path = strdup(argument + 3);
	if (recipient->path == NULL) {
		connection_reply(connection, "451 4.3.0 No memory");
		return;
	}
	envelope->recipient_count++;
	connection_reply(connection, "250 2.1.5 Recipient accepted");
}

/* NULL, or the reply that refuses the content. */
static const char *
judge(const struct envelope *envelope, const struct content *content)
{
	if (content->is_too_large)
		return "552 5.3.4 Message too large";
	if (content->has_bare_cr || content->has_bare_lf)
		return "550 5.6.11 A line end is not CRLF";
	if (content->has_8bit && !envelope->is_8bit)
		return "554 5.6.1 8-bit content without BODY=8BITMIME";
	return NULL;
}

static void
take_content(struct envelope *envelope, const struct loopback_server *server,
	     struct connection *connection, const struct origin *origin,
	     const struct content *content)
{
	const char *fault;
	unsigned int number;

	fault = judge(envelope, content);
	if (fault != NULL) {
		connection_reply(connection, "%s", fault);
		return;
	}
	number = delivery_store(server, envelope, origin, content);
	if (server->options.drop_after_dot)
		connection_end(connection, "dropped on purpose");
	else if (number == 0)
		connection_reply(connection, "451 4.3.0 Not stored");
	else
		connection_reply(connection, "250 2.0.0 Taken as %u", number);
}

void
transaction_data(struct envelope *envelope,
		 const struct loopback_server *server,
		 struct connection *connection, const struct origin *origin)
{
	const struct loopback_options *options;
	struct content content;

	options = &server->options;
	if (envelope->sender == NULL) {
		connection_reply(connection, "503 5.5.1 MAIL is missing");
		return;
	}
	if (envelope->recipient_count == 0) {
		connection_reply(connection, "554 5.5.1 No valid recipients");
		return;
	}
	connection_reply(connection, "354 End with a dot on a line");
	if (content_read(&content, connection, (size_t)options->size_limit,
			 options->drop_in_content))
		take_content(envelope, server, connection, origin, &content);
	content_clear(&content);
	envelope_clear(envelope);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_COMMAND_H
#define SMTPC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Limits on lines, with their CRLF. */
#define COMMAND_LINE_MAX 512   /* RFC 5321, section 4.5.3.1.4 */
#define COMMAND_AUTH_MAX 12288 /* a response, RFC 4954, section 4 */
/* What extensions may add to MAIL and RCPT; each names its own share. */
#define COMMAND_PARAMETERS_MAX 1536

/*
 * Each appends one line to out, whole or not at all: false if a part of it
 * may not stand in a command, if it is too long, or if there is no memory.
 * Whatever let the part through, no line leaves with a control character.
 */

/* VERB, or VERB argument; argument may be NULL. */
bool command_write(struct buffer *out, const char *verb, const char *argument);

/* parameters: "" or " KEYWORD=value ...", a blank before each. */
bool command_write_mail(struct buffer *out, const char *mailbox,
			const char *body, const char *parameters);
bool command_write_rcpt(struct buffer *out, const char *mailbox,
			const char *parameters);

/* The same where SMTPUTF8 is declared: the mailbox may be UTF-8. */
bool command_write_mail_utf8(struct buffer *out, const char *mailbox,
			     const char *body, const char *parameters);
bool command_write_rcpt_utf8(struct buffer *out, const char *mailbox,
			     const char *parameters);

/* BDAT with so many octets: RFC 3030, section 2. */
bool command_write_bdat(struct buffer *out, uint64_t len, bool is_last);

/* AUTH mechanism, and the encoded initial response if it is not NULL. */
bool command_write_auth(struct buffer *out, const char *mechanism,
			const struct buffer *initial);

/* A bare line of the AUTH exchange. */
bool command_write_response(struct buffer *out, const struct buffer *encoded);

/* Whether the words fit the grammar of RFC 5321, section 4.1.2. */
bool command_is_verb(const char *verb);
bool command_is_argument(const char *argument);
bool command_is_parameter(const char *keyword, const char *value);

#endif

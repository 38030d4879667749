/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_PARAMETER_H
#define SMTPC_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extension.h"

/*
 * Parameters of MAIL and RCPT, as one text with a blank before each:
 * " RET=HDRS ENVID=x".  NULL is none.
 */

enum parameter_place {
	PARAMETER_OF_MAIL,
	PARAMETER_OF_RECIPIENT,
};

/*
 * Appends one; value may be NULL.  SMTPC_E_INVALID, with what is wrong: it does
 * not fit the grammar, is there already, has no business here, or is the
 * library's own.
 */
int parameter_append(char **list, enum parameter_place place,
		     const char *keyword, const char *value,
		     const char **ret_problem);

/* Takes one out, if it is there. */
void parameter_remove(char *list, const char *keyword);

/* The value of one, and its length; NULL: it is not there, or has none. */
const char *parameter_find(const char *list, const char *keyword,
			   size_t *ret_len);
bool parameter_has(const char *list, const char *keyword);

/* An extension that is asked for: its keyword, and the same in small letters.
 */
struct parameter_need {
	const char *extension;
	const char *detail;
};

/*
 * The extension that one of the parameters needs and the server does not offer.
 * NULL: none.
 */
const struct parameter_need *
parameter_lacks(const char *list, const struct extension_list *extensions);

/* The extension whose announced limit one of them exceeds.  NULL: none. */
const struct parameter_need *
parameter_exceeds(const char *list, const struct extension_list *extensions);

/* How long a line may be, CRLF and all: RFC 5321, section 4.5.3.1.4. */
size_t parameter_line_max(enum parameter_place place,
			  const struct extension_list *extensions);

#endif

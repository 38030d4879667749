/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_PARAMETER_H
#define SMTPC_PARAMETER_H

#include "extension.h"

/*
 * Parameters of MAIL and RCPT, as one text with a blank before each:
 * " RET=HDRS ENVID=x".  NULL is none.
 */

/*
 * Appends one; value may be NULL.  SMTPC_E_INVALID: it does not fit the
 * grammar, the library sets it itself, or the line would be too long.
 */
int parameter_append(char **list, const char *keyword, const char *value);

/*
 * The extension that one of the parameters needs and the server does not
 * offer; words that last for ever.  NULL: none.
 */
const char *parameter_lacks(const char *list,
			    const struct extension_list *extensions);

#endif

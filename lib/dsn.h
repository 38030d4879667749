/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_DSN_H
#define SMTPC_DSN_H

#include <stddef.h>

/*
 * Values of the parameters of RFC 3461.  Each of the first kind tells what is
 * wrong with a value as it would stand in a command, or NULL if it is good.
 */
const char *dsn_xtext_problem(const char *value);
const char *dsn_ret_problem(const char *value);
const char *dsn_envid_problem(const char *value);
const char *dsn_notify_problem(const char *value);
const char *dsn_orcpt_problem(const char *value);

/*
 * Each makes a value of what the caller writes: text; or a mailbox, or
 * "type;address".  Memory of its own.  SMTPC_E_INVALID, with what is wrong;
 * SMTPC_E_NOMEM.
 */
int dsn_make_envid(const char *text, char **ret_value,
		   const char **ret_problem);
int dsn_make_orcpt(const char *address, char **ret_value,
		   const char **ret_problem);

#endif

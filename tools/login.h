/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the user is, how that is proved, and what to do if it fails. */
#ifndef LOGIN_H
#define LOGIN_H

#include <smtpc/smtpc.h>

struct options;

/* Each returns 0, or an exit code after the complaint. */

/* Which mechanisms may be used, and how. */
int login_set_rules(smtpc_session *session, const struct options *options);

/* User name, and password or token, which are wiped from memory. */
int login_set_secret(smtpc_session *session, const struct options *options);

/* What opening a session has failed by, if it was the authentication. */
int login_complain(const smtpc_session *session, const struct options *options);

/* What there is to do about it, by smtpc_error_detail(); NULL: nothing. */
const char *login_advice(const char *detail, const struct options *options);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SESSION_H
#define SMTPC_SESSION_H

#include "engine.h"

/* What every setter asks first. */
int session_may_set(const struct smtpc_session *session);

/* Replaces a text setting by a copy; NULL is the default. */
int session_set_text(char **place, const char *text);

#endif

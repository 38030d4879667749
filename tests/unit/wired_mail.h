/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mail of wired.h, its content and its fate: what the tests of what may be
 * sent share.
 */
#ifndef UNIT_WIRED_MAIL_H
#define UNIT_WIRED_MAIL_H

#include "wired.h"

/* It is refused for this reason, and the server hears nothing of it. */
void is_refused(int result, const char *detail);

/*
 * It begins with these commands; once its one recipient and DATA are accepted,
 * smtpc_process() gives this result, or SMTPC_AGAIN.
 */
void goes_on_as(const char *commands, int result);
void begins_as(const char *commands);

/* The same, and the content is this, and is taken. */
void is_sent(const char *commands, const char *content);

void set_content(const char *text, size_t len);
void set_text(const char *text);
void set_form(int form);
void set_body(int body);

/* Content that nobody can look at before: piece by piece, by this reader. */
void set_pieces(const char *first, const char *second, int64_t size);
int read_pieces(void *buffer, size_t size, size_t *ret_len, void *userdata);

#endif

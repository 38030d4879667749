/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The message on its way from standard input, or composed, to the library. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <smtpc/smtpc.h>
#include <stdbool.h>
#include <stdint.h>

#include "progress.h"
#include "text.h"

struct mailboxes;
struct options;

/* First what is in head, then what is left of fd. */
struct message {
	struct text head;
	size_t head_taken;
	int fd;		   /* -1: head is all */
	int64_t rest;	   /* octets to take from fd, -1: to its end */
	int64_t done;	   /* octets handed over */
	const char *wrong; /* why reading failed, or NULL */
	struct progress progress;
};

void message_init(struct message *message);
void message_clear(struct message *message);

/*
 * Composes the message, or reads its header, as the options say, and adds to
 * the recipients.  0, or an exit code after the complaint.
 */
int message_prepare(struct message *message, const struct options *options,
		    struct mailboxes *recipients);

/*
 * Makes it the transaction's content, which must not outlive it; a result of
 * the library.
 */
int message_give(struct message *message, smtpc_transaction *transaction);

/* The message as a source of content: smtpc_reader_fn with a message. */
int message_read(void *buffer, size_t size, size_t *ret_len, void *userdata);

#endif

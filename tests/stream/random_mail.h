/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages at random: what they hold, where it comes from, who has them by what
 * the server knows, and whether the library says the same.
 */
#ifndef STREAM_RANDOM_MAIL_H
#define STREAM_RANDOM_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include <smtpc/smtpc.h>

#define MAILS_MAX      40
#define RECIPIENTS_MAX 8

enum mail_source {
	FROM_MEMORY,
	FROM_COPY,
	FROM_FILE,
	FROM_READER,
	FROM_PUSH,
	SOURCES
};

struct random_mail {
	size_t number; /* its sender begins with it */
	smtpc_transaction *transaction;
	bool is_submitted; /* and not handed back */
	size_t place;	   /* among all that were submitted */
	enum mail_source source;
	int form;
	char *content;
	size_t len, given;
	bool is_ended; /* what is pushed */
	int fd;
	size_t recipient_count;
	unsigned int taken[RECIPIENTS_MAX]; /* by the server, so many times */
};

/* What may go wrong, and in what way. */
struct random_world {
	bool is_honest; /* neither the server nor the caller does any harm */
	bool is_lmtp;
	/* There is no memory once in so many times; 0: there always is. */
	unsigned int memory_fails_in;
	/* A chunk was refused: even an honest server may be hung up on. */
	bool may_be_cut;
	/* RCPTMAX and MAILMAX; 0: there is no such limit. */
	size_t recipients_max, mails_max;
	smtpc_session *session;
	struct random_mail mails[MAILS_MAX];
	size_t count;
};

extern struct random_world world;

/* The next one; nobody has it yet. */
struct random_mail *random_mail_make(void);

/* The one that is that transaction. */
struct random_mail *random_mail_of(const smtpc_transaction *transaction);

/* More of its content, if it is pushed. */
void random_mail_push(struct random_mail *mail);

/* Calls that are not allowed in a callback, one of them at random. */
void random_mail_meddle(struct random_mail *mail);

/* Whether these octets, as the server has them, are its content. */
void random_mail_compare(const struct random_mail *mail, const char *octets,
			 size_t len);

/* Holds its fate against what the server knows. */
void random_mail_judge(const struct random_mail *mail);

/* Whether nobody has it, and its content can be read once more. */
bool random_mail_may_go_again(const struct random_mail *mail);

/* Frees it; its memory is used for something else at once. */
void random_mail_drop(struct random_mail *mail);

#endif

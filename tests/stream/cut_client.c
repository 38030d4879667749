/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sends ten messages as a stream, again and again over new connections, until
 * its server's socket is gone; and prints what it was told about each.
 *
 * usage: cut-client SOCKET LEVEL CHUNKING PROTOCOL [TRANSACTIONS]
 *
 * LEVEL is SMTPC_PIPELINING_..., CHUNKING 0 or 1, PROTOCOL SMTPC_PROTOCOL_...,
 * TRANSACTIONS the window.  Every other session does not block.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#define COUNT	    10
#define TEXT_MAX    2048
#define ONE_READING 150

static int
number_of(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		exit(EXIT_FAILURE);
	return (int)number;
}

/* What the server is told by it is in recorder.py. */
static const struct message {
	const char *sender; /* its domain, and what is behind it */
	const char *to[4];
	const char *header;
	enum {
		FROM_MEMORY,
		FROM_READER,
		FROM_SIZED_READER,
	} source;
	int lines;
	bool all_or_none;
} messages[COUNT] = {
	{ "example.test", { "bob0" }, "", FROM_MEMORY, 1, false },
	{ "example.test", { "bob1", "no1" }, "", FROM_MEMORY, 2, false },
	{ "example.test", { "bob2" }, "Refuse: me\r\n", FROM_MEMORY, 1, false },
	{ "example.test",
	  { "later3", "full3", "bob3" },
	  "",
	  FROM_MEMORY,
	  1,
	  false },
	{ "eager.test", { "no4", "later4" }, "", FROM_SIZED_READER, 1, false },
	{ "blocked.test", { "bob5", "bob50" }, "", FROM_MEMORY, 1, false },
	{ "example.test", { "bob6", "no6" }, "", FROM_READER, 25, false },
	{ "example.test",
	  { "bob7" },
	  "Spoil-Chunk: yes\r\n",
	  FROM_READER,
	  25,
	  false },
	{ "example.test", { "no8", "bob8" }, "", FROM_MEMORY, 1, true },
	{ "example.test", { "bob9", "bob9" }, "", FROM_READER, 2, false },
};

struct mail {
	smtpc_transaction *transaction;
	const struct message *message;
	char text[TEXT_MAX];
	size_t len, read;
};

static void
check(int rc, const char *what)
{
	if (rc == SMTPC_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, smtpc_strerror(rc));
	exit(EXIT_FAILURE);
}

static int
read_text(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	struct mail *mail = userdata;
	size_t len = mail->len - mail->read;

	if (len > ONE_READING)
		len = ONE_READING;
	if (len > size)
		len = size;
	memcpy(buffer, mail->text + mail->read, len);
	mail->read += len;
	*ret_len = len;
	return SMTPC_OK;
}

static void
append(char *text, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, TEXT_MAX - len, "%s", more);
}

/* Dots to double, and a last line that tells it from all others. */
static void
write_text(struct mail *mail, size_t number)
{
	char body[TEXT_MAX] = "";
	char line[64];
	int i;

	for (i = 0; i < mail->message->lines; i++) {
		snprintf(line, sizeof(line), "%sline %d of it\r\n",
			 i % 2 == 0 ? "." : "", i);
		append(body, line);
	}
	snprintf(line, sizeof(line), "end of m%zu\r\n", number);
	append(body, line);
	mail->text[0] = '\0';
	snprintf(mail->text, TEXT_MAX, "%sOctets: %zu\r\n\r\n",
		 mail->message->header, strlen(body));
	append(mail->text, body);
	mail->len = strlen(mail->text);
	mail->read = 0;
}

static int
set_source(struct mail *mail)
{
	switch (mail->message->source) {
	case FROM_READER:
		return smtpc_transaction_set_content_reader(mail->transaction,
							    read_text, -1,
							    mail);
	case FROM_SIZED_READER:
		return smtpc_transaction_set_content_reader(mail->transaction,
							    read_text,
							    (int64_t)mail->len,
							    mail);
	default:
		return smtpc_transaction_set_content(mail->transaction,
						     mail->text, mail->len);
	}
}

static void
make_mail(struct mail *mail, size_t number)
{
	const struct message *message = &messages[number];
	char mailbox[64];
	size_t i;

	mail->message = message;
	check(smtpc_transaction_new(&mail->transaction), "transaction");
	snprintf(mailbox, sizeof(mailbox), "m%zu@%s", number, message->sender);
	check(smtpc_transaction_set_sender(mail->transaction, mailbox),
	      "sender");
	for (i = 0; i < 4 && message->to[i] != NULL; i++) {
		snprintf(mailbox, sizeof(mailbox), "%s@example.test",
			 message->to[i]);
		check(smtpc_transaction_add_recipient(mail->transaction,
						      mailbox, NULL),
		      "recipient");
	}
	check(smtpc_transaction_set_all_or_none(mail->transaction,
						message->all_or_none),
	      "all or none");
	write_text(mail, number);
	check(set_source(mail), "content");
}

/* Who comes a second time is called so. */
static const char *
second_time(const struct message *message, size_t index)
{
	size_t i;

	for (i = 0; i < index; i++)
		if (strcmp(message->to[i], message->to[index]) == 0)
			return "#2";
	return "";
}

static void
report(const struct mail *mail, size_t number)
{
	const smtpc_transaction *transaction = mail->transaction;
	size_t i;

	printf("mail m%zu %d %lld\n", number,
	       smtpc_transaction_result(transaction),
	       (long long)smtpc_transaction_octets_sent(transaction));
	for (i = 0; i < smtpc_transaction_recipient_count(transaction); i++)
		printf("to %s%s %d %d\n", mail->message->to[i],
		       second_time(mail->message, i),
		       smtpc_transaction_recipient_outcome(transaction, i),
		       smtpc_transaction_recipient_safe_to_retry(transaction,
								 i));
}

/* Until something has come of what is in progress. */
static int
drive(smtpc_session *session, int rc)
{
	while (rc == SMTPC_AGAIN) {
		(void)smtpc_wait(session, SMTPC_FOREVER);
		rc = smtpc_process(session);
	}
	return rc;
}

static void
collect(smtpc_session *session, const struct mail *mails, size_t *ret_next)
{
	smtpc_transaction *transaction;
	int rc;

	rc = smtpc_collect(session, &transaction);
	if (rc == SMTPC_AGAIN) {
		(void)drive(session, rc);
		rc = smtpc_collect(session, &transaction);
	}
	check(rc, "collect");
	if (transaction != mails[*ret_next].transaction) {
		fprintf(stderr, "the order is not that of submission\n");
		exit(EXIT_FAILURE);
	}
	report(&mails[*ret_next], *ret_next);
	++*ret_next;
}

/* What was not taken is reported, too. */
static void
send_all(smtpc_session *session, const struct mail *mails)
{
	size_t i, next = 0;
	int rc;

	for (i = 0; i < COUNT; i++) {
		while ((rc = smtpc_submit(session, mails[i].transaction)) ==
		       SMTPC_FULL)
			collect(session, mails, &next);
		if (rc != SMTPC_OK)
			break;
	}
	while (next < i)
		collect(session, mails, &next);
	for (; i < COUNT; i++) {
		rc = smtpc_submit(session, mails[i].transaction);
		if (rc >= 0) {
			fprintf(stderr, "a lost session takes a message\n");
			exit(EXIT_FAILURE);
		}
		report(&mails[i], i);
	}
}

static smtpc_session *
make_session(char **arguments, int is_blocking)
{
	smtpc_session *session;

	check(smtpc_session_new(&session), "session");
	check(smtpc_session_set_blocking(session, is_blocking), "blocking");
	check(smtpc_session_set_client_domain(session, "client.example.test"),
	      "client domain");
	check(smtpc_session_set_pipelining(session, number_of(arguments[0])),
	      "pipelining");
	check(smtpc_session_set_chunking(session, number_of(arguments[1])),
	      "chunking");
	check(smtpc_session_set_protocol(session, number_of(arguments[2])),
	      "protocol");
	/* Only what hangs comes near it. */
	check(smtpc_session_set_operation_timeout(session, 30000), "time-out");
	if (arguments[3] != NULL)
		check(smtpc_session_set_window(session, 100000,
					       (size_t)number_of(arguments[3])),
		      "window");
	return session;
}

static void
run(char **argv, int number)
{
	smtpc_session *session = make_session(argv + 2, number % 2);
	static struct mail mails[COUNT];
	size_t i;
	int rc;

	printf("run %d\n", number);
	for (i = 0; i < COUNT; i++)
		make_mail(&mails[i], i);
	rc = drive(session, smtpc_open_unix(session, argv[1]));
	if (rc >= 0 || smtpc_session_state(session) == SMTPC_STATE_DEAD)
		send_all(session, mails);
	else
		check(rc, "open");
	(void)drive(session, smtpc_quit(session));
	smtpc_session_free(session);
	for (i = 0; i < COUNT; i++)
		smtpc_transaction_free(mails[i].transaction);
}

int
main(int argc, char **argv)
{
	int number;

	if (argc < 5)
		return EXIT_FAILURE;
	for (number = 0; access(argv[1], F_OK) == 0; number++)
		run(argv, number);
	printf("end\n");
	return EXIT_SUCCESS;
}

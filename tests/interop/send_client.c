/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * send-client: does with the library what the lines of its standard input say,
 * and prints what came of it, a JSON object a line, in the library's own
 * numbers.
 *
 * A line is a word and its values; "-" is no value (NULL), "<>" an empty one.
 *
 *   blocking N, pipelining N, chunking N, protocol N
 *                            settings of the session
 *   open HOST PORT           both answer
 *   open-unix PATH
 *   mail SENDER              another transaction begins, which the next lines
 *                            are about:
 *   to MAILBOX, to-dsn NOTIFY ORCPT, dsn RET ENVID, smtputf8 N, form N
 *   content HOW FILE         what is in the file, by memory, file, reader,
 *                            sized-reader or push
 *   send                     answers
 *   submit
 *   collect                  collects and answers, the oldest one
 *   remainder                the next transaction is what this one left over
 *   quit                     answers
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "client_common.h"

#define LINE_LEN_MAX 4096
#define WORDS_MAX    3

/* Nothing that the library would like better than any other number. */
#define READING_MAX 10007

struct mail {
	struct mail *before;
	smtpc_transaction *transaction;
	FILE *file; /* of a reader, or of who pushes */
	int fd;
	char *memory;
	size_t len;
	bool is_pushed;
};

struct client {
	smtpc_session *session;
	struct mail *mail; /* the last one */
};

static void
must(int rc, const char *what)
{
	if (rc != SMTPC_OK) {
		fprintf(stderr, "%s: %s\n", what, smtpc_strerror(rc));
		complain("a call failed that should not");
	}
}

/* The sources of content. */

static int
read_file(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	struct mail *mail = userdata;

	*ret_len = fread(buffer, 1, size < READING_MAX ? size : READING_MAX,
			 mail->file);
	return ferror(mail->file) ? -1 : SMTPC_OK;
}

static FILE *
open_file(const char *path, int64_t *ret_size)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		complain("no such file");
	*ret_size = ftell(file);
	rewind(file);
	return file;
}

static void
set_memory(struct mail *mail, const char *path)
{
	int64_t size;
	FILE *file = open_file(path, &size);

	mail->len = (size_t)size;
	mail->memory = malloc(mail->len + 1);
	if (mail->memory == NULL ||
	    fread(mail->memory, 1, mail->len, file) != mail->len)
		complain("a file can't be read");
	fclose(file);
	must(smtpc_transaction_set_content(mail->transaction, mail->memory,
					   mail->len),
	     "smtpc_transaction_set_content");
}

static void
set_descriptor(struct mail *mail, const char *path)
{
	mail->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (mail->fd < 0)
		complain("no such file");
	must(smtpc_transaction_set_content_fd(mail->transaction, mail->fd),
	     "smtpc_transaction_set_content_fd");
}

static void
set_content(struct mail *mail, const char *how, const char *path)
{
	int64_t size;

	if (strcmp(how, "memory") == 0) {
		set_memory(mail, path);
		return;
	}
	if (strcmp(how, "file") == 0) {
		set_descriptor(mail, path);
		return;
	}
	mail->file = open_file(path, &size);
	if (strcmp(how, "push") == 0) {
		mail->is_pushed = true;
		must(smtpc_transaction_set_content_push(mail->transaction, -1),
		     "smtpc_transaction_set_content_push");
		return;
	}
	if (strcmp(how, "sized-reader") != 0)
		size = -1;
	must(smtpc_transaction_set_content_reader(mail->transaction, read_file,
						  size, mail),
	     "smtpc_transaction_set_content_reader");
}

/* The steps. */

static int
finish(smtpc_session *session, int rc)
{
	while (rc == SMTPC_AGAIN) {
		smtpc_wait(session, SMTPC_FOREVER);
		rc = smtpc_process(session);
	}
	return rc;
}

/*
 * Waits only where nothing is taken though the library had its turn: else
 * nobody would have anything to do.
 */
static int
write_all(smtpc_session *session, struct mail *mail, const char *data,
	  size_t len)
{
	bool is_full = false;
	size_t taken;
	int rc;

	while (len > 0) {
		rc = smtpc_transaction_write(mail->transaction, data, len,
					     &taken);
		if (rc == SMTPC_OK) {
			data += taken;
			len -= taken;
			is_full = false;
			continue;
		}
		if (rc != SMTPC_FULL)
			must(rc, "smtpc_transaction_write");
		if (is_full)
			smtpc_wait(session, SMTPC_FOREVER);
		is_full = true;
		rc = smtpc_process(session);
		if (rc != SMTPC_AGAIN)
			return rc;
	}
	return SMTPC_AGAIN;
}

static int
push(smtpc_session *session, struct mail *mail, int rc)
{
	static char buffer[READING_MAX];
	size_t len;

	while (rc == SMTPC_AGAIN &&
	       (len = fread(buffer, 1, sizeof(buffer), mail->file)) > 0)
		rc = write_all(session, mail, buffer, len);
	if (rc != SMTPC_AGAIN)
		return rc;
	must(smtpc_transaction_end_content(mail->transaction),
	     "smtpc_transaction_end_content");
	return smtpc_process(session);
}

static struct mail *
add_mail(struct client *client, smtpc_transaction *transaction)
{
	struct mail *mail = calloc(1, sizeof(*mail));

	if (mail == NULL)
		complain("no memory");
	mail->fd = -1;
	mail->transaction = transaction;
	mail->before = client->mail;
	client->mail = mail;
	return mail;
}

/* The answers. */

static void
print_reply(const smtpc_reply *reply)
{
	print_number("code", reply == NULL ? 0 : smtpc_reply_code(reply));
}

static void
print_step(const smtpc_session *session, int rc)
{
	printf("{\"result\": %d", rc);
	print_text("detail", smtpc_error_detail(session));
	print_text("message", smtpc_error_message(session));
	print_number("retry", smtpc_error_safe_to_retry(session));
	print_reply(smtpc_error_reply(session));
	print_number("state", smtpc_session_state(session));
}

static void
end_answer(void)
{
	printf("}\n");
	fflush(stdout);
}

static void
print_recipient(const smtpc_transaction *transaction, size_t index)
{
	printf("%s{\"outcome\": %d", index > 0 ? ", " : "",
	       smtpc_transaction_recipient_outcome(transaction, index));
	print_text("to", smtpc_transaction_recipient(transaction, index));
	print_number("retry",
		     smtpc_transaction_recipient_safe_to_retry(transaction,
							       index));
	print_reply(smtpc_transaction_recipient_reply(transaction, index));
	putchar('}');
}

/* What was said of a transaction, whether or not the session failed by it. */
static void
print_fate(const smtpc_session *session, const smtpc_transaction *transaction,
	   int rc)
{
	size_t count = smtpc_transaction_recipient_count(transaction);
	size_t i;

	print_step(session, rc);
	print_number("fate", smtpc_transaction_result(transaction));
	print_text("why", smtpc_transaction_error_message(transaction));
	print_number("octets",
		     (long)smtpc_transaction_octets_sent(transaction));
	printf(", \"recipients\": [");
	for (i = 0; i < count; i++)
		print_recipient(transaction, i);
	putchar(']');
	end_answer();
}

static void
answer_step(const struct client *client, int rc)
{
	print_step(client->session, finish(client->session, rc));
	end_answer();
}

static void
answer_send(const struct client *client)
{
	struct mail *mail = client->mail;
	int rc = smtpc_send(client->session, mail->transaction);

	if (mail->is_pushed)
		rc = push(client->session, mail, rc);
	print_fate(client->session, mail->transaction,
		   finish(client->session, rc));
}

static void
answer_collect(const struct client *client)
{
	smtpc_transaction *transaction = NULL;
	int rc = smtpc_collect(client->session, &transaction);

	if (rc == SMTPC_AGAIN) {
		(void)finish(client->session, rc);
		rc = smtpc_collect(client->session, &transaction);
	}
	must(rc, "smtpc_collect");
	print_fate(client->session, transaction, rc);
}

static void
begin_remainder(struct client *client)
{
	smtpc_transaction *rest;

	must(smtpc_transaction_remainder(client->mail->transaction, &rest),
	     "smtpc_transaction_remainder");
	add_mail(client, rest);
}

static void
begin_mail(struct client *client, const char *sender)
{
	smtpc_transaction *transaction;

	must(smtpc_transaction_new(&transaction), "smtpc_transaction_new");
	must(smtpc_transaction_set_sender(transaction, sender),
	     "smtpc_transaction_set_sender");
	add_mail(client, transaction);
}

/* The lines. */

static bool
set_session(smtpc_session *session, const char *name, const char *value)
{
	static const struct {
		const char *name;
		int (*set)(smtpc_session *session, int number);
	} settings[] = {
		{ "blocking", smtpc_session_set_blocking },
		{ "pipelining", smtpc_session_set_pipelining },
		{ "chunking", smtpc_session_set_chunking },
		{ "protocol", smtpc_session_set_protocol },
	};
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(settings[i].name, name) == 0 && value != NULL) {
			must(settings[i].set(session, (int)number_of(value)),
			     name);
			return true;
		}
	return false;
}

static bool
set_mail(struct mail *mail, const char *name, const char *one,
	 const char *other)
{
	smtpc_transaction *to = mail == NULL ? NULL : mail->transaction;

	if (to == NULL || one == NULL)
		return false;
	if (strcmp(name, "to") == 0)
		must(smtpc_transaction_add_recipient(to, one, NULL), name);
	else if (strcmp(name, "smtputf8") == 0)
		must(smtpc_transaction_set_smtputf8(to, (int)number_of(one)),
		     name);
	else if (strcmp(name, "form") == 0)
		must(smtpc_transaction_set_content_form(to,
							(int)number_of(one)),
		     name);
	else if (strcmp(name, "content") == 0 && other != NULL)
		set_content(mail, one, other);
	else
		return false;
	return true;
}

/* Where both values may be none. */
static bool
set_dsn(struct mail *mail, const char *name, const char *one, const char *other)
{
	smtpc_transaction *to = mail == NULL ? NULL : mail->transaction;

	if (to == NULL)
		return false;
	if (strcmp(name, "dsn") == 0)
		must(smtpc_transaction_set_dsn(to, one, other), name);
	else if (strcmp(name, "to-dsn") == 0)
		must(smtpc_transaction_set_recipient_dsn(
			 to, smtpc_transaction_recipient_count(to) - 1, one,
			 other),
		     name);
	else
		return false;
	return true;
}

static bool
take_step(struct client *client, const char *name, const char *one,
	  const char *other)
{
	smtpc_session *session = client->session;

	if (strcmp(name, "open") == 0)
		answer_step(client,
			    smtpc_open(session, one, (int)number_of(other)));
	else if (strcmp(name, "open-unix") == 0)
		answer_step(client, smtpc_open_unix(session, one));
	else if (strcmp(name, "quit") == 0)
		answer_step(client, smtpc_quit(session));
	else if (strcmp(name, "mail") == 0)
		begin_mail(client, one);
	else if (strcmp(name, "collect") == 0)
		answer_collect(client);
	else if (client->mail == NULL)
		return false;
	else if (strcmp(name, "send") == 0)
		answer_send(client);
	else if (strcmp(name, "submit") == 0)
		must(smtpc_submit(session, client->mail->transaction), name);
	else if (strcmp(name, "remainder") == 0)
		begin_remainder(client);
	else
		return false;
	return true;
}

static const char *
value_of(const char *word)
{
	if (word == NULL || strcmp(word, "-") == 0)
		return NULL;
	return strcmp(word, "<>") == 0 ? "" : word;
}

static void
take_line(struct client *client, char *line)
{
	char *words[WORDS_MAX] = { NULL };
	const char *one, *other;
	size_t count;

	line[strcspn(line, "\n")] = '\0';
	for (count = 0; count < WORDS_MAX && *line != '\0'; count++) {
		words[count] = line;
		line += strcspn(line, " ");
		if (*line == ' ')
			*line++ = '\0';
	}
	one = value_of(words[1]);
	other = value_of(words[2]);
	if (count == 0 || *line != '\0' ||
	    (!set_session(client->session, words[0], one) &&
	     !set_mail(client->mail, words[0], one, other) &&
	     !set_dsn(client->mail, words[0], one, other) &&
	     !take_step(client, words[0], one, other)))
		complain("a line is not understood");
}

int
main(void)
{
	struct client client = { 0 };
	char line[LINE_LEN_MAX];
	struct mail *mail;

	must(smtpc_session_new(&client.session), "smtpc_session_new");
	must(smtpc_session_set_tls_mode(client.session, SMTPC_TLS_NONE),
	     "smtpc_session_set_tls_mode");
	while (fgets(line, sizeof(line), stdin) != NULL)
		take_line(&client, line);
	smtpc_session_free(client.session);
	while ((mail = client.mail) != NULL) {
		client.mail = mail->before;
		smtpc_transaction_free(mail->transaction);
		if (mail->file != NULL)
			fclose(mail->file);
		if (mail->fd >= 0)
			close(mail->fd);
		free(mail->memory);
		free(mail);
	}
	return EXIT_SUCCESS;
}

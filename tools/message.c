/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The message on its way from standard input, or composed, to the library. */
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "compose.h"
#include "exit.h"
#include "header.h"
#include "input.h"
#include "options.h"

/* What --text may bring, and what may come of it. */
#define TEXT_MAX     (16 * 1024 * 1024)
#define COMPOSED_MAX (64 * 1024 * 1024)

/* As much as may be read at once behind a header. */
#define HEAD_MAX (HEADER_MAX + 64 * 1024)

static int
complain_about_input(int system_error)
{
	complain("standard input: %s", strerror(system_error));
	return system_error == EBADF || system_error == EISDIR ? EX_NOINPUT
							       : EX_IOERR;
}

static int
compose_text(struct message *message, const struct options *options,
	     const struct mailboxes *recipients, const char *text, size_t len)
{
	struct compose compose;
	struct timespec now;
	const char *wrong;

	memset(&compose, 0, sizeof(compose));
	compose.sender = options->sender;
	compose.recipients = recipients->items;
	compose.recipient_count = recipients->count;
	compose.subject = options->subject;
	compose.text = text;
	compose.text_len = len;
	clock_gettime(CLOCK_REALTIME, &now);
	compose.now = (int64_t)now.tv_sec * 1000;
	if (getentropy(compose.id, sizeof(compose.id)) != 0) {
		complain("no random octets: %s", strerror(errno));
		return EX_OSERR;
	}

	wrong = compose_message(&compose, &message->head);
	if (wrong != NULL) {
		complain("%s", wrong);
		return EX_DATAERR;
	}
	return EX_OK;
}

static int
compose(struct message *message, const struct options *options,
	const struct mailboxes *recipients)
{
	struct text text;
	int rc;

	message->fd = -1;
	if (strcmp(options->text, "-") != 0)
		return compose_text(message, options, recipients, options->text,
				    strlen(options->text));

	text_init(&text, TEXT_MAX);
	if (input_read_all(STDIN_FILENO, &text) == 0) {
		rc = compose_text(message, options, recipients, text.data,
				  text.len);
	} else if (errno == EFBIG) {
		complain("the text is too long");
		rc = EX_DATAERR;
	} else {
		rc = complain_about_input(errno);
	}
	text_clear(&text);
	return rc;
}

/* Reads until the header is whole, and perhaps more of the message. */
static int
read_header(struct text *raw, size_t *ret_len)
{
	struct header_scan scan;
	ssize_t count;
	size_t room;
	char *end;

	header_scan_init(&scan);
	for (;;) {
		end = text_room(raw, &room);
		if (end == NULL && raw->len < raw->max) {
			complain("%s", strerror(ENOMEM));
			return EX_OSERR;
		}
		count = end == NULL ? 0 : input_read(STDIN_FILENO, end, room);
		if (count < 0)
			return complain_about_input(errno);
		if (end != NULL)
			text_grew(raw, (size_t)count);
		if (header_scan_find(&scan, raw->data, raw->len, ret_len))
			break;
		*ret_len = raw->len;
		if (count == 0)
			break;
	}
	if (*ret_len > HEADER_MAX) {
		complain("the header of the message is longer than 1 MiB");
		return EX_DATAERR;
	}
	return EX_OK;
}

static int
take_recipients(const struct text *raw, size_t header_len,
		struct mailboxes *recipients)
{
	struct header_field field;
	const char *wrong;

	wrong = header_recipients(raw->data, header_len, recipients, &field);
	if (wrong != NULL && field.name_len > 0) {
		complain("the message's field %.*s: %s", (int)field.name_len,
			 field.start, wrong);
		return EX_DATAERR;
	}
	if (wrong != NULL) {
		complain("the message: %s", wrong);
		return EX_DATAERR;
	}
	if (recipients->count == 0) {
		complain("the message names no recipient");
		return EX_DATAERR;
	}
	return EX_OK;
}

static int
take_without_bcc(struct message *message, const struct text *raw,
		 size_t header_len)
{
	header_copy_without(raw->data, header_len, "Bcc", &message->head);
	text_append(&message->head, raw->data + header_len,
		    raw->len - header_len);
	if (message->head.failed) {
		complain("%s", strerror(ENOMEM));
		return EX_OSERR;
	}
	/* Not even an empty line: the input is at its end. */
	if (message->head.len == 0) {
		complain("the message is nothing but Bcc, which is removed");
		return EX_DATAERR;
	}
	return EX_OK;
}

/* -t: the recipients of the header, and the message without Bcc. */
static int
open_header(struct message *message, struct mailboxes *recipients)
{
	struct text raw;
	size_t len = 0;
	int rc;

	text_init(&raw, HEAD_MAX);
	rc = read_header(&raw, &len);
	if (rc == EX_OK)
		rc = take_recipients(&raw, len, recipients);
	if (rc == EX_OK)
		rc = take_without_bcc(message, &raw, len);
	text_clear(&raw);
	return rc;
}

/* How much is left to read, if that can be known. */
static int
measure(struct message *message)
{
	struct stat status;
	off_t pos;

	if (fstat(message->fd, &status) != 0)
		return complain_about_input(errno);
	if ((fcntl(message->fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return complain_about_input(EBADF);
	if (S_ISDIR(status.st_mode))
		return complain_about_input(EISDIR);
	message->rest = -1;
	/* Files that the kernel makes up say that they are empty. */
	if (!S_ISREG(status.st_mode) || status.st_size == 0)
		return EX_OK;
	pos = lseek(message->fd, 0, SEEK_CUR);
	if (pos < 0)
		return EX_OK;
	message->rest = pos < status.st_size ? status.st_size - pos : 0;
	return EX_OK;
}

static int64_t
message_size(const struct message *message)
{
	if (message->fd < 0)
		return (int64_t)message->head.len;
	if (message->rest < 0)
		return -1;
	return (int64_t)message->head.len + message->rest;
}

void
message_init(struct message *message)
{
	memset(message, 0, sizeof(*message));
	text_init(&message->head, COMPOSED_MAX);
	message->fd = STDIN_FILENO;
}

int
message_prepare(struct message *message, const struct options *options,
		struct mailboxes *recipients)
{
	int rc = EX_OK;

	if (options->text != NULL)
		rc = compose(message, options, recipients);
	else if (options->from_header)
		rc = open_header(message, recipients);
	if (rc == EX_OK && message->fd >= 0)
		rc = measure(message);
	if (rc == EX_OK)
		progress_init(&message->progress, options->progress_wish,
			      message_size(message));
	return rc;
}

void
message_clear(struct message *message)
{
	progress_end(&message->progress);
	text_clear(&message->head);
}

int
message_give(struct message *message, smtpc_transaction *transaction)
{
	if (message->rest >= 0 && message->fd >= 0 && message->head.len == 0 &&
	    !message->progress.on)
		return smtpc_transaction_set_content_fd(transaction,
							message->fd);
	/* What the library sees at once it need not be cautious about. */
	if (message->fd < 0 && !message->progress.on)
		return smtpc_transaction_set_content(transaction,
						     message->head.data,
						     message->head.len);
	return smtpc_transaction_set_content_reader(transaction, message_read,
						    message_size(message),
						    message);
}

static size_t
take_head(struct message *message, void *buffer, size_t size)
{
	size_t len = message->head.len - message->head_taken;

	if (len > size)
		len = size;
	if (len > 0)
		memcpy(buffer, message->head.data + message->head_taken, len);
	message->head_taken += len;
	return len;
}

int
message_read(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	struct message *message = userdata;
	size_t len = take_head(message, buffer, size);
	ssize_t count = 0;

	if (len == 0 && message->fd >= 0) {
		/* No more than was announced, should the file have grown. */
		if (message->rest >= 0 && (int64_t)size > message->rest)
			size = (size_t)message->rest;
		if (size > 0)
			count = input_read(message->fd, buffer, size);
		if (count < 0)
			message->wrong = strerror(errno);
		else if (count == 0 && message->rest > 0)
			message->wrong = "it became shorter while it was read";
		if (message->wrong != NULL)
			return SMTPC_E_SYSTEM;
		len = (size_t)count;
		if (message->rest >= 0)
			message->rest -= count;
	}
	message->done += (int64_t)len;
	progress_update(&message->progress, message->done);
	*ret_len = len;
	return SMTPC_OK;
}

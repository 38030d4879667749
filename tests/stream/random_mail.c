/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages at random. */
#include "random_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dice.h"

struct random_world world;

static void
must(int rc, const char *what)
{
	if (rc != SMTPC_OK)
		wrong("%s: %s", what, smtpc_strerror(rc));
}

/*
 * What they hold.
 */

static size_t
pick_length(void)
{
	if (once_in(3))
		return dice(20);
	if (!once_in(3))
		return dice(3000);
	return dice(once_in(4) ? 1000000 : 100000);
}

/* Many line ends and dots, or fewer, or hardly any. */
static void
fill(struct random_mail *mail)
{
	static const unsigned int kinds[] = { 4, 60, 1500 };
	static const char odd[] = "\r\n.";
	unsigned int kind = kinds[dice(3)];
	bool has_ends = once_in(4);
	unsigned int thrown;
	size_t i;

	for (i = 0; i < mail->len; i++) {
		thrown = dice(kind);
		mail->content[i] =
		    thrown < 3 ? odd[thrown] : (char)('a' + thrown % 26);
		/* What smells of an end of data. */
		if (has_ends && thrown < 10 && i + 3 < mail->len) {
			memcpy(mail->content + i,
			       once_in(2) ? "\r\n." : "\r\nx", 3);
			i += 2;
		}
	}
}

/*
 * Where it comes from.
 */

void
random_mail_meddle(struct random_mail *mail)
{
	smtpc_transaction *transaction = mail->transaction;
	smtpc_transaction *collected;
	size_t taken;
	int rc = SMTPC_E_BUSY;

	switch (transaction != NULL ? dice(8) : 4 + dice(4)) {
	case 0:
		smtpc_transaction_free(transaction);
		break;
	case 1:
		rc = smtpc_transaction_reset(transaction);
		break;
	case 2:
		(void)smtpc_transaction_octets_sent(transaction);
		break;
	case 3:
		if (mail->source != FROM_PUSH)
			rc = smtpc_transaction_write(transaction, "x", 1,
						     &taken);
		break;
	case 4:
		smtpc_session_free(world.session);
		break;
	case 5:
		rc = smtpc_collect(world.session, &collected);
		break;
	case 6:
		rc = smtpc_disconnect(world.session);
		break;
	default:
		rc = smtpc_process(world.session);
		break;
	}
	if (rc >= 0)
		wrong("what is not allowed in a callback has succeeded");
}

static int
read_some(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	struct random_mail *mail = userdata;
	size_t len = mail->len - mail->given;

	if (once_in(4))
		random_mail_meddle(mail);
	if (once_in(3))
		return SMTPC_AGAIN;
	if (len > size)
		len = size;
	if (len > 1 && once_in(2))
		len =
		    1 + dice(len > 300 && once_in(2) ? 300 : (unsigned int)len);
	memcpy(buffer, mail->content + mail->given, len);
	mail->given += len;
	*ret_len = len;
	return !world.is_honest && once_in(300) ? SMTPC_E_CONTENT : SMTPC_OK;
}

static int
make_file(const struct random_mail *mail)
{
	int fd = memfd_create("content", 0);

	if (fd < 0 ||
	    write(fd, mail->content, mail->len) != (ssize_t)mail->len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		wrong("there is no file");
	return fd;
}

static void
set_content(struct random_mail *mail)
{
	smtpc_transaction *transaction = mail->transaction;
	int64_t size = once_in(2) ? (int64_t)mail->len : -1;
	int rc;

	switch (mail->source) {
	case FROM_MEMORY:
		rc = smtpc_transaction_set_content(transaction, mail->content,
						   mail->len);
		break;
	case FROM_COPY:
		rc = smtpc_transaction_set_content_copy(transaction,
							mail->content,
							mail->len);
		break;
	case FROM_FILE:
		mail->fd = make_file(mail);
		rc = smtpc_transaction_set_content_fd(transaction, mail->fd);
		break;
	case FROM_READER:
		rc =
		    smtpc_transaction_set_content_reader(transaction, read_some,
							 size, mail);
		break;
	default:
		rc = smtpc_transaction_set_content_push(transaction, size);
		break;
	}
	must(rc, "content");
}

void
random_mail_push(struct random_mail *mail)
{
	size_t len = mail->len - mail->given;
	size_t taken = 0;

	if (mail->source != FROM_PUSH || mail->is_ended)
		return;
	if (len == 0) {
		mail->is_ended = true;
		if (smtpc_transaction_end_content(mail->transaction) !=
		    SMTPC_OK)
			note("the end of %zu comes too late", mail->number);
		return;
	}
	if (smtpc_transaction_write(mail->transaction,
				    mail->content + mail->given,
				    1 + dice((unsigned int)len),
				    &taken) == SMTPC_OK)
		mail->given += taken;
}

/*
 * One of them, from its beginning to its end.
 */

static void
address(struct random_mail *mail)
{
	char mailbox[40];
	size_t i;

	snprintf(mailbox, sizeof(mailbox), "m%zu@a.test", mail->number);
	must(smtpc_transaction_set_sender(mail->transaction, mailbox),
	     "sender");
	mail->recipient_count = once_in(2) ? 1 : 1 + dice(RECIPIENTS_MAX);
	for (i = 0; i < mail->recipient_count; i++) {
		snprintf(mailbox, sizeof(mailbox), "r%zu@a.test", i);
		must(smtpc_transaction_add_recipient(mail->transaction, mailbox,
						     NULL),
		     "recipient");
	}
	must(smtpc_transaction_set_all_or_none(mail->transaction, once_in(8)),
	     "all or none");
}

struct random_mail *
random_mail_make(void)
{
	struct random_mail *mail = &world.mails[world.count];

	memset(mail, 0, sizeof(*mail));
	mail->number = world.count++;
	mail->fd = -1;
	mail->len = pick_length();
	mail->content = malloc(mail->len + 1);
	if (mail->content == NULL)
		wrong("there is no memory");
	fill(mail);
	must(smtpc_transaction_new(&mail->transaction), "transaction");
	address(mail);
	mail->form = once_in(8) ? SMTPC_CONTENT_BINARY : SMTPC_CONTENT_TEXT;
	must(smtpc_transaction_set_content_form(mail->transaction, mail->form),
	     "form");
	mail->source = (enum mail_source)dice(SOURCES);
	set_content(mail);
	return mail;
}

struct random_mail *
random_mail_of(const smtpc_transaction *transaction)
{
	size_t i;

	for (i = 0; i < world.count; i++)
		if (world.mails[i].transaction == transaction)
			return &world.mails[i];
	wrong("a transaction that nobody knows is handed back");
}

void
random_mail_drop(struct random_mail *mail)
{
	smtpc_transaction_free(mail->transaction);
	mail->transaction = NULL;
	mail->is_submitted = false;
	memset(mail->content, 'F', mail->len);
	free(mail->content);
	mail->content = NULL;
	if (mail->fd >= 0)
		close(mail->fd);
}

/*
 * What came of it.
 */

/* As text, with CRLF for each line end, and one at the end. */
static size_t
encode(const struct random_mail *mail, char *ret_octets)
{
	size_t len = 0;
	size_t i;
	char c;

	for (i = 0; i < mail->len; i++) {
		c = mail->content[i];
		if (c != '\r' && c != '\n') {
			ret_octets[len++] = c;
			continue;
		}
		if (c == '\r' && i + 1 < mail->len &&
		    mail->content[i + 1] == '\n')
			i++;
		ret_octets[len++] = '\r';
		ret_octets[len++] = '\n';
	}
	if (len > 0 && ret_octets[len - 1] != '\n') {
		ret_octets[len++] = '\r';
		ret_octets[len++] = '\n';
	}
	return len;
}

void
random_mail_compare(const struct random_mail *mail, const char *octets,
		    size_t len)
{
	char *should;
	size_t should_len = mail->len;

	/* Given up, and dropped. */
	if (mail->content == NULL)
		return;
	should = malloc(2 * mail->len + 3);
	if (should == NULL)
		wrong("there is no memory");
	if (mail->form == SMTPC_CONTENT_BINARY)
		memcpy(should, mail->content, mail->len);
	else
		should_len = encode(mail, should);
	if (len != should_len || memcmp(octets, should, len) != 0)
		wrong("of mail %zu, %zu octets have come, %zu of them are its "
		      "content",
		      mail->number, len, should_len);
	free(should);
}

static void
judge_recipient(const struct random_mail *mail, size_t i)
{
	int outcome = smtpc_transaction_recipient_outcome(mail->transaction, i);
	bool is_safe =
	    smtpc_transaction_recipient_safe_to_retry(mail->transaction, i) !=
	    0;
	unsigned int taken = mail->taken[i];
	const char *what = NULL;

	if (outcome == SMTPC_OUTCOME_PENDING)
		what = "is pending";
	if (taken > 1)
		what = "has it twice";
	if (taken > 0 && is_safe)
		what = "has it, and it is safe to retry";
	if (taken == 0 && outcome == SMTPC_OUTCOME_ACCEPTED)
		what = "is accepted, and has nothing";
	if (world.is_honest && outcome == SMTPC_OUTCOME_IN_DOUBT)
		what = "is in doubt, and the server is honest";
	if (smtpc_transaction_result(mail->transaction) < 0 &&
	    (outcome == SMTPC_OUTCOME_ACCEPTED ||
	     outcome == SMTPC_OUTCOME_IN_DOUBT))
		what = "may have it, and the result is a failure";
	if (what != NULL)
		wrong("mail %zu, recipient %zu: %s (outcome %d)", mail->number,
		      i, what, outcome);
}

void
random_mail_judge(const struct random_mail *mail)
{
	int result = smtpc_transaction_result(mail->transaction);
	size_t i;

	note("mail %zu: %s %s", mail->number, smtpc_strerror(result),
	     smtpc_transaction_error_message(mail->transaction));
	if (result == SMTPC_AGAIN)
		wrong("mail %zu is handed back and not settled", mail->number);
	if (smtpc_transaction_octets_sent(mail->transaction) < 0)
		wrong("mail %zu: less than nothing was sent", mail->number);
	for (i = 0; i < mail->recipient_count; i++)
		judge_recipient(mail, i);
	if (!world.is_honest || result >= 0 || result == SMTPC_E_TRANSIENT ||
	    result == SMTPC_E_PERMANENT ||
	    (result == SMTPC_E_LIMIT && world.mails_max > 0) ||
	    (result == SMTPC_E_CLOSED && world.may_be_cut))
		return;
	wrong("mail %zu: %s with an honest server", mail->number,
	      smtpc_strerror(result));
}

bool
random_mail_may_go_again(const struct random_mail *mail)
{
	size_t i;

	for (i = 0; i < mail->recipient_count; i++)
		if (mail->taken[i] > 0)
			return false;
	return mail->source == FROM_MEMORY || mail->source == FROM_COPY ||
	       mail->source == FROM_FILE;
}

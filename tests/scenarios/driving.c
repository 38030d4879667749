/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session on one end of a pair of sockets, a test on the other. */
#include "driving.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char content[] = "Subject: hello\r\n\r\nHello.\r\n";

void
driven_new(struct driven *driven)
{
	memset(driven, 0, sizeof(*driven));
	driven->server = driven->attached = -1;
	ck_assert_int_eq(smtpc_session_new(&driven->session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(driven->session, 0),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(driven->session,
						    SMTPC_TLS_NONE),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_client_domain(driven->session,
							 "client.example.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_new(&driven->mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(driven->mail,
						      "alice@example.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(driven->mail,
							 "bob@example.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(driven->mail, content,
						       strlen(content)),
			 SMTPC_OK);
}

void
driven_free(struct driven *driven)
{
	smtpc_transaction_free(driven->mail);
	smtpc_session_free(driven->session);
	if (driven->server >= 0)
		close(driven->server);
	memset(driven, 0, sizeof(*driven));
	driven->server = -1;
}

void
driven_attach(struct driven *driven)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends),
			 0);
	driven->server = ends[1];
	driven->attached = ends[0];
	ck_assert_int_eq(smtpc_attach(driven->session, ends[0],
				      "mx.example.test", 587),
			 SMTPC_AGAIN);
}

void
driven_say(struct driven *driven, const char *text)
{
	size_t len = strlen(text);

	ck_assert_int_eq(send(driven->server, text, len, MSG_NOSIGNAL),
			 (ssize_t)len);
}

void
driven_expect(struct driven *driven, const char *text)
{
	char heard[4096];
	ssize_t len;

	len = recv(driven->server, heard, sizeof(heard) - 1, MSG_DONTWAIT);
	if (len < 0)
		len = 0;
	heard[len] = '\0';
	ck_assert_str_eq(heard, text);
}

void
driven_hang_up(struct driven *driven)
{
	close(driven->server);
	driven->server = -1;
}

bool
driven_is_hung_up(struct driven *driven)
{
	char octet;

	return recv(driven->server, &octet, 1, MSG_DONTWAIT) == 0;
}

int
driven_process(struct driven *driven)
{
	int rc;

	do
		rc = smtpc_process(driven->session);
	while (rc == SMTPC_AGAIN && smtpc_wait(driven->session, 0) == SMTPC_OK);
	return rc;
}

void
driven_greet(struct driven *driven)
{
	driven_attach(driven);
	driven_say(driven, "220 mx.example.test ESMTP\r\n");
	ck_assert_int_eq(driven_process(driven), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(driven->session),
			 SMTPC_STATE_CONNECTED);
}

void
driven_make_ready(struct driven *driven)
{
	driven_greet(driven);
	ck_assert_int_eq(smtpc_ehlo(driven->session), SMTPC_AGAIN);
	driven_expect(driven, "EHLO client.example.test\r\n");
	driven_say(driven, "250-mx.example.test\r\n250-PIPELINING\r\n"
			   "250 AUTH PLAIN SCRAM-SHA-256\r\n");
	ck_assert_int_eq(driven_process(driven), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(driven->session),
			 SMTPC_STATE_READY);
}

void
driven_begin_mail(struct driven *driven)
{
	ck_assert_int_eq(smtpc_send(driven->session, driven->mail),
			 SMTPC_AGAIN);
	driven_expect(driven, "MAIL FROM:<alice@example.test>\r\n"
			      "RCPT TO:<bob@example.test>\r\nDATA\r\n");
	ck_assert_int_eq(driven_process(driven), SMTPC_AGAIN);
}

static size_t
count_entries(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

size_t
descriptors_open(void)
{
	return count_entries("/proc/self/fd");
}

size_t
threads_running(void)
{
	return count_entries("/proc/self/task");
}

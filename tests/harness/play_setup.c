/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions, transactions and their content as a scenario describes them.
 */
#include "play_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "certs.h"
#include "play_trust.h"
#include "tls_manners.h"
#include "tls_setup.h"

/* What all plays share. */
static struct certificates *certificates;

#define SERVERS_MAX 256

static struct {
	char *key;
	gnutls_certificate_credentials_t credentials;
} servers[SERVERS_MAX];

static void
fatal(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

void
setup_prepare(void)
{
	certificates = certificates_new();
	if (certificates == NULL)
		fatal("the certificates can't be made");
}

void
setup_finish(void)
{
	size_t i;

	for (i = 0; i < SERVERS_MAX && servers[i].credentials != NULL; i++) {
		gnutls_certificate_free_credentials(servers[i].credentials);
		free(servers[i].key);
	}
	memset(servers, 0, sizeof(servers));
	trust_finish();
	certificates_free(certificates);
	certificates = NULL;
}

static gnutls_certificate_credentials_t
get_server(const struct scenario *scenario)
{
	const char *name = scenario_setting(scenario, "certificate", "server");
	const struct credentials *made;
	char *key = tls_setup_key(scenario);
	size_t i;

	for (i = 0; i < SERVERS_MAX && servers[i].credentials != NULL; i++) {
		if (strcmp(servers[i].key, key) == 0) {
			free(key);
			return servers[i].credentials;
		}
	}
	made = certificates_get(certificates, name);
	if (i == SERVERS_MAX || made == NULL)
		fatal("there is no such certificate");
	servers[i].key = key;
	if (gnutls_certificate_allocate_credentials(&servers[i].credentials) <
		0 ||
	    credentials_hand_over(made, servers[i].credentials) < 0 ||
	    manners_equip(servers[i].credentials, certificates, name,
			  scenario_setting(scenario, "tls-staple", NULL),
			  scenario_setting(scenario, "tls-client-authority",
					   NULL)) < 0)
		fatal("the certificate can't be used");
	return servers[i].credentials;
}

void
setup_certificate(const struct play *play)
{
	const char *client =
	    scenario_setting(play->scenario, "tls-client-certificate", "ca");

	(void)get_server(play->scenario);
	if (certificates_get(certificates, client) == NULL)
		fatal("there is no such certificate of the client's");
	trust_prepare(play->scenario, certificates);
}

void
setup_peer(struct play *play)
{
	const struct scenario *scenario = play->scenario;
	const char *connecting = scenario_setting(scenario, "connecting", "");

	play->peer.credentials = get_server(scenario);
	tls_setup_peer(play);
	play->peer.priority =
	    scenario_setting(scenario, "tls-priority", "NORMAL");
	play->open_result = SMTPC_OK;
	if (strcmp(connecting, "stalls") == 0)
		play->open_result = SMTPC_AGAIN;
	if (strcmp(connecting, "fails") == 0)
		play->open_result = SMTPC_E_SYSTEM;
}

/*
 * Settings.
 */

static int
set_tls_mode(struct play *play, const char *name)
{
	static const char *const names[] = {
		[SMTPC_TLS_AUTO] = "auto",
		[SMTPC_TLS_IMPLICIT] = "implicit",
		[SMTPC_TLS_STARTTLS] = "starttls",
		[SMTPC_TLS_OPPORTUNISTIC] = "opportunistic",
		[SMTPC_TLS_NONE] = "none",
	};
	int i;

	if (strcmp(name, "required") == 0)
		name = play->cell & CELL_TLS ? "implicit" : "starttls";
	for (i = SMTPC_TLS_AUTO; i <= SMTPC_TLS_NONE; i++)
		if (strcmp(names[i], name) == 0)
			return smtpc_session_set_tls_mode(play->session, i);
	fatal("there is no such TLS mode");
	return SMTPC_E_INVALID;
}

static int
set_trust(struct play *play, const char *names)
{
	int rc;

	if (strcmp(names, "default") == 0)
		return SMTPC_OK;
	rc = tls_setup_own(play->scenario, certificates, &play->own);
	if (rc != SMTPC_OK)
		return rc;
	if (play->own != NULL)
		return smtpc_session_set_tls(play->session, play->own);
	return smtpc_session_set_tls(play->session,
				     trust_by_names(certificates, names));
}

/* "PHASE 10s". */
static int
set_timeout(struct play *play, const struct source_line *line,
	    const char *value)
{
	char *phase = dialogue_word(&value);
	int rc;

	rc = smtpc_session_set_timeout(play->session, phase_by_name(phase),
				       dialogue_time(line, value));
	free(phase);
	return rc;
}

/* It may have escapes in it. */
static void
set_host(struct play *play, const struct source_line *line, const char *value)
{
	octets_clear(&play->host);
	dialogue_octets(line, &value, false, 1, &play->host, NULL);
}

/* Settings that others read, where they need them. */
static bool
is_others(const char *key)
{
	static const char *const keys[] = {
		"certificate",
		"tls-priority",
		"authzid",
		"connecting",
		"tls-mode",
		"tls-trust",
		"client-domain",
		"tls-asks",
		"tls-tamper",
		"tls-fragment",
		"tls-record",
		"tls-staple",
		"tls-client-authority",
		"tls-minimum",
		"tls-cache",
		"tls-client-priority",
		"tls-client-certificate",
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static int
set_other(struct play *play, const struct setting *setting)
{
	struct source_line line = { play->scenario->file, setting->number, NULL,
				    0 };
	smtpc_session *session = play->session;
	const char *key = setting->key;
	const char *value = setting->value;
	int rc;

	if (strcmp(key, "timeout") == 0)
		return set_timeout(play, &line, value);
	if (trust_apply(play, setting, certificates, &rc) ||
	    auth_apply(play, setting, &rc) || stream_apply(play, setting, &rc))
		return rc;
	if (strcmp(key, "operation-timeout") == 0)
		return smtpc_session_set_operation_timeout(
		    session, dialogue_time(&line, value));
	if (!is_others(key))
		dialogue_bad(&line, "there is no setting \"%s\"", key);
	return SMTPC_OK;
}

int
setup_apply(struct play *play, const struct setting *setting)
{
	struct source_line line = { play->scenario->file, setting->number, NULL,
				    0 };
	const char *key = setting->key;
	const char *value = setting->value;

	if (strcmp(key, "host") == 0)
		set_host(play, &line, value);
	else if (strcmp(key, "port") == 0)
		play->port = (int)dialogue_number(&line, value);
	else
		return set_other(play, setting);
	return SMTPC_OK;
}

int
setup_session(struct play *play)
{
	const struct scenario *scenario = play->scenario;
	const char *mode = play->cell & CELL_TLS ? "implicit" : "none";
	const char *domain =
	    scenario_setting(scenario, "client-domain", "client.example.test");
	size_t i;
	int rc;

	octets_append_text(&play->host, "mx.example.test");
	play->port = 587;
	rc = smtpc_session_new(&play->session);
	if (rc != SMTPC_OK)
		return rc;
	(void)smtpc_session_set_blocking(play->session,
					 (play->cell & CELL_BLOCKING) != 0);
	(void)smtpc_session_set_helper_thread(play->session, 0);
	rc = set_tls_mode(play, scenario_setting(scenario, "tls-mode", mode));
	if (rc == SMTPC_OK)
		rc = set_trust(play,
			       scenario_setting(scenario, "tls-trust", "ca"));
	if (rc == SMTPC_OK && strcmp(domain, "default") != 0)
		rc = smtpc_session_set_client_domain(play->session, domain);
	for (i = 0; rc == SMTPC_OK && i < scenario->setting_count; i++)
		rc = setup_apply(play, &scenario->settings[i]);
	return rc;
}

/*
 * Content.
 */

/* Carry on with the next piece when the one at hand is used up. */
static const struct piece *
get_piece(struct feed *feed)
{
	const struct piece *piece;

	while (feed->piece < feed->mail->piece_count) {
		piece = &feed->mail->pieces[feed->piece];
		if (piece->kind != PIECE_OCTETS ||
		    feed->offset < piece->text.len)
			return piece;
		feed->piece++;
		feed->offset = 0;
	}
	return NULL;
}

static int
read_feed(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	struct feed *feed = userdata;
	const struct piece *piece = get_piece(feed);
	size_t len;

	*ret_len = 0;
	if (piece == NULL)
		return SMTPC_OK;
	if (piece->kind == PIECE_FAIL)
		return SMTPC_E_CONTENT;
	if (piece->kind == PIECE_PAUSE) {
		feed->paused = true;
		return SMTPC_AGAIN;
	}
	len = piece->text.len - feed->offset;
	if (len > size)
		len = size;
	memcpy(buffer, octets_data(&piece->text) + feed->offset, len);
	feed->offset += len;
	*ret_len = len;
	return SMTPC_OK;
}

/* Put pieces into the pipe until there is a pause, or none is left. */
static void
write_pipe(struct feed *feed)
{
	const struct piece *piece;

	while ((piece = get_piece(feed)) != NULL) {
		if (piece->kind != PIECE_OCTETS) {
			feed->paused = true;
			return;
		}
		/* All that a scenario writes fits into an empty pipe. */
		if (write(feed->write_end, octets_data(&piece->text),
			  piece->text.len) != (ssize_t)piece->text.len)
			fatal("the pipe is full");
		feed->offset = piece->text.len;
	}
	close(feed->write_end);
	feed->write_end = -1;
}

static void
open_pipe(struct feed *feed)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		fatal("there is no pipe");
	feed->fd = ends[0];
	feed->write_end = ends[1];
	write_pipe(feed);
}

static void
open_file(struct feed *feed)
{
	feed->fd = memfd_create("content", MFD_CLOEXEC);
	if (feed->fd < 0 ||
	    write(feed->fd, feed->data, feed->len) != (ssize_t)feed->len ||
	    lseek(feed->fd, feed->mail->offset, SEEK_SET) < 0)
		fatal("there is no file");
}

/* All pieces in one block of just the right size, so that tools see more. */
static void
gather(struct feed *feed)
{
	const struct mail *mail = feed->mail;
	size_t i, len;

	for (i = 0; i < mail->piece_count; i++)
		feed->len += mail->pieces[i].text.len;
	feed->data = malloc(feed->len > 0 ? feed->len : 1);
	if (feed->data == NULL)
		abort();
	feed->len = 0;
	for (i = 0; i < mail->piece_count; i++) {
		len = mail->pieces[i].text.len;
		if (len > 0)
			memcpy(feed->data + feed->len,
			       octets_data(&mail->pieces[i].text), len);
		feed->len += len;
	}
}

static int
set_content(struct feed *feed, smtpc_transaction *transaction)
{
	int rc;

	switch (feed->mail->content) {
	case CONTENT_OF_MEMORY:
		gather(feed);
		return smtpc_transaction_set_content(transaction, feed->data,
						     feed->len);
	case CONTENT_OF_COPY:
		gather(feed);
		rc = smtpc_transaction_set_content_copy(transaction, feed->data,
							feed->len);
		/* A copy it has to be. */
		memset(feed->data, 'X', feed->len);
		return rc;
	case CONTENT_OF_FILE:
		gather(feed);
		open_file(feed);
		return smtpc_transaction_set_content_fd(transaction, feed->fd);
	case CONTENT_OF_PIPE:
		open_pipe(feed);
		return smtpc_transaction_set_content_fd(transaction, feed->fd);
	case CONTENT_OF_BROKEN:
		feed->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return smtpc_transaction_set_content_fd(transaction, feed->fd);
	case CONTENT_OF_READER:
		return smtpc_transaction_set_content_reader(transaction,
							    read_feed,
							    feed->mail->size,
							    feed);
	default:
		return SMTPC_OK;
	}
}

static int
add_parameter(smtpc_transaction *transaction,
	      const struct mail_parameter *parameter)
{
	const char *equals = strchr(parameter->text, '=');
	char *keyword = dialogue_copy(parameter->text);
	const char *value = NULL;
	int rc;

	if (equals != NULL) {
		keyword[equals - parameter->text] = '\0';
		value = equals + 1;
	}
	if (parameter->recipient == SIZE_MAX)
		rc = smtpc_transaction_add_mail_parameter(transaction, keyword,
							  value);
	else
		rc = smtpc_transaction_add_recipient_parameter(
		    transaction, parameter->recipient, keyword, value);
	free(keyword);
	return rc;
}

static int
set_form(smtpc_transaction *transaction, const char *form)
{
	static const char *const names[] = {
		[SMTPC_CONTENT_TEXT] = "text",
		[SMTPC_CONTENT_STRICT] = "strict",
		[SMTPC_CONTENT_BINARY] = "binary",
	};
	int i;

	for (i = 0; form != NULL && i <= SMTPC_CONTENT_BINARY; i++)
		if (strcmp(names[i], form) == 0)
			return smtpc_transaction_set_content_form(transaction,
								  i);
	return form == NULL ? SMTPC_OK : SMTPC_E_INVALID;
}

static int
fill_in(const struct mail *mail, struct feed *feed,
	smtpc_transaction *transaction)
{
	size_t i;
	int rc;

	rc = smtpc_transaction_set_sender(transaction, mail->sender);
	for (i = 0; rc == SMTPC_OK && i < mail->recipient_count; i++)
		rc = smtpc_transaction_add_recipient(transaction,
						     mail->recipients[i], NULL);
	for (i = 0; rc == SMTPC_OK && i < mail->parameter_count; i++)
		rc = add_parameter(transaction, &mail->parameters[i]);
	if (rc == SMTPC_OK)
		rc = smtpc_transaction_set_all_or_none(transaction,
						       mail->all_or_none);
	if (rc == SMTPC_OK)
		rc = set_form(transaction, mail->form);
	return rc == SMTPC_OK ? set_content(feed, transaction) : rc;
}

int
setup_mails(struct play *play)
{
	const struct scenario *scenario = play->scenario;
	size_t i;
	int rc = SMTPC_OK;

	play->mails = calloc(scenario->mail_count, sizeof(*play->mails));
	play->feeds = calloc(scenario->mail_count, sizeof(*play->feeds));
	if (play->mails == NULL || play->feeds == NULL)
		abort();
	for (i = 0; i < scenario->mail_count; i++)
		play->feeds[i].fd = play->feeds[i].write_end = -1;
	for (i = 0; rc == SMTPC_OK && i < scenario->mail_count; i++) {
		play->feeds[i].mail = &scenario->mails[i];
		rc = smtpc_transaction_new(&play->mails[i]);
		if (rc == SMTPC_OK)
			rc = fill_in(&scenario->mails[i], &play->feeds[i],
				     play->mails[i]);
	}
	return rc;
}

void
setup_clear(struct play *play)
{
	struct feed *feed;
	size_t i;

	for (i = 0; play->mails != NULL && i < play->scenario->mail_count;
	     i++) {
		feed = &play->feeds[i];
		smtpc_transaction_free(play->mails[i]);
		if (feed->fd >= 0)
			close(feed->fd);
		if (feed->write_end >= 0)
			close(feed->write_end);
		free(feed->data);
	}
	free(play->mails);
	free(play->feeds);
	smtpc_session_free(play->session);
	smtpc_tls_free(play->own);
	octets_clear(&play->host);
	auth_clear(play);
}

/*
 * Content that pauses.
 */

/* The feed of the mail that is sent, if it pauses; or NULL. */
static struct feed *
paused_feed(const struct play *play)
{
	size_t i;

	for (i = 0; play->feeds != NULL && i < play->scenario->mail_count; i++)
		if ((play->mails[i] == play->sent || play->sent == NULL) &&
		    play->feeds[i].paused)
			return &play->feeds[i];
	return NULL;
}

static int64_t
pause_of(const struct feed *feed)
{
	return feed->mail->pieces[feed->piece].amount;
}

bool
setup_feed(struct play *play)
{
	struct feed *feed = paused_feed(play);

	if (feed == NULL)
		return false;
	if (feed->until == 0)
		feed->until = play->now + pause_of(feed);
	if (play->now < feed->until)
		return false;
	feed->paused = false;
	feed->until = 0;
	feed->piece++;
	feed->offset = 0;
	if (feed->write_end >= 0)
		write_pipe(feed);
	return true;
}

int64_t
setup_feed_wakes(const struct play *play)
{
	const struct feed *feed = paused_feed(play);

	return feed != NULL && feed->until != 0 ? feed->until : PEER_NEVER;
}

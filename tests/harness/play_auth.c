/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller's secrets: how they are set, what is answered when one is asked
 * for, and that nobody gets to see them.
 */
#include <stdlib.h>
#include <string.h>

#include "play_world.h"

#define BETWEEN " ; "

/*
 * What was ever set, to be looked for.
 */

static void
remember(struct play *play, const char *secret)
{
	struct keeper *keeper = &play->keeper;

	/* A short one may be part of any word. */
	if (secret == NULL || strlen(secret) < 4 ||
	    keeper->count == KEEPER_SECRETS_MAX)
		return;
	octets_append_text(&keeper->secrets[keeper->count++], secret);
}

bool
auth_shows(const struct play *play, const char *text, size_t len)
{
	const struct octets *secret = play->keeper.secrets;
	size_t i;

	for (i = 0; i < play->keeper.count; i++, secret++)
		if (memmem(text, len, octets_data(secret), secret->len))
			return true;
	return false;
}

void
auth_clear(struct play *play)
{
	size_t i;

	for (i = 0; i < play->keeper.count; i++)
		octets_clear(&play->keeper.secrets[i]);
	octets_clear(&play->keeper.script);
	octets_clear(&play->keeper.late);
	octets_clear(&play->keeper.asked);
}

/*
 * The setters of secrets.
 */

/* The word "NULL" is just that, and "EMPTY" an empty text. */
static const char *
take_text(const struct source_line *line, const char *text, struct octets *out)
{
	if (strcmp(text, "NULL") == 0)
		return NULL;
	if (strcmp(text, "EMPTY") != 0)
		dialogue_octets(line, &text, false, 1, out, NULL);
	return octets_data(out);
}

/* "authcid password"; either may have escapes and macros in it; "none". */
static int
set_credentials(struct play *play, const struct source_line *line,
		const char *value)
{
	const char *authzid = scenario_setting(play->scenario, "authzid", NULL);
	struct octets texts[3] = { { 0 }, { 0 }, { 0 } };
	const char *authcid, *password;
	char *word = dialogue_word(&value);
	int rc;

	if (strcmp(word, "none") == 0) {
		free(word);
		return smtpc_session_set_credentials(play->session, NULL, NULL,
						     NULL);
	}
	if (authzid != NULL)
		authzid = take_text(line, authzid, &texts[0]);
	authcid = take_text(line, word, &texts[1]);
	password = take_text(line, value, &texts[2]);
	rc = smtpc_session_set_credentials(play->session, authzid, authcid,
					   password);
	if (password != NULL) {
		scram_set_password(&play->peer.scram, password);
		remember(play, password);
	}
	octets_clear(&texts[0]);
	octets_clear(&texts[1]);
	octets_clear(&texts[2]);
	free(word);
	return rc;
}

/* "[authcid] token", or "none". */
static int
set_token(struct play *play, const struct source_line *line, const char *value)
{
	struct octets texts[2] = { { 0 }, { 0 } };
	const char *authcid = NULL;
	const char *token;
	char *word = dialogue_word(&value);
	int rc;

	if (strcmp(word, "none") == 0) {
		free(word);
		return smtpc_session_set_oauth_token(play->session, NULL, NULL);
	}
	if (*value != '\0')
		authcid = take_text(line, word, &texts[0]);
	token = take_text(line, *value != '\0' ? value : word, &texts[1]);
	rc = smtpc_session_set_oauth_token(play->session, authcid, token);
	remember(play, token);
	octets_clear(&texts[0]);
	octets_clear(&texts[1]);
	free(word);
	return rc;
}

/*
 * The callback.
 */

/* Each of these has to wait until the caller is done. */
static void
meddle(struct play *play)
{
	smtpc_session *session = play->session;
	const struct {
		const char *what;
		int rc;
	} calls[] = {
		{ "noop", smtpc_noop(session) },
		{ "auth", smtpc_auth(session) },
		{ "ehlo", smtpc_ehlo(session) },
		{ "rset", smtpc_rset(session) },
		{ "quit", smtpc_quit(session) },
		{ "process", smtpc_process(session) },
		{ "set_mechanisms",
		  smtpc_session_set_mechanisms(session, NULL) },
		{ "set_auth_attempts",
		  smtpc_session_set_auth_attempts(session, 5) },
		{ "set_plaintext_auth",
		  smtpc_session_set_plaintext_auth(session, 1) },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].rc != SMTPC_E_BUSY)
			play_fail(play, play->step->number,
				  "in the callback, %s is %s", calls[i].what,
				  name_of_result(calls[i].rc));
	if (smtpc_session_state(session) != SMTPC_STATE_READY)
		play_fail(play, play->step->number,
			  "in the callback, the state is another");
}

/* One answer of the script's; SMTPC_AGAIN: it comes later. */
static int
answer(struct play *play, const char *text)
{
	struct source_line line = { play->scenario->file, play->step->number,
				    NULL, 0 };
	char *word = dialogue_word(&text);
	int rc = SMTPC_OK;

	if (strcmp(word, "password") == 0) {
		rc = set_credentials(play, &line, text);
	} else if (strcmp(word, "token") == 0) {
		rc = set_token(play, &line, text);
	} else if (strcmp(word, "refuse") == 0) {
		rc = SMTPC_E_CANCELLED;
	} else if (strcmp(word, "again") == 0) {
		rc = SMTPC_AGAIN;
	} else if (strcmp(word, "meddle") == 0) {
		meddle(play);
		rc = answer(play, text);
	} else if (strcmp(word, "later") == 0) {
		if (play->cell & CELL_BLOCKING) {
			rc = answer(play, text);
		} else {
			octets_clear(&play->keeper.late);
			octets_append_text(&play->keeper.late, text);
			rc = SMTPC_AGAIN;
		}
	} else if (strcmp(word, "nothing") != 0) {
		dialogue_bad(&line, "\"%s\" is no answer", word);
	}
	free(word);
	return rc;
}

static int
be_asked(smtpc_session *session, int kind, int reason, const char *status,
	 void *userdata)
{
	static const char *const kinds[] = { "PASSWORD", "TOKEN" };
	static const char *const reasons[] = { "FIRST", "REJECTED", "EXPIRED" };
	struct play *play = userdata;
	struct keeper *keeper = &play->keeper;
	const char *end;
	char *text;
	int rc;

	if (session != play->session)
		play_fail(play, play->step->number, "another session asks");
	octets_printf(&keeper->asked, "%s%s %s%s%s",
		      keeper->asked.len > 0 ? BETWEEN : "", kinds[kind],
		      reasons[reason], *status != '\0' ? " " : "", status);
	if (keeper->script.len == 0) {
		if (!play->options->lenient)
			play_fail(play, play->step->number,
				  "a secret is asked for once too often");
		return SMTPC_OK;
	}
	end = strstr(octets_data(&keeper->script), BETWEEN);
	text = dialogue_copy(octets_data(&keeper->script));
	if (end != NULL) {
		text[end - octets_data(&keeper->script)] = '\0';
		octets_consume(&keeper->script, strlen(text) + strlen(BETWEEN));
	} else {
		octets_clear(&keeper->script);
	}
	rc = answer(play, text);
	free(text);
	return rc;
}

/* "ANSWER ; ANSWER ...", or "none". */
static int
set_callback(struct play *play, const char *value)
{
	octets_clear(&play->keeper.script);
	if (strcmp(value, "none") == 0)
		return smtpc_session_set_secret_callback(play->session, NULL,
							 NULL);
	octets_append_text(&play->keeper.script, value);
	return smtpc_session_set_secret_callback(play->session, be_asked, play);
}

bool
auth_resume(struct play *play)
{
	struct octets late = play->keeper.late;

	if (late.len == 0)
		return false;
	memset(&play->keeper.late, 0, sizeof(play->keeper.late));
	/* Who has no memory for it tries again; and if there is none at all,
	 * AUTH waits for it in vain. */
	if (answer(play, octets_data(&late)) == SMTPC_E_NOMEM)
		(void)answer(play, octets_data(&late));
	octets_clear(&late);
	return true;
}

/*
 * Other settings of AUTH.
 */

static int
set_binding(struct play *play, const struct source_line *line,
	    const char *value)
{
	static const char *const names[] = { "auto", "none", "exporter",
					     "unique", "server-end-point" };
	int i;

	for (i = 0; i < 5; i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		play->peer.scram.binding = names[i];
		return smtpc_session_set_channel_binding(play->session, i);
	}
	return smtpc_session_set_channel_binding(play->session,
						 (int)dialogue_number(line,
								      value));
}

static int
set_mechanisms(struct play *play, const struct source_line *line,
	       const char *value)
{
	struct octets text = { 0 };
	const char *names = take_text(line, value, &text);
	int rc = smtpc_session_set_mechanisms(play->session, names);

	octets_clear(&text);
	return rc;
}

bool
auth_apply(struct play *play, const struct setting *setting, int *ret_rc)
{
	struct source_line line = { play->scenario->file, setting->number, NULL,
				    0 };
	smtpc_session *session = play->session;
	const char *key = setting->key;
	const char *value = setting->value;

	if (strcmp(key, "credentials") == 0)
		*ret_rc = set_credentials(play, &line, value);
	else if (strcmp(key, "oauth-token") == 0)
		*ret_rc = set_token(play, &line, value);
	else if (strcmp(key, "secret-callback") == 0)
		*ret_rc = set_callback(play, value);
	else if (strcmp(key, "mechanisms") == 0)
		*ret_rc = set_mechanisms(play, &line, value);
	else if (strcmp(key, "auth-attempts") == 0)
		*ret_rc = smtpc_session_set_auth_attempts(
		    session, (int)dialogue_number(&line, value));
	else if (strcmp(key, "channel-binding") == 0)
		*ret_rc = set_binding(play, &line, value);
	else if (strcmp(key, "scram-iterations") == 0)
		*ret_rc = smtpc_session_set_scram_iterations(
		    session, (int)dialogue_number(&line, value));
	else if (strcmp(key, "plaintext-auth") == 0)
		*ret_rc =
		    smtpc_session_set_plaintext_auth(session,
						     strcmp(value, "on") == 0);
	else
		return false;
	return true;
}

/*
 * What was tried.
 */

void
auth_describe_attempts(const struct play *play, struct octets *out)
{
	const char *mechanism, *message;
	const smtpc_reply *reply;
	size_t i;
	int result;

	for (i = 0; smtpc_session_auth_attempt_at(play->session, i, &mechanism,
						  &result, &reply,
						  &message) == SMTPC_OK;
	     i++) {
		octets_printf(out, "%s%s %s ", i > 0 ? BETWEEN : "", mechanism,
			      name_of_result(result));
		if (reply != NULL)
			octets_printf(out, "%d", smtpc_reply_code(reply));
		else
			octets_append_text(out, "none");
	}
	if (i == 0)
		octets_append_text(out, "none");
}

void
auth_describe_challenge(const struct play *play, struct octets *out)
{
	size_t len = 0;
	const char *text = smtpc_session_auth_challenge(play->session, &len);

	if (text == NULL)
		octets_append_text(out, "none");
	else
		octets_append_escaped(out, text, len);
}

static void
check_attempt(struct play *play, size_t index)
{
	const char *mechanism, *message, *c;
	const smtpc_reply *reply;
	int result;
	int number = play->step->number;

	if (smtpc_session_auth_attempt_at(play->session, index, &mechanism,
					  &result, &reply,
					  &message) != SMTPC_OK) {
		play_fail(play, number, "there is no attempt %zu", index);
		return;
	}
	for (c = message; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			play_fail(play, number,
				  "an attempt's message is not printable");
	if (auth_shows(play, message, strlen(message)))
		play_fail(play, number, "an attempt's message has a secret");
	if ((result == SMTPC_OK) != (*message == '\0'))
		play_fail(play, number,
			  "a failed attempt has a message, and no other has");
}

void
auth_check_truth(struct play *play)
{
	size_t count = smtpc_session_auth_attempt_count(play->session);
	const char *mechanism, *message;
	const smtpc_reply *reply;
	size_t i;
	int result = SMTPC_E_INVALID;

	for (i = 0; i < count; i++)
		check_attempt(play, i);
	if (smtpc_session_auth_attempt_at(play->session, count, &mechanism,
					  &result, &reply,
					  &message) != SMTPC_E_INVALID)
		play_fail(play, play->step->number,
			  "there is an attempt too many");
	if (strcmp(play->step->verb, "auth") != 0 || play->rc != SMTPC_OK)
		return;
	if (count == 0 ||
	    smtpc_session_auth_attempt_at(play->session, count - 1, &mechanism,
					  &result, &reply,
					  &message) != SMTPC_OK ||
	    result != SMTPC_OK)
		play_fail(play, play->step->number,
			  "authenticated, but the last attempt was not it");
}

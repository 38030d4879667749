/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a scenario expects of a step, and what is expected of every step that
 * says nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "play_world.h"
#include "transaction.h"

/* A line as the parsers want it, to complain of. */
static struct source_line
line_of(const struct play *play, const struct fact *fact)
{
	struct source_line line = { play->scenario->file, fact->number, NULL,
				    0 };

	return line;
}

static void
differs(struct play *play, int number, const char *what, const char *is,
	const char *should)
{
	play_fail(play, number, "%s is %s, not %s (%s)", what,
		  is != NULL ? is : "nothing", should,
		  smtpc_error_message(play->session));
}

static void
check_text(struct play *play, const struct fact *fact, const char *what,
	   const char *is)
{
	if (is == NULL)
		is = "none";
	if (strcmp(is, fact->value) != 0)
		differs(play, fact->number, what, is, fact->value);
}

static void
check_number(struct play *play, const struct fact *fact, const char *what,
	     long long is)
{
	struct octets text = { 0 };

	octets_printf(&text, "%lld", is);
	check_text(play, fact, what, octets_data(&text));
	octets_clear(&text);
}

static void
check_code(struct play *play, const struct fact *fact, const char *what,
	   const smtpc_reply *reply)
{
	if (reply == NULL)
		check_text(play, fact, what, "none");
	else
		check_number(play, fact, what, smtpc_reply_code(reply));
}

/*
 * Facts that are looked at only if they are stated.
 */

static void
check_last(struct play *play, const struct fact *fact)
{
	check_code(play, fact, "the last reply",
		   smtpc_session_reply(play->session));
}

static void
check_greeting(struct play *play, const struct fact *fact)
{
	check_code(play, fact, "the greeting",
		   smtpc_session_greeting(play->session));
}

static void
check_verdict(struct play *play, const struct fact *fact)
{
	check_code(play, fact, "the transaction's reply",
		   smtpc_transaction_reply(play->sent));
}

static void
check_octets(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of octets sent",
		     smtpc_transaction_octets_sent(play->sent));
}

static void
check_took(struct play *play, const struct fact *fact)
{
	struct source_line line = line_of(play, fact);

	if (play->now - play->step_began != dialogue_time(&line, fact->value))
		play_fail(play, fact->number, "it took %lld ms",
			  (long long)(play->now - play->step_began));
}

static void
check_flights(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of flights", play->peer.flights);
}

static void
check_errno(struct play *play, const struct fact *fact)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "EPIPE", EPIPE },
		{ "ECONNRESET", ECONNRESET },
		{ "ECONNREFUSED", ECONNREFUSED },
		{ "EISDIR", EISDIR },
		{ "none", 0 },
	};
	int is = smtpc_error_errno(play->session);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, fact->value) == 0 &&
		    names[i].value == is)
			return;
	play_fail(play, fact->number, "the error number is %d", is);
}

static void
check_tls_error(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "whether there is an error of TLS",
		   smtpc_error_tls(play->session) != 0 ? "yes" : "no");
}

static void
check_message(struct play *play, const struct fact *fact)
{
	const char *message = smtpc_error_message(play->session);

	if (strstr(message, fact->value) == NULL)
		differs(play, fact->number, "the message", message,
			fact->value);
}

/* "KEYWORD parameters", or "KEYWORD none". */
static void
check_extension(struct play *play, const struct fact *fact)
{
	const char *rest = fact->value;
	char *keyword = dialogue_word(&rest);
	const char *is = smtpc_session_extension(play->session, keyword);

	if (strcmp(rest, "none") == 0 ? is != NULL
				      : is == NULL || strcmp(is, rest) != 0)
		differs(play, fact->number, "the extension", is, fact->value);
	free(keyword);
}

static void
check_extensions(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of extensions",
		     (long long)smtpc_session_extension_count(play->session));
}

static void
check_lines(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of lines",
		     (long long)smtpc_reply_line_count(
			 smtpc_session_reply(play->session)));
}

/* "N text": a line of the last reply. */
static void
check_text_line(struct play *play, const struct fact *fact)
{
	struct source_line line = line_of(play, fact);
	const char *rest = fact->value;
	char *number = dialogue_word(&rest);
	struct octets should = { 0 };
	const char *is = "";
	size_t len = 0;

	dialogue_octets(&line, &rest, false, 1, &should, NULL);
	if (smtpc_reply_line(smtpc_session_reply(play->session),
			     (size_t)dialogue_number(&line, number) - 1, &is,
			     &len) != SMTPC_OK ||
	    len != should.len || memcmp(is, octets_data(&should), len) != 0)
		play_fail(play, fact->number, "the text of the line is \"%s\"",
			  is);
	octets_clear(&should);
	free(number);
}

static void
check_enhanced(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "the enhanced code",
		   smtpc_reply_enhanced(smtpc_session_reply(play->session)));
}

static void
check_mechanism(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "the mechanism",
		   smtpc_session_mechanism(play->session));
}

static void
check_described(struct play *play, const struct fact *fact, const char *what,
		void (*describe)(const struct play *, struct octets *))
{
	struct octets text = { 0 };

	describe(play, &text);
	check_text(play, fact, what, octets_data(&text));
	octets_clear(&text);
}

static void
check_attempts(struct play *play, const struct fact *fact)
{
	check_described(play, fact, "what was tried", auth_describe_attempts);
}

/* It is written as the line is in which it came. */
static void
check_challenge(struct play *play, const struct fact *fact)
{
	struct source_line line = line_of(play, fact);
	const char *text = fact->value;
	struct octets plain = { 0 };
	struct octets shown = { 0 };
	struct fact should = *fact;

	dialogue_octets(&line, &text, false, 1, &plain, NULL);
	octets_append_escaped(&shown, octets_data(&plain), plain.len);
	should.value = dialogue_copy(octets_data(&shown));
	check_described(play, &should, "the challenge",
			auth_describe_challenge);
	free(should.value);
	octets_clear(&plain);
	octets_clear(&shown);
}

static void
check_asked(struct play *play, const struct fact *fact)
{
	const struct octets *asked = &play->keeper.asked;

	check_text(play, fact, "what was asked for",
		   asked->len > 0 ? octets_data(asked) : NULL);
}

static void
check_trust(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "the trust",
		   name_of_trust(smtpc_session_tls_trust(play->session)));
}

static void
check_tls(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "TLS", smtpc_session_tls_version(play->session));
}

static void
check_cipher(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "the cipher",
		   smtpc_session_tls_cipher(play->session));
}

/* All of the words, and nothing else. */
static void
check_problems(struct play *play, const struct fact *fact)
{
	struct source_line line = line_of(play, fact);
	const char *rest = fact->value;
	uint32_t should = 0;
	uint32_t is = smtpc_session_certificate_problems(play->session);
	char *word;

	while (*rest != '\0') {
		word = dialogue_word(&rest);
		if (problem_by_name(word) == 0)
			dialogue_bad(&line, "\"%s\" is no problem", word);
		should |= problem_by_name(word);
		free(word);
	}
	if (is != should)
		play_fail(play, fact->number, "the problems are %#x, not %#x",
			  is, should);
}

static void
check_certificates(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of certificates",
		     (long long)smtpc_session_certificate_count(play->session));
}

/* What the server saw of the client. */

static void
check_sent_certificates(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of the client's certificates",
		     (long long)play->peer.manners.certificates);
}

static void
check_warnings(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of the client's warnings",
		     (long long)play->peer.manners.warnings);
}

static void
check_goodbye(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "whether the client said goodbye",
		   play->peer.said_goodbye ? "yes" : "no");
}

/* The name that the client has asked for. */
static void
check_sni(struct play *play, const struct fact *fact)
{
	char name[300];
	size_t len = sizeof(name);
	unsigned int type;

	if (play->peer.tls == NULL ||
	    gnutls_server_name_get(play->peer.tls, name, &len, &type, 0) != 0)
		check_text(play, fact, "the name in SNI", NULL);
	else
		check_text(play, fact, "the name in SNI", name);
}

/* What the step may cost the processor, both sides together. */
static void
check_cpu(struct play *play, const struct fact *fact)
{
	struct source_line line = line_of(play, fact);
	clock_t limit = (clock_t)dialogue_time(&line, fact->value) *
			(CLOCKS_PER_SEC / 1000);

	if (clock() - play->cpu_began > limit)
		play_fail(play, fact->number, "it cost the processor %ld ms",
			  (long)((clock() - play->cpu_began) /
				 (CLOCKS_PER_SEC / 1000)));
}

/* The transaction's result, which is not that of the step. */
static void
check_fate(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "the fate", name_of_result(play->fate));
}

static void
check_why(struct play *play, const struct fact *fact)
{
	const char *message = smtpc_transaction_error_message(play->sent);

	if (strstr(message, fact->value) == NULL)
		differs(play, fact->number, "the transaction's message",
			message, fact->value);
}

/* The token that belongs to it. */
static void
check_cause(struct play *play, const struct fact *fact)
{
	check_text(play, fact, "the transaction's detail",
		   play->sent->failure.detail);
}

static void
check_outstanding(struct play *play, const struct fact *fact)
{
	check_number(play, fact, "the number of outstanding transactions",
		     (long long)smtpc_session_outstanding(play->session));
}

static const struct {
	const char *key;
	void (*check)(struct play *play, const struct fact *fact);
	bool of_mail;
} checks[] = {
	{ "last", check_last, false },
	{ "greeting", check_greeting, false },
	{ "verdict", check_verdict, true },
	{ "octets", check_octets, true },
	{ "took", check_took, false },
	{ "flights", check_flights, false },
	{ "errno", check_errno, false },
	{ "tls-error", check_tls_error, false },
	{ "message", check_message, false },
	{ "extension", check_extension, false },
	{ "extensions", check_extensions, false },
	{ "lines", check_lines, false },
	{ "text", check_text_line, false },
	{ "enhanced", check_enhanced, false },
	{ "mechanism", check_mechanism, false },
	{ "attempts", check_attempts, false },
	{ "challenge", check_challenge, false },
	{ "asked", check_asked, false },
	{ "trust", check_trust, false },
	{ "tls", check_tls, false },
	{ "cipher", check_cipher, false },
	{ "problems", check_problems, false },
	{ "certificates", check_certificates, false },
	{ "sni", check_sni, false },
	{ "cpu", check_cpu, false },
	{ "sent-certificates", check_sent_certificates, false },
	{ "warnings", check_warnings, false },
	{ "goodbye", check_goodbye, false },
	{ "fate", check_fate, true },
	{ "why", check_why, true },
	{ "cause", check_cause, true },
	{ "outstanding", check_outstanding, false },
};

/* What is stated beside what is always looked at. */
static void
check_stated(struct play *play, const struct fact *fact)
{
	struct source_line line = line_of(play, fact);
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strcmp(checks[i].key, fact->key) == 0)
			break;
	if (i == sizeof(checks) / sizeof(checks[0]))
		dialogue_bad(&line, "there is no fact \"%s\"", fact->key);
	if (checks[i].of_mail && play->sent == NULL)
		dialogue_bad(&line, "no mail was sent");
	checks[i].check(play, fact);
}

/*
 * Recipients.
 */

static void
check_recipient(struct play *play, int number, size_t index,
		const char *outcome, const char *code)
{
	const smtpc_reply *reply =
	    smtpc_transaction_recipient_reply(play->sent, index);
	const char *is = name_of_outcome(
	    smtpc_transaction_recipient_outcome(play->sent, index));
	struct octets what = { 0 };
	struct fact fact = { number, 0, NULL, NULL };

	octets_printf(&what, "recipient %zu", index + 1);
	if (is == NULL || strcmp(is, outcome) != 0)
		differs(play, number, octets_data(&what), is, outcome);
	octets_append_text(&what, "'s reply");
	fact.value = dialogue_copy(code);
	if (*code != '\0')
		check_code(play, &fact, octets_data(&what), reply);
	free(fact.value);
	octets_clear(&what);
}

/* "N OUTCOME [CODE]" or "N-M OUTCOME [CODE]". */
static void
check_stated_recipients(struct play *play, const struct fact *fact, bool *seen,
			size_t count)
{
	struct source_line line = line_of(play, fact);
	const char *rest = fact->value;
	char *range = dialogue_word(&rest);
	char *outcome = dialogue_word(&rest);
	char *dash = strchr(range, '-');
	size_t first, last;

	if (dash != NULL)
		*dash = '\0';
	first = (size_t)dialogue_number(&line, range);
	last = dash != NULL ? (size_t)dialogue_number(&line, dash + 1) : first;
	for (; first <= last; first++) {
		if (first == 0 || first > count)
			dialogue_bad(&line, "there is no recipient %zu", first);
		check_recipient(play, fact->number, first - 1, outcome, rest);
		seen[first - 1] = true;
	}
	free(range);
	free(outcome);
}

/* Whoever is not named. */
static const char *
default_outcome(int rc)
{
	if (rc == SMTPC_OK)
		return "ACCEPTED";
	return rc == SMTPC_IN_DOUBT ? "IN_DOUBT" : "NOT_ATTEMPTED";
}

static void
check_recipients(struct play *play)
{
	size_t count = smtpc_transaction_recipient_count(play->sent);
	bool *seen = calloc(count + 1, sizeof(*seen));
	const struct fact *fact;
	size_t i;

	if (seen == NULL)
		abort();
	for (i = 0; i < play->step->fact_count; i++) {
		fact = &play->step->facts[i];
		if (strcmp(fact->key, "to") == 0 &&
		    (fact->cells & play->cell) == play->cell)
			check_stated_recipients(play, fact, seen, count);
	}
	for (i = 0; i < count; i++)
		if (!seen[i])
			check_recipient(play, play->step->number, i,
					default_outcome(play->fate), "");
	free(seen);
}

/*
 * What is always looked at.
 */

static const struct {
	const char *verb;
	const char *state; /* when all went well; NULL: as before */
	const char *phase;
} verbs[] = {
	{ "connect", "connected", "GREETING" },
	{ "ehlo", "ready", "EHLO" },
	{ "starttls", "connected", "STARTTLS" },
	{ "accept", "connected", "TLS" },
	{ "auth", "ready", "AUTH" },
	{ "send", "ready", "MAIL" },
	{ "rset", "ready", "RSET" },
	{ "noop", NULL, "NOOP" },
	{ "command", NULL, "COMMAND" },
	{ "quit", "disconnected", "QUIT" },
	{ "disconnect", "disconnected", "NONE" },
	{ "open", "ready", "?" },
	{ "process", NULL, "IDLE" },
};

static size_t
find_verb(const struct play *play)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]) - 1; i++)
		if (strcmp(verbs[i].verb, play->step->verb) == 0)
			break;
	return i;
}

/* Whether a failure of this kind is the end of the connection. */
static bool
is_fatal(const struct play *play, int rc)
{
	switch (rc) {
	case SMTPC_IN_DOUBT:
	case SMTPC_E_NOMEM:
	case SMTPC_E_SYSTEM:
	case SMTPC_E_TIMEOUT:
	case SMTPC_E_CLOSED:
	case SMTPC_E_CANCELLED:
	case SMTPC_E_PROTOCOL:
	case SMTPC_E_TLS:
	case SMTPC_E_CONTENT:
		return true;
	case SMTPC_E_TRANSIENT:
	case SMTPC_E_PERMANENT:
		return strcmp(play->step->verb, "connect") == 0;
	default:
		return false;
	}
}

static struct expected
defaults(const struct play *play)
{
	size_t verb = find_verb(play);
	struct expected expected = { NULL, "", "NONE", NULL, "none", "no" };

	if (stream_is_step(play) || play->stream.last != NULL)
		return stream_defaults(play);
	expected.state = name_of_state(play->state_before);
	if (play->rc == SMTPC_OK) {
		if (verbs[verb].state != NULL)
			expected.state = verbs[verb].state;
		return expected;
	}
	expected.phase = verbs[verb].phase;
	if (play->rc < 0)
		expected.retry = "yes";
	if (strcmp(verbs[verb].verb, "quit") == 0)
		expected.state = "disconnected";
	else if (is_fatal(play, play->rc))
		expected.state = "dead";
	else if (play->rc == SMTPC_E_CERTIFICATE)
		expected.state = "untrusted";
	return expected;
}

/* False: it is not one of these. */
static bool
state_fact(struct expected *expected, const struct fact *fact)
{
	const struct {
		const char *key;
		const char **place;
	} places[] = {
		{ "result", &expected->result },
		{ "detail", &expected->detail },
		{ "phase", &expected->phase },
		{ "state", &expected->state },
		{ "reply", &expected->reply },
		{ "retry", &expected->retry },
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(places[i].key, fact->key) == 0) {
			*places[i].place = fact->value;
			return true;
		}
	}
	return strcmp(fact->key, "to") == 0;
}

/* "any" is whatever it is. */
static bool
is_as_it_should(const char *is, const char *should)
{
	return is != NULL && should != NULL &&
	       (strcmp(should, "any") == 0 || strcmp(is, should) == 0);
}

static void
check_expected(struct play *play, const struct expected *expected)
{
	const smtpc_session *session = play->session;
	const smtpc_reply *reply = smtpc_error_reply(session);
	const struct {
		const char *what, *is, *should;
	} pairs[] = {
		{ "the result", name_of_result(play->rc), expected->result },
		{ "the detail", smtpc_error_detail(session), expected->detail },
		{ "the phase", name_of_phase(smtpc_error_phase(session)),
		  expected->phase },
		{ "the state", name_of_state(smtpc_session_state(session)),
		  expected->state },
		{ "safe to retry",
		  smtpc_error_safe_to_retry(session) ? "yes" : "no",
		  expected->retry },
	};
	struct fact fact = { play->step->number, 0, NULL, NULL };
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (!is_as_it_should(pairs[i].is, pairs[i].should))
			differs(play, play->step->number, pairs[i].what,
				pairs[i].is,
				pairs[i].should != NULL ? pairs[i].should
							: "stated");
	fact.value = dialogue_copy(expected->reply);
	if (strcmp(expected->reply, "any") != 0)
		check_code(play, &fact, "the error's reply", reply);
	free(fact.value);
}

void
facts_check(struct play *play)
{
	struct expected expected = defaults(play);
	const struct fact *fact;
	size_t i;

	for (i = 0; i < play->step->fact_count; i++) {
		fact = &play->step->facts[i];
		if ((fact->cells & play->cell) == play->cell)
			(void)state_fact(&expected, fact);
	}
	check_expected(play, &expected);
	if (play->sent != NULL)
		check_recipients(play);
	stream_check_fate(play);
	for (i = 0; i < play->step->fact_count; i++) {
		fact = &play->step->facts[i];
		if ((fact->cells & play->cell) == play->cell &&
		    !state_fact(&expected, fact))
			check_stated(play, fact);
	}
}

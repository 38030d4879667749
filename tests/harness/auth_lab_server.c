/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small SMTP server that is good at AUTH. */
#include "auth_lab_server.h"

#include <stdlib.h>
#include <string.h>

#include "certs.h"

static struct certificates *certificates;

/*
 * What the server says.
 */

static void
say(struct auth_lab *lab, const char *text)
{
	peer_transmit(&lab->peer, text, strlen(text));
	peer_transmit(&lab->peer, "\r\n", 2);
}

/* 334, and this in base64. */
static void
challenge(struct auth_lab *lab, const char *data, size_t len)
{
	gnutls_datum_t encoded = { NULL, 0 };
	struct octets line = { 0 };
	gnutls_datum_t plain;

	octets_clear(&lab->said);
	octets_append(&lab->said, data, len);
	if (lab->twist != NULL)
		lab->twist(&lab->said);
	plain.data = (unsigned char *)(uintptr_t)octets_data(&lab->said);
	plain.size = (unsigned int)lab->said.len;
	if (plain.size > 0)
		ck_assert_int_eq(gnutls_base64_encode2(&plain, &encoded), 0);
	octets_append_text(&line, "334 ");
	octets_append(&line, encoded.data, encoded.size);
	say(lab, octets_data(&line));
	octets_clear(&line);
	gnutls_free(encoded.data);
	lab->exchanging = true;
}

static void
end_exchange(struct auth_lab *lab, const char *reply)
{
	lab->exchanging = false;
	lab->oauth_failed = false;
	say(lab, reply);
}

/*
 * Cyrus SASL.
 */

/* By SMTPC_CHANNEL_BINDING_...: without a name there is none. */
static const struct binding {
	const char *name;
	gnutls_channel_binding_t type;
} bindings[] = {
	{ NULL, 0 },
	{ NULL, 0 },
	{ "tls-exporter", GNUTLS_CB_TLS_EXPORTER },
	{ "tls-unique", GNUTLS_CB_TLS_UNIQUE },
	{ "tls-server-end-point", GNUTLS_CB_TLS_SERVER_END_POINT },
};

static void
make_terms(struct auth_lab *lab, struct peer_sasl_terms *terms)
{
	const struct binding *binding = &bindings[lab->binding];

	memset(terms, 0, sizeof(*terms));
	if (lab->peer.manners.certificates > 0)
		terms->certified = lab->certified;
	if (binding->name == NULL)
		return;
	gnutls_free(lab->binding_data.data);
	lab->binding_data.data = NULL;
	ck_assert_int_eq(gnutls_session_channel_binding(lab->peer.tls,
							binding->type,
							&lab->binding_data),
			 0);
	if (lab->spoils_binding)
		lab->binding_data.data[0] ^= 1;
	terms->binding_type = binding->name;
	terms->binding = lab->binding_data.data;
	terms->binding_len = lab->binding_data.size;
}

static void
new_sasl(struct auth_lab *lab)
{
	struct peer_sasl_terms terms;

	peer_sasl_free(lab->sasl);
	make_terms(lab, &terms);
	lab->sasl = peer_sasl_new(&terms);
	ck_assert_ptr_nonnull(lab->sasl);
}

/* The challenge by which the server proves that it knows the password. */
static bool
is_proof(const char *data, size_t len)
{
	return len > 2 && (memcmp(data, "v=", 2) == 0 ||
			   (len > 8 && memcmp(data, "rspauth=", 8) == 0));
}

static void
pass_on(struct auth_lab *lab, enum peer_sasl_verdict verdict, const char *data,
	size_t len)
{
	char proof[256];

	switch (verdict) {
	case PEER_SASL_ACCEPTS:
		lab->accepted = true;
		end_exchange(lab, "235 2.7.0 welcome");
		return;
	case PEER_SASL_REFUSES:
		end_exchange(lab, "535 5.7.8 no");
		return;
	case PEER_SASL_LACKS:
		end_exchange(lab, "504 5.5.4 no such mechanism");
		return;
	case PEER_SASL_ASKS:
		break;
	}
	if (!is_proof(data, len) || !(lab->keeps_proof || lab->spoils_proof)) {
		challenge(lab, data, len);
		return;
	}
	if (lab->keeps_proof) {
		end_exchange(lab, "235 2.7.0 welcome");
		return;
	}
	ck_assert_uint_le(len, sizeof(proof));
	memcpy(proof, data, len);
	proof[len - 4] = proof[len - 4] == 'A' ? 'B' : 'A';
	challenge(lab, proof, len);
}

/*
 * Bearer tokens.
 */

static void
judge_token(struct auth_lab *lab, const char *response, size_t len)
{
	if (lab->oauth_failed) {
		if (!peer_oauth_is_note(lab->mechanism, response, len))
			lab->wrong = "the challenge was not noted";
		end_exchange(lab, "535 5.7.8 no");
		return;
	}
	lab->wrong =
	    peer_oauth_read(lab->mechanism, response, len, &lab->claim);
	lab->accepted =
	    lab->wrong == NULL && strcmp(lab->claim.token, lab->token) == 0;
	if (lab->accepted) {
		end_exchange(lab, "235 2.7.0 welcome");
	} else if (lab->wrong != NULL || lab->challenge == NULL) {
		end_exchange(lab, "535 5.7.3 no");
	} else {
		challenge(lab, lab->challenge, strlen(lab->challenge));
		lab->oauth_failed = true;
	}
}

/*
 * What the client says.
 */

bool
lab_server_decode(const char *text, struct octets *out)
{
	gnutls_datum_t encoded = { (unsigned char *)(uintptr_t)text,
				   (unsigned int)strlen(text) };
	gnutls_datum_t plain;

	octets_clear(out);
	if (encoded.size == 0 || strcmp(text, "=") == 0)
		return true;
	if (gnutls_base64_decode2(&encoded, &plain) < 0)
		return false;
	octets_append(out, plain.data, plain.size);
	gnutls_free(plain.data);
	return true;
}

static void
say_script(struct auth_lab *lab)
{
	const char *line = lab->script[lab->script_line];

	if (line == NULL) {
		end_exchange(lab, "421 4.7.0 the script is over");
		return;
	}
	lab->script_line++;
	lab->exchanging = strncmp(line, "334", 3) == 0;
	say(lab, line);
}

static void
take_response(struct auth_lab *lab, const char *line)
{
	struct octets response = { 0 };
	enum peer_sasl_verdict verdict;
	const char *data = "";
	size_t len = 0;

	if (lab->script != NULL) {
		say_script(lab);
	} else if (strcmp(line, "*") == 0) {
		end_exchange(lab, "501 5.7.0 as you like");
	} else if (!lab_server_decode(line, &response)) {
		end_exchange(lab, "501 5.5.2 no base64");
	} else if (peer_oauth_knows(lab->mechanism)) {
		judge_token(lab, octets_data(&response), response.len);
	} else {
		verdict = peer_sasl_step(lab->sasl, octets_data(&response),
					 response.len, &data, &len);
		pass_on(lab, verdict, data, len);
	}
	octets_clear(&response);
}

static void
begin_exchange(struct auth_lab *lab, const char *initial)
{
	struct octets response = { 0 };
	enum peer_sasl_verdict verdict;
	const char *data = "";
	size_t len = 0;

	if (initial != NULL && !lab_server_decode(initial, &response)) {
		end_exchange(lab, "501 5.5.2 no base64");
	} else if (peer_oauth_knows(lab->mechanism)) {
		if (initial != NULL)
			judge_token(lab, octets_data(&response), response.len);
		else
			challenge(lab, "", 0);
	} else {
		new_sasl(lab);
		verdict =
		    peer_sasl_start(lab->sasl, lab->mechanism,
				    initial != NULL ? octets_data(&response)
						    : NULL,
				    response.len, &data, &len);
		pass_on(lab, verdict, data, len);
	}
	octets_clear(&response);
}

static void
take_auth(struct auth_lab *lab, const char *arguments)
{
	size_t len = strcspn(arguments, " ");

	ck_assert_uint_lt(len, sizeof(lab->mechanism));
	memcpy(lab->mechanism, arguments, len);
	lab->mechanism[len] = '\0';
	lab->auths++;
	if (lab->script != NULL)
		say_script(lab);
	else
		begin_exchange(lab, arguments[len] == ' ' ? arguments + len + 1
							  : NULL);
}

static void
say_extensions(struct auth_lab *lab)
{
	struct octets line = { 0 };

	new_sasl(lab);
	octets_append_text(&line, "250 AUTH ");
	octets_append_text(&line, lab->offers != NULL
				      ? lab->offers
				      : peer_sasl_mechanisms(lab->sasl));
	say(lab, "250-mx.example.test");
	say(lab, octets_data(&line));
	octets_clear(&line);
}

static void
take_line(struct auth_lab *lab, const char *line)
{
	bool is_auth = strncmp(line, "AUTH ", 5) == 0;

	if (lab->exchanging || is_auth) {
		octets_append_text(&lab->heard, line);
		octets_append_text(&lab->heard, "\n");
	}
	if (lab->exchanging)
		take_response(lab, line);
	else if (is_auth)
		take_auth(lab, line + 5);
	else if (strncmp(line, "EHLO ", 5) == 0)
		say_extensions(lab);
	else if (strcmp(line, "QUIT") == 0)
		say(lab, "221 2.0.0 bye");
	else
		say(lab, "250 2.0.0 ok");
}

/* Whether there was one. */
static bool
next_line(struct auth_lab *lab)
{
	struct octets *in = &lab->peer.in;
	const char *data = octets_data(in);
	const char *end = memmem(data, in->len, "\r\n", 2);
	struct octets line = { 0 };

	if (end == NULL)
		return false;
	octets_append(&line, data, (size_t)(end - data));
	octets_consume(in, line.len + 2);
	ck_assert_uint_eq(strlen(octets_data(&line)), line.len);
	take_line(lab, octets_data(&line));
	octets_clear(&line);
	return true;
}

bool
lab_server_turn(struct auth_lab *lab)
{
	bool any = peer_receive(&lab->peer);

	if (lab->peer.shaking || lab->peer.tls_error != 0)
		return any;
	if (!lab->greeted) {
		lab->greeted = true;
		say(lab, "220 mx.example.test ESMTP");
		any = true;
	}
	while (next_line(lab))
		any = true;
	return any;
}

void
lab_server_pem(const char *name, gnutls_datum_t *ret_chain,
	       gnutls_datum_t *ret_key)
{
	const struct credentials *made = certificates_get(certificates, name);

	ck_assert_int_eq(credentials_pem(made, ret_chain), 0);
	if (ret_key != NULL)
		ck_assert_int_eq(credentials_key_pem(made, ret_key), 0);
}

/* Before there are tests: Check would not know whose failure that is. */
void
lab_server_prepare(void)
{
	peer_sasl_prepare(false);
	certificates = certificates_new();
	if (certificates == NULL ||
	    certificates_get(certificates, "server") == NULL ||
	    certificates_get(certificates, "client") == NULL)
		abort();
}

void
lab_server_finish(void)
{
	certificates_free(certificates);
}

void
lab_server_start(struct auth_lab *lab)
{
	peer_init(&lab->peer, &lab->link, 0);
	if (lab->in_clear)
		return;
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(
			     &lab->credentials),
			 0);
	ck_assert_int_eq(credentials_hand_over(certificates_get(certificates,
								"server"),
					       lab->credentials),
			 0);
	lab->peer.credentials = lab->credentials;
	if (lab->priority != NULL)
		lab->peer.priority = lab->priority;
	if (lab->certified != NULL)
		lab->peer.manners.asks = GNUTLS_CERT_REQUEST;
	peer_start_tls(&lab->peer);
}

void
lab_server_end(struct auth_lab *lab)
{
	peer_clear(&lab->peer);
	peer_sasl_free(lab->sasl);
	if (lab->credentials != NULL)
		gnutls_certificate_free_credentials(lab->credentials);
	gnutls_free(lab->binding_data.data);
	octets_clear(&lab->heard);
	octets_clear(&lab->said);
}

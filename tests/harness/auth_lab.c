/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session of auth_lab.h, and the loop in which both sides take turns. */
#include "auth_lab.h"

#include <string.h>

#include "auth_lab_server.h"
#include "clock.h"
#include "steps.h"
#include "wait.h"

/* Nothing that ends comes near it. */
#define TURNS_MAX 2000000

#define PORT 587

static struct auth_lab *current;

static int64_t
lab_clock(void)
{
	return current->now;
}

/* Neither side can do anything by itself. */
static bool
nobody_moves(struct auth_lab *lab)
{
	bool moved = lab->link.moved;

	lab->link.moved = false;
	return !lab_server_turn(lab) && !moved && lab->link.to_client.len == 0;
}

/* So the time passes. */
static void
pass_time(struct auth_lab *lab, int64_t timeout)
{
	ck_assert_int_ge(timeout, 0);
	lab->now += timeout;
}

static int
wait_in_memory(struct pollfd *items, nfds_t count, int timeout)
{
	struct auth_lab *lab = current;

	if (!nobody_moves(lab))
		return 1;
	if (count > 0)
		return poll(items, count, -1);
	pass_time(lab, timeout);
	return 1;
}

/* A thread of the library's is at work, and will say so. */
static bool
helper_comes(struct auth_lab *lab)
{
	struct pollfd item = { -1, POLLIN, 0 };
	uint32_t events;

	if (smtpc_session_fd_count(lab->session) == 0)
		return false;
	ck_assert_int_eq(smtpc_session_fd_at(lab->session, 0, &item.fd,
					     &events),
			 SMTPC_OK);
	return poll(&item, 1, -1) == 1;
}

int
auth_lab_run(struct auth_lab *lab, int rc)
{
	unsigned int turns = 0;

	while (rc == SMTPC_AGAIN) {
		ck_assert_uint_lt(turns++, TURNS_MAX);
		if (nobody_moves(lab) && !helper_comes(lab))
			pass_time(lab,
				  smtpc_session_next_timeout(lab->session));
		rc = smtpc_process(lab->session);
	}
	ck_assert_str_eq(octets_data(&lab->peer.failure), "");
	return rc;
}

int
auth_lab_turn(struct auth_lab *lab)
{
	(void)lab_server_turn(lab);
	return smtpc_process(lab->session);
}

int
auth_lab_auth(struct auth_lab *lab)
{
	return auth_lab_run(lab, smtpc_auth(lab->session));
}

static smtpc_tls *
new_settings(void)
{
	gnutls_datum_t pem;
	smtpc_tls *tls;

	lab_server_pem("ca", &pem, NULL);
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, pem.data, pem.size),
			 SMTPC_OK);
	gnutls_free(pem.data);
	return tls;
}

void
auth_lab_certify(struct auth_lab *lab)
{
	gnutls_datum_t chain, key;

	lab_server_pem("client", &chain, &key);
	ck_assert_int_eq(smtpc_tls_set_certificate_memory(lab->tls, chain.data,
							  chain.size, key.data,
							  key.size, NULL),
			 SMTPC_OK);
	gnutls_free(chain.data);
	gnutls_free(key.data);
}

void
auth_lab_init(struct auth_lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	current = lab;
	lab->now = 1000000;
	clock_source = lab_clock;
	wait_source = wait_in_memory;
	lab->tls = new_settings();
	ck_assert_int_eq(smtpc_session_new(&lab->session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(lab->session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_helper_thread(lab->session, 0),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_client_domain(lab->session,
							 "client.example.test"),
			 SMTPC_OK);
}

void
auth_lab_set(struct auth_lab *lab, const char *password, const char *mechanisms)
{
	ck_assert_int_eq(smtpc_session_set_credentials(lab->session, NULL,
						       PEER_SASL_USER,
						       password),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_mechanisms(lab->session, mechanisms),
			 SMTPC_OK);
	smtpc_session_set_plaintext_auth(lab->session, lab->in_clear);
}

void
auth_lab_open(struct auth_lab *lab)
{
	smtpc_session *session = lab->session;
	int mode = lab->in_clear ? SMTPC_TLS_NONE : SMTPC_TLS_IMPLICIT;

	memory_link_init(&lab->link,
			 lab->step > 0 ? lab->step : MEMORY_UNLIMITED);
	lab_server_start(lab);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, mode), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls(session, lab->tls), SMTPC_OK);
	ck_assert_int_eq(auth_lab_run(lab, steps_attach(session,
							memory_stream_new(
							    &lab->link),
							PEER_SASL_HOST, PORT)),
			 SMTPC_OK);
	ck_assert_int_eq(auth_lab_run(lab, smtpc_ehlo(session)), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
}

void
auth_lab_clear(struct auth_lab *lab)
{
	smtpc_session_free(lab->session);
	smtpc_tls_free(lab->tls);
	lab_server_end(lab);
	memory_link_clear(&lab->link);
	memset(lab, 0, sizeof(*lab));
}

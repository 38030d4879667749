/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connecting: the addresses of a host one after the other, TLS if it comes
 * first, and the greeting.
 */
#include <string.h>

#include "ascii.h"
#include "engine.h"
#include "idna.h"
#include "mailbox.h"
#include "mem.h"
#include "resolve.h"
#include "system_error.h"

struct connecting {
	struct resolution *resolution; /* NULL: the addresses are known */
	struct address_list addresses;
	size_t next; /* the address that comes next */
	int failed;  /* how the last one failed, and why */
	struct stream_fault fault;
};

static void
free_connecting(struct smtpc_session *session)
{
	struct connecting *connecting = session->operation_state;

	if (connecting == NULL)
		return;
	resolve_leave(connecting->resolution);
	address_list_clear(&connecting->addresses);
	mem_free(connecting);
	session->operation_state = NULL;
}

/* Nothing is left of an earlier connection. */
static void
forget_connection(struct smtpc_session *session)
{
	engine_forget(session);
	reply_keep(&session->greeting, NULL);
	reply_keep(&session->reply, NULL);
	tls_chain_free(session->chain);
	session->chain = NULL;
	session->problems = 0;
	session->trust = SMTPC_TRUST_NONE;
	session->knows_ehlo = session->knows_starttls = false;
	mem_free(session->local_literal);
	mem_free(session->peer_address);
	session->local_literal = session->peer_address = NULL;
}

/*
 * A session belongs to the first server that it reaches, so that no password,
 * exception or ticket ever meets another one.  Takes host over.
 */
static int
name_server(struct smtpc_session *session, char *host, int port)
{
	bool same;

	if (!session->is_bound) {
		mem_free(session->host);
		session->host = host;
		session->port = port;
		return SMTPC_OK;
	}
	same = session->port == port &&
	       (port != 0 ? ascii_equal_text(session->host, host)
			  : strcmp(session->host, host) == 0);
	mem_free(host);
	if (same)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_STATE, "other-server",
			   "this session belongs to %s and can't connect to "
			   "another server",
			   session->host);
}

static bool
set_peer_address(struct smtpc_session *session, const char *text)
{
	mem_free(session->peer_address);
	session->peer_address = mem_copy_text(text);
	return session->peer_address != NULL;
}

/* The stream is there: whose is it, and who speaks first? */
static int
connected(struct smtpc_session *session)
{
	const struct stream *stream = session->channel.stream;
	int fd = stream->operations->descriptor(stream);
	char text[SOCKET_TEXT_MAX];

	session->is_bound = true;
	socket_local_literal(fd, text);
	session->local_literal = mem_copy_text(text);
	if (session->local_literal == NULL)
		return engine_break(session, SMTPC_E_NOMEM, NULL,
				    "out of memory");
	if (session->port != 0) {
		socket_peer_text(fd, text);
		if (!set_peer_address(session, text))
			return engine_break(session, SMTPC_E_NOMEM, NULL,
					    "out of memory");
	}
	trace_note(&session->trace, "connected to %s", session->peer_address);
	if (policy_tls_first(session))
		return handshake_begin(session);
	return engine_await(session, SMTPC_PHASE_GREETING, NULL);
}

/* None of the addresses could be connected to. */
static int
no_address(struct smtpc_session *session, const struct connecting *connecting)
{
	const char *more = connecting->addresses.count > 1
			       ? " (and no other address of it could be "
				 "reached)"
			       : "";

	session->phase = SMTPC_PHASE_CONNECT;
	if (connecting->failed == SMTPC_E_SYSTEM) {
		engine_break(session, SMTPC_E_SYSTEM, NULL,
			     "connect to %s: %s%s", session->peer_address,
			     system_error_text(connecting->fault.system_error),
			     more);
		session->error.system_error = connecting->fault.system_error;
		return SMTPC_E_SYSTEM;
	}
	return engine_break(session, connecting->failed, NULL,
			    "connect to %s: %s%s", session->peer_address,
			    connecting->failed == SMTPC_E_TIMEOUT
				? "timed out"
				: "out of memory",
			    more);
}

/* Begin with the next address that lets itself be begun with. */
static int
try_next(struct smtpc_session *session, struct connecting *connecting)
{
	const struct socket_address *address;
	char text[SOCKET_TEXT_MAX];
	struct stream *stream;

	while (connecting->next < connecting->addresses.count) {
		address = &connecting->addresses.items[connecting->next++];
		socket_address_text(address, text);
		if (!set_peer_address(session, text))
			return engine_break(session, SMTPC_E_NOMEM, NULL,
					    "out of memory");
		trace_note(&session->trace, "connecting to %s", text);
		connecting->failed =
		    socket_connect(address, &stream, &connecting->fault);
		if (connecting->failed == SMTPC_OK) {
			session->serial++;
			channel_attach(&session->channel, stream, true);
			engine_set_phase(session, SMTPC_PHASE_CONNECT);
			return SMTPC_AGAIN;
		}
	}
	return no_address(session, connecting);
}

/* Find the addresses out: of a path, or of a host, which may take its time. */
static int
begin_addresses(struct smtpc_session *session, struct connecting *connecting)
{
	struct address_list *list = &connecting->addresses;
	int rc;

	if (session->port != 0)
		return resolve_begin(&connecting->resolution, session->host,
				     session->port, session->helper_thread);
	list->items = mem_zalloc(sizeof(*list->items));
	if (list->items == NULL)
		return SMTPC_E_NOMEM;
	rc = socket_unix_address(session->host, &list->items[0]);
	list->count = 1;
	return rc;
}

/* SMTPC_OK, with a host that can be looked up, in memory of its own. */
static int
check_endpoint(struct smtpc_session *session, const struct endpoint *endpoint,
	       char **ret_host)
{
	struct socket_address address;
	const char *problem = NULL;
	int rc;

	if (endpoint->port == 0) {
		if (socket_unix_address(endpoint->host, &address) != SMTPC_OK)
			return engine_fail(session, SMTPC_E_INVALID, "path",
					   "the path of the socket is empty "
					   "or too long");
		*ret_host = mem_copy_text(endpoint->host);
		return *ret_host != NULL ? SMTPC_OK : SMTPC_E_NOMEM;
	}
	if (endpoint->port < 1 || endpoint->port > 65535)
		return engine_fail(session, SMTPC_E_INVALID, "port",
				   "there is no port %d", endpoint->port);
	rc = idna_to_ascii(endpoint->host, ret_host);
	if (rc == SMTPC_OK)
		problem = mailbox_host_problem(*ret_host);
	if (rc == SMTPC_OK && problem == NULL)
		return SMTPC_OK;
	if (rc == SMTPC_OK)
		mem_free(*ret_host);
	if (rc == SMTPC_E_NOMEM)
		return engine_fail(session, rc, NULL, "out of memory");
	return engine_fail(session, SMTPC_E_INVALID, "host",
			   "the name of the host is no good: %s",
			   problem != NULL ? problem : "it is no name at all");
}

static int
begin_connecting(struct smtpc_session *session, struct stream **attached)
{
	struct connecting *connecting;
	int rc;

	if (attached != NULL) {
		session->serial++;
		channel_attach(&session->channel, *attached, true);
		*attached = NULL;
		engine_set_phase(session, SMTPC_PHASE_CONNECT);
		return SMTPC_AGAIN;
	}
	connecting = mem_zalloc(sizeof(*connecting));
	if (connecting == NULL)
		return engine_break(session, SMTPC_E_NOMEM, NULL,
				    "out of memory");
	session->operation_state = connecting;
	rc = begin_addresses(session, connecting);
	if (rc == SMTPC_OK) {
		engine_set_phase(session, SMTPC_PHASE_RESOLVE);
		return SMTPC_AGAIN;
	}
	free_connecting(session);
	return engine_break(session, rc, NULL,
			    "the name could not be looked up");
}

int
connect_check(struct smtpc_session *session, const struct endpoint *endpoint)
{
	char *host;
	int rc;

	rc = check_endpoint(session, endpoint, &host);
	if (rc != SMTPC_OK)
		return rc;
	return name_server(session, host, endpoint->port);
}

static int
connect_begin(struct smtpc_session *session, const void *argument)
{
	const struct endpoint *endpoint = argument;
	int rc = connect_check(session, endpoint);

	/* Better now than when half of it is done. */
	if (rc == SMTPC_OK && policy_demands_tls(session))
		rc = handshake_prepare(session);
	if (rc != SMTPC_OK)
		return rc;
	forget_connection(session);
	session->state = SMTPC_STATE_CONNECTING;
	return begin_connecting(session, endpoint->stream);
}

static int
connect_fill(struct smtpc_session *session)
{
	struct connecting *connecting = session->operation_state;
	const char *text = "";
	int system_error = 0;
	int rc;

	if (connecting == NULL || session->channel.stream != NULL)
		return SMTPC_AGAIN;
	if (connecting->resolution != NULL) {
		rc = resolve_take(connecting->resolution,
				  &connecting->addresses, &text, &system_error);
		if (rc == SMTPC_AGAIN)
			return rc;
		if (rc != SMTPC_OK) {
			engine_break(session, rc, NULL,
				     "the host %s can't be looked up: %s",
				     session->host, text);
			session->error.system_error = system_error;
			return rc;
		}
		resolve_leave(connecting->resolution);
		connecting->resolution = NULL;
	}
	return try_next(session, connecting);
}

/* The handshake is over: go on with the greeting, or leave it to the caller. */
static int
shaken(struct smtpc_session *session, int rc)
{
	rc = handshake_end(session, rc);
	if (rc != SMTPC_OK)
		return rc;
	return engine_await(session, SMTPC_PHASE_GREETING, NULL);
}

static int
connect_opened(struct smtpc_session *session, int rc)
{
	struct connecting *connecting = session->operation_state;

	if (session->phase == SMTPC_PHASE_TLS)
		return shaken(session, rc);
	if (rc == SMTPC_OK)
		return connected(session);
	if (connecting == NULL)
		return engine_lost(session, rc,
				   &session->channel.stream->fault);
	connecting->failed = rc;
	connecting->fault = session->channel.stream->fault;
	channel_close(&session->channel);
	return try_next(session, connecting);
}

static int
connect_reply(struct smtpc_session *session, const struct awaited *awaited,
	      struct smtpc_reply *reply)
{
	(void)awaited;
	reply_keep(&session->greeting, reply);
	if (reply->code == 220) {
		session->state = SMTPC_STATE_CONNECTED;
		return SMTPC_OK;
	}
	if (reply_class(reply) < 4)
		return engine_break(session, SMTPC_E_PROTOCOL, "greeting-code",
				    "the server greets with code %d",
				    reply->code);
	engine_refused(session, outcome_refused_result(reply), reply,
		       "the server does not want us");
	session->state = SMTPC_STATE_DEAD;
	return session->error.result;
}

static int
connect_end(struct smtpc_session *session, int rc)
{
	free_connecting(session);
	return rc;
}

static int
connect_waits_for(const struct smtpc_session *session)
{
	const struct connecting *connecting = session->operation_state;

	return connecting != NULL && connecting->resolution != NULL
		   ? resolve_descriptor(connecting->resolution)
		   : -1;
}

/* Whoever waits for the greeting may wait on the wrong port. */
static const char *
silence_hint(const struct smtpc_session *session)
{
	if (session->phase != SMTPC_PHASE_GREETING || session->tls_is_up ||
	    session->port == 0)
		return "";
	return ": if the server waits for TLS to begin, as on port 465, try "
	       "implicit TLS";
}

const struct operation op_connect = {
	.phase = SMTPC_PHASE_CONNECT,
	.states = IN(SMTPC_STATE_DISCONNECTED) | IN(SMTPC_STATE_DEAD),
	.begin = connect_begin,
	.fill = connect_fill,
	.opened = connect_opened,
	.reply = connect_reply,
	.hint = silence_hint,
	.end = connect_end,
	.waits_for = connect_waits_for,
};

/*
 * The caller trusts the certificate all the same.  It is a decision about this
 * connection, and ends with it.
 */
static int
accept_begin(struct smtpc_session *session, const void *argument)
{
	(void)argument;
	/* The caller has said beforehand that no other key will do. */
	if (session->problems & SMTPC_CERTIFICATE_PIN_MISMATCH)
		return engine_fail(session, SMTPC_E_CERTIFICATE, "pin-mismatch",
				   "the server's key is none of the pinned "
				   "ones: it can't be accepted");
	session->trust = SMTPC_TRUST_ACCEPTED;
	trace_note(&session->trace,
		   "the certificate is accepted by the caller");
	if (session->greeting == NULL) {
		session->state = SMTPC_STATE_CONNECTING;
		return engine_await(session, SMTPC_PHASE_GREETING, NULL);
	}
	session->state = SMTPC_STATE_CONNECTED;
	return SMTPC_OK;
}

const struct operation op_accept = {
	.phase = SMTPC_PHASE_TLS,
	.states = IN(SMTPC_STATE_UNTRUSTED),
	.begin = accept_begin,
	.reply = connect_reply,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a session, and what drives its operations.
 */
#ifndef SMTPC_ENGINE_H
#define SMTPC_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attempts.h"
#include "awaited.h"
#include "channel.h"
#include "credentials.h"
#include "extension.h"
#include "failure.h"
#include "interrupt.h"
#include "reply.h"
#include "tls.h"
#include "trace.h"
#include "transaction.h"
#include "trust.h"

#define PHASE_COUNT (SMTPC_PHASE_IDLE + 1)

/* The states in which an operation may begin, as bits. */
#define IN(state) (1u << (state))

/*
 * One step of the protocol.  Each function returns SMTPC_AGAIN while the step
 * is not done, and otherwise its result; it never waits.
 */
struct operation {
	int phase;
	unsigned int states; /* IN(...) */

	/*
	 * The server must have nothing to say before this begins: what is
	 * there already is looked for even in the system's buffers.
	 */
	bool in_silence;
	bool after_rest; /* the same, if the session has rested for a while */

	/* The argument is the public call's own affair. */
	int (*begin)(struct smtpc_session *session, const void *argument);

	/* Put into the channel what may be sent now.  Or NULL. */
	int (*fill)(struct smtpc_session *session);

	/* Connecting or shaking hands has ended with rc.  Or NULL. */
	int (*opened)(struct smtpc_session *session, int rc);

	/* Take one whole reply.  Or NULL: none is ever awaited. */
	int (*reply)(struct smtpc_session *session,
		     const struct awaited *awaited, struct smtpc_reply *reply);

	/* Blots out of a reply what nobody is to see.  Or NULL. */
	void (*censor)(const struct smtpc_session *session,
		       struct smtpc_reply *reply);

	/* Nothing moves any more: which time-out is it now?  Or NULL. */
	void (*watch)(struct smtpc_session *session);

	/* What may be the matter if the server is silent, or "".  Or NULL. */
	const char *(*hint)(const struct smtpc_session *session);

	/* It is over, with rc: clean up, and say the last word.  Or NULL. */
	int (*end)(struct smtpc_session *session, int rc);

	/* A descriptor of its own to wait for, -1: none.  Or NULL. */
	int (*waits_for)(const struct smtpc_session *session);

	/* Whether it goes on once the caller sets a secret.  Or NULL. */
	bool (*wants_secret)(const struct smtpc_session *session);
};

/* What a session waits for: its connection, and what an operation needs. */
#define WAIT_MAX 2

struct wait_item {
	int fd;
	uint32_t wants; /* SMTPC_WANT_... */
};

/* The transactions that were submitted and not yet collected (pipeline.c). */
struct pipeline {
	struct smtpc_transaction *oldest, *youngest;
	struct smtpc_transaction *open;	  /* the oldest without a fate */
	struct smtpc_transaction *queued; /* the oldest without a turn */
	size_t count, open_count;
	int64_t window_octets;
	size_t window_count;
	/* The window, of octets and of transactions, was full, and half is. */
	bool is_throttled, is_full;
	bool needs_rset;     /* before the next MAIL */
	bool last_used_bdat; /* the last that has had a turn */
	bool bdat_works;     /* one was accepted on this connection */
	bool has_doubts;     /* one of this operation's is in doubt */
	/* QUIT is to follow the last one, and has. */
	bool is_closing, has_quit;
	uint32_t begun; /* on this connection: MAIL was sent */

	/* What the timer was last set for. */
	struct send_watch {
		const struct smtpc_transaction *transaction;
		uint64_t progress;
		bool is_whole, is_paused;
	} watch;
};

struct wait_set {
	struct wait_item items[WAIT_MAX];
	size_t count;
};

/* How to authenticate, and who knows the secrets. */
struct auth_settings {
	char *mechanisms; /* NULL: the default */
	struct credentials credentials;
	smtpc_secret_fn ask; /* NULL: nobody */
	void *ask_userdata;
	bool in_callback;
	bool secret_came; /* since it was asked for */
	bool may_echo;	  /* AUTH went out, and nothing else since */
	bool plaintext_allowed;
	int attempts_max;
	int binding; /* SMTPC_CHANNEL_BINDING_... */
	int iterations_min;
	/* Mechanisms after whose refusal the server closed: tried last. */
	uint32_t hopeless;
	bool only_bound; /* one that binds was refused: nothing else will do */
};

struct smtpc_session {
	struct interrupt interrupt; /* smtpc_cancel() */

	/* Settings. */
	bool blocking;
	bool helper_thread;
	int pipelining;
	int protocol; /* SMTPC_PROTOCOL_... */
	bool chunking;
	bool chunking_is_broken; /* it is offered, and does not work */
	int64_t chunk_threshold;
	int tls_mode;
	int64_t timeouts[PHASE_COUNT];
	int64_t operation_timeout;
	char *client_domain; /* NULL: the local address */
	struct auth_settings auth;
	smtpc_tls *tls; /* NULL: one of its own is made when it is needed */
	char *tls_verify_name; /* as certificates have it; NULL: the host */
	struct trust_rules trust_rules;
	struct trace trace;
	void *userdata;

	/*
	 * The server: once it has been reached, for ever.  The host is as the
	 * name service and certificates know it; or a path, and the port 0.
	 */
	bool is_bound;
	char *host;
	int port;

	/* The connection. */
	int state;
	struct channel channel;
	struct reply_parser parser;
	struct awaited_queue awaited;
	uint64_t serial;     /* another number for each stream */
	bool knows_ehlo;     /* the server has accepted one */
	bool fell_back;	     /* from EHLO to HELO */
	bool knows_starttls; /* it was offered once on this connection */
	bool is_xclient;     /* the command at hand is XCLIENT */
	bool tls_is_up;
	int trust; /* SMTPC_TRUST_... */
	uint32_t problems;
	struct tls_chain *chain; /* NULL: not asked for yet */
	char *local_literal;
	char *peer_address;
	struct extension_list extensions;
	struct smtpc_reply *greeting, *reply;
	const char *mechanism; /* NULL: not authenticated */
	struct attempt_list attempts;
	struct buffer challenge; /* the last one about an OAuth token */

	/* The operation in progress. */
	const struct operation *operation;
	void *operation_state; /* its own; its end() frees it */
	/*
	 * What comes after it, if it succeeds.  SMTPC_OK with NULL: nothing.
	 * NULL: this is no ladder.
	 */
	int (*next)(struct smtpc_session *session,
		    const struct operation **ret_next);
	int phase;
	int64_t deadline;	    /* of the phase */
	int64_t operation_deadline; /* of the whole step */
	bool last_words;   /* writing has failed; the server may say why */
	bool was_answered; /* a reply was dispatched in this round */
	int64_t rests_since;
	struct pipeline pipeline;
	struct smtpc_transaction *transaction; /* whose turn it is to be sent */

	/* What was last waited for, and how often that has changed. */
	struct wait_set waited;
	uint64_t waited_serial, generation;

	/*
	 * Why the last step failed, or a call beside the one in progress: then
	 * it gives way to the next reason.
	 */
	struct failure error;
	bool error_is_aside;
};

/*
 * For the public calls.
 */

/*
 * Begins an operation: SMTPC_AGAIN if it is in progress, or its result.
 * SMTPC_E_STATE: not now; SMTPC_E_BUSY: another one is in progress.
 */
int engine_begin(struct smtpc_session *session,
		 const struct operation *operation, const void *argument);

/*
 * The one way to make progress: carries on what is in progress as far as that
 * goes without waiting, and returns its result.
 */
int engine_process(struct smtpc_session *session);

/* Ends the operation in progress with rc, and returns its last word. */
int engine_end(struct smtpc_session *session, int rc);

/* Closes the connection; whatever is in progress ends with rc. */
void engine_close(struct smtpc_session *session, int rc);

/* When engine_process() has to be called at the latest. */
int64_t engine_deadline(const struct smtpc_session *session);

/* Whether a callback is running, in which hardly anything is allowed. */
bool engine_in_callback(const struct smtpc_session *session);

/*
 * For operations.
 */

/* Records a failure and returns result; the connection goes on. */
int engine_fail(struct smtpc_session *session, int result, const char *detail,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * What is recorded is why a call has failed that is no part of the operation in
 * progress: whatever that fails of takes its place.
 */
void engine_set_aside(struct smtpc_session *session);

/* The same for a reply that refuses. */
int engine_refused(struct smtpc_session *session, int result,
		   struct smtpc_reply *reply, const char *what);

/* The same, and the connection is lost. */
int engine_break(struct smtpc_session *session, int result, const char *detail,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The stream has failed with rc, and its fault says why. */
int engine_lost(struct smtpc_session *session, int rc,
		const struct stream_fault *fault);

/*
 * Sends the line that a command_write...() has appended to the channel's out
 * buffer, and awaits a reply of this phase.  ok: what that call returned;
 * shown: what the trace shows in its place, or NULL.  SMTPC_AGAIN, or a
 * failure.
 */
int engine_send(struct smtpc_session *session, bool ok, const char *shown,
		int phase);

/* The same for a command of a transaction's, and for one of its recipients. */
int engine_send_for(struct smtpc_session *session, bool ok, int phase,
		    struct smtpc_transaction *transaction, size_t recipient);

/* The same for one that len octets of content belong to, which follow. */
int engine_send_chunk(struct smtpc_session *session, bool ok, int phase,
		      struct smtpc_transaction *transaction, uint64_t len);

/* Awaits a reply that no command asks for; the transaction may be NULL. */
int engine_await(struct smtpc_session *session, int phase,
		 struct smtpc_transaction *transaction);

/* The same, before all that is awaited already. */
int engine_await_next(struct smtpc_session *session, int phase,
		      struct smtpc_transaction *transaction);

bool engine_is_awaiting(const struct smtpc_session *session);
bool engine_may_await_more(const struct smtpc_session *session);

/* The time-out of phase begins now. */
void engine_set_phase(struct smtpc_session *session, int phase);

/* Whether the server offers an extension, EXTENSION_.... */
bool engine_offers(const struct smtpc_session *session, uint32_t extension);

/* Forgets what the server said: RFC 3207, section 4.2. */
void engine_forget(struct smtpc_session *session);

/* Whether nothing was read behind the reply at hand. */
bool engine_is_silent(const struct smtpc_session *session);

/*
 * What the TLS mode asks for (tls_policy.c).
 */

/* Whether TLS comes before the greeting. */
bool policy_tls_first(const struct smtpc_session *session);

/* Whether the mode lets nothing pass without TLS, whatever is offered. */
bool policy_demands_tls(const struct smtpc_session *session);

/* Whether STARTTLS is to be used before anything else. */
bool policy_wants_starttls(const struct smtpc_session *session);

/* Fails unless the channel is as good as the mode demands. */
int policy_check(struct smtpc_session *session);

/* Whether nobody but the server can read what is sent. */
bool policy_channel_is_safe(const struct smtpc_session *session);

/*
 * The TLS handshake, which several operations have a part in (handshake.c).
 */

/*
 * Makes sure that there are settings for TLS, the given ones or the session's
 * own, and that they can be used.
 */
int handshake_prepare(struct smtpc_session *session);

/* Puts TLS over the stream at hand.  SMTPC_AGAIN, or a failure. */
int handshake_begin(struct smtpc_session *session);

/*
 * Shaking hands has ended with rc.  SMTPC_OK: the peer is trusted.
 * SMTPC_E_CERTIFICATE: it is not, and the caller has to decide.
 */
int handshake_end(struct smtpc_session *session, int rc);

/* The token for a certificate with these problems that is not trusted. */
const char *handshake_detail(uint32_t problems);

/* Octets of content that have left, of a transaction under way. */
int64_t send_octets(const struct smtpc_transaction *transaction);

/* Takes a transaction out whose content is not being sent (pipeline.c). */
void pipeline_remove(struct smtpc_session *session,
		     struct smtpc_transaction *transaction);

/*
 * The operations, each in its own file.
 */

/* The argument of op_connect, and of open_begin(). */
struct endpoint {
	const char *host; /* or the path of a UNIX socket */
	int port;	  /* 0: a UNIX socket */
	/*
	 * A stream that is connected already: set to NULL when the session
	 * has taken it over.  Or NULL.
	 */
	struct stream **stream;
};

/* The argument of op_command. */
struct command_line {
	const char *verb;
	const char *argument; /* or NULL */
};

/* Whether there is anything to authenticate with (auth_choice.c). */
bool auth_is_possible(const struct smtpc_session *session);

/*
 * QUIT is over, with rc (op_simple.c): the connection is done with, and the
 * server need not have said anything.
 */
int quit_end(struct smtpc_session *session, int rc);

/* Begins what is missing of a usable session (op_open.c). */
int open_begin(struct smtpc_session *session, const struct endpoint *endpoint);

/* Whether endpoint is the server that the session belongs to. */
int connect_check(struct smtpc_session *session,
		  const struct endpoint *endpoint);

extern const struct operation op_connect; /* argument: struct endpoint */
extern const struct operation op_accept;
extern const struct operation op_ehlo;
extern const struct operation op_starttls;
extern const struct operation op_auth;
extern const struct operation op_send; /* argument: the transaction */
extern const struct operation op_rset;
extern const struct operation op_noop;
extern const struct operation op_command; /* argument: struct command_line */
extern const struct operation op_quit;

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsmtpc: submit mail over SMTP.
 *
 * Start with libsmtpc(3); every call has a manual page of its own.
 *
 * Strings that go in are copied.  What comes out as a pointer is borrowed:
 * valid until the next step or setter on the same object, or its end.
 * Out parameters come last, are named ret_..., and are written only when the
 * call returns SMTPC_OK.  Times are milliseconds, lengths are octets.
 */
#ifndef SMTPC_SMTPC_H
#define SMTPC_SMTPC_H

#include <stddef.h>
#include <stdint.h>

#include <smtpc/version.h>

/* clang-format off */

#ifdef __GNUC__
#define SMTPC_API __attribute__((visibility("default")))
#define SMTPC_MUST_USE __attribute__((warn_unused_result))
#else
#define SMTPC_API
#define SMTPC_MUST_USE
#endif

/*
 * For callers only: inside the library the compiler would take them as leave
 * to drop the library's own checks.
 */
#if defined(__GNUC__) && !defined(SMTPC_BUILDING)
#define SMTPC_NONNULL_1 __attribute__((nonnull(1)))
#define SMTPC_NONNULL_12 __attribute__((nonnull(1, 2)))
#define SMTPC_NONNULL_ALL __attribute__((nonnull))
#else
#define SMTPC_NONNULL_1
#define SMTPC_NONNULL_12
#define SMTPC_NONNULL_ALL
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One server: its connection, what it said, how the last step ended. */
typedef struct smtpc_session smtpc_session;

/* One mail transaction: envelope, content, and the fate of each recipient. */
typedef struct smtpc_transaction smtpc_transaction;

/* Trust for TLS, shared by any number of sessions. */
typedef struct smtpc_tls smtpc_tls;

/* One reply of the server: borrowed, read-only. */
typedef struct smtpc_reply smtpc_reply;

/*
 * Results.  0: done.  Positive: look closer.  Negative: failed; from
 * smtpc_send() a negative result promises that no recipient has the message
 * or may have it.  Values may be added: judge unknown ones by their sign.
 */
enum smtpc_result {
	SMTPC_OK = 0,
	SMTPC_AGAIN = 1,                /* wait, then smtpc_process() */
	SMTPC_PARTIAL = 2,              /* accepted for some recipients only */
	SMTPC_IN_DOUBT = 3,             /* handed over whole, no verdict read */
	SMTPC_FULL = 4,                 /* the window is full: not taken */

	SMTPC_E_NOMEM = -1,
	SMTPC_E_INVALID = -2,           /* bad argument; nothing was sent */
	SMTPC_E_STATE = -3,             /* not permitted now */
	SMTPC_E_BUSY = -4,              /* another operation is in progress */
	SMTPC_E_SYSTEM = -5,            /* see smtpc_error_errno() */
	SMTPC_E_RESOLVE = -6,           /* no such host */
	SMTPC_E_RESOLVE_LATER = -7,     /* the name service failed for now */
	SMTPC_E_TIMEOUT = -8,
	SMTPC_E_CLOSED = -9,            /* the server closed the connection */
	SMTPC_E_CANCELLED = -10,
	SMTPC_E_PROTOCOL = -11,         /* the server broke the protocol */
	SMTPC_E_TRANSIENT = -12,        /* a 4yz reply */
	SMTPC_E_PERMANENT = -13,        /* a 5yz reply */
	SMTPC_E_NOEXTENSION = -14,      /* the server lacks what is needed */
	SMTPC_E_LIMIT = -15,            /* beyond an announced limit */
	SMTPC_E_TLS = -16,
	SMTPC_E_TLS_REQUIRED = -17,     /* not over a channel as weak as this */
	SMTPC_E_CERTIFICATE = -18,      /* the peer is not trusted */
	SMTPC_E_AUTH_REJECTED = -19,    /* wrong credentials */
	SMTPC_E_AUTH_LATER = -20,       /* the server can't tell for now */
	SMTPC_E_AUTH_POLICY = -21,      /* a rule of the provider */
	SMTPC_E_AUTH_UNAVAILABLE = -22, /* no usable mechanism */
	SMTPC_E_AUTH_TOKEN = -23,       /* a fresh token is needed */
	SMTPC_E_AUTH_PROTOCOL = -24,    /* no end, or no proof */
	SMTPC_E_CONTENT = -25           /* its source failed or lied */
};

/* Where in the dialogue something happened; each has a time-out of its own. */
enum smtpc_phase {
	SMTPC_PHASE_NONE = 0,
	SMTPC_PHASE_RESOLVE = 1,
	SMTPC_PHASE_CONNECT = 2,        /* one address */
	SMTPC_PHASE_TLS = 3,            /* the whole handshake */
	SMTPC_PHASE_GREETING = 4,
	SMTPC_PHASE_EHLO = 5,
	SMTPC_PHASE_STARTTLS = 6,
	SMTPC_PHASE_AUTH = 7,           /* each step of the exchange */
	SMTPC_PHASE_MAIL = 8,
	SMTPC_PHASE_RCPT = 9,
	SMTPC_PHASE_DATA = 10,          /* from DATA to its 354 */
	SMTPC_PHASE_CONTENT = 11,       /* without an octet being taken */
	SMTPC_PHASE_END_OF_DATA = 12,   /* from the final dot to the verdict */
	SMTPC_PHASE_RSET = 13,
	SMTPC_PHASE_NOOP = 14,
	SMTPC_PHASE_COMMAND = 15,
	SMTPC_PHASE_QUIT = 16,
	SMTPC_PHASE_IDLE = 17           /* between steps; has no time-out */
};

/* How far the session has come. */
enum smtpc_state {
	SMTPC_STATE_DISCONNECTED = 0,
	SMTPC_STATE_CONNECTING = 1,     /* no greeting yet */
	SMTPC_STATE_UNTRUSTED = 2,      /* TLS is up, the certificate is bad */
	SMTPC_STATE_CONNECTED = 3,      /* greeted: EHLO comes next */
	SMTPC_STATE_READY = 4,
	SMTPC_STATE_DEAD = 5            /* the connection is lost */
};

/* What became of one recipient.  The list is closed. */
enum smtpc_outcome {
	SMTPC_OUTCOME_PENDING = 0,
	SMTPC_OUTCOME_ACCEPTED = 1,     /* the server has taken the message */
	SMTPC_OUTCOME_TRANSIENT = 2,    /* refused for now */
	SMTPC_OUTCOME_PERMANENT = 3,    /* refused for good */
	SMTPC_OUTCOME_NOT_ATTEMPTED = 4,
	SMTPC_OUTCOME_IN_DOUBT = 5      /* taken or not: nobody said */
};

enum smtpc_tls_mode {
	SMTPC_TLS_AUTO = 0,             /* at once on port 465; else later */
	SMTPC_TLS_IMPLICIT = 1,         /* from the first octet */
	SMTPC_TLS_STARTTLS = 2,         /* required, by STARTTLS */
	SMTPC_TLS_OPPORTUNISTIC = 3,    /* required if STARTTLS is offered */
	SMTPC_TLS_NONE = 4              /* not asked for */
};

/* Why the peer of a TLS connection is trusted. */
enum smtpc_trust {
	SMTPC_TRUST_NONE = 0,           /* it is not, or there is no TLS */
	SMTPC_TRUST_VERIFIED = 1,       /* chain, name and purpose are good */
	SMTPC_TRUST_PINNED = 2,
	SMTPC_TRUST_EXCEPTED = 3,
	SMTPC_TRUST_ACCEPTED = 4        /* by smtpc_accept_certificate() */
};

enum smtpc_pipelining {
	SMTPC_PIPELINING_OFF = 0,       /* one command, one reply */
	SMTPC_PIPELINING_SAFE = 1,      /* within a transaction (default) */
	SMTPC_PIPELINING_STREAM = 2     /* across transactions, too */
};

/* What a secret callback is asked for. */
enum smtpc_secret {
	SMTPC_SECRET_PASSWORD = 0,      /* by smtpc_session_set_credentials() */
	SMTPC_SECRET_TOKEN = 1          /* by smtpc_session_set_oauth_token() */
};

/* Why it is asked. */
enum smtpc_secret_reason {
	SMTPC_SECRET_FIRST = 0,         /* none is set */
	SMTPC_SECRET_REJECTED = 1,      /* the server refuses the one set */
	SMTPC_SECRET_EXPIRED = 2        /* the server says: no more valid */
};

/* What SCRAM's -PLUS variants bind the authentication to. */
enum smtpc_channel_binding {
	SMTPC_CHANNEL_BINDING_AUTO = 0, /* exporter, or unique before TLS 1.3 */
	SMTPC_CHANNEL_BINDING_NONE = 1, /* nothing: no -PLUS */
	SMTPC_CHANNEL_BINDING_EXPORTER = 2,         /* RFC 9266 */
	SMTPC_CHANNEL_BINDING_UNIQUE = 3,           /* RFC 5929, section 3 */
	SMTPC_CHANNEL_BINDING_SERVER_END_POINT = 4  /* RFC 5929, section 4 */
};

/* What the server speaks. */
enum smtpc_protocol {
	SMTPC_PROTOCOL_SMTP = 0,
	SMTPC_PROTOCOL_LMTP = 1         /* RFC 2033: a verdict a recipient */
};

/* How the octets of the content are to be taken. */
enum smtpc_content_form {
	SMTPC_CONTENT_TEXT = 0,         /* line ends become CRLF */
	SMTPC_CONTENT_STRICT = 1,       /* lines that are not right: refused */
	SMTPC_CONTENT_BINARY = 2        /* as they are: BINARYMIME */
};

/* What is declared about the content's octets. */
enum smtpc_body {
	SMTPC_BODY_AUTO = 0,            /* 8BITMIME where it is needed */
	SMTPC_BODY_7BIT = 1,
	SMTPC_BODY_8BITMIME = 2
};

/* What smtpc_scan_content() finds: flags. */
#define SMTPC_SCAN_8BIT         0x01u   /* an octet above 127 */
#define SMTPC_SCAN_UTF8_HEADERS 0x02u   /* one in the header section */
#define SMTPC_SCAN_LONG_LINE    0x04u   /* over 998 octets, without CRLF */
#define SMTPC_SCAN_BARE_CR      0x08u
#define SMTPC_SCAN_BARE_LF      0x10u
#define SMTPC_SCAN_NUL          0x20u

/* Versions of TLS, by the numbers that they have in the protocol. */
enum smtpc_tls_protocol {
	SMTPC_TLS_1_0 = 0x0301,         /* not safe: RFC 8996 */
	SMTPC_TLS_1_1 = 0x0302,         /* not safe: RFC 8996 */
	SMTPC_TLS_1_2 = 0x0303,
	SMTPC_TLS_1_3 = 0x0304
};

/* What is wrong with a certificate: flags. */
#define SMTPC_CERTIFICATE_UNTRUSTED_ISSUER  0x0001u
#define SMTPC_CERTIFICATE_SELF_SIGNED       0x0002u
#define SMTPC_CERTIFICATE_EXPIRED           0x0004u
#define SMTPC_CERTIFICATE_NOT_YET_VALID     0x0008u
#define SMTPC_CERTIFICATE_WRONG_NAME        0x0010u
#define SMTPC_CERTIFICATE_WRONG_PURPOSE     0x0020u
#define SMTPC_CERTIFICATE_REVOKED           0x0040u
#define SMTPC_CERTIFICATE_WEAK_ALGORITHM    0x0080u
#define SMTPC_CERTIFICATE_BAD_SIGNATURE     0x0100u
#define SMTPC_CERTIFICATE_BAD_CONSTRAINTS   0x0200u
#define SMTPC_CERTIFICATE_BAD_STATUS        0x0400u
#define SMTPC_CERTIFICATE_UNKNOWN_EXTENSION 0x0800u
#define SMTPC_CERTIFICATE_OTHER             0x1000u
#define SMTPC_CERTIFICATE_NAME_IN_CN        0x2000u
#define SMTPC_CERTIFICATE_PIN_MISMATCH      0x4000u

/* What a descriptor is to be waited for: flags. */
#define SMTPC_WANT_READ  0x1u
#define SMTPC_WANT_WRITE 0x2u

/* No limit, where a call takes milliseconds. */
#define SMTPC_FOREVER (-1)

/* What a line of the trace is about. */
enum smtpc_trace_kind {
	SMTPC_TRACE_CLIENT = 0,         /* a line that is sent */
	SMTPC_TRACE_SERVER = 1,         /* a line of a reply */
	SMTPC_TRACE_NOTE = 2            /* connection, TLS, content */
};

/*
 * Takes one line of the trace, without its line end: secrets are already
 * hidden and control characters escaped; not terminated by a NUL.
 */
typedef void (*smtpc_trace_fn)(int kind, const char *text, size_t len,
			       void *userdata);

/*
 * Reads the next content into buffer, at most size octets.  SMTPC_OK: *ret_len
 * octets were read, 0 at the end.  SMTPC_AGAIN: none yet (non-blocking sessions
 * only).  Anything negative: the source failed.
 */
typedef int (*smtpc_reader_fn)(void *buffer, size_t size, size_t *ret_len,
			       void *userdata);

/*
 * Asked for a secret (SMTPC_SECRET_...), and told why (SMTPC_SECRET_FIRST and
 * so on) and, where the server has refused an earlier one, with which status:
 * that of the OAuth challenge ("401", "invalid_token"), or the reply's enhanced
 * code, or its code; "" if there is none.  Answers by calling the setter, and
 * returns SMTPC_OK; with nothing set there is none to be had.  SMTPC_AGAIN: not
 * yet (non-blocking sessions only).  Anything negative: give up.
 */
typedef int (*smtpc_secret_fn)(smtpc_session *session, int kind, int reason,
			       const char *status, void *userdata);

/*
 * The library.
 */

/* The running library's version, to compare with SMTPC_VERSION. */
SMTPC_API int smtpc_version(void);
SMTPC_API const char *smtpc_version_string(void);

/* Short fixed texts and names, for messages and logs; never NULL. */
SMTPC_API const char *smtpc_strerror(int result);
SMTPC_API const char *smtpc_state_name(int state);
SMTPC_API const char *smtpc_phase_name(int phase);
SMTPC_API const char *smtpc_outcome_name(int outcome);
SMTPC_API const char *smtpc_certificate_problem_text(uint32_t flag);

/*
 * Session: life and settings.
 */

SMTPC_API int smtpc_session_new(smtpc_session **ret_session)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Closes at once and sends nothing; NULL is allowed. */
SMTPC_API void smtpc_session_free(smtpc_session *session);

/* Whether steps wait (the default) or return SMTPC_AGAIN. */
SMTPC_API int smtpc_session_set_blocking(smtpc_session *session, int on)
	SMTPC_NONNULL_1;

/* How long one phase may take; SMTPC_FOREVER is allowed. */
SMTPC_API int smtpc_session_set_timeout(smtpc_session *session, int phase,
					int64_t milliseconds)
	SMTPC_NONNULL_1;

/* How long one whole step may take (default SMTPC_FOREVER). */
SMTPC_API int smtpc_session_set_operation_timeout(smtpc_session *session,
						  int64_t milliseconds)
	SMTPC_NONNULL_1;

/* EHLO's argument: a domain or an address literal (default: the latter). */
SMTPC_API int smtpc_session_set_client_domain(smtpc_session *session,
					      const char *domain)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Whether name look-up may use a helper thread (default) or may block. */
SMTPC_API int smtpc_session_set_helper_thread(smtpc_session *session, int on)
	SMTPC_NONNULL_1;

SMTPC_API int smtpc_session_set_userdata(smtpc_session *session,
					 void *userdata)
	SMTPC_NONNULL_1;
SMTPC_API void *smtpc_session_userdata(const smtpc_session *session)
	SMTPC_NONNULL_1;

SMTPC_API int smtpc_session_set_pipelining(smtpc_session *session, int level)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* SMTPC_PROTOCOL_...; only while disconnected. */
SMTPC_API int smtpc_session_set_protocol(smtpc_session *session, int protocol)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Pretends that the server does not offer an extension. */
SMTPC_API int smtpc_session_disable_extension(smtpc_session *session,
					      const char *keyword)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* Whether content goes by BDAT where CHUNKING is offered (default: no). */
SMTPC_API int smtpc_session_set_chunking(smtpc_session *session, int on)
	SMTPC_NONNULL_1;

/*
 * At STREAM, content of at most so many octets goes by BDAT before the replies
 * to the recipients have come (default: 65,536).
 */
SMTPC_API int smtpc_session_set_chunk_threshold(smtpc_session *session,
						int64_t octets)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/*
 * How many octets, and how many transactions, may be on their way without a
 * verdict at STREAM (default: 131,072 and 100).
 */
SMTPC_API int smtpc_session_set_window(smtpc_session *session, int64_t octets,
				       size_t transactions)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* What is sent without TLS, if anything; only while disconnected. */
SMTPC_API int smtpc_session_set_tls_mode(smtpc_session *session, int mode)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Shares tls, which can't be changed any more; only while disconnected. */
SMTPC_API int smtpc_session_set_tls(smtpc_session *session, smtpc_tls *tls)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* The name to verify and to ask for (SNI); NULL: the host's (default). */
SMTPC_API int smtpc_session_set_tls_verify_name(smtpc_session *session,
						const char *name)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* SMTPC_CERTIFICATE_... flags: problems that are not to matter. */
SMTPC_API int smtpc_session_set_tls_exceptions(smtpc_session *session,
					       uint32_t problems)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/*
 * The SHA-256 of a public key that the server may have, in hexadecimal digits;
 * where there are pins, no other key is trusted.  NULL: forget them all.
 */
SMTPC_API int smtpc_session_add_tls_pin(smtpc_session *session,
					const char *spki_sha256)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/*
 * Any may be NULL: authzid where authcid acts for itself, password for
 * mechanisms that take none, authcid where a certificate or a ticket says it.
 * All three NULL: forget them.
 */
SMTPC_API int smtpc_session_set_credentials(smtpc_session *session,
					    const char *authzid,
					    const char *authcid,
					    const char *password)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* A bearer token (RFC 6750) of the user's; token NULL: forget both. */
SMTPC_API int smtpc_session_set_oauth_token(smtpc_session *session,
					    const char *authcid,
					    const char *token)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Who is asked for a secret that is not set, or not right; NULL: nobody. */
SMTPC_API int smtpc_session_set_secret_callback(smtpc_session *session,
						smtpc_secret_fn function,
						void *userdata)
	SMTPC_NONNULL_1;

/* The only mechanisms allowed: words, best first; NULL: the default. */
SMTPC_API int smtpc_session_set_mechanisms(smtpc_session *session,
					   const char *mechanisms)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* How often smtpc_auth() may say AUTH, 1 to 100 (default: 2). */
SMTPC_API int smtpc_session_set_auth_attempts(smtpc_session *session,
					      int attempts)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* SMTPC_CHANNEL_BINDING_...: what -PLUS mechanisms are bound to. */
SMTPC_API int smtpc_session_set_channel_binding(smtpc_session *session,
						int type)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* The least iteration count of SCRAM's that will do (default: 4096). */
SMTPC_API int smtpc_session_set_scram_iterations(smtpc_session *session,
						 int minimum)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Whether a password or a token may cross a channel that anybody can read. */
SMTPC_API int smtpc_session_set_plaintext_auth(smtpc_session *session,
					       int allow)
	SMTPC_NONNULL_1;

/* Gives each line of the dialogue, secrets hidden; NULL: no more. */
SMTPC_API int smtpc_session_set_trace(smtpc_session *session,
				      smtpc_trace_fn function, void *userdata)
	SMTPC_NONNULL_1;

/* The same to a descriptor, which is not closed; -1: no more. */
SMTPC_API int smtpc_session_set_trace_fd(smtpc_session *session, int fd)
	SMTPC_NONNULL_1;

/*
 * TLS settings.
 */

SMTPC_API int smtpc_tls_new(smtpc_tls **ret_tls)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Gives up the caller's hold; sessions keep theirs.  NULL is allowed. */
SMTPC_API void smtpc_tls_free(smtpc_tls *tls);

/* Whether the system's certificate authorities are trusted (default: yes). */
SMTPC_API int smtpc_tls_set_trust_system(smtpc_tls *tls, int on)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Trusts the authorities in a file of PEM certificates, too. */
SMTPC_API int smtpc_tls_add_trust_file(smtpc_tls *tls, const char *file)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* The same from a directory of such files, and from memory. */
SMTPC_API int smtpc_tls_add_trust_directory(smtpc_tls *tls,
					    const char *directory)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;
SMTPC_API int smtpc_tls_add_trust_memory(smtpc_tls *tls, const void *data,
					 size_t len)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/*
 * The client's certificate, with those of its issuers behind it, and its key,
 * in PEM.  key NULL: in the same file.  password NULL: it is not encrypted.
 */
SMTPC_API int smtpc_tls_set_certificate_file(smtpc_tls *tls,
					     const char *certificate,
					     const char *key,
					     const char *password)
	SMTPC_MUST_USE SMTPC_NONNULL_12;
SMTPC_API int smtpc_tls_set_certificate_memory(smtpc_tls *tls,
					       const void *certificate,
					       size_t certificate_len,
					       const void *key, size_t key_len,
					       const char *password)
	SMTPC_MUST_USE SMTPC_NONNULL_12;

/* The same from a PKCS#12 file, or from a token that an RFC 7512 URL names. */
SMTPC_API int smtpc_tls_set_certificate_pkcs12(smtpc_tls *tls,
					       const char *file,
					       const char *password)
	SMTPC_MUST_USE SMTPC_NONNULL_12;
SMTPC_API int smtpc_tls_set_certificate_pkcs11(smtpc_tls *tls, const char *url,
					       const char *pin)
	SMTPC_MUST_USE SMTPC_NONNULL_12;

/* The oldest version that will do: SMTPC_TLS_... (default: 1.2). */
SMTPC_API int smtpc_tls_set_minimum_version(smtpc_tls *tls, int version)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* A priority string of GnuTLS's, for experts; NULL: the system's (default). */
SMTPC_API int smtpc_tls_set_priority(smtpc_tls *tls, const char *priority)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Whether TLS sessions may be resumed (default: yes). */
SMTPC_API int smtpc_tls_set_session_cache(smtpc_tls *tls, int on)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Why the last setter failed; "" if it did not. */
SMTPC_API const char *smtpc_tls_error_message(const smtpc_tls *tls)
	SMTPC_NONNULL_1;

/*
 * Steps.  Blocking sessions return when the step is done; others return
 * SMTPC_AGAIN while it is in progress.
 */

/* Looks host up, connects, reads the greeting; with TLS first if need be. */
SMTPC_API int smtpc_connect(smtpc_session *session, const char *host, int port)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;
SMTPC_API int smtpc_connect_unix(smtpc_session *session, const char *path)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* Takes a connected stream socket; owns it unless the result is negative. */
SMTPC_API int smtpc_attach(smtpc_session *session, int fd, const char *host,
			   int port)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* EHLO, or HELO where the server knows no better. */
SMTPC_API int smtpc_ehlo(smtpc_session *session)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* STARTTLS and the handshake; smtpc_ehlo() must follow. */
SMTPC_API int smtpc_starttls(smtpc_session *session)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Goes on with a connection that ended in SMTPC_E_CERTIFICATE. */
SMTPC_API int smtpc_accept_certificate(smtpc_session *session)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Authenticates, by the best mechanism that both sides can use. */
SMTPC_API int smtpc_auth(smtpc_session *session)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Sends one message; the result is its fate. */
SMTPC_API int smtpc_send(smtpc_session *session,
			 smtpc_transaction *transaction)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/*
 * Hands a transaction over, to be sent behind those that were handed over
 * before; it stays borrowed until it is collected.  SMTPC_FULL: it was not
 * taken, there are too many (non-blocking sessions only).
 */
SMTPC_API int smtpc_submit(smtpc_session *session,
			   smtpc_transaction *transaction)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/*
 * Hands the oldest one back, once its fate is known: smtpc_transaction_result()
 * tells it.  SMTPC_E_STATE: none is outstanding.
 */
SMTPC_API int smtpc_collect(smtpc_session *session,
			    smtpc_transaction **ret_transaction)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* How many were submitted and not yet collected. */
SMTPC_API size_t smtpc_session_outstanding(const smtpc_session *session)
	SMTPC_NONNULL_1;

SMTPC_API int smtpc_rset(smtpc_session *session) SMTPC_NONNULL_1;
SMTPC_API int smtpc_noop(smtpc_session *session) SMTPC_NONNULL_1;

/* One line, one reply, for any other verb; argument may be NULL. */
SMTPC_API int smtpc_command(smtpc_session *session, const char *verb,
			    const char *argument)
	SMTPC_MUST_USE SMTPC_NONNULL_12;

/* Says goodbye and closes; waits for the answer, but not for long. */
SMTPC_API int smtpc_quit(smtpc_session *session) SMTPC_NONNULL_1;

/* Closes at once and sends nothing. */
SMTPC_API int smtpc_disconnect(smtpc_session *session) SMTPC_NONNULL_1;

/*
 * The one call that another thread may make, while the session exists: what is
 * in progress, and what follows, ends with SMTPC_E_CANCELLED until
 * smtpc_disconnect().
 */
SMTPC_API int smtpc_cancel(smtpc_session *session) SMTPC_NONNULL_1;

/*
 * Whatever remains of connect, EHLO, STARTTLS as the TLS mode asks, EHLO
 * again, and AUTH if credentials are set.
 */
SMTPC_API int smtpc_open(smtpc_session *session, const char *host, int port)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;
SMTPC_API int smtpc_open_unix(smtpc_session *session, const char *path)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/*
 * Driving a non-blocking session.
 */

/* Carries on what is in progress and returns its result. */
SMTPC_API int smtpc_process(smtpc_session *session)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* The descriptors to wait for; they may change with every call. */
SMTPC_API size_t smtpc_session_fd_count(smtpc_session *session)
	SMTPC_NONNULL_1;
SMTPC_API int smtpc_session_fd_at(smtpc_session *session, size_t index,
				  int *ret_fd, uint32_t *ret_events)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* Another number whenever the descriptors or their events have changed. */
SMTPC_API uint64_t smtpc_session_fd_generation(smtpc_session *session)
	SMTPC_NONNULL_1;

/* Milliseconds until smtpc_process() must be called; SMTPC_FOREVER: none. */
SMTPC_API int64_t smtpc_session_next_timeout(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* Waits for the descriptors; SMTPC_AGAIN if nothing came in that time. */
SMTPC_API int smtpc_wait(smtpc_session *session, int64_t milliseconds)
	SMTPC_NONNULL_1;

/*
 * What the server said.
 */

SMTPC_API int smtpc_session_state(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* An extension's parameters ("" if it has none); NULL if it is not offered. */
SMTPC_API const char *smtpc_session_extension(const smtpc_session *session,
					      const char *keyword)
	SMTPC_NONNULL_ALL;
SMTPC_API size_t smtpc_session_extension_count(const smtpc_session *session)
	SMTPC_NONNULL_1;
SMTPC_API int smtpc_session_extension_at(const smtpc_session *session,
					 size_t index, const char **ret_keyword,
					 const char **ret_parameters)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* NULL before there is one. */
SMTPC_API const smtpc_reply *smtpc_session_greeting(
	const smtpc_session *session) SMTPC_NONNULL_1;
SMTPC_API const smtpc_reply *smtpc_session_reply(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* "TLS1.3" and the like; NULL without TLS. */
SMTPC_API const char *smtpc_session_tls_version(const smtpc_session *session)
	SMTPC_NONNULL_1;
SMTPC_API const char *smtpc_session_tls_cipher(const smtpc_session *session)
	SMTPC_NONNULL_1;
SMTPC_API int smtpc_session_tls_trust(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* 1 if the TLS session is an earlier one's that was resumed. */
SMTPC_API int smtpc_session_tls_is_resumed(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* The chain that the server sent; index 0 is its own certificate. */
SMTPC_API size_t smtpc_session_certificate_count(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* One certificate as DER. */
SMTPC_API int smtpc_session_certificate(const smtpc_session *session,
					size_t index, const void **ret_data,
					size_t *ret_len)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* Distinguished names as in RFC 4514; NULL if there is no such certificate. */
SMTPC_API const char *smtpc_session_certificate_subject(
	const smtpc_session *session, size_t index) SMTPC_NONNULL_1;
SMTPC_API const char *smtpc_session_certificate_issuer(
	const smtpc_session *session, size_t index) SMTPC_NONNULL_1;

/* Milliseconds since 1970-01-01 UTC. */
SMTPC_API int smtpc_session_certificate_validity(const smtpc_session *session,
						 size_t index,
						 int64_t *ret_not_before,
						 int64_t *ret_not_after)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* SHA-256 of the certificate, or of its public key: 64 hexadecimal digits. */
SMTPC_API const char *smtpc_session_certificate_sha256(
	const smtpc_session *session, size_t index) SMTPC_NONNULL_1;
SMTPC_API const char *smtpc_session_certificate_spki_sha256(
	const smtpc_session *session, size_t index) SMTPC_NONNULL_1;

/* SMTPC_CERTIFICATE_... flags; 0: verified. */
SMTPC_API uint32_t smtpc_session_certificate_problems(
	const smtpc_session *session) SMTPC_NONNULL_1;

/* The mechanism that authenticated this connection, or NULL. */
SMTPC_API const char *smtpc_session_mechanism(const smtpc_session *session)
	SMTPC_NONNULL_1;

/*
 * What smtpc_auth() last tried: each mechanism's name, the result it alone
 * would have had, the reply that ended it (NULL: it was not sent, or not
 * answered), and a sentence for people ("" if it succeeded).
 */
SMTPC_API size_t smtpc_session_auth_attempt_count(
	const smtpc_session *session) SMTPC_NONNULL_1;
SMTPC_API int smtpc_session_auth_attempt_at(const smtpc_session *session,
					    size_t index,
					    const char **ret_mechanism,
					    int *ret_result,
					    const smtpc_reply **ret_reply,
					    const char **ret_message)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/*
 * The JSON by which an OAuth server last said what is wrong with a token, and
 * its length; it may hold any octet.  NULL: there was none.
 */
SMTPC_API const char *smtpc_session_auth_challenge(
	const smtpc_session *session, size_t *ret_len) SMTPC_NONNULL_ALL;

/* "192.0.2.1:587", "[2001:db8::1]:587", a path, or NULL. */
SMTPC_API const char *smtpc_session_peer_address(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* 200 to 599. */
SMTPC_API int smtpc_reply_code(const smtpc_reply *reply) SMTPC_NONNULL_1;

/* "5.1.1", or NULL if the reply has none. */
SMTPC_API const char *smtpc_reply_enhanced(const smtpc_reply *reply)
	SMTPC_NONNULL_1;

/* A line's text, without code and line end; it may hold any octet. */
SMTPC_API size_t smtpc_reply_line_count(const smtpc_reply *reply)
	SMTPC_NONNULL_1;
SMTPC_API int smtpc_reply_line(const smtpc_reply *reply, size_t index,
			       const char **ret_text, size_t *ret_len)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/*
 * Why the last step failed.
 */

SMTPC_API int smtpc_error_result(const smtpc_session *session) SMTPC_NONNULL_1;

/* A finer cause as a stable token, such as "starttls-injection"; or "". */
SMTPC_API const char *smtpc_error_detail(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* A sentence for people: printable ASCII, never NULL. */
SMTPC_API const char *smtpc_error_message(const smtpc_session *session)
	SMTPC_NONNULL_1;
SMTPC_API int smtpc_error_phase(const smtpc_session *session) SMTPC_NONNULL_1;

/* The system's error number and GnuTLS's error code; 0 if it was not that. */
SMTPC_API int smtpc_error_errno(const smtpc_session *session) SMTPC_NONNULL_1;
SMTPC_API int smtpc_error_tls(const smtpc_session *session) SMTPC_NONNULL_1;

/* The reply that made it fail, or NULL. */
SMTPC_API const smtpc_reply *smtpc_error_reply(const smtpc_session *session)
	SMTPC_NONNULL_1;

/* 1 if doing it again can't duplicate a message. */
SMTPC_API int smtpc_error_safe_to_retry(const smtpc_session *session)
	SMTPC_NONNULL_1;

/*
 * Transaction.
 */

SMTPC_API int smtpc_transaction_new(smtpc_transaction **ret_transaction)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* NULL is allowed.  If it is being sent, the connection is closed. */
SMTPC_API void smtpc_transaction_free(smtpc_transaction *transaction);

/* As new: no envelope, no content, no results. */
SMTPC_API int smtpc_transaction_reset(smtpc_transaction *transaction)
	SMTPC_NONNULL_1;

/* The reverse-path's mailbox, without < and >; "" is the null reverse-path. */
SMTPC_API int smtpc_transaction_set_sender(smtpc_transaction *transaction,
					   const char *mailbox)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* ret_index may be NULL. */
SMTPC_API int smtpc_transaction_add_recipient(smtpc_transaction *transaction,
					      const char *mailbox,
					      size_t *ret_index)
	SMTPC_MUST_USE SMTPC_NONNULL_12;

/* Another parameter of MAIL, or of one RCPT; value may be NULL. */
SMTPC_API int smtpc_transaction_add_mail_parameter(
	smtpc_transaction *transaction, const char *keyword, const char *value)
	SMTPC_MUST_USE SMTPC_NONNULL_12;
SMTPC_API int smtpc_transaction_add_recipient_parameter(
	smtpc_transaction *transaction, size_t index, const char *keyword,
	const char *value) SMTPC_MUST_USE SMTPC_NONNULL_1;

/*
 * Delivery status notifications (RFC 3461).  ret: "FULL", "HDRS" or NULL;
 * notify: "NEVER", or some of "SUCCESS,FAILURE,DELAY", or NULL; orcpt: a
 * mailbox, or "type;address", or NULL.  Encoded as xtext by the library.
 */
SMTPC_API int smtpc_transaction_set_dsn(smtpc_transaction *transaction,
					const char *ret, const char *envid)
	SMTPC_MUST_USE SMTPC_NONNULL_1;
SMTPC_API int smtpc_transaction_set_recipient_dsn(
	smtpc_transaction *transaction, size_t index, const char *notify,
	const char *orcpt) SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Whether addresses or headers are UTF-8 (RFC 6531): 1, 0, or -1: as needed. */
SMTPC_API int smtpc_transaction_set_smtputf8(smtpc_transaction *transaction,
					     int on)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* SMTPC_BODY_..., SMTPC_CONTENT_.... */
SMTPC_API int smtpc_transaction_set_body(smtpc_transaction *transaction,
					 int body)
	SMTPC_MUST_USE SMTPC_NONNULL_1;
SMTPC_API int smtpc_transaction_set_content_form(
	smtpc_transaction *transaction, int form)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Content that stays the caller's, unchanged until the fate is known. */
SMTPC_API int smtpc_transaction_set_content(smtpc_transaction *transaction,
					    const void *data, size_t len)
	SMTPC_MUST_USE SMTPC_NONNULL_1;
SMTPC_API int smtpc_transaction_set_content_copy(smtpc_transaction *transaction,
						 const void *data, size_t len)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* Read from its present position to its end; not closed. */
SMTPC_API int smtpc_transaction_set_content_fd(smtpc_transaction *transaction,
					       int fd)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* size: exactly what function will deliver, or -1. */
SMTPC_API int smtpc_transaction_set_content_reader(
	smtpc_transaction *transaction, smtpc_reader_fn function, int64_t size,
	void *userdata) SMTPC_MUST_USE SMTPC_NONNULL_12;

/*
 * Content that the caller writes while it is being sent, and then ends.  size:
 * exactly what will come, or -1.
 */
SMTPC_API int smtpc_transaction_set_content_push(
	smtpc_transaction *transaction, int64_t size)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* SMTPC_FULL: nothing is taken now, call smtpc_process() first. */
SMTPC_API int smtpc_transaction_write(smtpc_transaction *transaction,
				      const void *data, size_t len,
				      size_t *ret_taken)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;
SMTPC_API int smtpc_transaction_end_content(smtpc_transaction *transaction)
	SMTPC_MUST_USE SMTPC_NONNULL_1;

/* What these octets of a message hold: SMTPC_SCAN_... flags. */
SMTPC_API uint32_t smtpc_scan_content(const void *data, size_t len)
	SMTPC_NONNULL_1;

/* Whether one refused recipient stops the whole (default: no). */
SMTPC_API int smtpc_transaction_set_all_or_none(smtpc_transaction *transaction,
						int on)
	SMTPC_NONNULL_1;

/*
 * A new transaction, the caller's, for those recipients that a limit of the
 * server's left over, with the same envelope and content.  SMTPC_E_STATE:
 * there are none, or the content can't be read again.
 */
SMTPC_API int smtpc_transaction_remainder(const smtpc_transaction *transaction,
					  smtpc_transaction **ret_transaction)
	SMTPC_MUST_USE SMTPC_NONNULL_ALL;

/* What smtpc_send() returned last; SMTPC_AGAIN while it is being sent. */
SMTPC_API int smtpc_transaction_result(const smtpc_transaction *transaction)
	SMTPC_NONNULL_1;

/* The reply that decided the whole, or NULL. */
SMTPC_API const smtpc_reply *smtpc_transaction_reply(
	const smtpc_transaction *transaction) SMTPC_NONNULL_1;

/* Why it failed, or why the last setter did; "" if nothing did. */
SMTPC_API const char *smtpc_transaction_error_message(
	const smtpc_transaction *transaction) SMTPC_NONNULL_1;

/* Octets of content handed over so far, as sent. */
SMTPC_API int64_t smtpc_transaction_octets_sent(
	const smtpc_transaction *transaction) SMTPC_NONNULL_1;

SMTPC_API size_t smtpc_transaction_recipient_count(
	const smtpc_transaction *transaction) SMTPC_NONNULL_1;

/* The mailbox as it was added, or NULL. */
SMTPC_API const char *smtpc_transaction_recipient(
	const smtpc_transaction *transaction, size_t index) SMTPC_NONNULL_1;

/* SMTPC_OUTCOME_..., or SMTPC_E_INVALID if there is no such recipient. */
SMTPC_API int smtpc_transaction_recipient_outcome(
	const smtpc_transaction *transaction, size_t index) SMTPC_NONNULL_1;

/* The reply that decided it, or NULL. */
SMTPC_API const smtpc_reply *smtpc_transaction_recipient_reply(
	const smtpc_transaction *transaction, size_t index) SMTPC_NONNULL_1;

/* 1 if sending to this recipient again can't duplicate the message. */
SMTPC_API int smtpc_transaction_recipient_safe_to_retry(
	const smtpc_transaction *transaction, size_t index) SMTPC_NONNULL_1;

#ifdef __cplusplus
}
#endif

#endif

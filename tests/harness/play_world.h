/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the modules share that play a scenario: the world as it is while that
 * lasts.
 */
#ifndef HARNESS_PLAY_WORLD_H
#define HARNESS_PLAY_WORLD_H

#include <poll.h>
#include <time.h>

#include "memstream.h"
#include "peer.h"
#include "play.h"

/* Where a mail's content comes from, while it is played. */
struct feed {
	const struct mail *mail;
	size_t piece;  /* the one that is read now */
	size_t offset; /* how much of that has been read */
	bool paused;   /* at a PIECE_PAUSE */
	int64_t until; /* which lasts so long */
	int fd;	       /* what the library reads, or -1 */
	int write_end; /* of a pipe, or -1 */
	char *data;    /* of memory */
	size_t len;
};

#define KEEPER_SECRETS_MAX 16

/* What the caller knows and is asked for, while it is played. */
struct keeper {
	struct octets script; /* the answers that are still to come */
	struct octets late;   /* the one that is given later, or empty */
	struct octets asked;  /* what for, in this step */
	struct octets secrets[KEEPER_SECRETS_MAX]; /* ever set */
	size_t count;
};

/* What is always looked at; each is a word of a dialogue file. */
struct expected {
	const char *result, *detail, *phase, *state, *reply, *retry;
};

/* Transactions that were submitted and not yet collected (play_stream.c). */
struct play_stream {
	smtpc_transaction *mails[PLAY_STEPS_MAX];
	size_t numbers[PLAY_STEPS_MAX];
	size_t count;
	size_t begun; /* in all, since the stream began */
	/* All lines of the steps at hand, and the last of those steps. */
	struct script_line *lines;
	size_t line_count;
	const struct step *last; /* NULL: there is no stream */
	bool has_quit;		 /* QUIT goes out behind it */
};

struct play {
	const struct scenario *scenario;
	const struct step *step;
	const struct play_options *options;
	struct play_result *result;
	unsigned int cell;

	int64_t now, step_began;
	clock_t cpu_began; /* the step */
	struct memory_link link;
	int open_result;	  /* of each connection */
	struct memory_link spare; /* of a connection that is one too many */
	struct peer peer;
	size_t waits;	     /* in a session that does not block */
	unsigned long turns; /* of the one who waits: a limit for what hangs */

	smtpc_session *session;
	smtpc_tls *own; /* settings of the scenario's own, or NULL */
	struct octets host;
	int port;
	smtpc_transaction **mails;
	struct feed *feeds;
	struct keeper keeper;
	smtpc_transaction *sent; /* by the step at hand, or NULL */
	size_t sent_number;	 /* its number in the stream, from 0 on */
	int rc;
	int fate; /* of what was sent; the same unless it was collected */
	struct play_stream stream;
	int state_before;
	size_t allocations;
};

/* The first failure is kept.  number is the file's line. */
void play_fail(struct play *play, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What a session is made of (play_setup.c).
 */

void setup_prepare(void);
void setup_finish(void);

/* SMTPC_OK, or how a setter failed. */
int setup_session(struct play *play);
int setup_mails(struct play *play);
int setup_apply(struct play *play, const struct setting *setting);
void setup_clear(struct play *play);

/* What TLS of the peer's is made of; the first makes it, if it has to be. */
void setup_certificate(const struct play *play);
void setup_peer(struct play *play);

/* Content that waits for its time may go on; true: some did. */
bool setup_feed(struct play *play);

/* When a pause that lasts so long is over, or PEER_NEVER. */
int64_t setup_feed_wakes(const struct play *play);

/*
 * Secrets and AUTH (play_auth.c).
 */

/* False: the setting is not one of AUTH's. */
bool auth_apply(struct play *play, const struct setting *setting, int *ret_rc);

/* Gives the answer that was put off; false: there is none. */
bool auth_resume(struct play *play);

/* Whether a secret is in the text. */
bool auth_shows(const struct play *play, const char *text, size_t len);

/* "PLAIN E_AUTH_REJECTED 535 ; LOGIN OK 235"; JSON.  Or "none". */
void auth_describe_attempts(const struct play *play, struct octets *out);
void auth_describe_challenge(const struct play *play, struct octets *out);

/* What must hold of the attempts, whatever they were. */
void auth_check_truth(struct play *play);
void auth_clear(struct play *play);

/*
 * Time and waiting (play_wait.c).
 */

/* The library's seams are the play's, until NULL is played. */
void wait_install(struct play *play);

/* Waits as poll() does: the peer's turn, or the time goes on. */
int wait_turn(struct play *play, struct pollfd *items, nfds_t count,
	      int64_t timeout);

/* Carries on what is in progress, in a session that does not block. */
int wait_drive(struct play *play, int rc);

/* Until nobody has anything to do. */
void wait_settle(struct play *play);

/*
 * What is expected (play_facts.c).
 */

void facts_check(struct play *play);

/* What holds after every step, whatever was expected. */
void truth_check(struct play *play);

/* What holds of a mail whose session the caller has given up. */
void truth_check_abandoned(struct play *play);

/* All that a caller can see, into the transcript (play_truth.c). */
void truth_record(struct play *play);

/*
 * Streams (play_stream.c).  Their steps share the lines of all of them: what
 * comes when is a matter of octets, and not of steps.
 */

/* submit, collect, linger or free: false if it is none. */
bool stream_do(struct play *play);
bool stream_is_step(const struct play *play);

/* The step begins; false: the peer has its lines already. */
bool stream_begin_step(struct play *play);

/* Whether there are more steps that share the peer's lines. */
bool stream_goes_on(const struct play *play);
void stream_clear(struct play *play);

/* A setting; false: it is none of these. */
bool stream_apply(struct play *play, const struct setting *setting,
		  int *ret_rc);

/* A connection begins. */
void stream_equip(struct play *play);

struct expected stream_defaults(const struct play *play);
void stream_check_fate(struct play *play);
void stream_check_message(struct play *play);

/* The names of enumerators, without their prefixes; NULL: unknown. */
const char *name_of_result(int result);
const char *name_of_state(int state);
const char *name_of_phase(int phase);
const char *name_of_outcome(int outcome);
const char *name_of_trust(int trust);
int phase_by_name(const char *name);
uint32_t problem_by_name(const char *name);

#endif

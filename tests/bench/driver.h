/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the clients that are measured have in common: their command line, the
 * message, and the clocks.  README.md has the command line.
 */
#ifndef SMTPC_BENCH_DRIVER_H
#define SMTPC_BENCH_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#define SENDER	      "sender@example.com"
#define CLIENT_DOMAIN "client.example.com"
#define USER	      "test"
#define PASSWORD      "secret"
#define NAME_SIZE     64

struct settings {
	const char *host;
	const char *file;
	const char *ca;
	const char *mode;
	int port;
	int messages;
	int recipients;
	int idle;	   /* so many sessions are opened and kept */
	bool tls;	   /* STARTTLS, then AUTH */
	bool implicit;	   /* TLS at once, then AUTH */
	bool system_trust; /* the system's authorities, too */
	bool fresh;	   /* a session for every message */
	bool whole;	   /* the clock runs from connecting to QUIT's reply */
};

extern struct settings settings;

void driver_options(int argc, char **argv);

/* Whether the comma-separated word is in the mode. */
bool driver_has(const char *word);

/* Writes the name of a recipient into a buffer of NAME_SIZE, and returns it. */
char *driver_recipient(char *name, int number);

/* The whole message in memory, with a NUL behind it. */
char *driver_load(size_t *ret_len);

/* Octets of the message's file. */
size_t driver_size(void);

_Noreturn void driver_fail(const char *what, const char *why);

/*
 * The clocks.  opening: a session is about to be connected; sending: one is
 * ready, and nothing of the messages that count was sent; sent: the last
 * verdict is read; closed: so is the reply to QUIT.  The clocks run between
 * the inner two, or between the outer two for settings.whole; what they show
 * is printed by the call that stops them.  The first message of several does
 * not count: driver_counted() is how many do.
 */
void driver_opening(void);
void driver_sending(void);
void driver_sent(void);
void driver_closed(void);

int driver_counted(void);

/* For who can't tell when the first message has been sent: it counts, too. */
void driver_count_all(void);

/* Octets that are allocated. */
size_t driver_heap(void);

/* Prints what each of the idle sessions but the first one takes. */
void driver_report_idle(size_t heap_with_one);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dialogue file in memory: what the caller does, what both sides say, and
 * what is to come of it.  tests/README.md describes how one is written.
 */
#ifndef HARNESS_DIALOGUE_H
#define HARNESS_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "octets.h"
#include "scram.h"

/* Which of the cells something is for: flags. */
#define CELL_PIPELINING	  0x01u
#define CELL_TURNS	  0x02u
#define CELL_CLEAR	  0x04u
#define CELL_TLS	  0x08u
#define CELL_BLOCKING	  0x10u
#define CELL_NON_BLOCKING 0x20u
#define CELL_ONE	  0x40u
#define CELL_SEVEN	  0x80u
#define CELL_WHOLE	  0x100u
#define CELL_ALL	  0x1ffu

enum line_kind {
	LINE_CLIENT,  /* the client sends text */
	LINE_SERVER,  /* the server does */
	LINE_TLS,     /* the server shakes hands */
	LINE_CLOSE,   /* the server ends its side, with TLS's goodbye */
	LINE_CUT,     /* the same without */
	LINE_RESET,   /* the connection is reset */
	LINE_DEAF,    /* what the client writes is refused, but not read */
	LINE_WAIT,    /* the server pauses for amount milliseconds */
	LINE_DRIP,    /* from now on, one octet in amount milliseconds */
	LINE_WINDOW,  /* after amount octets, the client's wait; -1: no more */
	LINE_TAKE,    /* the client sends amount octets of anything */
	LINE_IGNORE,  /* whatever the client sends, but for the final dot */
	LINE_SILENCE, /* the client has had its turn, and must be waiting */
	LINE_RAW,     /* octets beneath TLS */
	LINE_MISBEHAVE, /* what tls_manners.h knows */
	LINE_ITERATIONS /* SCRAM's from now on */
};

/* How a line ends of which only the beginning is known. */
struct open_end {
	bool any;	      /* anything to the line's end */
	enum scram_part part; /* or this, */
	char *argument;	      /* with what stands behind its name, or NULL */
};

struct script_line {
	enum line_kind kind;
	int number; /* in the file */
	unsigned int cells;
	struct octets text;
	struct open_end end; /* behind text */
	int64_t amount;
};

/* One thing that is expected of a step, as "key value". */
struct fact {
	int number;
	unsigned int cells;
	char *key;
	char *value;
};

struct step {
	int number;
	char *verb;
	char *argument; /* "" if there is none */
	struct script_line *lines;
	size_t line_count;
	struct fact *facts;
	size_t fact_count;
};

enum piece_kind {
	PIECE_OCTETS,
	PIECE_PAUSE, /* for amount milliseconds */
	PIECE_FAIL,
};

struct piece {
	enum piece_kind kind;
	struct octets text;
	int64_t amount;
};

enum content_kind {
	CONTENT_OF_MEMORY,
	CONTENT_OF_COPY,
	CONTENT_OF_FILE,
	CONTENT_OF_PIPE,
	CONTENT_OF_READER,
	CONTENT_OF_BROKEN, /* a descriptor that can't be read */
	CONTENT_OF_NOTHING,
};

/* "keyword=value", or "keyword". */
struct mail_parameter {
	char *text;
	size_t recipient; /* SIZE_MAX: of MAIL */
};

struct mail {
	char *sender;
	char **recipients;
	size_t recipient_count;
	struct mail_parameter *parameters;
	size_t parameter_count;
	bool all_or_none;
	char *form; /* of its content; NULL: as it is by itself */
	enum content_kind content;
	struct piece *pieces;
	size_t piece_count;
	int64_t size;	/* as the reader states it, -1: not at all */
	int64_t offset; /* where a file is read from */
};

struct setting {
	int number;
	char *key;
	char *value;
};

struct scenario {
	int number;
	char *name;
	const char *file;
	unsigned int cells;
	struct setting *settings;
	size_t setting_count;
	struct mail *mails;
	size_t mail_count;
	struct step *steps;
	size_t step_count;
};

struct dialogue {
	char *file;
	struct scenario *scenarios;
	size_t count;
};

/* Reads a file; a mistake in it ends the program, and says where it is. */
struct dialogue *dialogue_load(const char *path);
void dialogue_free(struct dialogue *dialogue);

/* The value of a setting, or what is given for one that is not set. */
const char *scenario_setting(const struct scenario *scenario, const char *key,
			     const char *otherwise);

/*
 * For the modules that read dialogue files.
 */

/* One line of the file, on its way to be understood. */
struct source_line {
	const char *file;
	int number;
	char *text;
	unsigned int cells;
};

/* The lines of one scenario, its name first. */
struct source_lines {
	struct source_line *items;
	size_t count;
};

struct source_scenarios {
	struct source_lines *items;
	size_t count;
};

/* Reads the file, puts fragments in, and fills in rows (dialogue_text.c). */
struct source_scenarios *source_load(const char *path);
void source_free(struct source_scenarios *scenarios);

/* Ends the program: the line makes no sense. */
void dialogue_bad(const struct source_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* "30s", "250ms": milliseconds. */
int64_t dialogue_time(const struct source_line *line, const char *text);
int64_t dialogue_number(const struct source_line *line, const char *text);

/* A copy, in memory that heap.h counts: the C library's is not counted. */
char *dialogue_copy(const char *text);

/* A copy of the next word, up to a blank; *text moves behind it. */
char *dialogue_word(const char **text);

/* Items of size octets that grow by one; the new one is all zero. */
void *dialogue_grow(void *items, size_t count, size_t size);

/*
 * Undoes escapes and fills in macros, from *text on up to its end, or up to
 * the next quote if quoted.  n is what %{n} stands for.  What stands at the
 * end only, %{any} and %{scram-...}, goes to ret_end, which may be NULL.
 */
void dialogue_octets(const struct source_line *line, const char **text,
		     bool quoted, unsigned int n, struct octets *out,
		     struct open_end *ret_end);

/* The content of a mail, behind "content: " (dialogue_mail.c). */
void dialogue_mail_line(const struct source_line *line, struct mail *mail,
			const char *key, const char *value);
void dialogue_mail_init(struct mail *mail);
void dialogue_mail_clear(struct mail *mail);

#endif

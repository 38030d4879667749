/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SOURCE_H
#define SMTPC_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

/*
 * How much a descriptor or a reader is asked for at once, and what is kept of
 * content that is pushed.
 */
#define SOURCE_CHUNK 65536

enum source_kind {
	SOURCE_NONE,
	SOURCE_MEMORY,
	SOURCE_DESCRIPTOR,
	SOURCE_READER,
	SOURCE_PUSH,
};

/* Where the octets of a content come from. */
struct source {
	enum source_kind kind;

	const char *data; /* SOURCE_MEMORY; otherwise the chunk at hand */
	size_t len;	  /* how much of that there is */
	size_t taken;	  /* how much of that is done with */
	char *owned;	  /* the copy, or the chunk's memory */

	int fd;
	bool is_file;  /* otherwise fd is read when it is readable, and once */
	int64_t start; /* where in a file the content begins */

	smtpc_reader_fn reader;
	void *userdata;
	bool in_callback;

	int64_t size;	/* what is to come in all, or -1 */
	int64_t least;	/* what a file has had at the beginning */
	int64_t loaded; /* what has come */
	int64_t passed; /* what was taken of that */
	bool at_end;
	bool is_begun;	/* some of it has been asked for */
	bool is_closed; /* SOURCE_PUSH: nothing more will be written */
	bool gathers;	/* many small parts make one chunk */

	/* Why source_look() failed. */
	const char *detail;
	int system_error;
};

/* Each forgets what the source was before. */
void source_clear(struct source *source);
void source_set_memory(struct source *source, const void *data, size_t len);
int source_set_copy(struct source *source, const void *data, size_t len);
int source_set_descriptor(struct source *source, int fd);
void source_set_reader(struct source *source, smtpc_reader_fn reader,
		       int64_t size, void *userdata);

void source_set_push(struct source *source, int64_t size);

/* The same memory, or the same file from the same place.  SMTPC_E_STATE. */
int source_set_again(struct source *source, const struct source *other);

/*
 * SOURCE_PUSH.  SMTPC_FULL: nothing was taken; SMTPC_E_STATE: it is closed;
 * SMTPC_E_CONTENT, which sticks: it is not of the size that was promised.
 */
int source_write(struct source *source, const void *data, size_t len,
		 size_t *ret_taken);
int source_close(struct source *source);

/* How many octets there are in all, or -1: that can't be known now. */
int64_t source_size(const struct source *source);

/*
 * Hands all of the content to scan() before it is read, if it is no more than
 * max octets in memory or in a file, which is read twice for that.  False: it
 * is more, or something else.
 */
bool source_scan(const struct source *source, int64_t max,
		 void (*scan)(void *context, const char *data, size_t len),
		 void *context);

/* False: it can be read only once, and that has begun. */
bool source_can_begin(const struct source *source);

/*
 * Before the content is read (again): memory and files from their start.
 * gathers: what comes in small parts is put together, as far as it is there or
 * the chunk is full; what is pushed, until one of the two.
 */
void source_begin(struct source *source, bool gathers);

/* Gives back the memory of a chunk. */
void source_end(struct source *source);

/* Whether the next look overwrites what was looked at before. */
bool source_is_used_up(const struct source *source);

/*
 * The octets that come next, loaded if there are none at hand; a length of 0
 * is the end.  What was looked at before must not be in use any more.
 * SMTPC_AGAIN: none yet.  SMTPC_E_CONTENT, SMTPC_E_NOMEM.
 */
int source_look(struct source *source, const char **ret_data, size_t *ret_len);
void source_take(struct source *source, size_t len);

/* The descriptor that a source waits for, or -1. */
int source_waits_for(const struct source *source);

#endif

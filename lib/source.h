/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SOURCE_H
#define SMTPC_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

/* How much a descriptor or a reader is asked for at once. */
#define SOURCE_CHUNK 65536

enum source_kind {
	SOURCE_NONE,
	SOURCE_MEMORY,
	SOURCE_DESCRIPTOR,
	SOURCE_READER,
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
	bool at_end;
	bool is_begun; /* some of it has been asked for */

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

/*
 * What scan() finds in all of the content, as flags, if that can be known
 * before it is read: false if it can't.  Memory is looked through; so is a
 * file, which is read twice for that: a long one only if thorough.
 */
bool source_scan(const struct source *source, bool thorough,
		 uint32_t (*scan)(const char *data, size_t len),
		 uint32_t *ret_found);

/* False: it can be read only once, and that has begun. */
bool source_can_begin(const struct source *source);

/* Before the content is read (again): memory and files from their start. */
void source_begin(struct source *source);

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

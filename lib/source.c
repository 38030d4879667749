/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content from memory, a descriptor or a callback, or as it is pushed.
 */
#include "source.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

void
source_clear(struct source *source)
{
	mem_free(source->owned);
	memset(source, 0, sizeof(*source));
	source->fd = -1;
	source->size = -1;
}

void
source_set_memory(struct source *source, const void *data, size_t len)
{
	source_clear(source);
	source->kind = SOURCE_MEMORY;
	source->data = data;
	source->len = len;
}

int
source_set_copy(struct source *source, const void *data, size_t len)
{
	char *copy = mem_copy(data, len);

	if (copy == NULL)
		return SMTPC_E_NOMEM;
	source_set_memory(source, copy, len);
	source->owned = copy;
	return SMTPC_OK;
}

int
source_set_descriptor(struct source *source, int fd)
{
	struct stat about;

	if (fd < 0 || fstat(fd, &about) != 0)
		return SMTPC_E_INVALID;
	source_clear(source);
	source->kind = SOURCE_DESCRIPTOR;
	source->fd = fd;
	source->start = lseek(fd, 0, SEEK_CUR);
	source->is_file = source->start >= 0 &&
			  (S_ISREG(about.st_mode) || S_ISBLK(about.st_mode));
	return SMTPC_OK;
}

void
source_set_reader(struct source *source, smtpc_reader_fn reader, int64_t size,
		  void *userdata)
{
	source_clear(source);
	source->kind = SOURCE_READER;
	source->reader = reader;
	source->size = size;
	source->userdata = userdata;
}

void
source_set_push(struct source *source, int64_t size)
{
	source_clear(source);
	source->kind = SOURCE_PUSH;
	source->size = size;
}

int
source_set_again(struct source *source, const struct source *other)
{
	if (other->kind == SOURCE_MEMORY && other->owned != NULL)
		return source_set_copy(source, other->data, other->len);
	if (other->kind == SOURCE_MEMORY) {
		source_set_memory(source, other->data, other->len);
		return SMTPC_OK;
	}
	if (!other->is_file)
		return SMTPC_E_STATE;
	source_clear(source);
	source->kind = SOURCE_DESCRIPTOR;
	source->fd = other->fd;
	source->start = other->start;
	source->is_file = true;
	return SMTPC_OK;
}

bool
source_can_begin(const struct source *source)
{
	return source->kind == SOURCE_MEMORY || source->is_file ||
	       !source->is_begun;
}

/* What a file has now; one that is made when it is read says 0. */
static int64_t
size_now(const struct source *source)
{
	struct stat about;

	if (!source->is_file || fstat(source->fd, &about) != 0)
		return 0;
	return about.st_size > source->start ? about.st_size - source->start
					     : 0;
}

int64_t
source_size(const struct source *source)
{
	int64_t size = source->size;

	if (source->kind == SOURCE_MEMORY)
		size = (int64_t)source->len;
	else if (source->is_file)
		size = size_now(source) > 0 ? size_now(source) : -1;
	else if (source->is_closed)
		size = source->loaded;
	return size;
}

void
source_begin(struct source *source, bool gathers)
{
	source->passed = 0;
	source->gathers = gathers;
	/* What was written before is not forgotten. */
	if (source->kind == SOURCE_PUSH)
		return;
	source->least = size_now(source);
	source->taken = 0;
	if (source->kind != SOURCE_MEMORY)
		source->len = 0;
	source->loaded = 0;
	source->at_end = false;
	source->detail = NULL;
	source->system_error = 0;
}

void
source_end(struct source *source)
{
	if (source->kind == SOURCE_MEMORY ||
	    (source->kind == SOURCE_PUSH && !source->is_begun))
		return;
	mem_free(source->owned);
	source->owned = NULL;
	source->data = NULL;
	source->len = source->taken = 0;
	source->at_end = source->is_closed = true;
}

/* Read without moving in the file, so that it can be read again. */
static ssize_t
read_at(int fd, char *chunk, size_t size, int64_t at)
{
	ssize_t len;

	do
		len = pread(fd, chunk, size, (off_t)at);
	while (len < 0 && errno == EINTR);
	return len;
}

static bool
scan_file(const struct source *source, int64_t max,
	  void (*scan)(void *, const char *, size_t), void *context)
{
	int64_t done = 0;
	ssize_t len = -1;
	char *chunk;

	if (size_now(source) > max)
		return false;
	chunk = mem_alloc(SOURCE_CHUNK);
	while (chunk != NULL && done <= max) {
		len = read_at(source->fd, chunk, SOURCE_CHUNK,
			      source->start + done);
		if (len <= 0)
			break;
		scan(context, chunk, (size_t)len);
		done += len;
	}
	mem_free(chunk);
	return len == 0;
}

bool
source_scan(const struct source *source, int64_t max,
	    void (*scan)(void *, const char *, size_t), void *context)
{
	if (source->is_file)
		return scan_file(source, max, scan, context);
	if (source->kind != SOURCE_MEMORY || (int64_t)source->len > max)
		return false;
	scan(context, source->data, source->len);
	return true;
}

static int
fail(struct source *source, const char *detail, int system_error)
{
	source->detail = detail;
	source->system_error = system_error;
	return SMTPC_E_CONTENT;
}

/* Whether reading would wait; errors and ends are found by reading. */
static bool
is_silent(int fd)
{
	struct pollfd wanted = { fd, POLLIN, 0 };

	return poll(&wanted, 1, 0) == 0;
}

static ssize_t
read_stream(int fd, char *chunk, size_t size)
{
	ssize_t len;

	do
		len = read(fd, chunk, size);
	while (len < 0 && errno == EINTR);
	return len;
}

static int
read_descriptor(struct source *source, char *chunk, size_t size,
		size_t *ret_len)
{
	ssize_t len;

	if (!source->is_file && is_silent(source->fd))
		return SMTPC_AGAIN;
	len = source->is_file ? read_at(source->fd, chunk, size,
					source->start + source->loaded)
			      : read_stream(source->fd, chunk, size);
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return SMTPC_AGAIN;
	if (len < 0)
		return fail(source, "content-descriptor", errno);
	*ret_len = (size_t)len;
	return SMTPC_OK;
}

static int
call_reader(struct source *source, char *chunk, size_t size, size_t *ret_len)
{
	size_t len = 0;
	int rc;

	source->in_callback = true;
	rc = source->reader(chunk, size, &len, source->userdata);
	source->in_callback = false;
	if (rc == SMTPC_AGAIN)
		return SMTPC_AGAIN;
	if (rc != SMTPC_OK)
		return fail(source, "content-reader", 0);
	if (len > size)
		return fail(source, "content-size", 0);
	*ret_len = len;
	return SMTPC_OK;
}

static bool
has_room(struct source *source)
{
	if (source->owned == NULL)
		source->owned = mem_alloc(SOURCE_CHUNK);
	return source->owned != NULL;
}

int
source_write(struct source *source, const void *data, size_t len,
	     size_t *ret_taken)
{
	size_t room = SOURCE_CHUNK - source->len;

	if (source->kind != SOURCE_PUSH || source->is_closed)
		return SMTPC_E_STATE;
	if (source->detail != NULL)
		return SMTPC_E_CONTENT;
	if (source->size >= 0 && (int64_t)len > source->size - source->loaded)
		return fail(source, "content-size", 0);
	if (len > 0 && room == 0)
		return SMTPC_FULL;
	if (!has_room(source))
		return SMTPC_E_NOMEM;
	if (len > room)
		len = room;
	memcpy(source->owned + source->len, data, len);
	source->data = source->owned;
	source->len += len;
	source->loaded += (int64_t)len;
	*ret_taken = len;
	return SMTPC_OK;
}

int
source_close(struct source *source)
{
	if (source->kind != SOURCE_PUSH || source->is_closed)
		return SMTPC_E_STATE;
	source->is_closed = true;
	if (source->detail == NULL && source->size >= 0 &&
	    source->loaded < source->size)
		fail(source, "content-size", 0);
	return source->detail == NULL ? SMTPC_OK : SMTPC_E_CONTENT;
}

/* All that was written is taken, and sent: there is room again. */
static int
wait_for_push(struct source *source)
{
	source->len = source->taken = 0;
	source->at_end = source->is_closed;
	return source->at_end ? SMTPC_OK : SMTPC_AGAIN;
}

/* Load some more behind what has come of the chunk; the end is nothing. */
static int
load_part(struct source *source, size_t *len)
{
	char *chunk = source->owned + *len;
	size_t room = SOURCE_CHUNK - *len;
	size_t part = 0;
	int rc;

	rc = source->kind == SOURCE_READER
		 ? call_reader(source, chunk, room, &part)
		 : read_descriptor(source, chunk, room, &part);
	if (rc != SMTPC_OK)
		return rc;
	*len += part;
	source->loaded += (int64_t)part;
	source->at_end = part == 0;
	if (source->size >= 0 &&
	    (source->loaded > source->size ||
	     (source->at_end && source->loaded < source->size)))
		return fail(source, "content-size", 0);
	/* A file that was cut off is not the message that it was. */
	if (source->at_end && source->loaded < source->least)
		return fail(source, "content-size", 0);
	return SMTPC_OK;
}

/* Load the next chunk. */
static int
load(struct source *source)
{
	size_t len = 0;
	int rc;

	if (source->kind == SOURCE_PUSH)
		return wait_for_push(source);
	if (!has_room(source))
		return SMTPC_E_NOMEM;
	source->is_begun = true;
	do
		rc = load_part(source, &len);
	while (rc == SMTPC_OK && source->gathers && !source->at_end &&
	       len < SOURCE_CHUNK);
	if (rc != SMTPC_OK && (rc != SMTPC_AGAIN || len == 0))
		return rc;
	source->data = source->owned;
	source->len = len;
	source->taken = 0;
	return SMTPC_OK;
}

/* Whether there may soon be more to go with what was pushed. */
static bool
is_gathering(const struct source *source)
{
	return source->kind == SOURCE_PUSH && source->gathers &&
	       !source->is_closed && source->len < SOURCE_CHUNK;
}

bool
source_is_used_up(const struct source *source)
{
	return source->kind != SOURCE_MEMORY && source->taken == source->len &&
	       !source->at_end;
}

int
source_look(struct source *source, const char **ret_data, size_t *ret_len)
{
	int rc;

	if (source->kind == SOURCE_PUSH && source->detail != NULL)
		return SMTPC_E_CONTENT;
	if (source_is_used_up(source)) {
		rc = load(source);
		if (rc != SMTPC_OK)
			return rc;
	}
	if (is_gathering(source))
		return SMTPC_AGAIN;
	*ret_len = source->len - source->taken;
	*ret_data = *ret_len > 0 ? source->data + source->taken : "";
	return SMTPC_OK;
}

void
source_take(struct source *source, size_t len)
{
	assert(len <= source->len - source->taken);
	source->taken += len;
	source->passed += (int64_t)len;
	source->is_begun |= len > 0;
}

int
source_waits_for(const struct source *source)
{
	if (source->kind != SOURCE_DESCRIPTOR || source->is_file ||
	    !source_is_used_up(source))
		return -1;
	return source->fd;
}

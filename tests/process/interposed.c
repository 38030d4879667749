/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A name service that dies when it is told to, a syslog() that listens. */
#include "interposed.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <sasl/sasl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* What programs call that are built with _FORTIFY_SOURCE, as Debian's are. */
void __syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int priority, int flag, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static atomic_int syslog_count;
static char syslog_text[4096];

static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool is_dead, is_held;
static int writes;
static atomic_int dispose_count;
static int questions;
static const char *host_name;

static void __attribute__((format(printf, 1, 0)))
note_log(const char *format, va_list args)
{
	size_t used;

	pthread_mutex_lock(&lock);
	atomic_fetch_add(&syslog_count, 1);
	used = strlen(syslog_text);
	vsnprintf(syslog_text + used, sizeof(syslog_text) - used, format, args);
	used = strlen(syslog_text);
	snprintf(syslog_text + used, sizeof(syslog_text) - used, "\n");
	pthread_mutex_unlock(&lock);
}

void
syslog(int priority, const char *format, ...)
{
	va_list args;

	(void)priority;
	va_start(args, format);
	note_log(format, args);
	va_end(args);
}

void
vsyslog(int priority, const char *format, va_list args)
{
	(void)priority;
	note_log(format, args);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)priority;
	(void)flag;
	va_start(args, format);
	note_log(format, args);
	va_end(args);
}

void
__vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
	(void)priority;
	(void)flag;
	note_log(format, args);
}

int
interposed_syslog_count(void)
{
	return atomic_load(&syslog_count);
}

const char *
interposed_syslog_text(void)
{
	return syslog_text;
}

int
gethostname(char *name, size_t size)
{
	int (*real)(char *, size_t);
	void *symbol;

	if (host_name != NULL) {
		snprintf(name, size, "%s", host_name);
		return 0;
	}
	symbol = dlsym(RTLD_NEXT, "gethostname");
	memcpy(&real, &symbol, sizeof(real));
	return real(name, size);
}

void
interposed_set_host_name(const char *name)
{
	host_name = name;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	    struct addrinfo **ret_list)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
	void *symbol;

	pthread_mutex_lock(&lock);
	questions++;
	pthread_cond_broadcast(&change);
	while (is_dead)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
	/* No answer but this: nobody else's name service is asked. */
	if (host_name != NULL)
		return EAI_AGAIN;
	symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	memcpy(&real, &symbol, sizeof(real));
	return real(node, service, hints, ret_list);
}

void
interposed_kill_name_service(void)
{
	pthread_mutex_lock(&lock);
	is_dead = true;
	questions = 0;
	pthread_mutex_unlock(&lock);
}

void
interposed_revive_name_service(void)
{
	pthread_mutex_lock(&lock);
	is_dead = false;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

void
interposed_await_question(void)
{
	pthread_mutex_lock(&lock);
	while (questions == 0)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
}

int
interposed_question_count(void)
{
	int count;

	pthread_mutex_lock(&lock);
	count = questions;
	pthread_mutex_unlock(&lock);
	return count;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t (*real)(int, const void *, size_t);
	void *symbol;

	pthread_mutex_lock(&lock);
	if (is_held && gettid() != getpid()) {
		writes++;
		pthread_cond_broadcast(&change);
		while (is_held)
			pthread_cond_wait(&change, &lock);
	}
	pthread_mutex_unlock(&lock);
	symbol = dlsym(RTLD_NEXT, "write");
	memcpy(&real, &symbol, sizeof(real));
	return real(fd, data, len);
}

void
interposed_hold_writes(void)
{
	pthread_mutex_lock(&lock);
	is_held = true;
	writes = 0;
	pthread_mutex_unlock(&lock);
}

void
interposed_let_writes_go(void)
{
	pthread_mutex_lock(&lock);
	is_held = false;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

void
interposed_await_write(void)
{
	pthread_mutex_lock(&lock);
	while (writes == 0)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
}

void
sasl_dispose(sasl_conn_t **connection)
{
	void (*real)(sasl_conn_t **);
	void *symbol;

	atomic_fetch_add(&dispose_count, 1);
	symbol = dlsym(RTLD_NEXT, "sasl_dispose");
	memcpy(&real, &symbol, sizeof(real));
	real(connection);
}

int
interposed_dispose_count(void)
{
	return atomic_load(&dispose_count);
}

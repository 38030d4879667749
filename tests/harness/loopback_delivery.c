/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores messages: each once as received, and once for each recipient. */
#include "loopback_delivery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "loopback_log.h"

static int
make_directory(const char *base, const char *name, const char *below)
{
	char path[1024];
	int len;

	len = snprintf(path, sizeof(path), "%s/%s%s", base, name, below);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : -1;
}

int
delivery_start(const struct loopback_options *options)
{
	const struct loopback_user *user;
	char name[64];

	if (make_directory(options->directory, "received", "") < 0 ||
	    make_directory(options->directory, "Maildir", "") < 0)
		return -1;
	for (user = loopback_users; user->name != NULL; user++) {
		snprintf(name, sizeof(name), "Maildir/%s", user->local_part);
		if (make_directory(options->directory, name, "") < 0 ||
		    make_directory(options->directory, name, "/tmp") < 0 ||
		    make_directory(options->directory, name, "/new") < 0 ||
		    make_directory(options->directory, name, "/cur") < 0)
			return -1;
	}
	return 0;
}

/* A file is written under one name, and appears whole under another. */
struct parcel {
	char temporary[1024];
	char final[1024];
	FILE *file;
};

/* Both names are below the directory; -1: too long, or it can't be opened. */
static int
parcel_open(struct parcel *parcel, const char *directory, const char *temporary,
	    const char *final)
{
	int len;

	len = snprintf(parcel->temporary, sizeof(parcel->temporary), "%s/%s",
		       directory, temporary);
	if (len < 0 || (size_t)len >= sizeof(parcel->temporary))
		return -1;
	len = snprintf(parcel->final, sizeof(parcel->final), "%s/%s", directory,
		       final);
	if (len < 0 || (size_t)len >= sizeof(parcel->final))
		return -1;
	parcel->file = fopen(parcel->temporary, "wxe");
	return parcel->file != NULL ? 0 : -1;
}

static int
parcel_close(struct parcel *parcel)
{
	bool is_good;

	is_good = ferror(parcel->file) == 0;
	is_good = fclose(parcel->file) == 0 && is_good;
	if (is_good && rename(parcel->temporary, parcel->final) == 0)
		return 0;
	unlink(parcel->temporary);
	return -1;
}

static int
store_octets(const char *directory, unsigned int number,
	     const struct content *content)
{
	struct parcel parcel;
	char temporary[64], final[64];

	snprintf(temporary, sizeof(temporary), "received/.%u.eml", number);
	snprintf(final, sizeof(final), "received/%u.eml", number);
	if (parcel_open(&parcel, directory, temporary, final) < 0)
		return -1;
	if (content->length > 0)
		fwrite(content->data, 1, content->length, parcel.file);
	return parcel_close(&parcel);
}

static void
write_parameters(FILE *file, const char *parameters)
{
	size_t len;

	while (*parameters != '\0') {
		len = strcspn(parameters, " ");
		fprintf(file, "parameter: %.*s\n", (int)len, parameters);
		parameters += len;
		parameters += strspn(parameters, " ");
	}
}

static int
store_envelope(const char *directory, unsigned int number,
	       const struct envelope *envelope, const struct origin *origin)
{
	struct parcel parcel;
	char temporary[64], final[64];
	size_t i;

	snprintf(temporary, sizeof(temporary), "received/.%u.envelope", number);
	snprintf(final, sizeof(final), "received/%u.envelope", number);
	if (parcel_open(&parcel, directory, temporary, final) < 0)
		return -1;
	fprintf(parcel.file, "sender: %s\n", envelope->sender);
	for (i = 0; i < envelope->recipient_count; i++)
		fprintf(parcel.file, "recipient: %s\n",
			envelope->recipients[i].path);
	write_parameters(parcel.file, envelope->parameters);
	fprintf(parcel.file, "client: %s\n", origin->client);
	fprintf(parcel.file, "listener: %s\n", origin->listener);
	fprintf(parcel.file, "protocol: %s\n", origin->protocol);
	if (origin->tls != NULL)
		fprintf(parcel.file, "tls: %s\n", origin->tls);
	if (origin->user != NULL)
		fprintf(parcel.file, "user: %s\nmechanism: %s\n", origin->user,
			origin->mechanism);
	return parcel_close(&parcel);
}

static void
write_trace(FILE *file, unsigned int number, const struct envelope *envelope,
	    const struct origin *origin, const struct recipient *recipient)
{
	const char *mailbox;
	char date[64];
	struct tm tm;
	time_t now;

	mailbox = recipient->path + 1;
	if (*mailbox == '@') /* behind the source route */
		mailbox = strchr(mailbox, ':') + 1;
	now = time(NULL);
	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S %z", &tm);
	fprintf(file, "Return-Path: %s\n", envelope->sender);
	fprintf(file, "Delivered-To: %.*s\n", (int)strlen(mailbox) - 1,
		mailbox);
	fprintf(file,
		"Received: from %s ([127.0.0.1])\n"
		"\tby %s with %s id %u",
		origin->client, LOOPBACK_HOST, origin->protocol, number);
	if (origin->tls != NULL)
		fprintf(file, "\n\t(%s)", origin->tls);
	fprintf(file, ";\n\t%s\n", date);
}

static int
store_mail(const char *directory, unsigned int number,
	   const struct envelope *envelope, const struct origin *origin,
	   const struct content *content, size_t index)
{
	const struct recipient *recipient;
	struct parcel parcel;
	char base[128], temporary[256], final[256];
	size_t i;

	recipient = &envelope->recipients[index];
	snprintf(base, sizeof(base), "%lld.P%ldQ%u_%zu." LOOPBACK_HOST,
		 (long long)time(NULL), (long)getpid(), number, index);
	snprintf(temporary, sizeof(temporary), "Maildir/%s/tmp/%s",
		 recipient->local_part, base);
	snprintf(final, sizeof(final), "Maildir/%s/new/%s",
		 recipient->local_part, base);
	if (parcel_open(&parcel, directory, temporary, final) < 0)
		return -1;
	write_trace(parcel.file, number, envelope, origin, recipient);
	/* What comes here has each CR before a LF, and no LF without one. */
	for (i = 0; i < content->length; i++)
		if (content->data[i] != '\r')
			putc(content->data[i], parcel.file);
	return parcel_close(&parcel);
}

unsigned int
delivery_store(const struct loopback_server *server,
	       const struct envelope *envelope, const struct origin *origin,
	       const struct content *content)
{
	const char *directory;
	unsigned int number;
	size_t i;
	int rc;

	directory = server->options.directory;
	number = atomic_fetch_add(server->messages, 1) + 1;
	rc = store_octets(directory, number, content);
	if (rc == 0)
		rc = store_envelope(directory, number, envelope, origin);
	for (i = 0; rc == 0 && i < envelope->recipient_count; i++)
		rc =
		    store_mail(directory, number, envelope, origin, content, i);
	if (rc < 0) {
		log_event(origin->connection, "message %u not stored: %s",
			  number, strerror(errno));
		return 0;
	}
	log_event(origin->connection,
		  "message %u stored: %zu octets, %zu recipients", number,
		  content->length, envelope->recipient_count);
	return number;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking host names up, in a helper thread where it may take time.
 */
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "helper.h"
#include "ip.h"
#include "mem.h"
#include "system_error.h"

/* More addresses than a host has that is worth trying. */
#define ADDRESSES_MAX 64

int (*resolve_source)(const char *, const char *, const struct addrinfo *,
		      struct addrinfo **) = getaddrinfo;

struct job {
	char *host;
	char service[8];
	bool numeric;
	int error; /* getaddrinfo's */
	int system_error;
	struct addrinfo *found;
};

struct resolution {
	struct helper *helper;
	struct job *job; /* the helper's to release */
};

void
address_list_clear(struct address_list *list)
{
	mem_free(list->items);
	memset(list, 0, sizeof(*list));
}

static void
release(void *argument)
{
	struct job *job = argument;

	if (job->found != NULL)
		freeaddrinfo(job->found);
	mem_free(job->host);
	mem_free(job);
}

static void
work(void *argument)
{
	struct job *job = argument;
	struct addrinfo hints;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV;
	if (job->numeric)
		hints.ai_flags |= AI_NUMERICHOST;
	job->error =
	    resolve_source(job->host, job->service, &hints, &job->found);
	job->system_error = errno;
}

int
resolve_begin(struct resolution **ret_resolution, const char *host, int port,
	      bool threaded)
{
	struct resolution *resolution = mem_zalloc(sizeof(*resolution));
	struct job *job = mem_zalloc(sizeof(*job));
	int rc = SMTPC_E_NOMEM;

	if (resolution == NULL || job == NULL)
		goto out;
	job->host = mem_copy_text(host);
	if (job->host == NULL)
		goto out;
	snprintf(job->service, sizeof(job->service), "%d", port);
	/* Only numbers hold a colon. */
	job->numeric = ip_is_address(host) || strchr(host, ':') != NULL;
	rc = helper_start(&resolution->helper, work, release, job,
			  threaded && !job->numeric);
	if (rc != SMTPC_OK)
		goto out;
	resolution->job = job;
	*ret_resolution = resolution;
	return SMTPC_OK;

out:
	if (job != NULL)
		release(job);
	mem_free(resolution);
	return rc;
}

int
resolve_descriptor(const struct resolution *resolution)
{
	return helper_descriptor(resolution->helper);
}

static int
copy_addresses(const struct addrinfo *found, struct address_list *ret_list)
{
	struct address_list list = { NULL, 0 };
	const struct addrinfo *at;
	size_t count = 0;

	for (at = found; at != NULL && count < ADDRESSES_MAX; at = at->ai_next)
		count++;
	list.items = mem_zalloc(count * sizeof(*list.items));
	if (list.items == NULL)
		return SMTPC_E_NOMEM;
	for (at = found; at != NULL && list.count < count; at = at->ai_next) {
		memcpy(&list.items[list.count].storage, at->ai_addr,
		       at->ai_addrlen);
		list.items[list.count].len = at->ai_addrlen;
		list.count++;
	}
	*ret_list = list;
	return SMTPC_OK;
}

/* gai_strerror() may translate. */
static int
result_of(const struct job *job, const char **ret_text)
{
	switch (job->error) {
	case EAI_AGAIN:
		*ret_text = "the name service does not answer";
		return SMTPC_E_RESOLVE_LATER;
	case EAI_FAIL:
		*ret_text = "the name service failed";
		return SMTPC_E_RESOLVE_LATER;
	case EAI_MEMORY:
		*ret_text = "out of memory";
		return SMTPC_E_NOMEM;
	case EAI_SYSTEM:
		*ret_text = system_error_text(job->system_error);
		return SMTPC_E_SYSTEM;
	default:
		*ret_text = "there is no such host, or it has no address";
		return SMTPC_E_RESOLVE;
	}
}

int
resolve_take(struct resolution *resolution, struct address_list *ret_list,
	     const char **ret_text, int *ret_system_error)
{
	const struct job *job = resolution->job;

	if (!helper_is_done(resolution->helper))
		return SMTPC_AGAIN;
	if (job->error == 0 && job->found != NULL)
		return copy_addresses(job->found, ret_list);
	*ret_system_error = job->error == EAI_SYSTEM ? job->system_error : 0;
	return result_of(job, ret_text);
}

void
resolve_leave(struct resolution *resolution)
{
	if (resolution == NULL)
		return;
	helper_leave(resolution->helper);
	mem_free(resolution);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libcurl as a client that is measured: its easy interface, one handle. */
#include <curl/curl.h>

#include <stdio.h>
#include <string.h>

#include "driver.h"

struct source {
	const char *data;
	size_t left;
};

static size_t
read_content(char *buffer, size_t size, size_t count, void *userdata)
{
	struct source *source = userdata;
	size_t len = size * count;

	if (len > source->left)
		len = source->left;
	memcpy(buffer, source->data, len);
	source->data += len;
	source->left -= len;
	return len;
}

static size_t
drop(char *data, size_t size, size_t count, void *userdata)
{
	(void)data;
	(void)userdata;
	return size * count;
}

static void
check(CURLcode code)
{
	if (code != CURLE_OK)
		driver_fail("libcurl", curl_easy_strerror(code));
}

static CURL *
new_handle(const char *url)
{
	CURL *handle = curl_easy_init();

	check(curl_easy_setopt(handle, CURLOPT_URL, url));
	check(curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L));
	if (!settings.tls)
		return handle;
	check(curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL));
	check(curl_easy_setopt(handle, CURLOPT_CAINFO, settings.ca));
	/* Else it reads the whole of /etc/ssl/certs for every connection. */
	check(curl_easy_setopt(handle, CURLOPT_CAPATH, NULL));
	check(curl_easy_setopt(handle, CURLOPT_USERNAME, USER));
	check(curl_easy_setopt(handle, CURLOPT_PASSWORD, PASSWORD));
	return handle;
}

static void
send_all(const char *url)
{
	struct curl_slist *recipients = NULL;
	struct source source;
	char name[NAME_SIZE];
	size_t len;
	const char *data = driver_load(&len);
	CURL *handle = new_handle(url);
	int i;

	for (i = 0; i < settings.recipients; i++)
		recipients =
		    curl_slist_append(recipients, driver_recipient(name, i));
	check(curl_easy_setopt(handle, CURLOPT_MAIL_FROM, SENDER));
	check(curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients));
	check(curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L));
	check(curl_easy_setopt(handle, CURLOPT_READFUNCTION, read_content));
	if (settings.fresh)
		check(curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L));
	driver_opening();
	for (i = 0; i < settings.messages; i++) {
		if (i == settings.messages - driver_counted())
			driver_sending();
		source.data = data;
		source.left = len;
		check(curl_easy_setopt(handle, CURLOPT_READDATA, &source));
		check(curl_easy_perform(handle));
	}
	driver_sent();
	curl_easy_cleanup(handle);
	driver_closed();
	curl_slist_free_all(recipients);
}

/* The connections are kept in the cache of one multi handle. */
static void
open_one(CURLM *multi, const char *url)
{
	CURL *handle = new_handle(url);
	CURLMsg *note;
	int running;

	check(curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L));
	check(curl_easy_setopt(handle, CURLOPT_NOBODY, 1L));
	check(curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "NOOP"));
	check(curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop));
	curl_multi_add_handle(multi, handle);
	do {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			driver_fail("libcurl", "curl_multi_perform");
		if (running > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	} while (running > 0);
	while ((note = curl_multi_info_read(multi, &running)) != NULL)
		check(note->data.result);
	curl_multi_remove_handle(multi, handle);
	curl_easy_cleanup(handle);
}

static void
idle(const char *url)
{
	CURLM *multi = curl_multi_init();
	size_t heap = 0;
	int i;

	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)settings.idle + 1);
	for (i = 0; i < settings.idle; i++) {
		open_one(multi, url);
		if (i == 0)
			heap = driver_heap();
	}
	driver_report_idle(heap);
}

int
main(int argc, char **argv)
{
	char url[128];

	driver_options(argc, argv);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(url, sizeof(url), "%s://%s:%d/" CLIENT_DOMAIN,
		 settings.implicit ? "smtps" : "smtp", settings.host,
		 settings.port);
	if (settings.idle > 0)
		idle(url);
	else if (settings.messages > 0)
		send_all(url);
	else
		curl_easy_cleanup(curl_easy_init());
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command line, message and clocks of the clients that are measured. */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct settings settings = {
	.host = "127.0.0.1",
	.mode = "",
	.messages = 1,
	.recipients = 1,
};

static bool all_count;

static struct {
	double wall;
	double cpu;
	long resident;
} start;

static int
number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end != '\0' || value < 0 || value > 100000000)
		driver_fail("not a number", text);
	return (int)value;
}

static void
flag(int option)
{
	switch (option) {
	case 't':
		settings.tls = true;
		break;
	case 's':
		settings.tls = settings.implicit = true;
		break;
	case 'S':
		settings.system_trust = true;
		break;
	case 'x':
		settings.fresh = true;
		break;
	case 'w':
		settings.whole = true;
		break;
	default:
		exit(2);
	}
}

void
driver_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "h:p:n:r:f:C:i:m:tsSxw")) > 0)
		switch (option) {
		case 'h':
			settings.host = optarg;
			break;
		case 'p':
			settings.port = number(optarg);
			break;
		case 'n':
			settings.messages = number(optarg);
			break;
		case 'r':
			settings.recipients = number(optarg);
			break;
		case 'f':
			settings.file = optarg;
			break;
		case 'C':
			settings.ca = optarg;
			break;
		case 'i':
			settings.idle = number(optarg);
			break;
		case 'm':
			settings.mode = optarg;
			break;
		default:
			flag(option);
		}
}

bool
driver_has(const char *word)
{
	size_t len = strlen(word);
	const char *at = settings.mode;

	for (;;) {
		size_t span = strcspn(at, ",");

		if (span == len && memcmp(at, word, len) == 0)
			return true;
		if (at[span] == '\0')
			return false;
		at += span + 1;
	}
}

char *
driver_recipient(char *name, int number_of)
{
	snprintf(name, NAME_SIZE, "user%d@example.net", number_of);
	return name;
}

void
driver_fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
	exit(1);
}

size_t
driver_size(void)
{
	struct stat status;

	if (settings.file == NULL || stat(settings.file, &status) != 0)
		driver_fail("message", strerror(errno));
	return (size_t)status.st_size;
}

char *
driver_load(size_t *ret_len)
{
	size_t len = driver_size();
	size_t have = 0;
	char *data = malloc(len + 1);
	int fd = open(settings.file, O_RDONLY | O_CLOEXEC);

	if (data == NULL || fd < 0)
		driver_fail(settings.file, strerror(errno));
	while (have < len) {
		ssize_t got = read(fd, data + have, len - have);

		if (got <= 0)
			driver_fail(settings.file, "can't be read");
		have += (size_t)got;
	}
	close(fd);
	data[len] = '\0';
	*ret_len = len;
	return data;
}

static double
seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A line of /proc/self/status, in KiB. */
static long
resident(const char *name)
{
	char line[256];
	long value = 0;
	FILE *file = fopen("/proc/self/status", "re");
	size_t len = strlen(name);

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, len) == 0) {
			char *end;

			value = strtol(line + len, &end, 10);
		}
	if (file != NULL)
		fclose(file);
	return value;
}

static void
begin(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	/* "5" has the peak of the resident memory begin anew. */
	if (fd >= 0) {
		if (write(fd, "5", 1) != 1)
			start.resident = -1;
		close(fd);
	}
	start.resident = resident("VmRSS:");
	start.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	start.wall = seconds(CLOCK_MONOTONIC);
}

static void
finish(void)
{
	double wall = seconds(CLOCK_MONOTONIC) - start.wall;
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - start.cpu;

	printf("{\"wall\": %.9f, \"cpu\": %.9f, \"counted\": %d, "
	       "\"growth_kib\": %ld}\n",
	       wall, cpu, driver_counted(),
	       resident("VmHWM:") - start.resident);
}

void
driver_opening(void)
{
	if (settings.whole)
		begin();
}

void
driver_sending(void)
{
	if (!settings.whole)
		begin();
}

void
driver_sent(void)
{
	if (!settings.whole)
		finish();
}

void
driver_closed(void)
{
	if (settings.whole)
		finish();
}

int
driver_counted(void)
{
	int several = settings.messages > 1 && !settings.whole && !all_count;

	return settings.messages - several;
}

void
driver_count_all(void)
{
	all_count = true;
}

size_t
driver_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

void
driver_report_idle(size_t heap_with_one)
{
	double growth = (double)driver_heap() - (double)heap_with_one;

	printf("{\"heap\": %.1f}\n", growth / (settings.idle - 1));
}

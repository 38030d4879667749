/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of smtpc-loopback, shared by the processes of all connections. */
#include "loopback_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 3000

static int log_fd = -1;

int
log_open(const char *directory)
{
	char path[1024];
	int len;

	len = snprintf(path, sizeof(path), "%s/log", directory);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		      0666);
	return log_fd < 0 ? -1 : 0;
}

/* One write a line: with O_APPEND, lines of many processes do not mix. */
static void
write_line(unsigned int connection, const char *prefix, const char *text)
{
	char line[LINE_MAX_OCTETS + 64];
	size_t size;
	int len;

	len =
	    snprintf(line, sizeof(line), "%u %s%s\n", connection, prefix, text);
	if (len < 0)
		return;
	size = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
	line[size - 1] = '\n';
	if (write(log_fd, line, size) < 0)
		fprintf(stderr, "smtpc-loopback: log: %s\n", strerror(errno));
}

void
log_event(unsigned int connection, const char *format, ...)
{
	char text[LINE_MAX_OCTETS];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (len >= 0)
		log_text(connection, "* ", text, strlen(text));
}

void
log_text(unsigned int connection, const char *prefix, const char *text,
	 size_t len)
{
	char escaped[LINE_MAX_OCTETS];
	unsigned char octet;
	size_t i, used;

	used = 0;
	for (i = 0; i < len && used < sizeof(escaped) - 5; i++) {
		octet = (unsigned char)text[i];
		if (octet >= 0x20 && octet < 0x7f)
			escaped[used++] = (char)octet;
		else
			used += (size_t)snprintf(escaped + used, 5, "\\x%02x",
						 octet);
	}
	escaped[used] = '\0';
	write_line(connection, prefix, escaped);
}

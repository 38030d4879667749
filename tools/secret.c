/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A password or a token: from a file, a descriptor or the environment. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"

#define TOO_LONG "it is too long"

void
secret_wipe(struct secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

static const char *
check(const struct secret *secret)
{
	if (secret->len == 0)
		return "it is empty";
	if (memchr(secret->data, '\0', secret->len) != NULL)
		return "it holds a NUL character";
	return NULL;
}

/* One octet at a time: what follows the line is somebody else's. */
static const char *
read_line(int fd, struct secret *secret)
{
	ssize_t count;
	char c;

	for (;;) {
		count = input_read(fd, &c, 1);
		if (count < 0)
			return strerror(errno);
		if (count == 0 || c == '\n')
			break;
		if (secret->len == SECRET_MAX)
			return TOO_LONG;
		secret->data[secret->len++] = c;
	}
	if (secret->len > 0 && secret->data[secret->len - 1] == '\r')
		secret->len--;
	secret->data[secret->len] = '\0';
	return check(secret);
}

const char *
secret_from_fd(int fd, struct secret *ret_secret)
{
	const char *wrong;

	secret_wipe(ret_secret);
	wrong = read_line(fd, ret_secret);
	if (wrong != NULL)
		secret_wipe(ret_secret);
	return wrong;
}

const char *
secret_from_file(const char *file, struct secret *ret_secret)
{
	const char *wrong;
	int fd;

	secret_wipe(ret_secret);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return strerror(errno);
	wrong = secret_from_fd(fd, ret_secret);
	close(fd);
	return wrong;
}

const char *
secret_from_environment(const char *name, struct secret *ret_secret)
{
	const char *value = getenv(name);
	const char *wrong;

	secret_wipe(ret_secret);
	if (value == NULL)
		return "it is not set";
	if (strlen(value) > SECRET_MAX)
		return TOO_LONG;
	ret_secret->len = strlen(value);
	memcpy(ret_secret->data, value, ret_secret->len + 1);
	wrong = check(ret_secret);
	if (wrong != NULL)
		secret_wipe(ret_secret);
	return wrong;
}

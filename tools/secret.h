/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A password or a token: from a file, a descriptor or the environment. */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

/* As long as the library takes a password. */
#define SECRET_MAX 65535

struct secret {
	char data[SECRET_MAX + 1];
	size_t len;
};

/*
 * Each returns NULL or what is wrong, and leaves nothing in *ret_secret then.
 * From files and descriptors one line is taken and no octet more is read
 * behind it, so that a message may follow.
 */
const char *secret_from_file(const char *file, struct secret *ret_secret);
const char *secret_from_fd(int fd, struct secret *ret_secret);
const char *secret_from_environment(const char *name,
				    struct secret *ret_secret);

void secret_wipe(struct secret *secret);

#endif

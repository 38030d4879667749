/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make-certs DIRECTORY: write NAME.pem and NAME.key for every kind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "certs.h"

int
main(int argc, char **argv)
{
	struct certificates *certificates;
	const struct credentials *credentials;
	const char *name;
	size_t i;
	int rc;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: make-certs DIRECTORY\n");
		return 2;
	}
	if (mkdir(argv[1], 0777) < 0 && errno != EEXIST) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	certificates = certificates_new();
	if (certificates == NULL)
		return 1;
	rc = 0;
	for (i = 0; rc == 0 && (name = certificates_name(i)) != NULL; i++) {
		credentials = certificates_get(certificates, name);
		if (credentials == NULL ||
		    credentials_write(credentials, argv[1], name, true) < 0) {
			fprintf(stderr, "%s/%s: cannot be written: %s\n",
				argv[1], name, strerror(errno));
			rc = 1;
		}
	}
	certificates_free(certificates);
	return rc;
}

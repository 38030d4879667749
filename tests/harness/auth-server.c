/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth-server MECHANISMS [CA-FILE]: a server that does little but AUTH, on
 * 127.0.0.1, until its standard input ends; with CA-FILE with TLS from the
 * first octet, by an authority that is written there.
 *
 * Three lines of its standard input say what it is to be told: the password,
 * the token, and the reply by which it refuses all the same; "" stands for
 * none. After a refusal that ends in "said", what it has heard follows.  It
 * prints its port.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth_server.h"
#include "certs.h"

static struct auth_server server;
static struct certificates *certificates;

static _Noreturn void
complain(const char *what)
{
	fprintf(stderr, "auth-server: %s\n", what);
	exit(2);
}

/* One line; NULL if it is empty. */
static const char *
read_line(void)
{
	static char line[AUTH_SERVER_LINE];
	char *copy;

	if (fgets(line, sizeof(line), stdin) == NULL)
		complain("there are lines missing");
	line[strcspn(line, "\n")] = '\0';
	copy = strdup(line);
	return copy != NULL && *copy != '\0' ? copy : NULL;
}

static void
prepare_tls(const char *ca_file)
{
	gnutls_datum_t pem;
	FILE *file;

	certificates = certificates_new();
	if (certificates == NULL ||
	    gnutls_certificate_allocate_credentials(&server.credentials) < 0 ||
	    credentials_hand_over(certificates_get(certificates, "server"),
				  server.credentials) < 0 ||
	    credentials_pem(certificates_get(certificates, "ca"), &pem) < 0)
		complain("there is no certificate");
	file = fopen(ca_file, "w");
	if (file == NULL || fwrite(pem.data, pem.size, 1, file) != 1 ||
	    fclose(file) != 0)
		complain("the authority can't be written");
}

static int
listen_somewhere(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&address, len) < 0 ||
	    listen(fd, 16) < 0 || getsockname(fd, (void *)&address, &len) < 0)
		complain("it can't listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	struct pollfd polled[2];

	if (argc < 2 || argc > 3)
		complain("MECHANISMS [CA-FILE]");
	setvbuf(stdin, NULL, _IONBF, 0);
	server.mechanisms = argv[1];
	server.password = read_line();
	server.token = read_line();
	server.refusal = read_line();
	server.quotes =
	    server.refusal != NULL && strstr(server.refusal, " said") != NULL;
	if (argc == 3)
		prepare_tls(argv[2]);
	polled[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	polled[1] =
	    (struct pollfd){ .fd = listen_somewhere(), .events = POLLIN };
	while (poll(polled, 2, -1) > 0 && polled[0].revents == 0) {
		server.fd = accept(polled[1].fd, NULL, NULL);
		if (server.fd >= 0)
			auth_server_serve(&server);
	}
	return 0;
}

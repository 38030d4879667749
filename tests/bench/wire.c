/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network with a round-trip time, for one machine.
 *
 *   wire MILLISECONDS PROGRAM [ARGUMENT...]
 *
 * Runs the program in a network namespace of its own, which has a TUN device:
 * who connects to 10.77.0.2 there reaches what listens on 10.77.0.1, for each
 * packet comes back after half of the time with its addresses exchanged (the
 * checksums stay right).  That is TCP as over a real network: slow start,
 * Nagle, delayed acknowledgements.  The exit status is the program's, or 125
 * if there can't be such a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PACKETS_MAX 65536
#define PACKET_SIZE 1500
#define ADDRESS	    0x0a4d0001
#define NO_NETWORK  125

struct packet {
	int64_t due;
	size_t len;
	unsigned char data[PACKET_SIZE];
};

/* A ring: those on their way are from first up to next. */
static struct packet *packets;
static unsigned int first;
static unsigned int next;
static int64_t delay;

_Noreturn static void
die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(NO_NETWORK);
}

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct packet *
packet_at(unsigned int number)
{
	return &packets[number % PACKETS_MAX];
}

static void
set_flags(int fd, const char *name, int queue)
{
	struct ifreq request = { .ifr_flags = 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (queue > 0) {
		request.ifr_qlen = queue;
		if (ioctl(fd, SIOCSIFTXQLEN, &request) != 0)
			die("queue");
		memset(&request.ifr_ifru, 0, sizeof(request.ifr_ifru));
	}
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		die(name);
}

static void
set_address(int fd, const char *name, unsigned long call, uint32_t address)
{
	struct ifreq request = { .ifr_flags = 0 };
	struct sockaddr_in value = { .sin_family = AF_INET };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	value.sin_addr.s_addr = htonl(address);
	memcpy(&request.ifr_addr, &value, sizeof(value));
	if (ioctl(fd, call, &request) != 0)
		die("address");
}

static int
open_device(void)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "wire");
	if (fd < 0 || control < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
		die("/dev/net/tun");
	set_flags(control, "lo", 0);
	set_address(control, request.ifr_name, SIOCSIFADDR, ADDRESS);
	set_address(control, request.ifr_name, SIOCSIFNETMASK, 0xffffff00);
	set_flags(control, request.ifr_name, 10000);
	close(control);
	return fd;
}

static void
take_packets(int fd)
{
	unsigned char address[4];

	while (next - first < PACKETS_MAX) {
		struct packet *packet = packet_at(next);
		ssize_t got = read(fd, packet->data, PACKET_SIZE);

		if (got <= 0)
			return;
		/* IPv4 only: the source's address, then the destination's. */
		if (got < 20 || packet->data[0] >> 4 != 4)
			continue;
		memcpy(address, packet->data + 12, 4);
		memcpy(packet->data + 12, packet->data + 16, 4);
		memcpy(packet->data + 16, address, 4);
		packet->len = (size_t)got;
		packet->due = now() + delay;
		next++;
	}
}

static void
give_packets(int fd)
{
	while (first != next && packet_at(first)->due <= now()) {
		const struct packet *packet = packet_at(first);

		if (write(fd, packet->data, packet->len) < 0 && errno != EINVAL)
			perror("wire");
		first++;
	}
}

/* Until the descriptor of the child says that it has ended. */
static void
carry(int device, int child)
{
	struct pollfd fds[2] = {
		{ .fd = device, .events = POLLIN },
		{ .fd = child, .events = POLLIN },
	};

	while (fds[1].revents == 0) {
		struct timespec time = { 0, 0 };
		int64_t left;

		if (first != next) {
			left = packet_at(first)->due - now();
			if (left < 0)
				left = 0;
			time.tv_sec = left / 1000000000;
			time.tv_nsec = left % 1000000000;
		}
		if (ppoll(fds, 2, first != next ? &time : NULL, NULL) < 0 &&
		    errno != EINTR)
			die("poll");
		take_packets(device);
		give_packets(device);
	}
}

static pid_t
start(char **argv)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child != 0)
		return child;
	/* It does not outlive the network. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(NO_NETWORK);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int
main(int argc, char **argv)
{
	char *end;
	pid_t child;
	int device, fd, status;

	if (argc < 3)
		return 2;
	delay = strtoll(argv[1], &end, 10) * 1000000 / 2;
	packets = calloc(PACKETS_MAX, sizeof(*packets));
	/* Who may not have a namespace may as root of a user namespace. */
	if (packets == NULL || (unshare(CLONE_NEWNET) != 0 &&
				unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0))
		die("no network namespace");
	device = open_device();
	child = start(argv + 2);
	fd = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
	if (fd < 0)
		die("no process");
	carry(device, fd);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

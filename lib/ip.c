/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IP addresses as text.
 */
#include "ip.h"

#include <arpa/inet.h>

bool
ip_is_v4(const char *text)
{
	struct in_addr address;

	return inet_pton(AF_INET, text, &address) == 1;
}

bool
ip_is_v6(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, text, &address) == 1;
}

bool
ip_is_address(const char *text)
{
	return ip_is_v4(text) || ip_is_v6(text);
}

# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts share that start servers inside the jail.

# A user that the package would have made.
add_user() {
	getent passwd "$1" >/dev/null ||
		echo "$1:x:$2:$2::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
	getent group "$1" >/dev/null || echo "$1:x:$2:" >>/etc/group
}

# Starts what the server wants beside it: all scripts in $1/services.
start_services() {
	local service
	for service in "$1"/services/*; do
		[[ ! -x $service ]] || "$service" "$1"
	done
}

# Makes the database of Cyrus SASL $1, for the user $2 of the system, from
# lines "USER PASSWORD" in the file $3.
make_sasldb() {
	local user password
	while read -r user password; do
		printf %s "$password" |
			saslpasswd2 -p -c -f "$1" -u example.test "$user"
	done <"$3"
	chown "$2" "$1"
}

# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the scripts beside this file share; they source it.

# Sets up a build directory, or what is there already: DIRECTORY [OPTION...].
configure() {
	local directory=$1
	shift
	if [[ -e $directory/build.ninja ]]; then
		meson configure "$directory" "$@"
	else
		rm -rf "$directory"
		meson setup "$directory" "$@"
	fi
}

# Prints what goes wrong, and ends.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

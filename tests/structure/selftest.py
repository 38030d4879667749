#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that each rule of the structure test can fail, printed as TAP.

A small tree that keeps every rule is written to a temporary directory and
broken in one place after another: just then the rule must complain.
"""

import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

import rules
from tap import Failed, Tap
from tree import Tree

LICENCE = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'

GOOD = {
    'include/smtpc/smtpc.h': LICENCE + '''\
/* The public header. */
#ifndef SMTPC_SMTPC_H
#define SMTPC_SMTPC_H

SMTPC_API int smtpc_noop(smtpc_session *session);

#endif
''',
    'lib/ascii.h': LICENCE + '''\
/* Letters and digits. */
#ifndef SMTPC_ASCII_H
#define SMTPC_ASCII_H

int ascii_count(const char *text);

#endif
''',
    'lib/ascii.c': LICENCE + '''\
/* Letters and digits. */
#include "ascii.h"

#include <stdlib.h>

/* sprintf is not called here, and "strcpy(" neither. */
int
ascii_count(const char *text)
{
	char *end;
	int rc = 1;

	if (text == NULL)
		goto out;
	rc = (int)strtol(text, &end, 10);
	puts_nothing("a string with sprintf() in it");
out:
	return rc;
}
''',
    'lib/reply.c': LICENCE + '''\
/* Replies, from a layer above. */
#include "ascii.h"

int
reply_count(void)
{
	return 1;
}
''',
    'lib/socket.c': LICENCE + '''\
/* What talks to the system. */
#include <poll.h>
#include <pthread.h>
#include <sys/uio.h>

#include <gnutls/gnutls.h>
#include <sasl/sasl.h>
''',
    'tests/structure/layers.txt': '''\
layer 0 ascii
layer 1 reply   # above
layer 2 socket
apart 1 2
headers gnutls gnutls/*
allow gnutls socket
headers sasl sasl/*
allow sasl socket
headers descriptors poll.h sys/socket.h
allow descriptors socket
headers unistd unistd.h
allow unistd socket
headers vectors sys/uio.h
allow vectors socket
headers threads pthread.h
allow threads socket
''',
    'tests/harness/loopback.c': LICENCE + '''\
/* A server. */
#include <stdio.h>

#include "neighbour.h"
''',
    'tests/harness/neighbour.h': LICENCE + '''\
/* What the server and its neighbours share. */
#ifndef HARNESS_NEIGHBOUR_H
#define HARNESS_NEIGHBOUR_H

#include <stddef.h>

#endif
''',
    'tests/harness/play.c': LICENCE + '''\
/* What plays the library may know it. */
#include "ascii.h"
''',
    'tools/main.c': LICENCE + '''\
/* The tool. */
#include <smtpc/smtpc.h>

static const char *
name_of(int value)
{
	switch (value) {
''' + ''.join(f'\tcase {n}:\n\t\treturn "{n}";\n' for n in range(18)) + '''\
	}
	return "";
}
''',
    'tools/check': '''\
#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
set -euo pipefail
exec "$(dirname "$0")/../usr" </dev/null 2>/dev/null
''',
    'man/meson.build': "install_man('smtpc_noop.3')\n",
    'man/smtpc_noop.3': '''\
.\\" SPDX-License-Identifier: LGPL-2.1-or-later
.Dd March 1, 2024
.Dt SMTPC_NOOP 3
.Os
.Sh NAME
.Nm smtpc_noop
.Nd do nothing
.Sh SYNOPSIS
.In smtpc/smtpc.h
.Ft int
.Fn smtpc_noop "smtpc_session *session"
.Sh DESCRIPTION
Nothing.
''',
    'README.md': 'See /etc/passwd, http://example.test/a/b and README.md.\n',
}


def function(lines):
    return ('int\nlong_one(void)\n{\n' +
            '\twork();\n' * (lines - 5) + '\treturn 0;\n}\n')


def branches(count):
    return ('int\nbranchy(int x)\n{\n' + ''.join(
        f'\tif (x == {n})\n\t\treturn {n};\n' for n in range(count - 1)) +
        '\treturn x;\n}\n')


def add(path, text):
    return path, lambda old: old + text


def change(path, old, new):
    def edit(text):
        if old not in text:
            raise Failed(f'{old!r} is not in {path}')
        return text.replace(old, new, 1)
    return path, edit


def write(path, text):
    return path, lambda old: text


ASCII, REPLY, TABLE = 'lib/ascii.c', 'lib/reply.c', 'tests/structure/layers.txt'
PAGE, HEADER = 'man/smtpc_noop.3', 'include/smtpc/smtpc.h'

# Rule → what breaks it.
BROKEN = {
    'every_file_of_the_library_is_in_one_layer': [
        write('lib/stray.c', LICENCE + '/* In no layer. */\n'),
        change(TABLE, 'layer 0 ascii', 'layer 0 ascii gone'),
        add(TABLE, 'allow sasl nobody\n'),
        add(TABLE, 'allow nothing ascii\n')],
    'files_include_their_own_layer_and_lower_ones_only': [
        add(ASCII, '#include "socket.h"\n'),
        add('lib/socket.c', '#include "reply.h"\n'),
        add(ASCII, '#include "unknown.h"\n')],
    'only_the_tls_files_include_gnutls': [
        add(ASCII, '#include <gnutls/x509.h>\n')],
    'only_the_sasl_files_include_cyrus_sasl': [
        add(ASCII, '#include <sasl/saslplug.h>\n')],
    'only_files_that_do_io_know_descriptors': [
        add(REPLY, '# include <sys/socket.h>\n'),
        add(REPLY, '#include <sys/uio.h>\n'),
        add(REPLY, '#include <unistd.h>\n')],
    'only_files_that_need_them_know_threads': [
        add(REPLY, '#include <pthread.h>\n')],
    'a_file_includes_its_own_header_first': [
        change(ASCII, '#include "ascii.h"\n\n#include <stdlib.h>',
               '#include <stdlib.h>\n\n#include "ascii.h"')],
    'the_tool_is_built_from_the_public_header_alone': [
        add('tools/main.c', '#include "ascii.h"\n'),
        add('tools/main.c', '#include "../lib/ascii.h"\n')],
    'what_the_library_is_tested_against_shares_nothing_with_it': [
        add('tests/harness/loopback.c', '#include "ascii.h"\n'),
        add('tests/harness/loopback.c', '#include "../lib/ascii.h"\n'),
        add('tests/harness/loopback.c', '#include <smtpc/smtpc.h>\n'),
        add('tests/harness/neighbour.h', '#include "ascii.h"\n')] + [
        write(f'tests/harness/{name}.c', LICENCE +
              '/* Another of them. */\n#include "ascii.h"\n')
        for name in ('loopback_log', 'certs', 'certs_der', 'make-certs',
                     'peer', 'peer_tls', 'scram', 'witness', 'octets',
                     'dialogue', 'dialogue_mail')],
    'dangerous_functions_are_not_used': [
        add(ASCII, 'int x = sprintf(text, "");\n'),
        add('tools/main.c', 'int x = atoi (text);\n'),
        add('tests/harness/loopback.c', 'void y() { strncpy(a, b, 1); }\n')],
    'functions_that_depend_on_the_locale_are_not_used': [
        add(ASCII, 'int x = isalpha(y);\n')],
    'the_library_leaves_the_process_alone': [
        add(REPLY, 'char *x = getenv("HOME");\n'),
        add(REPLY, 'int x = sleep(1);\n')],
    'numbers_are_parsed_with_an_end_pointer': [
        change(ASCII, '&end', 'NULL')],
    'gotos_jump_forward_to_out': [
        add(ASCII, 'int\nf(void)\n{\nout:\n\twork();\n\tgoto out;\n}\n'),
        add(ASCII, 'int\nf(void)\n{\n\tgoto fail;\nfail:\n\treturn 1;\n}\n')],
    'macros_hide_no_jump': [
        add(ASCII, '#define CHECK(x) \\\n\tif (x) return 1\n')],
    'private_structs_have_no_typedef': [
        add(REPLY, 'typedef struct reply reply;\n')],
    'no_function_is_too_long': [
        add('tools/main.c', function(101)),
        add('tests/harness/loopback.c', function(101))],
    'most_functions_are_short': [
        add(REPLY, function(61)),
        add(REPLY, function(16) + function(16) + function(16))],
    'no_file_is_too_long': [
        add('tools/main.c', '/* one more */\n' * 900),
        write('tests/long.py', '# SPDX-License-Identifier: '
              'LGPL-2.1-or-later\n' * 901)],
    'no_function_is_too_complex': [
        add('tools/main.c', branches(16)),
        change('tools/main.c', '\tswitch (value)',
               '\tif (value > 3)\n\t\treturn "";\n\tswitch (value)'),
        change('tools/main.c', '\tcase 0:',
               ''.join(f'\tcase {n}:\n' for n in range(30, 40)) +
               '\tcase 0:')],
    'most_functions_are_simple': [
        add(REPLY, branches(11))],
    'the_code_is_the_same_on_every_system': [
        add(REPLY, '#ifdef __linux__\n#endif\n#ifdef linux\n#endif\n')],
    'lines_fit_the_screen': [
        add(ASCII, '\t\t/* ' + 'x' * 59 + ' */\n')],
    'files_end_in_a_line_and_lines_in_no_blank': [
        add(ASCII, '/* no end */'),
        add(ASCII, '\n'),
        add('README.md', 'a blank \n'),
        add('README.md', 'a carriage return\r\n')],
    'each_source_file_names_its_licence': [
        write('tests/x.h', '/* Nothing. */\n#ifndef X\n#define X\n\n#endif\n'),
        write('tests/x.py', '"""Nothing."""\n')],
    'each_source_file_says_what_it_is_for': [
        change('tools/main.c', '/* The tool. */\n', ''),
        change('lib/ascii.h', '/* Letters and digits. */\n', '')],
    'headers_have_include_guards': [
        change('lib/ascii.h', '#define SMTPC_ASCII_H', '#define ASCII_H'),
        change('lib/ascii.h', '\n#endif\n', '\n#endif\nint after;\n'),
        write('lib/twin.h', GOOD['lib/ascii.h'])],
    'shell_scripts_stop_at_the_first_failure': [
        change('tools/check', 'set -euo pipefail\n', '')],
    'shellcheck_has_nothing_to_say': [
        add('tools/check', 'rm $1\n'),
        add('tools/check', 'if true; then\n')],
    'each_public_function_has_a_manual_page': [
        change(HEADER, '\n#endif', 'SMTPC_API void smtpc_new(void);\n\n#endif'),
        change(PAGE, '.Fn smtpc_noop', '.Fn smtpc_rset')],
    'manual_pages_name_only_what_there_is': [
        change(PAGE, '.Nm smtpc_noop', '.Nm smtpc_noop ,\n.Nm smtpc_gone')],
    'mandoc_has_nothing_to_say': [
        add(PAGE, '.Xx\n')],
    'each_manual_page_is_installed': [
        write('man/smtpc_rset.3', GOOD[PAGE])],
    'no_path_of_one_machine_is_named': [
        add('README.md', 'Look at /' + 'home/joe/src.\n'),
        add(ASCII, '/* See "/' + 'builds/x.c". */\n')],
    'documents_that_are_named_exist': [
        add(ASCII, '/* As NOWHERE' + '.md says. */\n')],
}


def plant(root, edit=None):
    files = dict(GOOD)
    if edit:
        path, change_text = edit
        files[path] = change_text(files.get(path, ''))
    for path, text in files.items():
        place = os.path.join(root, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, 'w', encoding='utf-8', newline='') as file:
            file.write(text)
    os.chmod(os.path.join(root, 'tools/check'), 0o755)


def complaints(rule, edit=None):
    root = tempfile.mkdtemp()
    try:
        plant(root, edit)
        return list(rule(Tree(root)))
    finally:
        shutil.rmtree(root)


def main():
    tap = Tap()
    for rule in rules.RULES:
        name = rule.__name__
        with tap.test(f'a_tree_in_order_passes_{name}'):
            found = complaints(rule)
            if found:
                raise Failed('\n'.join(found))
        with tap.test(f'a_tree_out_of_order_fails_{name}'):
            if not BROKEN.get(name):
                raise Failed('nothing here breaks this rule')
            for number, edit in enumerate(BROKEN[name], 1):
                if not complaints(rule, edit):
                    raise Failed(f'way {number}, in {edit[0]}, goes unnoticed')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

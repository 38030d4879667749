#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program "adaptive" of libsmtpc(3), against servers that offer AUTH after
STARTTLS only, in the clear, or not at all.  Prints TAP.

usage: adaptive_test.py SOURCE_ROOT BUILD_ROOT LIBRARY LOOPBACK
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[0:0] = [os.path.join(HERE, '..'), os.path.join(HERE, '..',
                                                        'structure')]

from man_examples import Page, build, programs
from servers import PATIENCE, Loopback
from tap import Failed, Tap
from tls_servers import Listener, lines_of

LINES_MAX = 40


def compiled(code, arguments, folder):
    source, build_root, library, _ = arguments
    return build('gcc', code, folder,
                 ['-I' + os.path.join(root, 'include')
                  for root in (source, build_root)],
                 [library, '-Wl,-rpath,' + os.path.dirname(library)])


class Adaptive:
    def __init__(self, program):
        self.program = program

    def run(self, port, password='wonderland', authority=None):
        """(exit status, what it printed)"""
        env = {**os.environ, 'PASSWORD': password}
        env.pop('CA_FILE', None)
        if authority is not None:
            env['CA_FILE'] = authority
        done = subprocess.run(
            [self.program, 'localhost', str(port), 'alice@example.test'],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout

    def must_print(self, wanted, *arguments, status=0, **more):
        found = self.run(*arguments, **more)
        if found[0] != status or not re.fullmatch(wanted + r'\n', found[1]):
            raise Failed(f'it ends with {found[0]}: {found[1]}')


@contextlib.contextmanager
def embedded(loopback, *options):
    with tempfile.TemporaryDirectory() as folder, \
            Loopback(loopback, folder, *options) as server:
        yield server


def must_have_heard(server, *verbs):
    """The commands of the client's, of all connections so far."""
    with open(server.env['LOG'], encoding='utf-8') as log:
        heard = re.findall(r'^\d+ C: (\w+)', log.read(), re.M)
    if heard != list(verbs):
        raise Failed(f'the client said {heard}')


def adapts(tap, adaptive, loopback):
    mechanism = 'SCRAM-SHA-512'

    with tap.test('auth_that_is_offered_after_starttls_only_is_used'), \
            embedded(loopback) as server:
        adaptive.must_print(f'TLS1.3, {mechanism}, ready',
                            server.env['SUBMISSION_PORT'],
                            authority=server.env['CA'])
        must_have_heard(server, 'EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'QUIT')

    with tap.test('auth_that_is_offered_in_the_clear_is_used'), \
            embedded(loopback) as server:
        adaptive.must_print(f'no TLS, {mechanism}, ready',
                            server.env['SMTP_PORT'])
        must_have_heard(server, 'EHLO', 'AUTH', 'QUIT')

    for port in ('SUBMISSION_PORT', 'SMTP_PORT'):
        with tap.test(f'server_without_auth_is_ready_on_its_'
                      f'{port.lower()}'), \
                embedded(loopback, '--mechanisms', '') as server:
            adaptive.must_print('TLS1.3, no AUTH, ready', server.env[port],
                                authority=server.env['CA'])
            must_have_heard(server, 'EHLO', 'STARTTLS', 'EHLO', 'QUIT')

    with tap.test('server_that_offers_nothing_is_ready_in_the_clear'):
        heard = []

        def talk(connection):
            connection.sendall(b'220 here\r\n')
            for line in lines_of(connection):
                heard.append(line[:4])
                connection.sendall(b'221 bye\r\n' if line == b'QUIT' else
                                   b'250 here\r\n')
        listener = Listener(talk)
        adaptive.must_print('no TLS, no AUTH, ready', listener.port)
        listener.close()
        if heard != [b'EHLO', b'QUIT']:
            raise Failed(f'the client said {heard}')


def refuses(tap, adaptive, loopback):
    with tap.test('wrong_password_is_told'), embedded(loopback) as server:
        adaptive.must_print('TLS1.3, no AUTH, AUTH.*535.*',
                            server.env['SUBMISSION_PORT'], status=1,
                            password='wrong', authority=server.env['CA'])

    with tap.test('nothing_is_said_to_a_server_that_is_not_trusted'), \
            embedded(loopback) as server:
        adaptive.must_print('TLS1.3, no AUTH, .*certificate.*',
                            server.env['SUBMISSION_PORT'], status=1)
        must_have_heard(server, 'EHLO', 'STARTTLS')

    with tap.test('refused_starttls_is_no_reason_to_go_on'), \
            embedded(loopback, '--refuse-starttls') as server:
        adaptive.must_print('no TLS, no AUTH, STARTTLS.*454.*',
                            server.env['SUBMISSION_PORT'], status=1)
        must_have_heard(server, 'EHLO', 'STARTTLS', 'QUIT')

    with tap.test('password_does_not_cross_a_channel_in_clear'), \
            embedded(loopback, '--plaintext-auth', '--mechanisms',
                     'PLAIN LOGIN') as server:
        adaptive.must_print('no TLS, no AUTH, .*(PLAIN|LOGIN).*',
                            server.env['SMTP_PORT'], status=1)
        must_have_heard(server, 'EHLO', 'QUIT')


def main():
    source, _, _, loopback = sys.argv[1:]
    tap = Tap()
    code = programs([Page(os.path.join(source, 'man', 'libsmtpc.3'))]
                    )['adaptive']
    with tap.test(f'the_program_has_fewer_than_{LINES_MAX}_lines'):
        lines = [line for line in code.splitlines() if line.strip()]
        if len(lines) >= LINES_MAX:
            raise Failed(f'{len(lines)} lines')
    with tempfile.TemporaryDirectory() as folder:
        adaptive = Adaptive(compiled(code, sys.argv[1:], folder))
        adapts(tap, adaptive, loopback)
        refuses(tap, adaptive, loopback)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool under Valgrind, against the embedded server: no wrong access, no
leak, no descriptor left open.  Prints TAP.

usage: valgrind_test.py SMTPC LOOPBACK
"""

import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from command import NOPERM, OK, UNAVAILABLE, Command
from servers import Loopback
from tap import Failed, Tap, skip_all

FAULT = 99

VALGRIND = ('valgrind', '--quiet', '--leak-check=full',
            '--show-leak-kinds=definite,indirect,possible',
            '--errors-for-leak-kinds=definite,indirect,possible',
            f'--error-exitcode={FAULT}', '--track-fds=yes',
            '--child-silent-after-fork=yes')

MESSAGE = (b'From: alice@example.test\nTo: bob@example.test\n'
           b'Subject: under Valgrind\n\n' + 'Grüße\n.\n'.encode() * 2000)

ALICE, PASSWORD = 'alice@example.test', 'wonderland'
BOB = 'bob@example.test'


class Valgrind:
    """The tool, and what Valgrind has to say about each run of it."""

    def __init__(self, smtpc, folder):
        self.folder = folder
        self.command = Command(smtpc, (
            *VALGRIND, f'--log-file={folder}/valgrind.%p'))

    def run(self, code, *arguments):
        result = self.command.run(*arguments)
        said = ''
        for name in os.listdir(self.folder):
            if name.startswith('valgrind.'):
                path = os.path.join(self.folder, name)
                with open(path, encoding='utf-8') as file:
                    said += file.read()
                os.unlink(path)
        if 'FILE DESCRIPTORS:' not in said:
            raise Failed(f'nothing from Valgrind\n{result}')
        # Those that the tool was started with are no leak.
        left = re.findall(r'^==\d+== (Open .*)\n(?!.*<inherited)', said, re.M)
        if result.code == FAULT or left:
            raise Failed(f'{said}\n{result}')
        return result.must_end_with(code)


def sends(tap, valgrind, server):
    env = server.env
    urls = {'starttls': f'smtp://localhost:{env["SUBMISSION_PORT"]}',
            'implicit_tls': f'smtps://localhost:{env["SMTPS_PORT"]}'}

    def send(code, *recipients, url=urls['starttls'], options=(),
             mechanism='SCRAM-SHA-256', password=PASSWORD):
        return valgrind.run(
            code, ['--server', url, '--sender', ALICE, '--user', ALICE,
                   '--mechanisms', mechanism, *options, *recipients],
            MESSAGE, password)

    trust = ['--ca-file', env['CA']]
    for way, url in urls.items():
        for mechanism in ('SCRAM-SHA-512', 'SCRAM-SHA-256', 'CRAM-MD5',
                          'LOGIN', 'PLAIN'):
            name = mechanism.lower().replace('-', '_')
            with tap.test(f'send_over_{way}_with_{name}_is_clean'):
                before = len(server.received())
                send(OK, BOB, url=url, mechanism=mechanism, options=trust)
                if len(server.received()) != before + 1:
                    raise Failed('nothing was received')

    with tap.test('send_with_a_trace_is_clean'):
        send(OK, BOB, options=[*trust, '--trace'])
    with tap.test('refused_recipient_is_clean'):
        send(UNAVAILABLE, BOB, 'ghost@example.test', options=trust)
    with tap.test('wrong_password_is_clean'):
        send(NOPERM, BOB, options=trust, password='wrong')
    with tap.test('untrusted_certificate_is_clean'):
        send(NOPERM, BOB)
    with tap.test('probe_is_clean'):
        valgrind.run(OK, ['--server', urls['starttls'], *trust, '--probe'])


def main():
    smtpc, loopback = sys.argv[1:]
    if shutil.which('valgrind') is None:
        skip_all('there is no valgrind')
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder, \
            tempfile.TemporaryDirectory() as logs, \
            Loopback(loopback, folder) as server:
        sends(tap, Valgrind(smtpc, logs), server)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

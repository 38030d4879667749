# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command-line tool under test, and what it said."""

import os
import subprocess

from tap import Failed

# Exit codes, of sysexits.h and of the tool itself.
OK = 0
UNAVAILABLE = 69
TEMPFAIL = 75
NOPERM = 77

PATIENCE = 120


class Result:
    def __init__(self, arguments, done):
        self.arguments = arguments
        self.code = done.returncode
        self.stdout = done.stdout.decode(errors='replace')
        self.stderr = done.stderr.decode(errors='replace')

    def __str__(self):
        return (f'smtpc {" ".join(self.arguments)}\n'
                f'ended with {self.code}\n{self.stderr}{self.stdout}')

    def must_end_with(self, code):
        if self.code != code:
            raise Failed(f'not {code}:\n{self}')
        return self

    def must_say_one_line(self, *words):
        """One line of complaint, with these words in it."""
        lines = self.stderr.splitlines()
        if len(lines) != 1 or not lines[0].startswith('smtpc: '):
            raise Failed(f'not one line:\n{self}')
        for word in words:
            if word.lower() not in lines[0].lower():
                raise Failed(f'{word!r} is not in it:\n{self}')
        return self

    def must_say_nothing(self):
        if self.stderr or self.stdout:
            raise Failed(f'it was to be silent:\n{self}')
        return self


class Command:
    def __init__(self, program, wrapper=()):
        self.command = [*wrapper, program]

    def run(self, arguments, message=b'', password=None):
        """One run; message is its standard input: octets, or an open file."""
        arguments = list(arguments)
        env = dict(os.environ)
        env.pop('SMTPC_SERVER', None)
        if password is not None:
            env['SMTPC_TEST_PASSWORD'] = password
            arguments += ['--password-env', 'SMTPC_TEST_PASSWORD']
        source = ({'input': message} if isinstance(message, bytes)
                  else {'stdin': message})
        done = subprocess.run(self.command + arguments, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=PATIENCE, **source)
        return Result(arguments, done)

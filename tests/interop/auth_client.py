# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program auth-client, and its answers in the words of the header."""

import os
import re
import subprocess

from servers import USERS
from tap import Failed
from tls_client import MODES, NAMES, PATIENCE, Answer

ALICE = 'alice@example.test'
PASSWORD = USERS[ALICE]

# SMTPC_OUTCOME_ACCEPTED
ACCEPTED = 1


class Attempt:
    def __init__(self, values):
        self.mechanism = values['mechanism']
        self.result = NAMES['result'][values['result']]
        self.code = values['code']
        self.message = values['message']

    def __repr__(self):
        return f'{self.mechanism} {self.result} {self.code} {self.message!r}'


class Session(Answer):
    """One session: its trace, and what the getters said in the end."""

    def __init__(self, line):
        super().__init__(line)
        self.attempts = [Attempt(one) for one in self.attempts]
        self.sent = NAMES['result'][self.sent]
        self.end = NAMES['state'][self.end]

    def __str__(self):
        return (f'{self.result} {self.detail} {self.state}: {self.message}\n'
                f'{self.attempts}\n{self.trace}')

    @property
    def said(self):
        """The lines of the client's, secrets hidden."""
        return re.findall(r'^C: (.*)$', self.trace, re.M)

    @property
    def auth_commands(self):
        """Who was tried by the server, in this order."""
        return [words[1] for words in map(str.split, self.said)
                if words[:1] == ['AUTH']]

    def must_be(self, condition, what):
        if not condition:
            raise Failed(f'{what}:\n{self}')
        return self

    def must_have_tried(self, *attempts):
        """(mechanism, result, code of the reply): each attempt, in order."""
        found = [(one.mechanism, one.result, one.code)
                 for one in self.attempts]
        self.must_be(found == list(attempts), f'tried {found}')
        self.must_be(self.auth_commands ==
                     [one[0] for one in attempts if one[2]],
                     f'sent {self.auth_commands}')
        for one in self.attempts:
            self.must_be((one.message == '') == (one.result == 'OK'),
                         f'the message of {one}')
        return self

    def must_be_in(self, mechanism, *failures, way='starttls', version=None):
        """Authenticated, after these failures, and one message sent."""
        channel = ({'version': None, 'trust': 'NONE'} if way == 'none' else
                   {'version': version or 'TLS1.3', 'trust': 'VERIFIED'})
        self.must(result='OK', detail='', state='READY', mechanism=mechanism,
                  sent='OK', outcome=ACCEPTED, outcome_retry=0,
                  end='DISCONNECTED', **channel)
        self.must_have_tried(*failures, (mechanism, 'OK', 235))
        return self.must_have_said(way, mail=True)

    def must_be_out(self, result, *attempts, way='starttls', detail='',
                    state='READY'):
        """Refused, and nothing else was said."""
        self.must(result=result, detail=detail, state=state, mechanism=None,
                  retry=1, outcome=-1)
        self.must_have_tried(*attempts)
        return self.must_have_said(way, mail=False)

    def must_have_said(self, way, mail):
        """The dialogue but for the exchanges, octet for octet."""
        ehlo = 'EHLO [127.0.0.1]'
        wanted = [ehlo, 'STARTTLS', ehlo] if way == 'starttls' else [ehlo]
        if mail:
            wanted += ['MAIL FROM:<alice@example.test>',
                       'RCPT TO:<bob@example.test>', 'DATA']
        found = [re.sub(r'^(MAIL FROM:<\S+>) SIZE=\d+$', r'\1', line)
                 for line in self.said
                 if not re.fullmatch(r'AUTH \S+( \[hidden\]| =)?|\[hidden\]|'
                                     r'|\*', line)]
        return self.must_be(found == [*wanted, 'QUIT'], f'it said {found}')


class AuthClient:
    def __init__(self, program, authority):
        self.program = program
        self.authority = authority

    def runs(self, port, *options, way='starttls', env=None):
        """All sessions of one run of the program."""
        command = [self.program, '--mode', MODES[way], '--trust-file',
                   self.authority, *options, 'localhost', str(port)]
        done = subprocess.run(
            command, env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        if done.returncode not in (0, 1) or not done.stdout:
            raise Failed(f'{" ".join(command)}\nends with {done.returncode}\n'
                         f'{done.stdout}{done.stderr}')
        return [Session(line) for line in done.stdout.splitlines()]

    def run(self, *arguments, **more):
        """The only one."""
        session, = self.runs(*arguments, **more)
        return session

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program send-client, and its answers in the words of the header."""

import re
import subprocess

from tap import Failed
from tls_client import HEADER, NAMES, Answer

LEVELS = {'OFF': 0, 'SAFE': 1, 'STREAM': 2}
FORMS = {'TEXT': 0, 'STRICT': 1, 'BINARY': 2}
LMTP = 1

SENDER = 'sender@many.example.test'


def outcomes():
    with open(HEADER, encoding='ascii') as file:
        return {int(number): name for name, number in re.findall(
            r'^\tSMTPC_OUTCOME_(\w+) = (\d)', file.read(), re.M)}


OUTCOMES = outcomes()


class Fate(Answer):
    """What the library told of one transaction."""

    def __init__(self, line):
        super().__init__(line)
        self.fate = NAMES['result'][self.fate]
        for one in self.recipients:
            one['outcome'] = OUTCOMES[one['outcome']]
            # The program prints octets.
            one['to'] = one['to'].encode('latin-1').decode()

    @property
    def accepted(self):
        return [one['to'] for one in self.recipients
                if one['outcome'] == 'ACCEPTED']

    def must_be_to(self, *wanted):
        """(outcome, code, safe to retry): each recipient, in order."""
        found = [(one['outcome'], one['code'], one['retry'])
                 for one in self.recipients]
        if found != list(wanted):
            raise Failed(f'not {wanted}:\n{self.line}')
        return self

    def must_be_taken(self):
        """By the server, for everybody, and the session is as good as new."""
        self.must(result='OK', fate='OK', detail='', why='', state='READY')
        return self.must_be_to(*[('ACCEPTED', 250, 0)] * len(self.recipients))


class Session:
    """One run of the program: one session, and what it sends."""

    def __init__(self, program, level='SAFE', chunking=False, protocol=0,
                 blocking=True):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, encoding='utf-8')
        self.said = []
        self._say('pipelining', LEVELS[level])
        self._say('chunking', int(chunking))
        self._say('protocol', protocol)
        self._say('blocking', int(blocking))

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        """What is wrong in the end is not to hide what was wrong before."""
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        status = self.process.wait()
        if failure is None and (status or rest):
            raise Failed(f'send-client ends with {status}\n{rest}')

    def _say(self, *words):
        line = ' '.join('-' if word is None else str(word) or '<>'
                        for word in words)
        self.said.append(line)
        self.process.stdin.write(line + '\n')

    def _ask(self, answer, *words):
        self._say(*words)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f'no answer to {self.said[-1]!r}')
        return answer(line)

    def open(self, port):
        if isinstance(port, str):
            return self._ask(Answer, 'open-unix', port)
        return self._ask(Answer, 'open', '127.0.0.1', port)

    def quit(self):
        return self._ask(Answer, 'quit')

    def mail(self, recipients, path, how='memory', form='TEXT', sender=SENDER,
             smtputf8=-1, dsn=None, to_dsn=None):
        """Another transaction begins."""
        self._say('mail', sender)
        for recipient in recipients:
            self._say('to', recipient)
            if to_dsn is not None:
                self._say('to-dsn', *to_dsn)
        if dsn is not None:
            self._say('dsn', *dsn)
        self._say('smtputf8', smtputf8)
        self._say('form', FORMS[form])
        self._say('content', how, path)

    def send(self):
        return self._ask(Fate, 'send')

    def submit(self):
        self._say('submit')

    def collect(self):
        return self._ask(Fate, 'collect')

    def remainder(self):
        self._say('remainder')

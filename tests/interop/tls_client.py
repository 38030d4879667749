# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program tls-client, and its answers in the words of the header."""

import json
import os
import re
import subprocess

from tap import Failed

HEADER = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..',
                      'include', 'smtpc', 'smtpc.h')
PATIENCE = 60

MODES = {'implicit_tls': '1', 'starttls': '2', 'none': '4'}


def header_names():
    """{'result': {0: 'OK', ...}, 'state': ..., 'problems': ...}"""
    with open(HEADER, encoding='ascii') as file:
        text = file.read()
    names = {}
    for name in ('result', 'state', 'trust'):
        body = re.search(rf'^enum smtpc_{name} {{(.*?)^}};', text,
                         re.M | re.S).group(1)
        prefix = '' if name == 'result' else name.upper() + '_'
        names[name] = {int(value): key for key, value in re.findall(
            rf'^\tSMTPC_{prefix}(\w+) = (-?\d+)', body, re.M)}
    names['problems'] = {int(value, 16): key for key, value in re.findall(
        r'^#define SMTPC_CERTIFICATE_(\w+) +(0x\w+)u$', text, re.M)}
    return names


NAMES = header_names()


def flags(*problems):
    """The number of these problems together, for an option."""
    return str(sum(flag for flag, name in NAMES['problems'].items()
                   if name in problems))


class Answer:
    """One line of the program's: one session, or a setter that failed."""

    def __init__(self, line):
        self.line = line
        for key, value in json.loads(line).items():
            if key == 'problems':
                value = {name for flag, name in NAMES[key].items()
                         if flag & value}
            elif key in NAMES:
                value = NAMES[key][value]
            setattr(self, key, value)

    def must(self, **wanted):
        """Each of these is so; a value may be a tuple of choices."""
        for key, value in wanted.items():
            found = getattr(self, key, None)
            choices = value if isinstance(value, tuple) else (value,)
            if found not in choices:
                raise Failed(f'{key} is {found}, not {value}:\n{self.line}')
        return self

    def must_say(self, *words):
        for word in words:
            if word not in self.message:
                raise Failed(f'{word!r} is not in {self.message!r}')
        return self

    def must_be_trusted(self, **more):
        """Done, and verified without an exception."""
        return self.must(**{'result': 'OK', 'trust': 'VERIFIED',
                            'problems': set(), 'detail': '', **more})

    def must_be_refused(self, *problems):
        """The handshake was done, and nothing was said after it."""
        if not self.message.endswith(f'not to be trusted: {self.texts}'):
            raise Failed(f'it does not say {self.texts!r}: {self.message!r}')
        return self.must(result='E_CERTIFICATE', state='UNTRUSTED',
                         trust='NONE', problems=set(problems), retry=1)

    def must_fail(self, *details, **more):
        """No TLS, no connection, nothing of the message sent."""
        return self.must(**{'result': 'E_TLS', 'state': 'DEAD', 'retry': 1,
                            'detail': details, **more})


class Client:
    def __init__(self, program, authority, wrapper=()):
        self.command = [*wrapper, program]
        self.authority = authority

    def all(self, arguments, env=None):
        """The answers to one run of the program."""
        done = subprocess.run(
            [*self.command, *arguments], env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        answers = [Answer(line) for line in done.stdout.splitlines()]
        if not answers or done.returncode not in (0, 1):
            raise Failed(f'{" ".join(arguments)}\nends with '
                         f'{done.returncode}\n{done.stdout}{done.stderr}')
        return answers

    def options(self, way, trust=True):
        trusted = ['--trust-system', '0', '--trust-file', self.authority]
        return ['--mode', MODES[way], *(trusted if trust else [])]

    def sessions(self, server, way, *options, count=1, hosts=None, env=None):
        """One after another, with the same settings."""
        server.settle()
        targets = []
        for host in hosts or ['localhost'] * count:
            targets += [host, str(server.port[way])]
        answers = self.all([*self.options(way), *options, *targets], env)
        server.settle()
        return answers

    def session(self, server, way, *options, env=None):
        answer, = self.sessions(server, way, *options, env=env)
        return answer

    def setting(self, *options, env=None):
        """What a setter says that is to fail."""
        answer, = self.all([*options, 'localhost', '1'], env)
        if not hasattr(answer, 'option'):
            raise Failed(f'{options} are taken:\n{answer.line}')
        return answer

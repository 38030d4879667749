# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real servers that take any message from anybody, and what they delivered."""

import collections
import contextlib
import os
import re
import shutil

from send_client import LMTP
from servers import Exim, Jailed, Postfix, wait_until

# What a server puts before a message.
TRACE = re.compile(
    rb'(?:(?:Return-Path|X-Original-To|Delivered-To|Envelope-To|Received):'
    rb'[^\n]*\n(?:[ \t][^\n]*\n)*)*', re.I)
FIELDS = re.compile(rb'(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*')
RECIPIENT = re.compile(rb'^(?:Delivered-To|Envelope-To): (.*)$', re.M | re.I)

# Some are larger than that.
SIZE_MAX = 80 * 1024 * 1024

Delivery = collections.namedtuple('Delivery', 'trace message')


class Store:
    """All that was delivered, by recipient, octet for octet."""

    def __init__(self, folder):
        self.folder = folder
        self.deliveries = collections.defaultdict(list)

    def look(self):
        for user in os.listdir(self.folder):
            folder = os.path.join(self.folder, user, 'new')
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                self._take(os.path.join(folder, name), user)

    def _take(self, name, user):
        """It is gone then, so that there are never many to be looked at."""
        with open(name, 'rb') as file:
            text = file.read()
        os.unlink(name)
        trace = TRACE.match(text).group()
        told = RECIPIENT.search(trace)
        recipient = told.group(1).decode() if told else f'{user}@example.test'
        self.deliveries[recipient].append(Delivery(trace.decode(),
                                                   text[len(trace):]))

    def await_one(self, recipient):
        """What this one got first, however long that takes."""
        def found():
            self.look()
            return self.deliveries.get(recipient)
        return wait_until(found, f'a message for {recipient}')[0]

    def forget(self, recipient):
        """What it got, but not how often."""
        found = self.deliveries[recipient]
        found[:] = [Delivery('', b'')] * len(found)

    def counts(self):
        self.look()
        return collections.Counter({recipient: len(found) for recipient, found
                                    in self.deliveries.items()})


class Taking:
    """What the servers of this file share."""

    protocol = 0

    def address(self, name):
        """A mailbox that is nobody else's."""
        return f'{name}@many.example.test'

    def as_kept(self, message):
        """What it makes of one."""
        return message

    def is_idle(self):
        """Whether all that it has taken is delivered."""
        return True

    def store(self):
        return Store(os.path.join(self.work, 'mail'))

    def configure_from(self, name, final_name, **values):
        self.fill(name, WORK=self.work, SIZE=SIZE_MAX, **values)
        os.rename(os.path.join(self.work, 'etc', name),
                  os.path.join(self.work, 'etc', final_name))


class TakingPostfix(Taking, Postfix):
    ports = ('clear', 'limited')

    def settings(self):
        return {'clear': self.in_clear,
                'limited': (*self.in_clear, 'smtpd_recipient_limit=100')}

    def configure(self):
        super().configure()
        with open(os.path.join(self.work, 'etc', 'main.cf'), 'a',
                  encoding='ascii') as file:
            file.write(f"""
# Later ones count.
message_size_limit = {SIZE_MAX}
header_checks = regexp:{{{{/^Refuse: me/ REJECT 5.7.1 not this one}}}}
""")

    def as_kept(self, message):
        """There is an empty line in front if there is no header."""
        if not message or FIELDS.match(message).end():
            return message
        return b'\n' + message

    def is_idle(self):
        return set(re.findall(r'qmgr\[\d+\]: (\w+): from=', self.log)) == \
            set(re.findall(r'qmgr\[\d+\]: (\w+): removed', self.log))

    def await_commands(self, start):
        """How often it got each command, in a session that has ended after the
        log had that length.
        """
        said = wait_until(lambda: re.search(
            r'disconnect from \S+ (.*)', self.log[start:]),
            'the end of the session in the log').group(1)
        return dict(re.findall(r'(\w+)=(\S+)', said))


class TakingExim(Taking, Exim):
    ports = ('clear',)

    def configure(self):
        self.configure_from('send.conf', 'exim.conf', PORT=self.port['clear'])

    def as_kept(self, message):
        """There is an empty line behind the header even if it had none."""
        end = FIELDS.match(message).end()
        if message[end:end + 1] == b'\n':
            return message
        return message[:end] + b'\n' + message[end:]

    def is_idle(self):
        return set(re.findall(r'(\S+) <= ', self.log)) == \
            set(re.findall(r'(\S+) Completed', self.log))

    def await_arrival(self, delivery):
        """What the log says when that message came."""
        number = re.search(r'\n\tid (\S+)', delivery.trace).group(1)
        return wait_until(lambda: re.search(rf'{number} <= (.*)', self.log),
                          f'{number} in the log').group(1)


class TakingDovecot(Taking, Jailed):
    """LMTP."""

    protocol = LMTP
    name = 'dovecot-lmtp'
    folder = 'dovecot'
    packages = ('dovecot-core', 'dovecot-lmtpd')
    ports = ('lmtp',)

    def address(self, name):
        return f'{name}@example.test'

    @property
    def socket(self):
        return os.path.join(self.work, 'lmtp')

    def configure(self):
        self.configure_from('lmtp.conf', 'dovecot.conf',
                            LMTP=self.port['lmtp'])
        self.write('passwd', ''.join(f'{self.address(f"m{number}")}:::::::\n'
                                     for number in range(1000)) +
                   'full@example.test:::::::userdb_quota_rule=*:bytes=1\n')

    @contextlib.contextmanager
    def listening(self):
        """Inside, it writes down what it is told; gives a function that waits
        for the end of the session and returns its lines.
        """
        folder = os.path.join(self.work, 'raw')
        os.mkdir(folder)
        os.chmod(folder, 0o777)

        def ended():
            for name in os.listdir(folder):
                if name.endswith('.in'):
                    with open(os.path.join(folder, name),
                              encoding='ascii') as file:
                        lines = re.findall(r'^[\d.]+ (.*)\n', file.read(),
                                           re.M)
                    if 'QUIT' in lines:
                        return lines
            return None
        try:
            yield lambda: wait_until(ended, 'the end of the session')
        finally:
            shutil.rmtree(folder)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages that the tool sends to a server, and what has come of them."""

import os
import re

from command import OK
from servers import USERS
from tap import Failed

ALICE, BOB = USERS
SENDER = 'sender@example.test'

# The fields that a server puts before a message.
TRACE = re.compile(
    rb'(?:(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n'
    rb'(?:[ \t][^\n]*\n)*)+')


def message_of(token, body=b'Good morning.\n'):
    return (f'From: {SENDER}\nTo: {ALICE}\nSubject: {token}\n'
            'Message-ID: <1@example.test>\n'
            'Date: Thu, 01 Jan 1970 00:00:00 +0000\n\n').encode() + body


def as_delivered(message):
    """What a Maildir holds: lines end in LF, and the last one ends."""
    message = message.replace(b'\r\n', b'\n')
    return message if message.endswith(b'\n') else message + b'\n'


class Conversation:
    """One running server, and the tool to send through it."""

    def __init__(self, server, command, authority):
        self.server = server
        self.command = command
        self.authority = authority
        self.count = 0

    def token(self):
        self.count += 1
        return f'token-{self.count:03}-{os.getpid()}'

    def send(self, port, message, *recipients, scheme='smtp', user=ALICE,
             password=None, options=(), ca=True):
        arguments = ['--server',
                     f'{scheme}://localhost:{self.server.port[port]}',
                     '--sender', SENDER]
        if ca:
            arguments += ['--ca-file', self.authority]
        if user is not None:
            arguments += ['--user', user]
            password = USERS[user] if password is None else password
        return self.command.run([*arguments, *options, *recipients], message,
                                password)

    def must_hold(self, user, token, message):
        """The mailbox holds the message, but for the trace fields."""
        delivered = self.server.maildir(user).await_one(token)
        start = TRACE.match(delivered)
        if start is None:
            raise Failed(f'no trace fields: {delivered[:500]!r}')
        if delivered[start.end():] != as_delivered(message):
            raise Failed(differ(as_delivered(message),
                                delivered[start.end():]))
        return delivered[:start.end()].decode()

    def must_not_hold(self, token):
        """Nobody got it: the last message of all is in, but not this one."""
        marker = self.token()
        for user in ('alice', 'bob'):
            self.send('submission', message_of(marker),
                      f'{user}@example.test').must_end_with(OK)
            self.server.maildir(user).await_one(marker)
            if self.server.maildir(user).having(token):
                raise Failed(f'{user} has got it')


def differ(wanted, found):
    for place, (one, other) in enumerate(zip(wanted, found)):
        if one != other:
            break
    else:
        place = min(len(wanted), len(found))
    return (f'{len(wanted)} octets sent, {len(found)} found, the first that '
            f'differs is {place}:\nsent  {wanted[place - 40:place + 40]!r}\n'
            f'found {found[place - 40:place + 40]!r}')

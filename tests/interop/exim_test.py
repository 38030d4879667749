#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library and the tool against a real Exim, which has GnuTLS on its side,
too.  Prints TAP.

usage: exim_test.py SMTPC TLS_CLIENT MAKE_CERTS CACHE
"""

import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from command import NOPERM, OK, TEMPFAIL, UNAVAILABLE, Command
from conversation import ALICE, BOB, Conversation, message_of
from mail_tls import tls_cases
from servers import (BAD_CERTIFICATES, Exim, Unavailable, become_root,
                     make_certificates, wait_until)
from tap import Failed, Tap, skip_all
from tls_client import Client

MECHANISMS = ('PLAIN', 'LOGIN', 'CRAM-MD5')
WAYS = (('starttls', 'submission', 'smtp'),
        ('implicit_tls', 'smtps', 'smtps'))


def deliveries(tap, talk):
    for way, port, scheme in WAYS:
        for mechanism in MECHANISMS:
            name = mechanism.lower().replace('-', '_')
            with tap.test(f'message_arrives_over_{way}_with_{name}'):
                message = message_of(token := talk.token())
                talk.send(port, message, ALICE, scheme=scheme,
                          options=['--mechanisms', mechanism]
                          ).must_end_with(OK).must_say_nothing()
                trace = talk.must_hold('alice', token, message)
                if 'with esmtpsa' not in trace or 'TLS1.3' not in trace:
                    raise Failed(trace)

    with tap.test('password_with_a_blank_and_an_umlaut_is_accepted'):
        message = message_of(token := talk.token(), 'Grüße\n.\n'.encode())
        talk.send('submission', message, BOB, user=BOB).must_end_with(OK)
        talk.must_hold('bob', token, message)

    with tap.test('message_of_a_mebioctet_arrives'):
        message = message_of(token := talk.token(),
                             (b'.' + b'x' * 62 + b'\n') * (1024 * 1024 // 64))
        talk.send('submission', message, ALICE, BOB).must_end_with(OK)
        talk.must_hold('bob', token, message)


def refusals(tap, talk):
    for mechanism in MECHANISMS:
        name = mechanism.lower().replace('-', '_')
        with tap.test(f'wrong_password_is_refused_with_{name}'):
            talk.send('submission', message_of(talk.token()), ALICE,
                      password='alice in chains',
                      options=['--mechanisms', mechanism]
                      ).must_end_with(NOPERM).must_say_one_line('535')

    with tap.test('refused_recipient_does_not_harm_accepted_ones'):
        message = message_of(token := talk.token())
        talk.send('submission', message, ALICE, 'ghost@example.test', BOB
                  ).must_end_with(UNAVAILABLE)
        talk.must_hold('alice', token, message)
        talk.must_hold('bob', token, message)

    with tap.test('only_recipient_being_deferred_fails_all'):
        talk.send('submission', message_of(talk.token()),
                  'tempfail@example.test').must_end_with(TEMPFAIL)

    with tap.test('refused_sender_fails_all'):
        talk.send('submission', message_of(talk.token()), ALICE,
                  options=['--sender', 'blocked@example.test']
                  ).must_end_with(UNAVAILABLE)

    for kind in BAD_CERTIFICATES:
        name = kind.replace('-', '_')
        with tap.test(f'nothing_is_said_if_the_certificate_is_{name}'):
            talk.send(kind, message_of(talk.token()), ALICE).must_end_with(
                NOPERM).must_say_one_line('certificate')
            must_have_heard(talk.server, kind, 'EHLO,STARTTLS')


def must_have_heard(server, port, said):
    """The server notes the commands of a connection without MAIL."""
    pattern = re.compile(r'no MAIL in SMTP connection from .* I=\[127.0.0.1\]:'
                         rf'{server.port[port]} .* C=(\S+)')
    found = wait_until(lambda: pattern.findall(server.log),
                       'the end of the connection in the log')
    if found != [said]:
        raise Failed(found)


def main():
    smtpc, tls_client, make_certs, cache = sys.argv[1:]
    tap = Tap()
    try:
        become_root()
        with tempfile.TemporaryDirectory() as certificates:
            os.chmod(certificates, 0o755)
            make_certificates(make_certs, certificates)
            with Exim(cache, certificates) as server:
                talk = Conversation(server, Command(smtpc),
                                    os.path.join(certificates, 'ca.pem'))
                deliveries(tap, talk)
                refusals(tap, talk)
                tls_cases(tap, Client(tls_client, talk.authority), server)
    except Unavailable as why:
        skip_all(why)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library sends to a real Postfix, read back.  Prints TAP.

usage: send_postfix_test.py SEND_CLIENT MAKE_CERTS CACHE [--large]
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from send_cases import (HEADER, WAYS, large_messages,
                        long_lines_in_the_midst, messages, odd, run, sources,
                        streams)
from send_servers import TakingPostfix
from tap import Failed

GHOST = 'ghost@example.test'
TEMPFAIL = 'tempfail@example.test'
FULL = 'full@example.test'

ODDS = {
    5: odd('E_TRANSIENT', ('TRANSIENT', 450, 1), to=(TEMPFAIL,)),
    15: odd('PARTIAL', ('PERMANENT', 550, 1), ('ACCEPTED', 250, 0),
            ('TRANSIENT', 450, 1), ('PERMANENT', 552, 1),
            to=(GHOST, None, TEMPFAIL, FULL)),
    24: odd('E_PERMANENT', ('PERMANENT', 550, 1), ('PERMANENT', 550, 1),
            to=(None, None), header=b'Refuse: me\r\n'),
    25: odd('E_PERMANENT', ('PERMANENT', 550, 1), to=(GHOST,)),
    # It says so when it is told of a recipient.
    26: odd('E_PERMANENT', ('PERMANENT', 550, 1), to=(None,),
            sender='blocked@example.test'),
}


def many_recipients(peer, ways):
    content = HEADER + b'to all of you\r\n'
    for way, settings in ways.items():
        with peer.tap.test(f'a_thousand_recipients_get_it_once_by_{way}'):
            recipients = [peer.address() for _ in range(1000)]
            with peer.session(**settings) as session:
                peer.send(session, content, *recipients).must_be_taken()
                peer.must_quit(session)
            for recipient in recipients:
                peer.must_hold(recipient, content)


def remainders(peer, ways, count):
    """The server takes 100 at a time."""
    content = HEADER + b'to all of you in turn\r\n'
    for way, settings in ways.items():
        with peer.tap.test(f'{count}_recipients_get_it_once_where_100_are_'
                           f'taken_at_a_time_by_{way}'):
            recipients = [peer.address() for _ in range(count)]
            path = peer.file(content)
            with peer.session(peer.server.port['limited'],
                              **settings) as session:
                session.mail(recipients, path)
                for left in range(count - 100, 0, -100):
                    peer.note(session.send()).must(
                        result='PARTIAL', fate='PARTIAL', state='READY'
                        ).must_be_to(*[('ACCEPTED', 250, 0)] * 100,
                                     *[('TRANSIENT', 452, 1)] * left)
                    session.remainder()
                peer.note(session.send()).must_be_taken()
                peer.must_quit(session)
            for recipient in recipients:
                peer.must_hold(recipient, content)


def chunks(peer):
    """The server counts what it was told."""
    for way, settings in WAYS.items():
        with peer.tap.test(f'just_what_is_needed_is_said_by_{way}'):
            start = len(peer.server.log)
            recipient = peer.address()
            with peer.session(**settings) as session:
                peer.send(session, HEADER, recipient).must_be_taken()
                peer.must_quit(session)
            content = 'bdat' if 'BDAT' in way else 'data'
            said = peer.server.await_commands(start)
            if said != {'ehlo': '1', 'mail': '1', 'rcpt': '1', content: '1',
                        'quit': '1', 'commands': '5'}:
                raise Failed(said)


def body(make_peer, cache, certificates, is_large):
    with TakingPostfix(cache, certificates) as server:
        peer = make_peer(server)
        large_messages(peer, is_large, 'memory', 'file', 'reader')
        if is_large:
            many_recipients(peer, WAYS)
            remainders(peer, WAYS, 1000)
        else:
            messages(peer)
            long_lines_in_the_midst(peer)
            sources(peer, True, False)
            chunks(peer)
            streams(peer, ODDS, 50, True, False)
            many_recipients(peer, {'DATA_at_SAFE': WAYS['DATA_at_SAFE']})
            remainders(peer, WAYS, 250)
        with peer.tap.test('just_what_was_accepted_is_delivered'):
            peer.must_be_all()


if __name__ == '__main__':
    sys.exit(run(body))

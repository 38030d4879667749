#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library sends to a real Dovecot by LMTP, over TCP and over a UNIX
socket, read back.  Prints TAP.

usage: send_dovecot_test.py SEND_CLIENT MAKE_CERTS CACHE [--large]
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from send_cases import (HEADER, WAYS, large_messages, long_lines_in_the_midst,
                        messages, odd, run, sources, streams)
from send_client import SENDER
from send_servers import TakingDovecot
from tap import Failed

GHOST = 'ghost@example.test'
FULL = 'full@example.test'

TAKEN = ('ACCEPTED', 250, 0)
NOT_HERE = ('PERMANENT', 550, 1)
NO_ROOM = ('PERMANENT', 552, 1)

ODDS = {
    5: odd('E_PERMANENT', NO_ROOM, to=(FULL,)),
    15: odd('PARTIAL', NOT_HERE, TAKEN, NO_ROOM, TAKEN,
            to=(GHOST, None, FULL, None)),
    25: odd('E_PERMANENT', NOT_HERE, to=(GHOST,)),
    26: odd('PARTIAL', NO_ROOM, TAKEN, to=(FULL, None)),
    27: odd('E_PERMANENT', NOT_HERE, NO_ROOM, to=(GHOST, FULL)),
}


def verdicts(peer, port, name):
    """One for each recipient, and each is what the server did."""
    for way, settings in WAYS.items():
        content = HEADER + b'.\r\nto some of you\r\n'
        with peer.session(port, **settings) as session:
            with peer.tap.test(f'each_recipient_has_a_verdict_{name}_by_{way}'):
                one, two = peer.address(), peer.address()
                peer.send(session, content, one, GHOST, FULL, two
                          ).must(result='PARTIAL', state='READY'
                                 ).must_be_to(TAKEN, NOT_HERE, NO_ROOM, TAKEN)
                peer.must_hold(one, content)
                peer.must_hold(two, content)
            with peer.tap.test(f'all_are_refused_in_the_end_{name}_by_{way}'):
                peer.send(session, content, FULL, FULL).must(
                    result='E_PERMANENT', state='READY', code=552
                    ).must_be_to(NO_ROOM, NO_ROOM)
            with peer.tap.test(f'nobody_is_taken_at_all_{name}_by_{way}'):
                peer.send(session, content, GHOST).must(
                    result='E_PERMANENT', state='READY', code=550
                    ).must_be_to(NOT_HERE)
            with peer.tap.test(f'who_is_named_twice_has_two_verdicts_{name}_'
                               f'by_{way}'):
                recipient = peer.address()
                peer.send(session, content, recipient, FULL, recipient, FULL
                          ).must(result='PARTIAL', state='READY').must_be_to(
                              TAKEN, NO_ROOM, TAKEN, NO_ROOM)
                peer.must_hold(recipient, content)
            with peer.tap.test(f'QUIT_after_verdicts_{name}_by_{way}_is_'
                               'answered'):
                peer.must_quit(session)


def commands(peer):
    """The server writes them down."""
    content = HEADER + b'.\r\n'
    lines = content.decode().split('\r\n')[:-1]
    for way, settings in WAYS.items():
        with peer.tap.test(f'just_what_is_needed_is_said_by_{way}'):
            recipient = peer.address()
            with peer.server.listening() as said:
                with peer.session(**settings) as session:
                    peer.send(session, content, recipient).must_be_taken()
                    peer.must_hold(recipient, content)
                    peer.must_quit(session)
                if said() != [
                        'LHLO [127.0.0.1]', f'MAIL FROM:<{SENDER}>',
                        f'RCPT TO:<{recipient}>',
                        *([f'BDAT {len(content)} LAST', *lines]
                          if 'BDAT' in way else
                          ['DATA', *lines[:-1], '..', '.']), 'QUIT']:
                    raise Failed(said())


def body(make_peer, cache, certificates, is_large):
    with TakingDovecot(cache, certificates) as server:
        peer = make_peer(server)
        large_messages(peer, is_large, 'file', 'reader', 'memory')
        if not is_large:
            messages(peer)
            long_lines_in_the_midst(peer)
            sources(peer, True, False)
            verdicts(peer, server.port['lmtp'], 'over_TCP')
            verdicts(peer, server.socket, 'over_a_UNIX_socket')
            commands(peer)
            streams(peer, ODDS, 30, True, False)
        with peer.tap.test('just_what_was_accepted_is_delivered'):
            peer.must_be_all()


if __name__ == '__main__':
    sys.exit(run(body))

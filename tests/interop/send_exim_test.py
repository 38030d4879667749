#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library sends to a real Exim, read back.  Prints TAP.

usage: send_exim_test.py SEND_CLIENT MAKE_CERTS CACHE [--large]
"""

import email
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from send_cases import (HEADER, WAYS, large_messages, long_lines_in_the_midst,
                        messages, odd, run, sources, streams)
from send_client import SENDER
from send_servers import TakingExim
from tap import Failed

GHOST = 'ghost@many.example.test'
TEMPFAIL = 'tempfail@many.example.test'

ODDS = {
    5: odd('E_TRANSIENT', ('TRANSIENT', 451, 1), to=(TEMPFAIL,)),
    15: odd('PARTIAL', ('PERMANENT', 550, 1), ('ACCEPTED', 250, 0),
            ('TRANSIENT', 451, 1), to=(GHOST, None, TEMPFAIL)),
    25: odd('E_PERMANENT', ('PERMANENT', 550, 1), to=(None,),
            header=b'Refuse: me\r\n'),
    26: odd('E_PERMANENT', ('PERMANENT', 550, 1), to=(GHOST,)),
}


UTF8 = 'Subject: Grüße, 日本\r\n\r\nпривет\r\n'.encode()
UTF8_SENDER = 'ü@many.example.test'

# What there is in the envelope, in the content, and what the server takes it
# for.  From the first one on it takes all that comes for UTF-8.
UTF8_MESSAGES = {
    'a_body': ('%s', SENDER, HEADER + b'\xff\r\n', 'esmtp'),
    'a_header': ('%s', SENDER, UTF8, 'utf8esmtp'),
    'a_local_part': ('jörg-%s', SENDER, HEADER, 'utf8esmtp'),
    'a_sender': ('%s', UTF8_SENDER, HEADER, 'utf8esmtp'),
    'everything': ('日本-%s', UTF8_SENDER, UTF8, 'utf8esmtp'),
}


def utf8(peer, session, way):
    for what, (name, sender, content, protocol) in UTF8_MESSAGES.items():
        with peer.tap.test(f'{what}_that_is_not_ASCII_arrives_by_{way}'):
            recipient = name % peer.address()
            peer.send(session, content, recipient, sender=sender
                      ).must_be_taken()
            delivery = peer.must_hold(recipient, content)
            arrival = peer.server.await_arrival(delivery)
            if f' P={protocol} ' not in arrival or \
                    not delivery.trace.startswith(f'Return-path: <{sender}>'):
                raise Failed(f'{arrival}\n{delivery.trace}')


def chunks(peer, session, way):
    """The log has a K where content came by BDAT."""
    with peer.tap.test(f'the_server_notes_what_came_by_{way}'):
        recipient = peer.address()
        peer.send(session, HEADER, recipient).must_be_taken()
        arrival = peer.server.await_arrival(peer.must_hold(recipient, HEADER))
        if (' K ' in arrival) != ('BDAT' in way):
            raise Failed(arrival)


ENVID = 'what+is=this'
ORCPT = 'the+one=and-only@else.example'

# As the server got them: it does not decode xtext.
TOLD = {'Original-Envelope-ID': 'what+2Bis+3Dthis',
        'Original-Recipient': 'rfc822;the+2Bone+3Dand-only@else.example'}

HEADERS = 'text/rfc822-headers'

# Who begins so is found not to be there when the message is taken already.
MOVED = 'moved-'


def reports(peer, session, way):
    for what, prefix, ret, notify, action, returned in (
            ('success', '', 'FULL', 'SUCCESS,DELAY', 'delivered', HEADERS),
            ('failure_with_all', MOVED, 'FULL', 'FAILURE', 'failed',
             'message/rfc822'),
            ('failure_with_the_header', MOVED, 'HDRS', 'SUCCESS,FAILURE',
             'failed', HEADERS)):
        with peer.tap.test(f'a_report_of_{what}_is_what_was_asked_for_by_'
                           f'{way}'):
            sender, recipient = peer.address(), prefix + peer.address()
            send(peer, session, sender, recipient, (ret, ENVID),
                 (notify, ORCPT))
            peer.accepted[sender] += 1
            report = email.message_from_bytes(
                peer.store.await_one(sender).message)
            _, status, content = report.get_payload()
            fields = {name: value for part in status.get_payload()
                      for name, value in part.items()}
            wanted = {**TOLD, 'Action': action,
                      'Final-Recipient': f'rfc822;{recipient}'}
            if wanted.items() - fields.items() or \
                    content.get_content_type() != returned:
                raise Failed(str(report))


def silence(peer, session, way):
    for prefix, notify in (('', 'NEVER'), ('', 'FAILURE,DELAY'),
                           (MOVED, 'NEVER'), (MOVED, 'SUCCESS')):
        what = 'failure' if prefix else 'success'
        asked = notify.replace(',', '_')
        with peer.tap.test(f'nobody_hears_of_{what}_who_asked_for_{asked}_by_'
                           f'{way}'):
            sender, recipient = peer.address(), prefix + peer.address()
            send(peer, session, sender, recipient, ('FULL', ENVID),
                 (notify, None))
            peer.must_be_all()


def send(peer, session, sender, recipient, dsn, to_dsn):
    peer.send(session, HEADER + b'and more\r\n', recipient, sender=sender,
              dsn=dsn, to_dsn=to_dsn).must_be_taken()
    if recipient.startswith(MOVED):
        del peer.accepted[recipient]


def extensions(peer):
    for way, settings in WAYS.items():
        with peer.session(**settings) as session:
            chunks(peer, session, way)
            utf8(peer, session, way)
            reports(peer, session, way)
            silence(peer, session, way)
            with peer.tap.test(f'QUIT_after_all_extensions_by_{way}_is_'
                               'answered'):
                peer.must_quit(session)


def body(make_peer, cache, certificates, is_large):
    with TakingExim(cache, certificates) as server:
        peer = make_peer(server)
        large_messages(peer, is_large, 'reader', 'memory', 'file')
        if not is_large:
            messages(peer)
            long_lines_in_the_midst(peer)
            sources(peer, False)
            extensions(peer)
            streams(peer, ODDS, 30, False)
        with peer.tap.test('just_what_was_accepted_is_delivered'):
            peer.must_be_all()


if __name__ == '__main__':
    sys.exit(run(body))

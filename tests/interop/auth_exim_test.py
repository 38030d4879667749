#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Authentication at a real Exim, which has mechanisms of its own, and those of
Cyrus SASL and of Dovecot.  Prints TAP.

usage: auth_exim_test.py AUTH_CLIENT LOOPBACK MAKE_CERTS CACHE
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from auth_cases import (BEARER, Peer, again_and_again, choices,
                        must_have_proved, other_users, password_of,
                        right_secrets, run, wrong_passwords)
from auth_client import ALICE
from auth_servers import AuthExim
from auth_tokens import tokens

ASKING = {'starttls': 'asking', 'implicit_tls': 'smtps-asking'}


def certificates_of_clients(peer, folder):
    shown = ('--certificate', os.path.join(folder, 'client-both.pem'))
    named = ('--mechanisms', 'EXTERNAL')
    for way, port in ASKING.items():
        with peer.test('EXTERNAL', f'a_certificate_is_enough_over_{way}'):
            session = peer.sends(port, 'EXTERNAL', *shown, way=way)
            must_have_proved(session, 'EXTERNAL')
        with peer.test('EXTERNAL', f'who_is_named_is_told_over_{way}'):
            peer.sends(port, 'EXTERNAL', *shown, *named, '--authzid', ALICE,
                       way=way)
    with peer.test('EXTERNAL', 'another_than_in_the_certificate_is_refused'):
        peer.run('asking', *shown, *named, '--authzid', 'bob@example.test'
                 ).must_be_out('E_AUTH_REJECTED',
                               ('EXTERNAL', 'E_AUTH_REJECTED', 535))
    with peer.test('EXTERNAL', 'is_not_tried_where_it_is_not_offered'):
        peer.run('submission', *shown, *named).must_be_out(
            'E_AUTH_UNAVAILABLE', detail='no-mechanism')
    with peer.test('EXTERNAL', 'gives_way_to_a_password'):
        peer.sends('asking', 'SCRAM-SHA-512', *shown, *password_of())


def body(tap, client, certificates, relay, cache):
    with AuthExim(cache, certificates) as server:
        peer = Peer(tap, client, server, 'exim')
        right_secrets(peer, server.mechanisms)
        other_users(peer, server.mechanisms)
        wrong_passwords(peer, [name for name in server.mechanisms
                               if name not in BEARER], status='535')
        choices(peer, 'SCRAM-SHA-512')
        again_and_again(peer, server.mechanisms)
        tokens(peer)
        certificates_of_clients(peer, certificates)


if __name__ == '__main__':
    sys.exit(run(body))

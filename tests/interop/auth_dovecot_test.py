#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Authentication at a real Dovecot, which has mechanisms of its own, those
with tokens and certificates among them.  Prints TAP.

usage: auth_dovecot_test.py AUTH_CLIENT LOOPBACK MAKE_CERTS CACHE
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from auth_cases import (BEARER, WAYS, Peer, again_and_again, choices,
                        must_have_proved, other_users, password_of,
                        right_secrets, run, secret_of, wrong_passwords)
from auth_client import ALICE
from auth_servers import DOVECOT_MECHANISMS, Dovecot
from auth_tokens import tokens

PASSWORDS = tuple(name for name in DOVECOT_MECHANISMS if name not in BEARER)


def certificates_of_clients(peer, folder):
    shown = ('--certificate', os.path.join(folder, 'client-both.pem'))
    named = ('--mechanisms', 'EXTERNAL')
    for way, port in WAYS.items():
        with peer.test('EXTERNAL', f'a_certificate_is_enough_over_{way}'):
            session = peer.sends(port, 'EXTERNAL', *shown, way=way)
            must_have_proved(session, 'EXTERNAL')
        with peer.test('EXTERNAL', f'who_is_named_is_told_over_{way}'):
            peer.sends(port, 'EXTERNAL', *shown, *named, '--authzid', ALICE,
                       way=way)
    with peer.test('EXTERNAL', 'no_certificate_is_refused'):
        peer.run('submission', *named, '--authzid', ALICE).must_be_out(
            'E_AUTH_REJECTED', ('EXTERNAL', 'E_AUTH_REJECTED', 535))
    with peer.test('EXTERNAL', 'gives_way_to_a_password'):
        peer.sends('submission', 'SCRAM-SHA-256', *shown, *password_of())
    with peer.test('EXTERNAL', 'is_not_tried_without_a_certificate'):
        peer.sends('submission', 'SCRAM-SHA-256', *password_of())


def without_plug_ins(peer, folder):
    """Cyrus SASL alone, without the package of its mechanisms."""
    env = {'SASL_PATH': '/nonexistent'}
    missing = [(name, 'E_AUTH_UNAVAILABLE', 0)
               for name in ('SCRAM-SHA-256', 'SCRAM-SHA-1')]
    for mechanism in ('PLAIN', 'LOGIN', *BEARER):
        with peer.test(mechanism, 'needs_no_plug_in_of_Cyrus_SASL'):
            peer.sends('submission', mechanism, '--mechanisms', mechanism,
                       *secret_of(mechanism), env=env)
    with peer.test('EXTERNAL', 'needs_no_plug_in_of_Cyrus_SASL'):
        peer.sends('submission', 'EXTERNAL', '--certificate',
                   os.path.join(folder, 'client-both.pem'), env=env)
    with peer.test('PLAIN', 'is_what_is_left_without_plug_ins'):
        peer.sends('submission', 'PLAIN', *password_of(), failures=missing,
                   env=env)
    for mechanism in ('SCRAM-SHA-1', 'SCRAM-SHA-256', 'CRAM-MD5',
                      'DIGEST-MD5'):
        with peer.test(mechanism, 'nothing_is_sent_without_the_plug_in'):
            peer.run('submission', '--mechanisms', mechanism, *password_of(),
                     env=env).must_be_out(
                         'E_AUTH_UNAVAILABLE',
                         (mechanism, 'E_AUTH_UNAVAILABLE', 0),
                         detail='module-missing').must_say('libsasl2-modules')


def body(tap, client, certificates, relay, cache):
    with Dovecot(cache, certificates, relay) as server:
        peer = Peer(tap, client, server, 'dovecot')
        right_secrets(peer, DOVECOT_MECHANISMS)
        # It does not turn UTF-8 into ISO 8859-1, as DIGEST-MD5 wants it
        # (RFC 2831, section 2.1.2.1), so that nobody who does gets in.
        other_users(peer, [name for name in DOVECOT_MECHANISMS
                           if name != 'DIGEST-MD5'])
        wrong_passwords(peer, PASSWORDS)
        choices(peer, 'SCRAM-SHA-256')
        again_and_again(peer, DOVECOT_MECHANISMS)
        tokens(peer)
        certificates_of_clients(peer, certificates)
        without_plug_ins(peer, certificates)


if __name__ == '__main__':
    sys.exit(run(body))

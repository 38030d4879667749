#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Authentication at a real Postfix, which has Cyrus SASL, Dovecot or saslauthd
behind it.  Prints TAP.

usage: auth_postfix_test.py AUTH_CLIENT LOOPBACK MAKE_CERTS CACHE
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from auth_cases import (Peer, acting_for_nobody, acting_for_others,
                        again_and_again, choices, other_users, password_of,
                        right_secrets, run, wrong_passwords)
from auth_servers import DOVECOT_MECHANISMS, AuthPostfix
from auth_tokens import tokens

DEFAULT = ('SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1')
MECHANISMS = ('PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'SCRAM-SHA-1',
              'SCRAM-SHA-224', 'SCRAM-SHA-256', 'SCRAM-SHA-384',
              'SCRAM-SHA-512', 'NTLM')


def in_clear(peer):
    """What may be used without TLS, and what may not."""
    for mechanism in ('SCRAM-SHA-256', 'CRAM-MD5', 'DIGEST-MD5'):
        with peer.test(mechanism, 'is_used_in_clear_when_it_is_named'):
            peer.sends('clear', mechanism, '--mechanisms', mechanism,
                       *password_of(), way='none')
    for mechanism in ('PLAIN', 'LOGIN'):
        named = ('--mechanisms', mechanism)
        with peer.test(mechanism, 'is_not_used_in_clear'):
            peer.run('clear', *named, *password_of(), way='none').must_be_out(
                'E_TLS_REQUIRED', way='none', detail='plaintext-auth')
        with peer.test(mechanism, 'is_used_in_clear_if_that_is_demanded'):
            peer.sends('clear', mechanism, *named, *password_of(),
                       '--plaintext', way='none')
    with peer.test('SCRAM-SHA-512', 'is_what_is_chosen_in_clear'):
        peer.sends('clear', 'SCRAM-SHA-512', *password_of(), way='none')


def only_what_passwords_are_enough_for(peer):
    """saslauthd says whether a password is right, but tells it nobody: all
    that is not PLAIN or LOGIN is offered, and can't work.
    """
    unusable = [(name, 'E_AUTH_UNAVAILABLE', 535) for name in DEFAULT]
    with peer.test('PLAIN', 'Q_048_is_what_works_where_SCRAM_is_only_offered'):
        peer.sends('saslauthd', 'PLAIN', '--attempts', '4', *password_of(),
                   failures=unusable)
    for mechanism in ('PLAIN', 'LOGIN'):
        for broken in ('SCRAM-SHA-1', 'SCRAM-SHA-256', 'CRAM-MD5'):
            with peer.test(mechanism, f'Q_048_works_where_{broken}_does_not'):
                peer.sends('saslauthd', mechanism, '--mechanisms',
                           f'{broken} {mechanism}', *password_of(),
                           failures=[(broken, 'E_AUTH_UNAVAILABLE', 535)])
        with peer.test(mechanism, 'Q_048_a_wrong_password_ends_the_search'):
            peer.run('saslauthd', '--mechanisms',
                     f'SCRAM-SHA-256 {mechanism} LOGIN PLAIN', '--attempts',
                     '9', *password_of(password='wrong')).must_be_out(
                         'E_AUTH_REJECTED',
                         ('SCRAM-SHA-256', 'E_AUTH_UNAVAILABLE', 535),
                         (mechanism, 'E_AUTH_REJECTED', 535))
    with peer.test('SCRAM-SHA-512', 'Q_048_all_the_budget_is_gone'):
        peer.run('saslauthd', *password_of()).must_be_out(
            'E_AUTH_UNAVAILABLE', *unusable[:2], detail='mechanism-refused')


def anonymous(peer):
    named = ('--mechanisms', 'ANONYMOUS', '--authcid', 'guest')
    with peer.test('ANONYMOUS', 'a_message_is_sent_by_nobody'):
        for more in ((), ('--non-blocking',)):
            peer.sends('anonymous', 'ANONYMOUS', *named, *more,
                       user='anonymous@example.test')
    with peer.test('ANONYMOUS', 'is_used_by_name_only'):
        peer.run('anonymous', '--authcid', 'guest').must_be_out(
            'E_AUTH_UNAVAILABLE', detail='no-secret')
    with peer.test('ANONYMOUS', 'is_not_used_where_it_is_not_offered'):
        peer.run('submission', *named).must_be_out(
            'E_AUTH_UNAVAILABLE', detail='no-mechanism')


def who_hangs_up(peer):
    """One error, and the server ends the connection."""
    named = ('--mechanisms', 'SCRAM-SHA-256 PLAIN')
    failed = ('SCRAM-SHA-256', 'E_AUTH_UNAVAILABLE', 535)
    with peer.test('PLAIN', 'Q_051_needs_a_new_connection_after_a_refusal'):
        for more in ((), ('--non-blocking',)):
            session = peer.run('impatient', *named, *more, *password_of())
            session.must(result='E_AUTH_UNAVAILABLE', detail='reconnect',
                         state='DEAD', mechanism=None, retry=1)
            first = session.attempts[0]
            session.must_be((first.mechanism, first.result, first.code) ==
                            failed, 'another attempt')
    with peer.test('PLAIN', 'Q_051_is_what_begins_the_next_connection'):
        for more in ((), ('--non-blocking',)):
            session = peer.run('impatient', *named, *more, '--reconnect',
                               *password_of())
            session.must(result='OK', detail='', state='READY',
                         mechanism='PLAIN')
            session.must_be(session.auth_commands[0] == 'SCRAM-SHA-256' and
                            'SCRAM-SHA-256' not in session.auth_commands[1:],
                            'it was tried again')
            session.must_be(repr(session.attempts) == "[PLAIN OK 235 '']",
                            'other attempts')
    with peer.test('PLAIN', 'Q_051_a_refusal_stands_though_it_hangs_up'):
        session = peer.run('impatient', '--mechanisms', 'PLAIN',
                           *password_of(password='wrong'))
        session.must(result='E_AUTH_REJECTED', detail='', mechanism=None,
                     retry=1)
        session.must_have_tried(('PLAIN', 'E_AUTH_REJECTED', 535))


def body(tap, client, certificates, relay, cache):
    with AuthPostfix(cache, certificates) as server:
        peer = Peer(tap, client, server, 'postfix')
        right_secrets(peer, MECHANISMS)
        other_users(peer, MECHANISMS)
        wrong_passwords(peer, MECHANISMS)
        choices(peer, 'SCRAM-SHA-512')
        again_and_again(peer, MECHANISMS)
        in_clear(peer)
        only_what_passwords_are_enough_for(peer)
        anonymous(peer)
        who_hangs_up(peer)
        acting_for_others(peer, ('PLAIN', 'DIGEST-MD5', 'SCRAM-SHA-256',
                                 'SCRAM-SHA-512'))
        acting_for_nobody(peer, ('LOGIN', 'CRAM-MD5', 'NTLM'), *password_of())

        behind = Peer(tap, client, server, 'postfix',
                      'with_dovecot_behind_it_')
        ports = {'starttls': 'dovecot', 'implicit_tls': 'dovecot-smtps'}
        right_secrets(behind, DOVECOT_MECHANISMS, ports)
        wrong_passwords(behind, ('PLAIN', 'SCRAM-SHA-256'), 'dovecot')
        tokens(behind, 'dovecot')


if __name__ == '__main__':
    sys.exit(run(body))

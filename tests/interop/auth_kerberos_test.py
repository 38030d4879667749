#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Authentication by tickets of a KDC, at a real Postfix with Cyrus SASL and at a
real Dovecot.  Prints TAP.

usage: auth_kerberos_test.py AUTH_CLIENT LOOPBACK MAKE_CERTS CACHE
"""

import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from auth_cases import (WAYS, Peer, acting_for_nobody, again_and_again,
                        password_of, run)
from auth_client import ALICE
from auth_servers import KerberosDovecot, KerberosPostfix, ticket_env

TICKETS = ('GSSAPI', 'GSS-SPNEGO')


def with_a_ticket(peer, mechanisms, best):
    env = ticket_env(peer.server)
    for way, port in WAYS.items():
        for mechanism in mechanisms:
            with peer.test(mechanism, f'a_message_is_sent_over_{way}'):
                for more in ((), ('--non-blocking',)):
                    peer.sends(port, mechanism, *more, '--authcid', ALICE,
                               '--mechanisms', mechanism, way=way, env=env)
    with peer.test('GSSAPI', 'a_ticket_is_all_that_is_needed'):
        peer.sends('submission', 'GSSAPI', '--mechanisms', 'GSSAPI', env=env)
    with peer.test('GSSAPI', 'one_may_not_act_for_others'):
        peer.run('submission', '--mechanisms', 'GSSAPI', '--authcid', ALICE,
                 '--authzid', 'bob@example.test', env=env).must_be_out(
                     'E_AUTH_REJECTED', ('GSSAPI', 'E_AUTH_REJECTED', 535))
    with peer.test('GSSAPI', 'is_used_by_name_only'):
        peer.sends('submission', best, *password_of(), env=env)


def for_oneself(peer):
    """Cyrus SASL knows the user of the ticket by the name in the envelope."""
    with peer.test('GSSAPI', 'one_may_act_for_oneself'):
        peer.sends('submission', 'GSSAPI', '--mechanisms', 'GSSAPI',
                   '--authzid', ALICE, env=ticket_env(peer.server))


def not_understood(peer):
    """Dovecot goes on with GSSAPI's security layers, unlike Cyrus SASL."""
    with peer.test('GSS-SPNEGO', 'is_given_up_and_the_session_goes_on'):
        peer.run('submission', '--mechanisms', 'GSS-SPNEGO', '--authcid',
                 ALICE, env=ticket_env(peer.server)).must_be_out(
                     'E_AUTH_PROTOCOL', ('GSS-SPNEGO', 'E_AUTH_PROTOCOL', 501),
                     detail='auth-cancelled')


def without_a_ticket(peer, mechanism, env):
    """The mechanism is passed over, and nothing of it is on the wire."""
    skipped = (mechanism, 'E_AUTH_UNAVAILABLE', 0)
    named = ('--mechanisms', mechanism)
    with peer.test(mechanism, 'Q_050_the_next_is_tried_without_a_ticket'):
        peer.sends('submission', 'PLAIN', '--mechanisms', f'{mechanism} PLAIN',
                   '--attempts', '1', *password_of(), failures=[skipped],
                   env=env)
    with peer.test(mechanism, 'Q_050_nothing_is_sent_without_a_ticket'):
        peer.run('submission', *named, '--authcid', ALICE, env=env
                 ).must_be_out('E_AUTH_UNAVAILABLE', skipped,
                               detail='mechanism-failed')


def without_a_kdc(peer, mechanism, folder):
    """There is a ticket, but nobody who makes one for the server from it."""
    env = ticket_env(peer.server, 'ticket-granting')
    with open(env['KRB5_CONFIG'], encoding='utf-8') as file:
        text = file.read()
    with socket.socket() as nobody:
        nobody.bind(('127.0.0.1', 0))
        port = nobody.getsockname()[1]
        env['KRB5_CONFIG'] = os.path.join(folder, 'krb5.conf')
        with open(env['KRB5_CONFIG'], 'w', encoding='utf-8') as file:
            file.write(text.replace(f':{peer.server.port["kdc"]}',
                                    f':{port}'))
        with peer.test(mechanism, 'the_next_is_tried_without_a_KDC'):
            peer.sends('submission', 'PLAIN', '--mechanisms',
                       f'{mechanism} PLAIN', *password_of(),
                       failures=[(mechanism, 'E_AUTH_UNAVAILABLE', 0)],
                       env=env)


def without_the_module(peer, mechanism):
    with peer.test(mechanism, 'nothing_is_sent_without_the_plug_in'):
        env = ticket_env(peer.server)
        env['SASL_PATH'] = env['SASL_PATH'].partition(':')[2]
        session = peer.run('submission', '--mechanisms', mechanism,
                           '--authcid', ALICE, env=env)
        session.must_be_out('E_AUTH_UNAVAILABLE', *(
            (one.mechanism, 'E_AUTH_UNAVAILABLE', 0)
            for one in session.attempts), detail='module-missing')
        session.must_say('libsasl2-modules-gssapi-mit')


def body(tap, client, certificates, relay, cache):
    with KerberosPostfix(cache, certificates) as server:
        peer = Peer(tap, client, server, 'kdc')
        with_a_ticket(peer, TICKETS, 'SCRAM-SHA-256')
        for_oneself(peer)
        again_and_again(peer, TICKETS, '--authcid', ALICE,
                        env=ticket_env(server))
        acting_for_nobody(peer, ['GSS-SPNEGO'], '--authcid', ALICE,
                          env=ticket_env(server))
        for mechanism in TICKETS:
            without_a_ticket(peer, mechanism,
                             ticket_env(server, 'no-tickets'))
            without_a_kdc(peer, mechanism, certificates)
            without_the_module(peer, mechanism)
    with KerberosDovecot(cache, certificates, relay) as server:
        peer = Peer(tap, client, server, 'kdc', 'at_dovecot_')
        with_a_ticket(peer, ['GSSAPI'], 'PLAIN')
        not_understood(peer)


if __name__ == '__main__':
    sys.exit(run(body))

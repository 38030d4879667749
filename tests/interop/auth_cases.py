# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every real server must see of the library's authentication."""

import contextlib
import itertools
import os
import sys
import tempfile

from auth_client import ALICE, PASSWORD, AuthClient
from auth_servers import token
from servers import (USERS, Loopback, Unavailable, become_root,
                     make_certificates)
from tap import Failed, Tap, skip_all

# Of the messages; no number is used twice.
numbers = itertools.count()

BOB = 'bob@example.test'
BEARER = ('OAUTHBEARER', 'XOAUTH2')
WAYS = {'starttls': 'submission', 'implicit_tls': 'smtps'}


def join(folder, name):
    """Certificate and key in one file, as the client wants it."""
    path = os.path.join(folder, name)
    with open(f'{path}-both.pem', 'wb') as both:
        for suffix in ('pem', 'key'):
            with open(f'{path}.{suffix}', 'rb') as part:
                both.write(part.read())


@contextlib.contextmanager
def surroundings():
    """The client, certificates, the embedded server, where packages are."""
    program, loopback, make_certs, cache = sys.argv[1:]
    become_root()
    with tempfile.TemporaryDirectory() as certificates, \
            tempfile.TemporaryDirectory() as folder:
        os.chmod(certificates, 0o755)
        make_certificates(make_certs, certificates)
        join(certificates, 'client')
        # Who takes Dovecot's messages, and asks nobody who it is.
        with Loopback(loopback, folder) as relay:
            yield (AuthClient(program, os.path.join(certificates, 'ca.pem')),
                   certificates, relay, cache)


def run(body):
    """A test program: body(tap, client, certificates, relay, cache)."""
    tap = Tap()
    try:
        with surroundings() as around:
            body(tap, *around)
    except Unavailable as why:
        if not tap.count:
            skip_all(why)
        tap.skip('the_next_server_is_there', why)
    return tap.finish()


class Peer:
    """One server, under the name that the tests have for it; where tells its
    ways to authenticate apart, if it has several.
    """

    def __init__(self, tap, client, server, name, where=''):
        self.tap = tap
        self.client = client
        self.server = server
        self.name = name
        self.where = where

    def test(self, mechanism, sentence):
        return self.tap.test(
            f'I_{self.name}_{mechanism}_{self.where}{sentence}')

    def run(self, port, *options, way='starttls', **more):
        return self.client.run(self.server.port[port], *options, way=way,
                               **more)

    def sends(self, port, mechanism, *options, user=ALICE, failures=(),
              way='starttls', version=None, **more):
        """Authenticates and sends; the server says by what and as whom."""
        subject = f'token-{os.getpid()}-{next(numbers):03}'
        session = self.run(port, *options, '--subject', subject, way=way,
                           **more)
        session.must_be_in(mechanism, *failures, way=way, version=version)
        found = self.server.authenticated(subject)
        if found != (mechanism, user):
            raise Failed(f'the server knows of {found}\n{session}')
        return session


def password_of(user=ALICE, password=None):
    return ('--authcid', user, '--password', password or USERS[user])


def bearer_of(user=ALICE, **more):
    return ('--token-authcid', user, '--token', token(user, **more))


def secret_of(mechanism, user=ALICE):
    return (bearer_of if mechanism in BEARER else password_of)(user)


# Questions to the callback: kind, reason and status, in the header's numbers.
PASSWORD_FIRST = (0, 0, '')
TOKEN_FIRST = (1, 0, '')


def password_rejected(status):
    return 0, 1, status


def token_expired(status):
    return 1, 2, status


# What the client says from AUTH on, as the trace shows it.
PROOF = ['AUTH {} [hidden]', '[hidden]', '[hidden]']
DIALOGUES = {
    'PLAIN': ['AUTH {} [hidden]'],
    'LOGIN': ['AUTH {}', '[hidden]', '[hidden]'],
    'CRAM-MD5': ['AUTH {}', '[hidden]'],
    'DIGEST-MD5': ['AUTH {}', '[hidden]', '[hidden]'],
    'NTLM': ['AUTH {} [hidden]', '[hidden]'],
    'OAUTHBEARER': ['AUTH {} [hidden]'],
    'XOAUTH2': ['AUTH {} [hidden]'],
    'EXTERNAL': ['AUTH {} [hidden]'],
}


def must_have_proved(session, mechanism):
    wanted = [line.format(mechanism)
              for line in DIALOGUES.get(mechanism, PROOF)]
    start = session.said.index(wanted[0])
    found = session.said[start:start + len(wanted)]
    session.must_be(found == wanted, f'it said {found}')
    session.must_be(session.said[start + len(wanted)].startswith('MAIL '),
                    'it said more')


def right_secrets(peer, mechanisms, ports=None):
    """Every mechanism by both kinds of TLS, and whether steps wait or not."""
    for way, port in (ports or WAYS).items():
        for mechanism in mechanisms:
            with peer.test(mechanism, f'a_message_is_sent_over_{way}'):
                named = ('--mechanisms', mechanism)
                sessions = [
                    peer.sends(port, mechanism, *named, *more,
                               *secret_of(mechanism), way=way)
                    for more in ((), ('--non-blocking',))]
                if sessions[0].said != sessions[1].said:
                    raise Failed(f'{sessions[0]}\n{sessions[1]}')
                for session in sessions:
                    must_have_proved(session, mechanism)
                    shows_no_secret(session, secret_of(mechanism)[-1])


def shows_no_secret(session, secret):
    if secret in session.trace or secret in session.message:
        raise Failed(f'{secret} is shown:\n{session}')


def other_users(peer, mechanisms, port='submission'):
    for mechanism in mechanisms:
        with peer.test(mechanism, 'a_blank_and_an_umlaut_are_no_trouble'):
            peer.sends(port, mechanism, '--mechanisms', mechanism,
                       *secret_of(mechanism, BOB), user=BOB)


def again_and_again(peer, mechanisms, *options, port='submission', **more):
    """What Cyrus SASL keeps from one session makes no difference to others."""
    for mechanism in mechanisms:
        with peer.test(mechanism, 'is_the_same_in_each_session_of_a_process'):
            sessions = peer.client.runs(
                peer.server.port[port], '--times', '3', '--mechanisms',
                mechanism, *(options or secret_of(mechanism)), **more)
            for session in sessions:
                session.must(result='OK', state='READY', mechanism=mechanism)
                session.must_be(session.said == sessions[0].said,
                                f'it first said {sessions[0].said}')


def acting_for_others(peer, mechanisms, port='submission'):
    """Who is named by an authzid is oneself, or nobody."""
    for mechanism in mechanisms:
        options = ('--mechanisms', mechanism, *password_of(), '--authzid')
        with peer.test(mechanism, 'one_may_act_for_oneself'):
            peer.sends(port, mechanism, *options, ALICE)
        with peer.test(mechanism, 'one_may_not_act_for_others'):
            peer.run(port, *options, BOB).must_be_out(
                'E_AUTH_REJECTED', (mechanism, 'E_AUTH_REJECTED', 535))


def acting_for_nobody(peer, mechanisms, *options, port='submission', **more):
    """Mechanisms that can't say for whom one acts: one would be oneself."""
    for mechanism in mechanisms:
        with peer.test(mechanism, 'is_not_used_to_act_for_others'):
            session = peer.run(port, '--mechanisms', mechanism, *options,
                               '--authzid', BOB, **more)
            session.must(result='E_AUTH_UNAVAILABLE', state='READY',
                         detail='credentials-unfit', mechanism=None, retry=1)
            session.must_be(not session.auth_commands, 'it was')


def wrong_passwords(peer, mechanisms, port='submission', status='5.7.8'):
    for mechanism in mechanisms:
        named = ('--mechanisms', mechanism)
        refusal = (mechanism, 'E_AUTH_REJECTED', 535)
        with peer.test(mechanism, 'a_wrong_password_is_refused'):
            session = peer.run(port, *named, *password_of(password='wrong'))
            session.must_be_out('E_AUTH_REJECTED', refusal)
            session.must_be(session.code == 535 and not session.questions,
                            'another reply, or a question')
            shows_no_secret(session, 'wrong')

        with peer.test(mechanism, 'an_unknown_user_is_refused'):
            peer.run(port, *named, *password_of('ghost@example.test', 'x')
                     ).must_be_out('E_AUTH_REJECTED', refusal)

        with peer.test(mechanism, 'a_wrong_password_is_asked_for_again'):
            session = peer.sends(
                port, mechanism, *named, '--non-blocking',
                *password_of(password='wrong'), '--answer-password', PASSWORD,
                failures=[refusal])
            must_have_been_asked(session, password_rejected(status))


def must_have_been_asked(session, *questions):
    found = [tuple(one.values()) for one in session.questions]
    session.must_be(found == list(questions), f'it was asked {found}')


def choices(peer, best, port='submission'):
    """What is chosen where nothing is named."""
    with peer.test(best, 'is_what_is_chosen_for_a_password'):
        peer.sends(port, best, *password_of())
    with peer.test(best, 'is_chosen_over_TLS_1.2_too'):
        peer.sends(port, best, *password_of(), '--priority',
                   'NORMAL:-VERS-TLS1.3', version='TLS1.2')
    with peer.test(best, 'a_password_may_come_from_the_callback'):
        for more in ((), ('--non-blocking',)):
            session = peer.sends(port, best, *more, '--authcid', ALICE,
                                 '--answer-password', PASSWORD)
            must_have_been_asked(session, PASSWORD_FIRST)
    with peer.test(best, 'is_given_up_if_the_callback_does'):
        session = peer.run(port, '--answer-refusal')
        session.must_be_out('E_CANCELLED', detail='secret-refused')
        must_have_been_asked(session, PASSWORD_FIRST)
    with peer.test(best, 'is_not_used_without_a_password'):
        for more in ((), ('--callback',)):
            session = peer.run(port, '--mechanisms', best, '--authcid', ALICE,
                               *more)
            session.must_be_out('E_AUTH_UNAVAILABLE', detail='no-secret')
            must_have_been_asked(session, *([PASSWORD_FIRST] if more else []))
    with peer.test(best, 'is_not_used_if_nothing_is_set'):
        peer.run(port).must_be_out('E_INVALID', detail='no-credentials')

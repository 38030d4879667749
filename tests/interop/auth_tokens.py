# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a real server must see of tokens: right ones, and those that it refuses
with a challenge.
"""

from auth_cases import (BEARER, TOKEN_FIRST, bearer_of, must_have_been_asked,
                        shows_no_secret, token_expired)
from auth_client import ALICE
from auth_servers import token

LONG = token(ALICE, padding='x' * 2000)
BAD = {
    'forged': token(ALICE, key=b'another key'),
    'expired': token(ALICE, expires=1600000001),
}

# What Dovecot says of all bad tokens.  That of XOAUTH2 is to mean that no
# other token will help.
CHALLENGES = {
    'OAUTHBEARER': '{"status":"invalid_token"}',
    'XOAUTH2': '{"status":"401","schemes":"bearer","scope":"mail"}',
}
RENEWED = 'OAUTHBEARER'
ASKED = token_expired('invalid_token')


def tokens(peer, port='submission'):
    with peer.test('OAUTHBEARER', 'is_chosen_where_there_is_a_token'):
        peer.sends(port, 'OAUTHBEARER', *bearer_of())
    for mechanism in BEARER:
        named = ('--mechanisms', mechanism)
        with peer.test(mechanism, 'a_token_may_come_from_the_callback'):
            session = peer.sends(port, mechanism, *named, '--token-authcid',
                                 ALICE, '--answer-token', token(ALICE))
            must_have_been_asked(session, TOKEN_FIRST)
        with peer.test(mechanism, 'is_not_used_without_a_token'):
            peer.run(port, *named, '--authcid', ALICE).must_be_out(
                'E_AUTH_TOKEN', detail='no-token')
        with peer.test(mechanism, 'a_long_token_is_sent_in_two_steps'):
            session = peer.sends(port, mechanism, *named, '--token-authcid',
                                 ALICE, '--token', LONG)
            start = session.said.index(f'AUTH {mechanism}')
            session.must_be(session.said[start + 1] == '[hidden]',
                            'there is no second step')
        for what, bad in BAD.items():
            with peer.test(mechanism, f'a_token_that_is_{what}_is_refused'):
                refused_token(peer, port, mechanism, bad)
    for what, bad in BAD.items():
        with peer.test(RENEWED, f'a_token_is_renewed_if_it_is_{what}'):
            renewed_token(peer, port, bad)


def given(mechanism, bad):
    return ('--mechanisms', mechanism, '--token-authcid', ALICE, '--token',
            bad)


def refused_token(peer, port, mechanism, bad):
    """The server says why, and nobody has a better one."""
    result, detail, asked = (
        ('E_AUTH_TOKEN', 'token-expired', [ASKED]) if mechanism == RENEWED
        else ('E_AUTH_REJECTED', 'oauth-refused', []))
    for more in ((), ('--callback',), ('--answer-token', bad)):
        session = peer.run(port, *given(mechanism, bad), *more)
        session.must_be_out(result, (mechanism, result, 535), detail=detail)
        session.must_be(session.challenge == CHALLENGES[mechanism],
                        f'the challenge is {session.challenge}')
        must_have_been_asked(session, *(asked if more else []))
        shows_no_secret(session, bad)


def renewed_token(peer, port, bad):
    """Who is asked for a better one has it."""
    for more in ((), ('--non-blocking',)):
        session = peer.sends(port, RENEWED, *given(RENEWED, bad), *more,
                             '--answer-token', token(ALICE),
                             failures=[(RENEWED, 'E_AUTH_TOKEN', 535)])
        must_have_been_asked(session, ASKED)
        for secret in (bad, token(ALICE)):
            shows_no_secret(session, secret)

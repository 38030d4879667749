#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool against a real Postfix: every mechanism over both kinds of TLS,
what must be refused, and messages read back octet for octet.  Prints TAP.

usage: postfix_test.py SMTPC TLS_CLIENT MAKE_CERTS CACHE
"""

import base64
import email
import email.policy
import os
import re
import socket
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from command import NOPERM, OK, TEMPFAIL, UNAVAILABLE, Command
from conversation import ALICE, BOB, Conversation, message_of
from mail_tls import tls_cases
from servers import (BAD_CERTIFICATES, USERS, Postfix, Unavailable,
                     become_root, make_certificates, wait_until)
from tap import Failed, Tap, skip_all
from tls_client import Client

MECHANISMS = ('PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256',
              'SCRAM-SHA-512')


def every_mechanism(tap, talk):
    ways = (('starttls', 'submission', 'smtp'), ('implicit_tls', 'smtps',
                                                 'smtps'))
    for way, port, scheme in ways:
        for mechanism in MECHANISMS:
            name = mechanism.lower().replace('-', '_')
            with tap.test(f'message_arrives_over_{way}_with_{name}'):
                message = message_of(token := talk.token())
                talk.send(port, message, ALICE, scheme=scheme,
                          options=['--mechanisms', mechanism]
                          ).must_end_with(OK).must_say_nothing()
                trace = talk.must_hold('alice', token, message)
                if 'with ESMTPSA id' not in trace or ALICE not in trace:
                    raise Failed(trace)
                # The server's word on which mechanism it was.
                number = re.search(r'ESMTPSA id (\w+)', trace).group(1)
                # The log has a writer of its own, which may be behind.
                wait_until(lambda: re.search(
                    rf'{number}: client=\S+, sasl_method={mechanism}, ',
                    talk.server.log), f'{mechanism} in the log')

    with tap.test('message_arrives_with_the_mechanism_that_the_tool_prefers'):
        message = message_of(token := talk.token())
        talk.send('submission', message, ALICE).must_end_with(OK)
        talk.must_hold('alice', token, message)
        wait_until(lambda: 'sasl_method=SCRAM-SHA-512' in talk.server.log,
                   'the mechanism in the log')

    with tap.test('password_with_a_blank_and_an_umlaut_is_accepted'):
        message = message_of(token := talk.token())
        talk.send('submission', message, ALICE, user=BOB).must_end_with(OK)
        talk.must_hold('alice', token, message)


def without_authentication(tap, talk):
    with tap.test('message_arrives_in_clear_with_tls_mode_none'):
        message = message_of(token := talk.token())
        talk.send('clear', message, ALICE, user=None, ca=False,
                  options=['--tls', 'none']).must_end_with(OK)
        if 'with ESMTP id' not in talk.must_hold('alice', token, message):
            raise Failed('it was not in clear')

    with tap.test('message_arrives_over_starttls_without_authentication'):
        message = message_of(token := talk.token())
        talk.send('smtp', message, ALICE, user=None).must_end_with(OK)
        if 'with ESMTPS id' not in talk.must_hold('alice', token, message):
            raise Failed('it was not over TLS')

    with tap.test('opportunistic_tls_uses_starttls_where_it_is_offered'):
        message = message_of(token := talk.token())
        talk.send('smtp', message, ALICE, user=None,
                  options=['--tls', 'opportunistic']).must_end_with(OK)
        if 'with ESMTPS id' not in talk.must_hold('alice', token, message):
            raise Failed('it was not over TLS')

    for mechanism in ('CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256',
                      'SCRAM-SHA-512'):
        name = mechanism.lower().replace('-', '_')
        with tap.test(f'message_arrives_in_clear_with_{name}_when_named'):
            message = message_of(token := talk.token())
            talk.send('clear', message, ALICE, ca=False,
                      options=['--tls', 'none', '--mechanisms', mechanism]
                      ).must_end_with(OK)
            if 'with ESMTPA id' not in talk.must_hold('alice', token, message):
                raise Failed('without authentication')

    with tap.test('password_does_not_cross_a_channel_in_clear'):
        token = talk.token()
        result = talk.send('clear', message_of(token), ALICE, ca=False,
                           options=['--tls', 'none', '--trace',
                                    '--mechanisms', 'PLAIN LOGIN']
                           ).must_end_with(NOPERM)
        if re.search(r'^C: (AUTH|MAIL)', result.stderr, re.M):
            raise Failed(str(result))
        talk.must_not_hold(token)

    with tap.test('password_crosses_a_channel_in_clear_if_that_is_demanded'):
        message = message_of(token := talk.token())
        talk.send('clear', message, ALICE, ca=False,
                  options=['--tls', 'none', '--mechanisms', 'PLAIN',
                           '--plaintext-auth']).must_end_with(OK)
        talk.must_hold('alice', token, message)

    with tap.test('message_stays_here_where_tls_is_required_and_not_offered'):
        token = talk.token()
        talk.send('clear', message_of(token), ALICE, user=None
                  ).must_end_with(NOPERM).must_say_one_line('TLS')
        talk.must_not_hold(token)


def refusals(tap, talk):
    for mechanism in MECHANISMS:
        name = mechanism.lower().replace('-', '_')
        with tap.test(f'wrong_password_is_refused_with_{name}'):
            talk.send('submission', message_of(talk.token()), ALICE,
                      password='alice in chains',
                      options=['--mechanisms', mechanism]
                      ).must_end_with(NOPERM).must_say_one_line('535')

    with tap.test('message_stays_here_after_a_wrong_password'):
        token = talk.token()
        talk.send('submission', message_of(token), ALICE,
                  password='wrong').must_end_with(NOPERM)
        talk.must_not_hold(token)

    with tap.test('refused_recipient_does_not_harm_accepted_ones'):
        message = message_of(token := talk.token())
        result = talk.send('submission', message, ALICE, 'ghost@example.test',
                           BOB).must_end_with(UNAVAILABLE)
        if 'ghost@example.test' not in result.stderr or \
                '550' not in result.stderr:
            raise Failed(str(result))
        talk.must_hold('alice', token, message)
        talk.must_hold('bob', token, message)

    with tap.test('refused_recipient_stops_all_or_none'):
        token = talk.token()
        talk.send('submission', message_of(token), ALICE, 'ghost@example.test',
                  options=['--all-or-none']).must_end_with(UNAVAILABLE)
        talk.must_not_hold(token)

    for recipient, code in (('ghost', UNAVAILABLE), ('full', UNAVAILABLE),
                            ('tempfail', TEMPFAIL)):
        with tap.test(f'only_recipient_{recipient}_being_refused_fails_all'):
            talk.send('submission', message_of(talk.token()),
                      f'{recipient}@example.test').must_end_with(code)

    with tap.test('refused_sender_fails_all'):
        talk.send('submission', message_of(talk.token()), ALICE,
                  options=['--sender', 'blocked@example.test']
                  ).must_end_with(UNAVAILABLE)

    with tap.test('message_over_the_announced_size_stays_here'):
        token = talk.token()
        with tempfile.TemporaryFile() as file:
            file.write(message_of(token))
            file.write((b'x' * 63 + b'\n') * (11 * 1024 * 1024 // 64))
            file.seek(0)
            talk.send('submission', file, ALICE).must_end_with(UNAVAILABLE)
        talk.must_not_hold(token)

    with tap.test('port_where_nobody_listens_gives_one_line'):
        # Taken, so that nobody else can listen there.
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            talk.server.port['dead'] = taken.getsockname()[1]
            talk.send('dead', message_of(talk.token()), ALICE
                      ).must_end_with(TEMPFAIL).must_say_one_line('refused')


def bad_certificates(tap, talk):
    for kind in BAD_CERTIFICATES:
        name = kind.replace('-', '_')
        with tap.test(f'certificate_that_is_{name}_is_refused'):
            talk.send(kind, message_of(talk.token()), ALICE
                      ).must_end_with(NOPERM).must_say_one_line('certificate')

    with tap.test('authority_that_is_not_trusted_is_refused'):
        # Without the test's authority, the system's ones do not know it.
        talk.send('submission', message_of(talk.token()), ALICE, ca=False
                  ).must_end_with(NOPERM).must_say_one_line('certificate')

    with tap.test('nothing_is_said_to_a_server_with_a_bad_certificate'):
        pattern = re.compile(r'postfix/untrusted/smtpd\S+ disconnect from \S+ '
                             r'(ehlo=.*)')
        talk.send('untrusted', message_of(talk.token()), ALICE
                  ).must_end_with(NOPERM)
        # The server counts the commands that it was given.
        said = wait_until(lambda: pattern.findall(talk.server.log),
                          'the end of the connection in the log')
        # Whether the handshake was ended or broken off is all the same.
        for line in said:
            if not re.fullmatch(r'ehlo=1 starttls=(0/)?1 commands=(1/)?2',
                                line):
                raise Failed(line)


BODIES = {
    'dots_at_line_starts': b'.\n..\n...\n.a\n.\n\n.\n',
    'a_dot_as_its_last_octet': b'one\n.',
    'a_dot_as_its_first_octet': b'.first\n',
    'lines_of_2000_octets': b''.join(
        (b'%d ' % n + b'abcdefghi ' * 200)[:1999] + b'.\n' for n in range(5)),
    'lines_of_998_octets': b''.join(b'.' * 998 + b'\n' for _ in range(3)),
    'bare_line_feeds': b'one\ntwo\n\n\nthree\n',
    'both_kinds_of_line_ends': b'one\r\ntwo\nthree\r\n\r\nfour\n\r\n',
    'utf_8': 'Grüße, こんにちは, 🙂\nпривет\n'.encode() * 50,
    'every_octet_above_127': bytes(range(128, 256)) * 5 + b'\n',
    'no_line_end_at_its_end': b'one\ntwo',
    'blanks_at_line_ends': b'one \ntwo\t\n \n\t\n',
    'from_at_a_line_start': b'From here on\n>From there\n',
    'the_end_of_data_of_others': b'one\n.\n\n.\nQUIT\n.\nMAIL FROM:<a@b>\n',
    'an_empty_body': b'',
    'many_lines': b''.join(b'%d\n.%d\n' % (n, n) for n in range(100000)),
}


def content(tap, talk):
    for name, body in BODIES.items():
        for way in ('a_pipe', 'a_file'):
            with tap.test(f'message_with_{name}_arrives_from_{way}'):
                message = message_of(token := talk.token(), body)
                with tempfile.TemporaryFile() as file:
                    file.write(message)
                    file.seek(0)
                    talk.send('submission',
                              message if way == 'a_pipe' else file,
                              ALICE).must_end_with(OK)
                talk.must_hold('alice', token, message)

    with tap.test('message_that_is_only_a_header_arrives'):
        message = f'Subject: {(token := talk.token())}'.encode()
        talk.send('submission', message, ALICE).must_end_with(OK)
        talk.must_hold('alice', token, message)

    with tap.test('message_of_8_mebioctets_arrives'):
        message = message_of(token := talk.token(),
                             (b'0123456789abcdef' * 4)[:63] + b'\n')
        message += (b'x' * 63 + b'\n') * (8 * 1024 * 1024 // 64)
        talk.send('submission', message, ALICE).must_end_with(OK)
        talk.must_hold('alice', token, message)

    with tap.test('composed_message_arrives'):
        subject, text = '日本語の件名', '本文です。\n.\nGrüße\n'
        # Encoded as it is, only the address can tell which one it is.
        recipient = f'{talk.token()}@many.example.test'
        talk.send('submission', b'', recipient,
                  options=['--subject', subject, '--text', text]
                  ).must_end_with(OK)
        found = email.message_from_bytes(
            talk.server.maildir('many').await_one(recipient),
            policy=email.policy.default)
        if found['Subject'] != subject or \
                found.get_content().replace('\r\n', '\n') != text:
            raise Failed(f'{found["Subject"]}\n{found.get_content()!r}')


def many_recipients(tap, talk):
    recipients = [f'user{n}@many.example.test' for n in range(100)]
    for port, way in (('submission', 'in_one_flight'),
                      ('turns', 'one_after_another')):
        with tap.test(f'hundred_recipients_{way}_all_get_the_message'):
            message = message_of(token := talk.token())
            talk.send(port, message, *recipients
                      ).must_end_with(OK).must_say_nothing()
            found = talk.server.maildir('many').await_all(token, 100)
            to = {re.search(rb'^Delivered-To: (.*)$', one, re.M).group(1)
                  for one in found}
            if to != {name.encode() for name in recipients}:
                raise Failed(f'{len(to)} different recipients')


def oddities(tap, talk):
    with tap.test('message_arrives_without_pipelining_and_8bitmime'):
        message = message_of(token := talk.token())
        talk.send('turns', message, ALICE, BOB).must_end_with(OK)
        talk.must_hold('bob', token, message)

    with tap.test('message_arrives_with_pipelining_switched_off'):
        message = message_of(token := talk.token(), b'.\n')
        talk.send('submission', message, ALICE, BOB,
                  options=['--no-pipelining']).must_end_with(OK)
        talk.must_hold('bob', token, message)

    with tap.test('eight_bit_message_stays_here_without_8bitmime'):
        token = talk.token()
        talk.send('turns', message_of(token, 'ä\n'.encode()), ALICE
                  ).must_end_with(UNAVAILABLE).must_say_one_line('8BITMIME')
        talk.must_not_hold(token)

    with tap.test('null_reverse_path_is_taken'):
        message = message_of(token := talk.token())
        talk.send('submission', message, ALICE, options=['--sender', '']
                  ).must_end_with(OK)
        if 'Return-Path: <>' not in talk.must_hold('alice', token, message):
            raise Failed('the return path is another')

    with tap.test('trace_shows_the_dialogue_without_the_password'):
        for mechanism in MECHANISMS:
            result = talk.send(
                'submission', message_of(talk.token()), ALICE,
                options=['--trace', '--mechanisms', mechanism]
                ).must_end_with(OK)
            for part in ('EHLO', 'STARTTLS', f'AUTH {mechanism}',
                         'MAIL FROM:', 'RCPT TO:', '235', '354', 'QUIT'):
                if part not in result.stderr:
                    raise Failed(f'no {part}:\n{result}')
            for secret in secrets_of(ALICE):
                if secret in result.stderr:
                    raise Failed(f'{secret} is shown:\n{result}')

    with tap.test('probe_shows_what_the_server_offers'):
        result = talk.send('submission', b'', options=['--probe'],
                           user=None).must_end_with(OK)
        for part in ('STARTTLS', 'AUTH', 'SCRAM-SHA-512', 'SIZE', 'TLS1.3',
                     'CN=', 'mx.example.test'):
            if part not in result.stdout:
                raise Failed(f'no {part}:\n{result}')


def secrets_of(user):
    password = USERS[user]
    plain = f'\0{user}\0{password}'.encode()
    return (password, base64.b64encode(password.encode()).decode(),
            base64.b64encode(plain).decode()[:-4])


def main():
    smtpc, tls_client, make_certs, cache = sys.argv[1:]
    tap = Tap()
    try:
        become_root()
        with tempfile.TemporaryDirectory() as certificates:
            os.chmod(certificates, 0o755)
            make_certificates(make_certs, certificates)
            with Postfix(cache, certificates) as server:
                talk = Conversation(server, Command(smtpc),
                                    os.path.join(certificates, 'ca.pem'))
                every_mechanism(tap, talk)
                without_authentication(tap, talk)
                refusals(tap, talk)
                bad_certificates(tap, talk)
                content(tap, talk)
                many_recipients(tap, talk)
                oddities(tap, talk)
                tls_cases(tap, Client(tls_client, talk.authority), server)
    except Unavailable as why:
        skip_all(why)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

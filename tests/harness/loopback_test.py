#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The embedded server, tested with clients that are not ours: smtplib, ssl,
and bare sockets.  Usage: loopback_test.py SMTPC-LOOPBACK"""

import base64
import contextlib
import glob
import hashlib
import hmac
import json
import os
import re
import shlex
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import Tap  # noqa: E402

PATIENCE = 30
ALICE = ('alice@example.test', 'wonderland')
BOB = ('bob@example.test', 'pässword 2')
SCRAMS = {f'SCRAM-SHA-{n}': f'sha{n}' for n in (512, 384, 256, 224, 1)}
OTHERS = ('CRAM-MD5', 'PLAIN', 'LOGIN')
BEARERS = ('OAUTHBEARER', 'XOAUTH2')
BOBS_TOKEN = 'ya29.Bob-0002'


def b64(octets):
    return base64.b64encode(octets).decode()


def bearer(mechanism, token, user=ALICE[0]):
    """What a client says to name itself and its token."""
    if mechanism == 'XOAUTH2':
        text = f'user={user}\1auth=Bearer {token}\1\1'
    else:
        text = (f'n,a={user},\1host=localhost\1port=587\1'
                f'auth=Bearer {token}\1\1')
    return b64(text.encode())


class WrongEnd(Exception):
    """The server ended with this status, and should not have."""


class Server:
    """The server in a directory of its own, from ready to its end."""

    def __init__(self, *options, **popen):
        self.directory = tempfile.mkdtemp(prefix='loopback.')
        self.process = subprocess.Popen(
            [sys.argv[1], '--directory', self.directory, '--lifetime', '300',
             *options], stdout=subprocess.PIPE, text=True, **popen)

    def __enter__(self):
        ready = self.process.stdout.readline()
        assert ready == 'ready\n', ready
        with open(f'{self.directory}/env', encoding='utf-8') as file:
            self.env = dict(line.split('=', 1)
                            for line in shlex.split(file.read()))
        return self

    def __exit__(self, *_):
        try:
            self.process.terminate()
            status = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()
            if self.process.stdin:
                self.process.stdin.close()
            shutil.rmtree(self.directory)
        if status not in (0, -signal.SIGKILL):
            raise WrongEnd(status)

    def port(self, style):
        return int(self.env[f'{style.upper()}_PORT'])

    def context(self):
        context = ssl.create_default_context(cafile=self.env['CA'])
        context.hostname_checks_common_name = False
        return context

    def log(self):
        with open(self.env['LOG'], encoding='ascii') as file:
            return file.read()

    def wait_for_log(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.log():
            assert time.monotonic() < end, self.log()
            time.sleep(0.01)

    def received(self, number=1):
        path = f'{self.env["RECEIVED"]}/{number}'
        with open(path + '.eml', 'rb') as file:
            content = file.read()
        with open(path + '.envelope', encoding='utf-8') as file:
            envelope = file.read().splitlines()
        return content, envelope

    def mailbox(self, user):
        mails = []
        for path in sorted(glob.glob(f'{self.env["MAILDIR"]}/{user}/new/*')):
            with open(path, 'rb') as file:
                mails.append(file.read())
        assert not glob.glob(f'{self.env["MAILDIR"]}/{user}/tmp/*')
        return mails


class Peer:
    """A client that says what it is told, right or wrong."""

    def __init__(self, server, style='smtp', tls=False, login=False,
                 hello=True):
        self.server = server
        if style == 'unix':
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(server.env['SOCKET'])
        else:
            self.socket = socket.create_connection(
                ('127.0.0.1', server.port(style)), timeout=PATIENCE)
        self.buffer = b''
        if style == 'smtps':
            self.wrap()
        self.greeting = self.reply()
        if hello:
            self.extensions = self.hello()
        if tls:
            assert self.command('STARTTLS').startswith('220')
            self.wrap()
            self.extensions = self.hello()
        if login:
            assert self.auth('PLAIN', *ALICE).startswith('235')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def wrap(self, **how):
        self.socket = self.server.context().wrap_socket(
            self.socket, server_hostname='localhost', **how)

    def send(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        """All lines of one reply, or '' at the end of the connection."""
        lines = []
        while True:
            while b'\n' not in self.buffer:
                octets = self.socket.recv(65536)
                if not octets:
                    assert not lines and not self.buffer
                    return ''
                self.buffer += octets
            line, self.buffer = self.buffer.split(b'\n', 1)
            assert line.endswith(b'\r'), line
            lines.append(line[:-1].decode('ascii'))
            if lines[-1][3:4] != '-':
                return '\n'.join(lines)

    def command(self, line):
        self.send(line.encode() + b'\r\n')
        return self.reply()

    def hello(self):
        reply = self.command('EHLO client.example.test')
        assert reply.startswith('250-localhost'), reply
        return [line[4:] for line in reply.splitlines()[1:]]

    def challenge(self, line):
        reply = self.command(line)
        assert reply.startswith('334 '), reply
        return base64.b64decode(reply[4:], validate=True)

    def auth(self, mechanism, user, password):
        user, password = user.encode(), password.encode()
        if mechanism in SCRAMS:
            return self.scram(mechanism, user, password)
        if mechanism == 'PLAIN':
            return self.command(
                'AUTH PLAIN ' + b64(b'\0' + user + b'\0' + password))
        if mechanism == 'LOGIN':
            self.challenge('AUTH LOGIN')
            self.challenge(b64(user))
            return self.command(b64(password))
        challenge = self.challenge('AUTH CRAM-MD5')
        digest = hmac.digest(password, challenge, 'md5').hex()
        return self.command(b64(user + b' ' + digest.encode()))

    def scram(self, mechanism, user, password):
        name = SCRAMS[mechanism]
        first = b'n=' + user + b',r=nonce'
        reply = self.command(f'AUTH {mechanism} ' + b64(b'n,,' + first))
        if not reply.startswith('334 '):
            return reply
        challenge = base64.b64decode(reply[4:], validate=True)
        nonce, salt, count = (
            item[2:] for item in challenge.split(b','))
        salted = hashlib.pbkdf2_hmac(
            name, password, base64.b64decode(salt), int(count))
        key = hmac.digest(salted, b'Client Key', name)
        final = b'c=biws,r=' + nonce
        message = first + b',' + challenge + b',' + final
        stored = hashlib.new(name, key).digest()
        proof = hmac.digest(stored, message, name)
        proof = bytes(a ^ b for a, b in zip(key, proof))
        reply = self.command(b64(final + b',p=' + b64(proof).encode()))
        if not reply.startswith('334 '):
            return reply
        signature = hmac.digest(
            hmac.digest(salted, b'Server Key', name), message, name)
        assert base64.b64decode(reply[4:]) == (
            b'v=' + b64(signature).encode())
        return self.command('')

    def mail(self, *recipients, parameters=''):
        reply = self.command('MAIL FROM:<alice@example.test>' + parameters)
        assert reply.startswith('250'), reply
        for recipient in recipients or ('bob@example.test',):
            reply = self.command(f'RCPT TO:<{recipient}>')
            assert reply.startswith('250'), reply

    def data(self, octets):
        reply = self.command('DATA')
        assert reply.startswith('354'), reply
        self.send(octets)
        return self.reply()


def expect(reply, start):
    assert reply.startswith(start), f'{reply!r} does not begin with {start!r}'


def life_and_death(tap):
    with tap.test('a_directory_with_blanks_and_quotes_is_well_published'):
        base = tempfile.mkdtemp(prefix='loop back\'s.')
        shutil.rmtree(base)
        server = Server('--directory', base)
        shutil.rmtree(server.directory)
        server.directory = base
        with server, Peer(server, 'unix') as peer:
            expect(peer.command('QUIT'), '221')
            assert server.env['CA'] == base + '/ca.pem'
            assert int(server.env['PID']) == server.process.pid
    with tap.test('an_environment_file_of_before_is_withdrawn'):
        with tempfile.TemporaryDirectory() as directory:
            for name in ('env', 'log'):
                with open(f'{directory}/{name}', 'w',
                          encoding='ascii') as file:
                    file.write('PID=1\n')
            assert subprocess.run(
                [sys.argv[1], '--directory', directory, '--certificate', 'x'],
                stderr=subprocess.PIPE, check=False).returncode == 1
            assert not os.path.exists(f'{directory}/env')
            assert os.path.getsize(f'{directory}/log') == 0
    with tap.test('the_end_of_standard_input_ends_it'):
        with Server('--stdin', stdin=subprocess.PIPE) as server:
            server.process.stdin.close()
            assert server.process.wait(PATIENCE) == 0
    with tap.test('its_lifetime_ends_it'):
        with Server('--lifetime', '1') as server:
            assert server.process.wait(PATIENCE) == 0
    with tap.test('a_signal_ends_it_and_its_connections'):
        with Server() as server, Peer(server) as peer:
            path = server.env['SOCKET']
            server.process.terminate()
            assert server.process.wait(PATIENCE) == 0
            assert peer.reply() == ''
            assert not os.path.exists(path)
    with tap.test('its_connections_end_even_when_it_is_killed'):
        with Server() as server, Peer(server, tls=True) as peer:
            server.process.kill()
            with contextlib.suppress(ssl.SSLEOFError):
                assert peer.reply() == ''
    with tap.test('the_crash_of_a_connection_shows_in_its_exit_status'):
        server = Server()
        try:
            with server, Peer(server) as peer:
                process = re.search(r'process (\d+)', server.log())
                os.kill(int(process[1]), signal.SIGABRT)
                assert peer.reply() == ''
                with Peer(server) as other:
                    expect(other.command('QUIT'), '221')
        except WrongEnd as end:
            assert end.args == (1,)
        else:
            raise AssertionError('it does not show')
    with tap.test('an_idle_client_is_sent_away'):
        with Server('--idle', '1') as server:
            with Peer(server, hello=False) as peer:
                expect(peer.reply(), '421 4.4.2')
                assert peer.reply() == ''
    for sentence, options, text in (
            ('an_unknown_certificate_is_refused',
             ['--certificate', 'golden'], 'golden'),
            ('an_unknown_mechanism_is_refused',
             ['--mechanisms', 'PLAIN GSSAPI'], 'GSSAPI'),
            ('a_mechanism_that_is_not_offered_is_told_so',
             ['--mechanisms', 'ANONYMOUS'],
             'ANONYMOUS: this server does not offer it'),
            ('a_bad_priority_is_refused',
             ['--tls-priority', 'NORMAL:+NONSENSE'], 'NONSENSE'),
            ('an_unknown_option_is_refused', ['--colour'], 'usage'),
            ('a_number_out_of_range_is_refused', ['--size', '-1'], '-1')):
        with tap.test(sentence):
            with tempfile.TemporaryDirectory() as directory:
                result = subprocess.run(
                    [sys.argv[1], '--directory', directory, *options],
                    capture_output=True, text=True, check=False,
                    timeout=PATIENCE)
            assert result.returncode in (1, 2) and text in result.stderr
            assert not result.stdout


def listeners(tap, server):
    with tap.test('submission_offers_auth_only_under_tls'):
        with Peer(server, 'submission') as peer:
            assert 'STARTTLS' in peer.extensions
            assert not [e for e in peer.extensions if 'AUTH' in e]
            expect(peer.auth('PLAIN', *ALICE), '530 5.7.0')
            expect(peer.command('MAIL FROM:<alice@example.test>'), '530 5.7.0')
        with Peer(server, 'submission', tls=True) as peer:
            assert 'STARTTLS' not in peer.extensions
            assert 'AUTH ' + ' '.join((*SCRAMS, *OTHERS)) in peer.extensions
            expect(peer.command('MAIL FROM:<alice@example.test>'), '530 5.7.0')
            expect(peer.command('STARTTLS'), '503')
    with tap.test('smtps_speaks_tls_at_once_and_wants_auth'):
        with Peer(server, 'smtps') as peer:
            expect(peer.command('MAIL FROM:<alice@example.test>'), '530 5.7.0')
            expect(peer.auth('LOGIN', *ALICE), '235 2.7.0')
            expect(peer.command('MAIL FROM:<alice@example.test>'), '250 2.1.0')
    for style in ('smtp', 'unix'):
        with tap.test(f'{style}_offers_in_clear_what_shows_no_password'):
            with Peer(server, style) as peer:
                assert 'AUTH ' + ' '.join((*SCRAMS, 'CRAM-MD5')) in (
                    peer.extensions)
                assert 'STARTTLS' in peer.extensions
                expect(peer.auth('PLAIN', *ALICE), '538 5.7.11')
                expect(peer.auth('CRAM-MD5', *ALICE), '235')
            with Peer(server, style) as peer:
                expect(peer.command('MAIL FROM:<>'), '250')
    with tap.test('octets_sent_before_tls_are_forgotten'):
        with Peer(server) as peer:
            peer.send(b'STARTTLS\r\nRSET\r\nNOOP injected\r\n')
            expect(peer.reply(), '220')
            peer.wrap()
            expect(peer.command('MAIL FROM:<>'), '503')
            peer.hello()
            assert 'injected' not in server.log()
            assert 'dropped 21 octets' in server.log()
    with tap.test('a_tls_session_is_resumed'):
        with Peer(server, tls=True) as peer:
            peer.command('NOOP')
            session = peer.socket.session
            context = peer.socket.context
            peer.command('QUIT')
        with Peer(server) as peer:
            peer.command('STARTTLS')
            with context.wrap_socket(peer.socket, session=session,
                                     server_hostname='localhost') as tls:
                assert tls.session_reused
        server.wait_for_log('name=localhost resumed')


def authentication(tap, server):
    for mechanism in (*SCRAMS, *OTHERS):
        with tap.test(f'{mechanism}_takes_the_right_password_only'):
            for user, password in (ALICE, BOB):
                with Peer(server, tls=True) as peer:
                    expect(peer.auth(mechanism, user, 'w'), '535 5.7.8')
                    expect(peer.auth(mechanism, user, password), '235 2.7.0')
                    expect(peer.command('AUTH ' + mechanism), '503')
                    assert f'authenticated {user} by {mechanism}\n' in (
                        server.log())
            with Peer(server, tls=True) as peer:
                expect(peer.auth(mechanism, 'alice', ALICE[1]), '535 5.7.8')
    with tap.test('an_exchange_can_be_cancelled'):
        with Peer(server, tls=True) as peer:
            peer.challenge('AUTH LOGIN')
            expect(peer.command('*'), '501')
            expect(peer.auth('LOGIN', *ALICE), '235')
    with tap.test('what_is_not_base64_is_refused'):
        with Peer(server, tls=True) as peer:
            for text in ('AGEAYg', 'AGEAYg=', 'AGEAYh==', 'AGEAYmL=',
                         'AGE!Yg==', 'AGEA=g==', 'AGEAYg==AAAA', ' ',
                         '====', 'A==='):
                expect(peer.command('AUTH PLAIN ' + text), '501 5.5.2')
                peer.challenge('AUTH PLAIN')
                expect(peer.command(text), '501 5.5.2')
            peer.challenge('AUTH PLAIN')
            expect(peer.command('='), '501 5.5.2')
    with tap.test('an_unknown_mechanism_is_504'):
        with Peer(server, tls=True) as peer:
            for name in ('X-NONE', 'SCRAM-SHA', 'GSSAPI', 'EXTERNAL ='):
                expect(peer.command('AUTH ' + name), '504 5.5.4')
    with tap.test('lines_of_an_exchange_have_limits'):
        with Peer(server, tls=True) as peer:
            line = 'AUTH PLAIN ' + 'A' * (512 - 2 - 11)
            expect(peer.command(line), '501 5.5.2')
            expect(peer.command(line + 'A'), '500 5.5.6')
            peer.challenge('AUTH PLAIN')
            expect(peer.command('A' * 12284), '535')
            peer.challenge('AUTH PLAIN')
            expect(peer.command('A' * 12288), '500 5.5.6')
            peer.challenge('AUTH PLAIN')
            expect(peer.command('A' * 100000), '500 5.5.6')
            expect(peer.command('NOOP'), '250')
    with tap.test('nobody_speaks_for_another'):
        with Peer(server, tls=True) as peer:
            both = b'bob@example.test\0' + b'\0'.join(
                part.encode() for part in ALICE)
            expect(peer.command('AUTH PLAIN ' + b64(both)), '535')
    with tap.test('auth_is_no_part_of_a_transaction_and_needs_ehlo'):
        with Peer(server) as peer:
            peer.command('MAIL FROM:<>')
            expect(peer.command('AUTH CRAM-MD5'), '503')
            peer.command('HELO client')
            expect(peer.command('AUTH CRAM-MD5'), '503')
            expect(peer.command('STARTTLS'), '503')
    with tap.test('the_log_has_no_secrets'):
        log = server.log()
        for user, password in (ALICE, BOB):
            for secret in (password.encode(),
                           f'\0{user}\0{password}'.encode()):
                assert b64(secret) not in log and password not in log
        assert 'C: AUTH PLAIN\n' in log and 'C: <hidden>\n' in log
        assert 'S: 334 <hidden>\n' in log


class Bearer:
    """A server of bearer tokens, one client of it, and what a test expects."""

    def __init__(self, *options, mechanisms='LOGIN XOAUTH2 OAUTHBEARER'):
        self.server = Server('--mechanisms', mechanisms, *options)

    def __enter__(self):
        self.server.__enter__()
        self.token = self.server.env['AUTH_TOKEN']
        self.peer = Peer(self.server, tls=True)
        return self

    def __exit__(self, *what):
        self.peer.__exit__()
        self.server.__exit__(*what)

    def say(self, mechanism, token=None, **more):
        return self.peer.command(f'AUTH {mechanism} ' + bearer(
            mechanism, token or self.token, **more))

    def must_refuse(self, mechanism, status, **more):
        """With a challenge, which wants the answer of its mechanism."""
        answers = {'XOAUTH2': '', 'OAUTHBEARER': 'AQ==', 'none': 'Ag=='}
        for other, answer in answers.items():
            reply = self.say(mechanism, **more)
            expect(reply, '334 ')
            error = json.loads(base64.b64decode(reply[4:], validate=True))
            assert error['status'] == status, error
            assert error['schemes'] == 'Bearer', error
            expect(self.peer.command(answer),
                   '535 5.7.8' if other == mechanism else '501 5.5.2')


def bearers(tap):
    for mechanism in BEARERS:
        with tap.test(f'{mechanism}_takes_the_right_token_only'), \
                Bearer() as it:
            status = 'invalid_token' if mechanism == BEARERS[0] else '400'
            for more in ({'token': 'wrong'}, {'token': BOBS_TOKEN},
                         {'user': BOB[0]}):
                it.must_refuse(mechanism, status, **more)
            expect(it.say(mechanism), '235 2.7.0')
            assert f'authenticated {ALICE[0]} by {mechanism}\n' in (
                it.server.log())
        with tap.test(f'{mechanism}_goes_in_two_steps_too'), Bearer() as it:
            expect(it.peer.command(f'AUTH {mechanism.lower()}'), '334 ')
            expect(it.peer.command(bearer(mechanism, it.token)), '235 2.7.0')
        with tap.test(f'{mechanism}_is_for_tls_only'), Bearer() as it:
            with Peer(it.server) as peer:
                assert not [e for e in peer.extensions if 'AUTH' in e]
                expect(peer.command(f'AUTH {mechanism}'), '538 5.7.11')
        with tap.test(f'{mechanism}_in_disorder_is_refused'), Bearer() as it:
            good = base64.b64decode(bearer(mechanism, 'token')).decode()
            for bad in ('', '\1\1', good[:-1], good + '\1', good[1:],
                        good[:-1] + 'x\1',
                        good.replace('auth', 'Auth'),
                        good.replace('Bearer ', 'Bearer'),
                        good.replace('token', 'to ken'),
                        good.replace('token', ''),
                        good.replace('=alice@example.test', '=')):
                error = it.peer.challenge(f'AUTH {mechanism} ' +
                                          (b64(bad.encode()) or '='))
                assert json.loads(error)['status'] == 'invalid_request', bad
                expect(it.peer.command('AQ==' if mechanism == BEARERS[0]
                                       else ''), '535')
            expect(it.peer.command(f'AUTH {mechanism} ' + b64(b'a\0b')),
                   '501')
            expect(it.peer.command(f'AUTH {mechanism} !'), '501')
            it.peer.challenge(f'AUTH {mechanism}')
            expect(it.peer.command('*'), '501')
    with tap.test('OAUTHBEARER_needs_no_name'), Bearer() as it:
        expect(it.peer.command('AUTH OAUTHBEARER ' + b64(
            f'n,,\1auth=bearer {it.token}\1\1'.encode())), '235')
    with tap.test('tokens_come_and_go_in_their_file'):
        with tempfile.NamedTemporaryFile('w') as file, \
                Bearer('--tokens', file.name) as it:
            it.must_refuse('XOAUTH2', '400')
            print('old', ALICE[0], '401', file=file)
            print('none', ALICE[0], '535 5.7.139 Not for you', file=file)
            print('new', ALICE[0], file=file, flush=True)
            it.must_refuse('XOAUTH2', '401', token='old')
            expect(it.say('OAUTHBEARER', 'none'), '535 5.7.139 Not for you')
            it.must_refuse('OAUTHBEARER', 'invalid_token', token='ne')
            expect(it.say('XOAUTH2', 'new'), '235')
    with tap.test('a_bad_token_is_answered_as_was_asked_for'):
        with Bearer('--bad-token', '535 5.7.3 No') as it:
            expect(it.say('XOAUTH2', 'wrong'), '535 5.7.3 No')
            expect(it.say('OAUTHBEARER', 'wrong'), '535 5.7.3 No')
        with Bearer('--bad-token', '401') as it:
            it.must_refuse('XOAUTH2', '401', token='wrong')
            it.must_refuse('OAUTHBEARER', '401', token='wrong')
    with tap.test('a_password_is_refused_as_was_asked_for'):
        with Bearer('--password-refusal', '550 5.7.30 Use OAuth') as it:
            assert 'AUTH LOGIN XOAUTH2 OAUTHBEARER' in it.peer.extensions
            for password in (ALICE[1], 'wrong'):
                expect(it.peer.auth('LOGIN', ALICE[0], password), '550 5.7.30')
            expect(it.say('XOAUTH2'), '235')
    with tap.test('bearer_mechanisms_are_offered_if_named_only'):
        with Server() as server, Peer(server, tls=True) as peer:
            assert not any(name in ' '.join(peer.extensions)
                           for name in BEARERS)
            for name in BEARERS:
                expect(peer.command('AUTH ' + name), '504')
    with tap.test('the_log_has_no_tokens'), Bearer() as it:
        it.say('XOAUTH2', 'wrong-token')
        it.peer.command('')
        expect(it.peer.command('AUTH OAUTHBEARER'), '334')
        expect(it.peer.command(bearer('OAUTHBEARER', it.token)), '235')
        log = it.server.log()
        for text in ('wrong-token', it.token):
            assert text not in log, log
            for i in range(3):
                part = b64(b'x' * i + text.encode())[4:-4]
                assert part not in log, log


def commands(tap, server):
    with tap.test('good_paths_are_taken'):
        with Peer(server) as peer:
            for path in ('<>', '<a@b>', '<"a b>"@example.test>',
                         '<"a\\"\\b"@example.test>', '<a.b+c@[127.0.0.1]>',
                         '<a@[IPv6:::1]>', '<@x.test,@y.test:a@example.test>',
                         '<' + 'a' * 64 + '@example.test>', '<postmaster>'):
                expect(peer.command('mail from:' + path), '250 2.1.0')
                expect(peer.command('RSET'), '250 2.0.0')
    with tap.test('bad_paths_are_refused'):
        with Peer(server) as peer:
            for path in ('', 'a@b', '<a@b', ' <a@b>', '<a@b> ', '<a b@c>',
                         '<a@b>x', '<a@>', '<@b>', '<a@b..c>', '<a@-b>',
                         '<a@b->', '<a@b_c>', '<.a@b>', '<a.@b>', '<a..b@c>',
                         '<"a"b@c>', '<"a@c>', '<a@[1.2.3]>', '<a@[::1]>',
                         '<a@[IPv6:1]>', '<a@b.>', '<a>', '<@x:>', '<a@b@c>',
                         '<' + 'a' * 65 + '@example.test>',
                         '<a@' + 'b' * 64 + '>'):
                expect(peer.command('MAIL FROM:' + path), '501 5.5.2')
            expect(peer.command('MAIL TO:<a@b>'), '501 5.5.2')
            expect(peer.command('MAIL FROM: <a@b>'), '501 5.5.2')
    with tap.test('parameters_of_mail_are_checked'):
        with Peer(server) as peer:
            for text, reply in ((' SIZE=10485760 BODY=7BIT AUTH=<>', '250'),
                                (' body=8bitmime', '250'),
                                (' SIZE=10485761', '552 5.3.4'),
                                (' SIZE=1' + '0' * 20, '501'),
                                (' SIZE=', '501'), (' SIZE=-1', '501'),
                                (' BODY=BINARYMIME', '501'),
                                (' SIZE=1 SIZE=1', '501'),
                                ('  SIZE=1', '501'), (' SMTPUTF8', '555'),
                                (' RET=HDRS', '555')):
                expect(peer.command('MAIL FROM:<a@b>' + text), reply)
                peer.command('RSET')
            peer.command('HELO client')
            expect(peer.command('MAIL FROM:<a@b> SIZE=1'), '555')
    with tap.test('senders_and_recipients_are_judged'):
        with Peer(server) as peer:
            expect(peer.command('RCPT TO:<alice@example.test>'), '503')
            expect(peer.command('MAIL FROM:<blocked@example.test>'),
                   '550 5.7.1')
            expect(peer.command('MAIL FROM:<>'), '250')
            expect(peer.command('MAIL FROM:<>'), '503')
            for path, reply in (('alice@example.test', '250 2.1.5'),
                                ('bob+tag@EXAMPLE.test', '250 2.1.5'),
                                ('"alice+a b"@example.test', '250 2.1.5'),
                                ('tempfail@example.test', '450 4.2.1'),
                                ('full@example.test', '552 5.2.2'),
                                ('ghost@example.test', '550 5.1.1'),
                                ('alice@elsewhere.test', '550 5.1.1'),
                                ('', '501'), ('alice', '501')):
                expect(peer.command(f'RCPT TO:<{path}>'), reply)
            expect(peer.command('RCPT TO:<alice@example.test> NOTIFY=NEVER'),
                   '555')
    with tap.test('the_101st_recipient_is_too_many'):
        with Peer(server) as peer:
            peer.mail(*(f'bob+{i}@example.test' for i in range(100)))
            expect(peer.command('RCPT TO:<bob@example.test>'), '452 4.5.3')
            expect(peer.data(b'many\r\n.\r\n'), '250 2.0.0')
    with tap.test('small_commands_are_answered'):
        with Peer(server, hello=False) as peer:
            expect(peer.command('MAIL FROM:<>'), '503')
            for line, reply in (('HELO', '501'), ('HELO a b', '501'),
                                ('EHLO -', '501'), ('EHLO [1.2.3.4', '501'),
                                ('EHLO [127.0.0.1]', '250-'),
                                ('EHLO [IPv6:::1]', '250-'),
                                ('helo x', '250 localhost'),
                                ('VRFY alice', '252'), ('VRFY', '501'),
                                ('HELP', '214-'), ('NOOP any thing', '250'),
                                ('RSET now', '501'), ('DATA', '503'),
                                ('EXPN list', '500'), ('', '500'),
                                ('NOOP\t', '500'), ('NOOP é', '500'),
                                ('MAILFROM:<>', '500'), ('QUIT now', '501'),
                                ('QUIT', '221 2.0.0')):
                expect(peer.command(line), reply)
            assert peer.reply() == ''
    with tap.test('lines_of_commands_have_limits'):
        with Peer(server) as peer:
            expect(peer.command('NOOP ' + 'x' * 505), '250')
            expect(peer.command('NOOP ' + 'x' * 506), '500')
            expect(peer.command('NOOP ' + 'x' * 100000), '500')
            expect(peer.command('NOOP'), '250')
    for name, octets in (('lf', b'NOOP\n'), ('cr', b'NOOP\rRSET\r\n'),
                         ('nul', b'NOOP \0\r\n')):
        with tap.test(f'a_command_with_bare_{name}_ends_the_session'):
            with Peer(server) as peer:
                peer.send(octets)
                expect(peer.reply(), '521 5.5.2')
                assert peer.reply() == ''
    with tap.test('a_stubborn_client_is_sent_away'):
        with Peer(server) as peer:
            for _ in range(99):
                expect(peer.command('NONSENSE'), '500')
            expect(peer.command('NONSENSE'), '500')
            expect(peer.reply(), '421 4.7.0')
            assert peer.reply() == ''


def pipelining(tap, server):
    flight = (b'MAIL FROM:<alice@example.test>\r\n'
              b'RCPT TO:<ghost@example.test>\r\n'
              b'RCPT TO:<bob@example.test>\r\nDATA\r\n')
    with tap.test('a_flight_is_answered_after_it_was_read'):
        with Peer(server) as peer:
            peer.send(flight)
            for reply in ('250', '550', '250', '354'):
                expect(peer.reply(), reply)
            peer.send(b'one\r\n.\r\n' + flight)
            for reply in ('250', '250', '550', '250', '354'):
                expect(peer.reply(), reply)
        number = re.findall(r'^(\d+) C: MAIL', server.log(), re.M)[-1]
        lines = re.findall(f'^{number} ([CS]):', server.log(), re.M)
        assert 'CCCCSSSS' in ''.join(lines), lines
    for name, octets in (('content', flight + b'one\r\n.\r\n'),
                         ('mail', b'EHLO x\r\nMAIL FROM:<>\r\n')):
        with tap.test(f'{name}_sent_ahead_of_a_reply_is_noticed'):
            with Peer(server) as peer:
                peer.send(octets)
                replies = [peer.reply()]
                while replies[-1]:
                    replies.append(peer.reply())
                expect(replies[-2], '554 5.5.0')
    with tap.test('without_the_extension_a_flight_is_refused'):
        with Server('--no-pipelining') as other, Peer(other) as peer:
            assert 'PIPELINING' not in peer.extensions
            peer.mail()
            peer.send(b'RSET\r\nNOOP\r\n')
            expect(peer.reply(), '554 5.5.0')
            assert peer.reply() == ''
    with tap.test('after_helo_a_flight_is_refused'):
        with Peer(server, hello=False) as peer:
            expect(peer.command('HELO x'), '250')
            peer.send(b'RSET\r\nRSET\r\n')
            expect(peer.reply(), '554 5.5.0')


def content(tap):
    with tap.test('content_arrives_octet_for_octet'):
        with Server() as server, Peer(server, 'smtps', login=True) as peer:
            peer.mail('bob@example.test', 'alice+x@example.test',
                      parameters=' SIZE=30 BODY=8BITMIME')
            expect(peer.data(b'..\r\n...a\r\n.b\r\n\r\nc.\r\n\xc3\xa4\r\n'
                             + b'd' * 2000 + b'\r\n.\r\n'), '250 2.0.0')
            octets, envelope = server.received()
            assert octets == (b'.\r\n..a\r\nb\r\n\r\nc.\r\n\xc3\xa4\r\n'
                              + b'd' * 2000 + b'\r\n'), octets
            assert envelope == [
                'sender: <alice@example.test>',
                'recipient: <bob@example.test>',
                'recipient: <alice+x@example.test>',
                'parameter: SIZE=30', 'parameter: BODY=8BITMIME',
                'client: client.example.test', 'listener: smtps',
                'protocol: ESMTPSA', 'tls: TLS1.3',
                'user: alice@example.test', 'mechanism: PLAIN'], envelope
            for user, to in (('bob', b'bob'), ('alice', b'alice+x')):
                mail, = server.mailbox(user)
                head, body = mail.split(b';\n', 1)
                assert head == (
                    b'Return-Path: <alice@example.test>\n'
                    b'Delivered-To: ' + to + b'@example.test\n'
                    b'Received: from client.example.test ([127.0.0.1])\n'
                    b'\tby localhost with ESMTPSA id 1\n\t(TLS1.3)'), head
                assert body.split(b'\n', 1)[1] == octets.replace(
                    b'\r\n', b'\n')
    with tap.test('an_empty_content_and_the_null_path_are_taken'):
        with Server() as server, Peer(server, 'unix') as peer:
            peer.command('MAIL FROM:<>')
            peer.command('RCPT TO:<@x.test:bob@example.test>')
            expect(peer.data(b'.\r\n'), '250')
            octets, envelope = server.received()
            assert octets == b'' and 'listener: unix' in envelope
            assert envelope[:2] == ['sender: <>',
                                    'recipient: <@x.test:bob@example.test>']
            assert b'\nDelivered-To: bob@example.test\n' in (
                server.mailbox('bob')[0])
    with tap.test('only_crlf_dot_crlf_ends_the_content'):
        with Server() as server:
            for octets in (b'a\n.\n', b'a\r\n.\n', b'a\n.\r\n', b'a\r.\r\n',
                           b'a\r\n.\r\r\n', b'a\r\n.\r', b'a\r\n\r.\r\n'):
                with Peer(server) as peer:
                    peer.mail()
                    expect(peer.data(octets + b'\r\n.\r\n'), '550 5.6.11')
                    expect(peer.command('NOOP'), '250')
            assert not server.mailbox('bob')
    with tap.test('8_bit_content_must_be_declared'):
        with Server() as server, Peer(server) as peer:
            for parameters in ('', ' BODY=7BIT'):
                peer.mail(parameters=parameters)
                expect(peer.data(b'\x80\r\n.\r\n'), '554 5.6.1')
        with Server('--no-8bitmime') as server, Peer(server) as peer:
            assert '8BITMIME' not in peer.extensions
            expect(peer.command('MAIL FROM:<> BODY=8BITMIME'), '555')
    with tap.test('the_size_limit_is_exact'):
        with Server('--size', '1000') as server, Peer(server) as peer:
            assert 'SIZE 1000' in peer.extensions
            peer.mail()
            expect(peer.data(b'..' + b'x' * 997 + b'\r\n.\r\n'), '250')
            peer.mail()
            expect(peer.data(b'..' + b'x' * 998 + b'\r\n.\r\n'), '552 5.3.4')
            expect(peer.command('MAIL FROM:<> SIZE=1001'), '552 5.3.4')
    with tap.test('data_needs_a_recipient'):
        with Server() as server, Peer(server) as peer:
            peer.command('MAIL FROM:<>')
            expect(peer.command('DATA'), '554 5.5.1')
            expect(peer.command('RCPT TO:<bob@example.test>'), '250')
            expect(peer.data(b'.\r\n'), '250')
            expect(peer.command('RCPT TO:<bob@example.test>'), '503')
    with tap.test('ten_million_octets_go_through'):
        with Server() as server, Peer(server, tls=True) as peer:
            sent = (b'x' * 78 + b'\r\n') * 125000
            peer.mail(parameters=f' SIZE={len(sent)}')
            expect(peer.data(sent + b'.\r\n'), '250')
            assert server.received()[0] == sent


def faults(tap):
    with tap.test('a_message_can_be_taken_without_a_word'):
        with Server('--drop-after-dot') as server, Peer(server) as peer:
            peer.mail()
            assert peer.data(b'taken\r\n.\r\n') == ''
            assert server.received()[0] == b'taken\r\n'
            assert len(server.mailbox('bob')) == 1
    with tap.test('a_content_can_be_cut_off'):
        with Server('--drop-in-content', '3') as server, Peer(server) as peer:
            peer.mail()
            assert peer.data(b'lost') == ''
            server.wait_for_log('dropped on purpose')
            assert not server.mailbox('bob')
    with tap.test('starttls_can_be_refused'):
        with Server('--refuse-starttls') as server, Peer(server) as peer:
            assert 'STARTTLS' in peer.extensions
            expect(peer.command('STARTTLS'), '454 4.7.0')
            expect(peer.command('NOOP'), '250')
    with tap.test('the_banner_can_be_slow'):
        with Server('--slow-banner', '300') as server, Peer(server) as peer:
            expect(peer.greeting, '220')
        # So slow that the server's end comes first.
        with Server('--slow-banner', '86400000') as server:
            with socket.create_connection(('127.0.0.1', server.port('smtp')),
                                          timeout=PATIENCE) as peer:
                server.wait_for_log('* connected to smtp')
                server.process.terminate()
                assert peer.recv(1) == b''
    with tap.test('the_greeting_can_be_a_refusal'):
        with Server('--greeting', '554-No\n554 service') as server:
            with Peer(server, hello=False) as peer:
                assert peer.greeting == '554-No\n554 service'
                expect(peer.command('EHLO x'), '503')
                expect(peer.command('QUIT'), '221')
    with tap.test('a_greeting_of_421_closes'):
        with Server('--greeting', '421 later') as server:
            with Peer(server, hello=False) as peer:
                assert peer.greeting == '421 later' and peer.reply() == ''
    with tap.test('plaintext_mechanisms_can_be_had_in_clear'):
        with Server('--plaintext-auth', '--mechanisms',
                    'login PLAIN') as server:
            with Peer(server) as peer:
                assert 'AUTH login PLAIN' in peer.extensions
                expect(peer.command('AUTH CRAM-MD5'), '504')
                expect(peer.auth('PLAIN', *BOB), '235')
                peer.mail()
                expect(peer.data(b'.\r\n'), '250')
                assert {'protocol: ESMTPA', 'user: bob@example.test'} <= set(
                    server.received()[1])
    with tap.test('the_priority_sets_the_version'):
        priority = 'NORMAL:-VERS-ALL:+VERS-TLS1.2'
        with Server('--tls-priority', priority) as server:
            with Peer(server, tls=True) as peer:
                assert peer.socket.version() == 'TLSv1.2'
    for kind in ('expired', 'untrusted', 'self-signed', 'wrong-name',
                 'not-yet-valid', 'wrong-purpose', 'cn-only'):
        with tap.test(f'a_client_refuses_the_certificate_{kind}'):
            with Server('--certificate', kind) as server:
                try:
                    with Peer(server, 'smtps'):
                        raise AssertionError('it was taken')
                except ssl.SSLCertVerificationError:
                    pass
                server.wait_for_log('TLS: handshake failed')
    with tap.test('a_client_takes_the_rsa_certificate'):
        with Server('--certificate', 'server-rsa') as server:
            with Peer(server, 'smtps', login=True) as peer:
                expect(peer.command('QUIT'), '221')


def other_clients(tap, server):
    text = 'Subject: two lines\r\n\r\nöne\r\n.two\r\n'.encode()
    for style, kind in (('submission', smtplib.SMTP),
                        ('smtps', smtplib.SMTP_SSL), ('smtp', smtplib.SMTP)):
        with tap.test(f'smtplib_sends_through_{style}'):
            before = len(server.mailbox('alice'))
            how = {'context': server.context()}
            with kind('localhost', server.port(style), timeout=PATIENCE,
                      **(how if style == 'smtps' else {})) as client:
                if style == 'submission':
                    client.starttls(**how)
                if style != 'smtp':
                    client.login(*ALICE)
                refused = client.sendmail(
                    ALICE[0], ['alice@example.test', 'full@example.test'],
                    text, ['BODY=8BITMIME'])
            assert refused == {
                'full@example.test': (552, b'5.2.2 Mailbox full')}
            mails = server.mailbox('alice')
            assert len(mails) == before + 1
            assert any(m.endswith(text.replace(b'\r\n', b'\n'))
                       for m in mails)
    with tap.test('many_clients_at_once_are_served'):
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(Peer(server)) for _ in range(40)]
            for peer in peers:
                peer.mail()
            before = len(server.mailbox('bob'))
            for peer in peers:
                expect(peer.data(b'one of many\r\n.\r\n'), '250')
            assert len(server.mailbox('bob')) == before + len(peers)


def main():
    tap = Tap()
    life_and_death(tap)
    with Server() as server:
        listeners(tap, server)
        authentication(tap, server)
        commands(tap, server)
        pipelining(tap, server)
        other_clients(tap, server)
    bearers(tap)
    content(tap)
    faults(tap)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

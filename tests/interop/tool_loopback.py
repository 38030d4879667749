#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool against the embedded server: what it delivers, what it says, and
how it ends.  Prints TAP.

usage: tool_loopback.py SMTPC LOOPBACK
"""

import contextlib
import email
import email.policy
import hashlib
import os
import pty
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from command import Result  # noqa: E402
from tap import Failed, Tap  # noqa: E402

PATIENCE = 120
ALICE, WONDERLAND = 'alice@example.test', 'wonderland'
BOB, BOBS_PASSWORD = 'bob@example.test', 'pässword 2'
MECHANISMS = ('SCRAM-SHA-512', 'SCRAM-SHA-384', 'SCRAM-SHA-256',
              'SCRAM-SHA-224', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN', 'LOGIN')

USAGE, DATAERR, NOINPUT, NOHOST, UNAVAILABLE = 64, 65, 66, 68, 69
IOERR, TEMPFAIL, PROTOCOL, NOPERM, IN_DOUBT = 74, 75, 76, 77, 80

MESSAGE = (b'From: alice@example.test\nTo: bob@example.test\n'
           b'Subject: test\n\n.\n..\n.dot first\nlast line')
NASTY = (b'Subject: nasty\r\n\r\n'
         b'\n.\r\n.\n..\r.\r\n\r.\r\r\n' + b'.' * 3000 + b'\n' +
         'Grüße 日本語 🎉'.encode() + b'\xff\x80\xfe\n' +
         b'MAIL FROM:<x@y>\r\nQUIT\r\n.\r\nRSET\n')


def crlf(message):
    """What a message is on the wire: each line end, of any kind, is CRLF."""
    message = re.sub(rb'\r\n|\r|\n', b'\r\n', message)
    return message if message.endswith(b'\r\n') else message + b'\r\n'


class Server:
    """The embedded server; it ends with its standard input."""

    def __init__(self, *options):
        self.directory = tempfile.mkdtemp(prefix='tool-loopback.')
        self.process = subprocess.Popen(
            [sys.argv[2], '--directory', self.directory, '--stdin', *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen = set()

    def __enter__(self):
        try:
            if self.process.stdout.readline() != 'ready\n':
                raise Failed('the embedded server does not start')
            with open(f'{self.directory}/env', encoding='utf-8') as file:
                self.env = dict(line.split('=', 1)
                                for line in shlex.split(file.read()))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            shutil.rmtree(self.directory)

    def port(self, style):
        return int(self.env[style.upper() + '_PORT'])

    def url(self, style, user=''):
        if style == 'unix':
            return 'smtp+unix://' + self.env['SOCKET']
        scheme = 'smtps' if style == 'smtps' else 'smtp'
        user = user.replace('@', '%40') + '@' if user else ''
        return f'{scheme}://{user}127.0.0.1:{self.port(style)}'

    def new(self):
        """The messages that came since the last call: (octets, envelope)."""
        folder = f'{self.directory}/received'
        names = {name[:-len('.envelope')] for name in os.listdir(folder)
                 if name.endswith('.envelope') and not name.startswith('.')}
        messages = []
        for name in sorted(names - self.seen, key=int):
            with open(f'{folder}/{name}.eml', 'rb') as file:
                content = file.read()
            with open(f'{folder}/{name}.envelope', encoding='utf-8') as file:
                messages.append((content, file.read().splitlines()))
        self.seen |= names
        return messages

    def one(self):
        messages = self.new()
        if len(messages) != 1:
            raise Failed(f'{len(messages)} messages have come, not one')
        return messages[0]

    def fingerprint(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(('127.0.0.1', self.port('smtps')),
                                      timeout=PATIENCE) as plain:
            with context.wrap_socket(plain) as tls:
                certificate = tls.getpeercert(binary_form=True)
        return hashlib.sha256(certificate).hexdigest()


class Script:
    """A server that says what it is told to, one line for each it reads; it may
    be told to do something first, which returns what to say."""

    def __init__(self, *replies):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.socket.settimeout(PATIENCE)
        self.replies = replies
        self.heard = b''
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        with contextlib.suppress(OSError):
            connection, _ = self.socket.accept()
            connection.settimeout(PATIENCE)
            with connection, connection.makefile('rwb') as stream:
                for reply in self.replies:
                    stream.write(reply() if callable(reply) else reply)
                    stream.flush()
                    line = stream.readline()
                    self.heard += line
                    if not line:
                        return
                self.heard += stream.read()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(PATIENCE)
        self.socket.close()

    def url(self):
        return f'smtp://127.0.0.1:{self.socket.getsockname()[1]}'


def run(*arguments, message=MESSAGE, env=None, program=None, **popen):
    """One run of the tool; message: octets, or an open file, or None."""
    environment = {key: value for key, value in os.environ.items()
                   if key != 'SMTPC_SERVER'}
    environment.update(env or {})
    if isinstance(message, bytes):
        popen['input'] = message
    elif message is not None:
        popen['stdin'] = message
    popen.setdefault('stdout', subprocess.PIPE)
    popen.setdefault('stderr', subprocess.PIPE)
    done = subprocess.run([program or sys.argv[1], *arguments],
                          env=environment, timeout=PATIENCE, **popen)
    done.stdout, done.stderr = done.stdout or b'', done.stderr or b''
    return Result(arguments, done)


def send(server, style, *arguments, user=ALICE, password=WONDERLAND, **more):
    """Sends from alice, with a login unless user is None."""
    command = ['-s', server.url(style), '-f', ALICE,
               '--ca-file', server.env['CA']]
    env = {}
    if user is not None:
        command += ['-u', user, '--password-env', 'TEST_PASSWORD']
        env['TEST_PASSWORD'] = password
    return run(*command, *arguments, env=env, **more)


def must(condition, text):
    if not condition:
        raise Failed(str(text))


def deliveries(tap, server):
    for style in ('submission', 'smtps', 'smtp'):
        for mechanism in MECHANISMS:
            with tap.test(f'{style}_and_{mechanism}_deliver_the_message'):
                send(server, style, '--mechanisms', mechanism,
                     BOB).must_end_with(0).must_say_nothing()
                content, envelope = server.one()
                must(content == crlf(MESSAGE), content)
                for line in ('sender: <alice@example.test>',
                             'recipient: <bob@example.test>',
                             'user: alice@example.test',
                             f'mechanism: {mechanism}',
                             f'listener: {style}'):
                    must(line in envelope, (line, envelope))
                must(any(line.startswith('tls: ') for line in envelope),
                     envelope)
    with tap.test('unix_socket_needs_no_tls'):
        send(server, 'unix', '--mechanisms', 'SCRAM-SHA-256',
             BOB).must_end_with(0).must_say_nothing()
        content, envelope = server.one()
        must(content == crlf(MESSAGE), content)
        must('mechanism: SCRAM-SHA-256' in envelope, envelope)
        must(not any(line.startswith('tls:') for line in envelope), envelope)
    with tap.test('unix_socket_takes_starttls_when_asked'):
        for mode in ('starttls', 'opportunistic'):
            send(server, 'unix', '--tls', mode, '--mechanisms', 'PLAIN',
                 BOB).must_end_with(0).must_say_nothing()
            _, envelope = server.one()
            must(any(line.startswith('tls:') for line in envelope), envelope)
            must('mechanism: PLAIN' in envelope, envelope)
    with tap.test('session_ends_with_quit'):
        for style in ('submission', 'smtps', 'unix'):
            with Server() as fresh:
                send(fresh, style, BOB).must_end_with(0)
                probe(fresh, style).must_end_with(0)
                with open(fresh.env['LOG'], encoding='ascii') as log:
                    said = re.findall(r'^(\d+) C: (\w+)', log.read(), re.M)
            for connection in {number for number, _ in said}:
                words = [verb for number, verb in said
                         if number == connection]
                must(words[-1] == 'QUIT' and 'QUIT' not in words[:-1], words)
    with tap.test('login_is_no_must'):
        send(server, 'smtp', BOB, user=None).must_end_with(0)
        _, envelope = server.one()
        must(not any(line.startswith('user:') for line in envelope), envelope)
    with tap.test('user_may_be_in_the_url_and_be_the_sender'):
        run('-s', server.url('submission', BOB), '--ca-file',
            server.env['CA'], '--password-env', 'P', ALICE,
            env={'P': BOBS_PASSWORD}).must_end_with(0).must_say_nothing()
        _, envelope = server.one()
        must('user: bob@example.test' in envelope, envelope)
        must('sender: <bob@example.test>' in envelope, envelope)
    with tap.test('server_may_be_in_the_environment'):
        run('-f', '', '--ca-file', server.env['CA'], BOB,
            env={'SMTPC_SERVER': server.url('smtp')}).must_end_with(0)
        _, envelope = server.one()
        must('sender: <>' in envelope, envelope)
    with tap.test('client_domain_is_said'):
        send(server, 'smtp', '--client-domain', 'me.example.test', BOB,
             user=None).must_end_with(0)
        _, envelope = server.one()
        must('client: me.example.test' in envelope, envelope)
    with tap.test('recipient_named_twice_gets_it_once'):
        send(server, 'smtp', BOB, ALICE, BOB, user=None).must_end_with(0)
        _, envelope = server.one()
        must([line for line in envelope if line.startswith('recipient')] ==
             ['recipient: <bob@example.test>',
              'recipient: <alice@example.test>'], envelope)


def passwords(tap, server):
    url = ('-s', server.url('smtps', ALICE), '--ca-file', server.env['CA'])
    with tap.test('password_comes_from_a_file'):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b'wonderland\n')
            file.flush()
            run(*url, '--password-file', file.name, BOB).must_end_with(0)
        server.one()
    with tap.test('password_comes_from_a_descriptor'):
        reader, writer = os.pipe()
        os.write(writer, b'wonderland\nmore')
        os.close(writer)
        run(*url, '--password-fd', str(reader), BOB,
            pass_fds=[reader]).must_end_with(0)
        os.close(reader)
        server.one()
    with tap.test('message_may_follow_the_password'):
        run(*url, '--password-fd', '0', BOB,
            message=b'wonderland\n' + MESSAGE).must_end_with(0)
        must(server.one()[0] == crlf(MESSAGE), 'not the message')
        with tempfile.TemporaryFile() as file:
            file.write(b'wonderland\n' + MESSAGE)
            file.seek(0)
            run(*url, '--password-fd', '0', BOB,
                message=file).must_end_with(0)
        must(server.one()[0] == crlf(MESSAGE), 'not the message')
    with tap.test('password_that_can_not_be_had_is_no_input'):
        run(*url, '--password-file', '/nonexistent/file', BOB).must_end_with(
            NOINPUT).must_say_one_line('password', 'No such file')
        run(*url, '--password-env', 'NO_SUCH_VARIABLE', BOB).must_end_with(
            NOINPUT).must_say_one_line('password', 'not set')
    with tap.test('password_is_not_shown_by_the_trace'):
        for mechanism in MECHANISMS:
            result = send(server, 'submission', '--trace', '--mechanisms',
                          mechanism, BOB).must_end_with(0)
            must('AUTH ' + mechanism in result.stderr, result)
            must('wonderland' not in result.stderr, result)
            # Neither in base64, at any of its three alignments.
            for part in ('d29uZGVybGFuZ', 'dvbmRlcmxhbm', '3b25kZXJsYW5k'):
                must(part not in result.stderr, result)
        server.new()
    with tap.test('password_given_in_vain_is_not_repeated'):
        result = run('--password=wonderland', '-s', 'smtp://h', BOB)
        result.must_end_with(USAGE).must_say_one_line('--password')
        must('wonderland' not in result.stderr, result)
        result = run('-s', 'smtp://alice:wonderland@h', '-f', ALICE, BOB)
        result.must_end_with(USAGE).must_say_one_line('--password-file')
        must('wonderland' not in result.stderr, result)
    with tap.test('wrong_password_is_one_line_and_77'):
        for style in ('submission', 'smtps'):
            for mechanism in MECHANISMS:
                send(server, style, '--mechanisms', mechanism, BOB,
                     password='wrong').must_end_with(
                         NOPERM).must_say_one_line('535')
        must(not server.new(), 'something was delivered')
    with tap.test('mechanism_that_is_not_offered_is_one_line_and_77'):
        with Server('--mechanisms', 'PLAIN') as poor:
            result = send(poor, 'smtps', '--mechanisms',
                          'CRAM-MD5 SCRAM-SHA-256', BOB)
            result.must_end_with(NOPERM).must_say_one_line('no mechanism')
            must('--plaintext-auth' not in result.stderr, result)
            must(not poor.new(), 'something was delivered')


def channels(tap):
    with tap.test('plaintext_auth_must_be_asked_for'):
        with Server('--plaintext-auth') as server:
            clear = ('--tls', 'none', '--mechanisms', 'PLAIN', BOB)
            send(server, 'smtp', *clear).must_end_with(
                NOPERM).must_say_one_line('anybody can read',
                                          '--tls', '--plaintext-auth')
            must(not server.new(), 'something was delivered')
            send(server, 'smtp', '--plaintext-auth', *clear).must_end_with(0)
            _, envelope = server.one()
            must('mechanism: PLAIN' in envelope, envelope)
    with tap.test('tls_that_is_not_offered_is_one_line_and_77'):
        for mode in ('auto', 'starttls'):
            with Script(b'220 here\r\n', b'250-here\r\n250 SIZE 1000\r\n',
                        b'221 bye\r\n') as script:
                run('-s', script.url(), '--tls', mode, '-f', ALICE,
                    BOB).must_end_with(NOPERM).must_say_one_line('TLS')
            must(b'MAIL' not in script.heard, script.heard)
    with tap.test('opportunistic_goes_without_tls_that_is_not_offered'):
        with Script(b'220 here\r\n', b'250-here\r\n250 SIZE 1000\r\n',
                    b'550 no mail today\r\n', b'250 reset\r\n',
                    b'221 bye\r\n') as script:
            run('-s', script.url(), '--tls', 'opportunistic', '-f', ALICE,
                BOB).must_end_with(UNAVAILABLE).must_say_one_line('550')
        must(b'MAIL FROM:<alice@example.test>' in script.heard, script.heard)
    with tap.test('starttls_refused_for_now_is_one_line_and_75'):
        with Server('--refuse-starttls') as server:
            for mode in ('auto', 'opportunistic'):
                send(server, 'smtp', '--tls', mode, BOB).must_end_with(
                    TEMPFAIL).must_say_one_line('454')
            must(not server.new(), 'something was delivered')
    for kind in ('untrusted', 'wrong-name', 'expired', 'not-yet-valid',
                 'self-signed', 'cn-only', 'wrong-purpose'):
        name = kind.replace('-', '_')
        with tap.test(f'{name}_certificate_is_one_line_and_77'):
            with Server('--certificate', kind) as server:
                for style in ('submission', 'smtps'):
                    send(server, style, BOB).must_end_with(
                        NOPERM).must_say_one_line('certificate')
                must(not server.new(), 'something was delivered')
                with open(server.env['LOG'], encoding='ascii') as log:
                    must('C: AUTH' not in log.read(), 'AUTH was sent')
    with tap.test('named_certificate_is_accepted_and_no_other'):
        with Server('--certificate', 'self-signed') as server:
            right = server.fingerprint()
            wrong = right[:-1] + ('0' if right[-1] != '0' else '1')
            for style in ('submission', 'smtps'):
                send(server, style, '--accept-certificate', wrong,
                     BOB).must_end_with(NOPERM).must_say_one_line(right)
                must(not server.new(), 'something was delivered')
                send(server, style, '--accept-certificate', right.upper(),
                     BOB).must_end_with(0).must_say_nothing()
                server.one()
    with tap.test('bad_ca_file_is_no_input'):
        for file in ('/nonexistent/file', '/dev/null'):
            run('-s', 'smtp://127.0.0.1:1', '--ca-file', file, '-f', ALICE,
                BOB).must_end_with(NOINPUT).must_say_one_line('--ca-file')


def refusals(tap, server):
    nobody, later = 'nobody@example.test', 'tempfail@example.test'

    with tap.test('refused_recipient_is_one_line_and_69'):
        for more in ((), ('--no-pipelining',)):
            result = send(server, 'submission', *more, nobody)
            result.must_end_with(UNAVAILABLE).must_say_one_line()
            must(result.stderr.startswith(
                'smtpc: <nobody@example.test>: refused: 550 5.1.1 '), result)
        must(not server.new(), 'something was delivered')
    with tap.test('recipient_refused_for_now_is_one_line_and_75'):
        send(server, 'submission', later).must_end_with(
            TEMPFAIL).must_say_one_line(later, 'refused for now: 450 4.2.1')
        must(not server.new(), 'something was delivered')
    with tap.test('each_refused_recipient_has_its_line'):
        result = send(server, 'submission', nobody, BOB, later, ALICE)
        result.must_end_with(UNAVAILABLE)
        lines = result.stderr.splitlines()
        must(len(lines) == 2 and nobody in lines[0] and later in lines[1],
             result)
        _, envelope = server.one()
        must([line for line in envelope if line.startswith('recipient')] ==
             ['recipient: <bob@example.test>',
              'recipient: <alice@example.test>'], envelope)
    with tap.test('refused_for_now_among_accepted_is_not_75'):
        send(server, 'submission', BOB, later).must_end_with(
            UNAVAILABLE).must_say_one_line(later)
        server.one()
    with tap.test('all_or_none_delivers_to_none'):
        for more in ((), ('--no-pipelining',)):
            result = send(server, 'submission', '--all-or-none', *more, BOB,
                          nobody, ALICE).must_end_with(UNAVAILABLE)
            lines = result.stderr.splitlines()
            must(len(lines) == 2 and nobody in lines[0] and
                 'no other recipient' in lines[1], result)
            must(not server.new(), 'something was delivered')
    with tap.test('refused_sender_is_one_line_and_69'):
        for more in ((), ('--no-pipelining',)):
            send(server, 'submission', '-f', 'blocked@example.test', *more,
                 BOB, ALICE).must_end_with(UNAVAILABLE).must_say_one_line(
                     '550 5.7.1')
        must(not server.new(), 'something was delivered')
    with tap.test('too_large_message_is_one_line_and_69'):
        with tempfile.TemporaryFile() as file:
            file.write(b'Subject: x\n\n' + b'x' * 79 * 140000)
            file.seek(0)
            send(server, 'submission', BOB, message=file).must_end_with(
                UNAVAILABLE).must_say_one_line()
        must(not server.new(), 'something was delivered')
    with tap.test('eight_bit_message_for_a_7_bit_server_is_one_line_and_69'):
        with Server('--no-8bitmime') as narrow:
            with tempfile.TemporaryFile() as file:
                file.write(NASTY)
                file.seek(0)
                send(narrow, 'submission', BOB, message=file).must_end_with(
                    UNAVAILABLE).must_say_one_line()
            must(not narrow.new(), 'something was delivered')


def breakdowns(tap):
    with tap.test('dead_port_is_one_line_and_75'):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
            run('-s', f'smtp://127.0.0.1:{port}', '-f', ALICE,
                BOB).must_end_with(TEMPFAIL).must_say_one_line(
                    f'127.0.0.1', str(port), 'Connection refused')
    with tap.test('missing_socket_is_one_line_and_68'):
        run('-s', 'smtp+unix:///nonexistent/socket', '-f', ALICE,
            BOB).must_end_with(NOHOST).must_say_one_line(
                '/nonexistent/socket', 'No such file')
    with tap.test('connection_lost_after_the_dot_is_in_doubt_and_80'):
        with Server('--drop-after-dot') as server:
            for more in ((), ('--no-pipelining',)):
                send(server, 'submission', *more, BOB, ALICE).must_end_with(
                    IN_DOUBT).must_say_one_line()
                # It was delivered, and nothing was sent again.
                server.one()
    with tap.test('connection_lost_before_the_dot_is_one_line_and_75'):
        with Server('--drop-in-content', '100000') as server:
            send(server, 'submission', BOB,
                 message=MESSAGE + b'\n' + b'line\n' * 100000).must_end_with(
                     TEMPFAIL).must_say_one_line()
            must(not server.new(), 'something was delivered')
    for reply, code in ((b'554 5.7.1 go away\r\n', UNAVAILABLE),
                        (b'421 4.3.2 not now\r\n', TEMPFAIL),
                        (b'SSH-2.0-OpenSSH_9.2\r\n', PROTOCOL)):
        with tap.test(f'greeting_of_{reply[:3].decode()}_is_one_line_and_'
                      f'{code}'):
            with Script(reply) as script:
                run('-s', script.url(), '-f', ALICE, BOB).must_end_with(
                    code).must_say_one_line()
            must(b'MAIL' not in script.heard, script.heard)
    with tap.test('reply_of_several_lines_is_shown_in_one'):
        with Script(b'220 here\r\n', b'250-here\r\n250 SIZE 1000\r\n',
                    b'250 ok\r\n', b'550-5.1.1 no such\r\n550-5.1.1\r\n'
                    b'550-more\r\n550 5.1.1 user\r\n', b'250 ok\r\n',
                    b'221 bye\r\n') as script:
            run('-s', script.url(), '--tls', 'none', '-f', ALICE,
                BOB).must_end_with(UNAVAILABLE).must_say_one_line(
                    '<bob@example.test>: refused: 550 5.1.1 no such 5.1.1 '
                    'more user')
    for number, code in ((b'554', UNAVAILABLE), (b'451', TEMPFAIL)):
        with tap.test(f'{number.decode()}_after_the_dot_is_one_line_and_'
                      f'{code}'):
            with Script(b'220 here\r\n', b'250-here\r\n250 SIZE 1000\r\n',
                        b'250 ok\r\n', b'250 ok\r\n', b'250 ok\r\n',
                        b'354 go\r\n', number + b' not this\r\n',
                        b'221 bye\r\n') as script:
                run('-s', script.url(), '--tls', 'none', '-f', ALICE, BOB,
                    'carol@example.test', message=b'').must_end_with(
                        code).must_say_one_line(number.decode() +
                                                ' not this')
    with tap.test('silent_server_is_one_line_and_75'):
        with Script(b'') as script:
            run('-s', script.url(), '--timeout', '1', '-f', ALICE,
                BOB).must_end_with(TEMPFAIL).must_say_one_line()
    with tap.test('what_a_server_says_is_shown_escaped'):
        with Script(b'554 go \x1b[2Jaway \xc3\xa4\x07\r\n') as script:
            result = run('-s', script.url(), '-f', ALICE, BOB)
        result.must_end_with(UNAVAILABLE).must_say_one_line('554', 'away')
        must(re.fullmatch(r'[ -~]*\n', result.stderr), result)


def contents(tap, server):
    for name, message in (('lf_file', MESSAGE), ('nasty_file', NASTY),
                          ('empty_file', b''), ('lone_dot', b'.'),
                          ('dots', b'.\n.\r\n..\r.'),
                          ('crlf_file', crlf(NASTY))):
        expected = crlf(message) if message else b''
        with tap.test(f'{name}_arrives_octet_for_octet'):
            for style in ('submission', 'unix'):
                with tempfile.TemporaryFile() as file:
                    file.write(message)
                    file.seek(0)
                    login = {} if style == 'submission' else {'user': None}
                    send(server, style, BOB, message=file,
                         **login).must_end_with(0).must_say_nothing()
                content, _ = server.one()
                must(content == expected, (content, expected))
                send(server, style, BOB, message=message,
                     **login).must_end_with(0).must_say_nothing()
                content, _ = server.one()
                must(content == expected, (content, expected))
    with tap.test('eight_bits_are_declared'):
        with tempfile.TemporaryFile() as file:
            file.write(NASTY)
            file.seek(0)
            for source in (file, NASTY):
                send(server, 'submission', BOB,
                     message=source).must_end_with(0)
                _, envelope = server.one()
                must('parameter: BODY=8BITMIME' in envelope, envelope)
    with tap.test('nul_is_one_line_and_65'):
        message = MESSAGE + b'a\0b\n'
        with tempfile.TemporaryFile() as file:
            file.write(message)
            file.seek(0)
            for source in (file, message):
                send(server, 'submission', BOB, message=source).must_end_with(
                    DATAERR).must_say_one_line('NUL')
            # A server that takes 7 bits only has the file looked at first.
            with Server('--no-8bitmime') as narrow:
                file.seek(0)
                send(narrow, 'submission', BOB, message=file).must_end_with(
                    DATAERR).must_say_one_line('NUL')
                must(not narrow.new(), 'something was delivered')
        must(not server.new(), 'something was delivered')
    with tap.test('long_message_from_a_pipe_arrives'):
        message = b'Subject: long\n\n' + b'.line of text\r\n' * 400000
        send(server, 'submission', BOB, message=message).must_end_with(0)
        content, _ = server.one()
        must(content == crlf(message), 'not the message')
    with tap.test('pipelining_can_be_switched_off'):
        def order(result):
            return [line[:7] for line in result.stderr.splitlines()
                    if re.match('C: (MAIL|RCPT|DATA)|S: [23]5', line)][-9:]
        together = order(send(server, 'smtp', '--trace', BOB, ALICE,
                              user=None).must_end_with(0))
        apart = order(send(server, 'smtp', '--trace', '--no-pipelining', BOB,
                           ALICE, user=None).must_end_with(0))
        must(together == ['C: MAIL', 'C: RCPT', 'C: RCPT', 'C: DATA',
                          'S: 250', 'S: 250', 'S: 250', 'S: 354', 'S: 250'] or
             [x.rstrip() for x in together][:4] ==
             ['C: MAIL', 'C: RCPT', 'C: RCPT', 'C: DATA'], together)
        must([x[:6] for x in apart] ==
             ['C: MAI', 'S: 250', 'C: RCP', 'S: 250', 'C: RCP', 'S: 250',
              'C: DAT', 'S: 354', 'S: 250'], apart)
        server.new()


def headers(tap, server):
    message = (b'From: alice@example.test\r\n'
               b'To: Bob <bob@example.test> (the other one)\n'
               b'Bcc: hidden+1@example.test,\r\n'
               b'\t"Hidden, too" <alice+2@example.test>\r\n'
               b'Subject: Bcc: stays\r\n'
               b'Bcc: bob+3@example.test\n\n'
               b'Bcc: this@example.test is body\n.\n')
    expected = crlf(b'From: alice@example.test\r\n'
                    b'To: Bob <bob@example.test> (the other one)\n'
                    b'Subject: Bcc: stays\r\n\n'
                    b'Bcc: this@example.test is body\n.\n')
    message = message.replace(b'hidden+1', b'alice+1')
    recipients = ['recipient: <bob@example.test>',
                  'recipient: <alice+1@example.test>',
                  'recipient: <alice+2@example.test>',
                  'recipient: <bob+3@example.test>']

    with tap.test('recipients_come_from_the_header_and_bcc_is_removed'):
        for as_file in (False, True):
            with tempfile.TemporaryFile() as file:
                file.write(message)
                file.seek(0)
                send(server, 'submission', '-t', message=file if as_file
                     else message).must_end_with(0).must_say_nothing()
            content, envelope = server.one()
            must(content == expected, content)
            must([line for line in envelope
                  if line.startswith('recipient')] == recipients, envelope)
    with tap.test('recipients_of_arguments_and_header_add_up'):
        send(server, 'submission', '-t', 'alice+0@example.test', BOB,
             message=message).must_end_with(0)
        _, envelope = server.one()
        must([line for line in envelope if line.startswith('recipient')] ==
             ['recipient: <alice+0@example.test>'] + recipients, envelope)
    with tap.test('bad_header_is_one_line_and_65'):
        for bad in (b'', b'Subject: x\n\n', b'To: bob@example.test, "x\n\n',
                    b'To: bob@example.test\nno field\n\n',
                    b'To: <bob@example.test\n\n', b'To: bob@exa_mple\n\n',
                    b'Resent-To: bob@example.test\n\n',
                    b'To: bob@example.test\nX: ' + b'x' * 1050000,
                    b'Bcc: bob@example.test',
                    b'Bcc: bob@example.test,\r\n alice@example.test\r\n'):
            send(server, 'submission', '-t', message=bad).must_end_with(
                DATAERR).must_say_one_line()
        must(not server.new(), 'something was delivered')
    with tap.test('mailbox_that_needs_SMTPUTF8_is_one_line_and_69'):
        ended = send(server, 'submission', '-t',
                     message=b'To: b\xc3\xb6b@example.test\n\n')
        ended.must_end_with(UNAVAILABLE).must_say_one_line()
        must('SMTPUTF8' in ended.stderr, ended.stderr)
        must(not server.new(), 'something was delivered')


def composing(tap, server):
    subject = '日本語の件名はとても長いので、一行には収まりません 🎉'
    text = 'これは本文です。\n.\n二行目。'
    with tap.test('composed_japanese_message_arrives_intact'):
        for source in (text, '-'):
            send(server, 'submission', '--subject', subject, '--text', source,
                 BOB, 'alice+1@example.test',
                 message=text.encode()).must_end_with(0).must_say_nothing()
            content, envelope = server.one()
            parsed = email.message_from_bytes(content,
                                              policy=email.policy.SMTP)
            must(parsed['Subject'] == subject, parsed['Subject'])
            body = parsed.get_payload(decode=True).decode()
            must(body == text.replace('\n', '\r\n') + '\r\n', body)
            must(parsed['From'] == ALICE, parsed['From'])
            must(parsed['To'] == BOB + ', alice+1@example.test', parsed['To'])
            must(not any('8BITMIME' in line for line in envelope), envelope)
    with tap.test('recipient_named_twice_is_shown_once'):
        send(server, 'submission', '--text', 'x', BOB, ALICE,
             BOB).must_end_with(0)
        content, _ = server.one()
        must(b'\r\nTo: bob@example.test, alice@example.test\r\n' in content,
             content)
    with tap.test('bad_subject_or_text_is_one_line_and_65'):
        for more in (('--subject', 'a\nBcc: bob@example.test', '--text', 'x'),
                     ('--subject', b'caf\xe9', '--text', 'x'),
                     ('--text', b'caf\xe9')):
            done = subprocess.run(
                [sys.argv[1], '-s', server.url('smtp'), '-f', ALICE, *more,
                 BOB], capture_output=True, stdin=subprocess.DEVNULL,
                timeout=PATIENCE)
            Result([], done).must_end_with(DATAERR).must_say_one_line()
        must(not server.new(), 'something was delivered')


def inputs(tap, server):
    with tap.test('bad_mailbox_is_one_line_and_64'):
        for mailbox in ('', 'a b@example.test', 'bob', '<bob@example.test>',
                        'bob@example.test\r\nRCPT TO:<x@example.test>',
                        'bob@example.test>', 'bob@', '@example.test',
                        'b' * 400 + '@example.test'):
            send(server, 'smtp', mailbox, user=None).must_end_with(
                USAGE).must_say_one_line()
            if mailbox:
                send(server, 'smtp', '-f', mailbox, BOB,
                     user=None).must_end_with(USAGE).must_say_one_line()
        must(not server.new(), 'something was delivered')
    with tap.test('bad_option_is_one_line_and_64'):
        for more, words in ((['-x'], '-x is not known'),
                            (['--xyz=1'], '--xyz is not known'),
                            (['--p=1'], '--p is not known, or several'),
                            (['--quiet=yes'], '--quiet takes no argument'),
                            (['-s'], '-s needs an argument'),
                            (['--ca-file'], '--ca-file needs an argument'),
                            ([BOB], 'no sender')):
            run('-s', server.url('smtp'), *more).must_end_with(
                USAGE).must_say_one_line(words)
    with tap.test('bad_setting_is_told_with_what_it_may_be'):
        send(server, 'smtp', '--mechanisms', 'FOO', BOB,
             user=None).must_end_with(USAGE).must_say_one_line(
                 '--mechanisms FOO', *MECHANISMS)
        send(server, 'smtp', '--client-domain', 'a b', BOB,
             user=None).must_end_with(USAGE).must_say_one_line(
                 '--client-domain a b', 'domain', '[192.0.2.1]')
        must(not server.new(), 'something was delivered')
    with tap.test('address_of_a_link_without_its_zone_is_one_line_and_68'):
        for more in ((BOB,), ('--probe',)):
            run('-s', 'smtp://[fe80::1]:1', '-f', ALICE, *more).must_end_with(
                NOHOST).must_say_one_line('[fe80::1%25')
    with tap.test('bad_setting_is_one_line_and_64'):
        for more in (('--client-domain', 'a b'), ('--client-domain', 'a\nb'),
                     ('--mechanisms', 'PLAIN,LOGIN'), ('--tls', 'perhaps')):
            send(server, 'smtp', *more, BOB, user=None).must_end_with(
                USAGE).must_say_one_line()
        must(not server.new(), 'something was delivered')
    with tap.test('input_that_can_not_be_read_is_one_line_and_66'):
        folder = os.open('/', os.O_RDONLY)
        send(server, 'smtp', BOB, user=None, message=folder).must_end_with(
            NOINPUT).must_say_one_line('directory')
        os.close(folder)
        send(server, 'smtp', BOB, user=None, message=None,
             preexec_fn=lambda: os.close(0)).must_end_with(
                 NOINPUT).must_say_one_line()
        must(not server.new(), 'something was delivered')
    with tap.test('input_that_fails_midway_is_one_line_and_74'):
        for more in ((BOB,), (BOB, '--progress'), ('-t', BOB),
                     ('--text', '-', BOB)):
            # It can be opened, and nothing is at its first address.
            with open('/proc/self/mem', 'rb') as memory:
                result = send(server, 'smtp', *more, user=None,
                              message=memory).must_end_with(IOERR)
            must(result.stderr.endswith(
                'smtpc: standard input: Input/output error\n'), result)
        must(not server.new(), 'something was delivered')
    with tap.test('file_that_becomes_shorter_is_one_line_and_74'):
        with tempfile.TemporaryFile() as file:
            file.write(b'To: bob@example.test\n\n' + b'text\n' * 100000)
            file.seek(0)

            def cut():
                file.truncate(200000)
                return b'354 go\r\n'
            with Script(b'220 here\r\n', b'250 here\r\n', b'250 ok\r\n',
                        b'250 ok\r\n', cut) as script:
                run('-s', script.url(), '--tls', 'none', '-f', ALICE, '-t',
                    message=file).must_end_with(IOERR).must_say_one_line(
                        'standard input', 'shorter')
        must(b'text' in script.heard and
             not script.heard.endswith(b'\r\n.\r\n'), script.heard[-100:])
    with tap.test('reader_that_goes_away_changes_nothing'):
        reader, writer = os.pipe()
        os.close(reader)
        for style in ('submission', 'unix'):
            send(server, style, '--trace', BOB, stderr=writer).must_end_with(0)
            must(server.one()[0] == crlf(MESSAGE), 'not the message')
            send(server, style, '--progress', 'nobody@example.test', BOB,
                 stderr=writer).must_end_with(UNAVAILABLE)
            server.one()
        for more in (('--help',), ('--version',),
                     ('-s', server.url('unix'), '--tls', 'none', '--probe')):
            run(*more, stdout=writer).must_end_with(IOERR).must_say_one_line(
                'standard output')
        os.close(writer)
    with tap.test('closed_standard_error_does_not_join_the_dialogue'):
        send(server, 'smtp', '--trace', BOB, user=None, stderr=None,
             preexec_fn=lambda: os.close(2)).must_end_with(0)
        content, _ = server.one()
        must(content == crlf(MESSAGE), content)
    with tap.test('help_and_version_go_to_standard_output'):
        result = run('--help').must_end_with(0)
        must(result.stdout.startswith('usage: smtpc') and not result.stderr,
             result)
        must(all(len(line) < 80 for line in result.stdout.splitlines()),
             result)
        result = run('--version').must_end_with(0)
        must(re.fullmatch(r'smtpc \d+\.\d+\.\d+\n', result.stdout), result)


def on_terminal(server, *arguments, message):
    """What a person sees on the terminal while it is sent."""
    main, terminal = pty.openpty()
    seen = []

    def watch():
        with contextlib.suppress(OSError):
            while octets := os.read(main, 65536):
                seen.append(octets)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        send(server, 'smtp', *arguments, BOB, user=None, message=message,
             stderr=terminal).must_end_with(0)
    finally:
        os.close(terminal)
        watcher.join(PATIENCE)
        os.close(main)
    server.one()
    return b''.join(seen).decode()


def progress(tap, server):
    long = b'Subject: long\n\n' + b'line of text\n' * 200000
    with tap.test('bar_is_shown_on_a_terminal_for_a_long_message'):
        with tempfile.TemporaryFile() as file:
            file.write(long)
            file.seek(0)
            seen = on_terminal(server, message=file)
        must('100% of 2.5 MiB' in seen and ' 50%' in seen, seen)
        must('MiB sent' in on_terminal(server, message=long), 'no bar')
    with tap.test('no_bar_is_shown_for_a_short_message_or_if_quiet'):
        must(on_terminal(server, message=MESSAGE) == '', 'a bar')
        must(on_terminal(server, '--quiet', message=long) == '', 'a bar')
    with tap.test('bar_can_be_forced'):
        result = send(server, 'smtp', '--progress', BOB,
                      user=None).must_end_with(0)
        must('MiB sent' in result.stderr, result)
        content, _ = server.one()
        must(content == crlf(MESSAGE), content)


def probe(server, style, *more):
    return run('-s', server.url(style), '--ca-file', server.env['CA'],
               '--probe', *more)


def probes(tap, server):
    with tap.test('probe_shows_both_sides_of_starttls'):
        result = probe(server, 'submission').must_end_with(0)
        must(not result.stderr, result)
        before, after = result.stdout.split('\nTLS:\n')
        must('Extensions without TLS:' in before, result)
        must('  STARTTLS\n' in before and 'AUTH' not in before, result)
        must('Extensions with TLS:' in after, result)
        must('STARTTLS' not in after and 'AUTH SCRAM-SHA-512' in after,
             result)
        must('Greeting:\n  220 ' in before, result)
        for text in ('  version     TLS1.3\n', '  trust       verified\n',
                     f'  SHA-256     {server.fingerprint()}\n'):
            must(text in after, (text, result.stdout))
        must(re.search(r'valid from  20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC',
                       after), result)
    with tap.test('probe_shows_implicit_tls_and_unix_sockets'):
        result = probe(server, 'smtps').must_end_with(0)
        must('without' not in result.stdout, result)
        must('AUTH SCRAM-SHA-512' in result.stdout, result)
        result = probe(server, 'unix').must_end_with(0)
        must(server.env['SOCKET'] in result.stdout, result)
    with tap.test('probe_without_tls_stays_so'):
        result = probe(server, 'smtp', '--tls', 'none').must_end_with(0)
        must('not asked for' in result.stdout, result)
        with Script(b'220 here\r\n', b'250 here\r\n', b'221 bye\r\n') as old:
            result = run('-s', old.url(), '--probe').must_end_with(0)
        must('not offered' in result.stdout, result)
    with tap.test('probe_shows_what_is_wrong_with_a_certificate'):
        with Server('--certificate', 'expired') as expired:
            for style in ('submission', 'smtps'):
                result = probe(expired, style).must_end_with(
                    NOPERM).must_say_one_line('certificate')
                must('problem' in result.stdout and
                     'expired' in result.stdout, result)
                must('AUTH SCRAM-SHA-512' in result.stdout, result)
    with tap.test('probe_sends_no_password_and_no_mail'):
        run('-s', server.url('submission', ALICE), '--ca-file',
            server.env['CA'], '--probe', '--password-env', 'P',
            env={'P': WONDERLAND}).must_end_with(0)
        with open(server.env['LOG'], encoding='ascii') as log:
            must(not re.search('C: (AUTH|MAIL)', log.read()), 'AUTH or MAIL')
    with tap.test('probe_escapes_what_a_server_says'):
        with Script(b'220 \x1b[2J\xc3\xa4\r\n', b'250-\x07h\r\n250 X-\x01\r\n',
                    b'221 bye\r\n') as script:
            result = run('-s', script.url(), '--tls', 'none', '--probe')
        must(re.fullmatch(r'[\n -~]*', result.stdout), result)
        must('\\x1B[2J\\xC3\\xA4' in result.stdout, result)
    with tap.test('probe_of_a_dead_port_is_one_line_and_75'):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            run('-s', f'smtp://127.0.0.1:{free.getsockname()[1]}',
                '--probe').must_end_with(TEMPFAIL).must_say_one_line(
                    'Connection refused')


def main():
    tap = Tap()
    with Server() as server:
        probes(tap, server)
        deliveries(tap, server)
        passwords(tap, server)
        refusals(tap, server)
        contents(tap, server)
        headers(tap, server)
        composing(tap, server)
        inputs(tap, server)
        progress(tap, server)
    channels(tap)
    breakdowns(tap)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

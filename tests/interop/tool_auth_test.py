#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool's options for authentication, end to end: passwords, tokens and
certificates, what is tried, and what is said when it fails.  Prints TAP.

usage: tool_auth_test.py SMTPC LOOPBACK MAKE_CERTS
"""

import base64
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from client_keys import ClientKeys  # noqa: E402
from servers import make_certificates  # noqa: E402
from tap import Failed, Tap  # noqa: E402
from tls_servers import PythonServer, lines_of  # noqa: E402
from tool_loopback import (ALICE, BOB, DATAERR, MESSAGE, NOINPUT,  # noqa: E402
                           NOPERM, PROTOCOL, TEMPFAIL, USAGE, WONDERLAND,
                           Script, Server, crlf, must, run)

EXCHANGE = ('--mechanisms', 'LOGIN XOAUTH2')
SWITCHED_OFF = {
    'account-policy': '535 5.7.139 Authentication unsuccessful, '
                      'SmtpClientAuthentication is disabled for the Tenant.',
    'password-disabled': '535 5.7.139 Authentication unsuccessful, basic '
                         'authentication is disabled.',
    'password-retired': '550 5.7.30 Basic authentication is not supported '
                        'for Client Submission.',
}


def b64(text):
    return base64.b64encode(text.encode()).decode()


class Log:
    """What one run had the embedded server hear."""

    def __init__(self, server):
        self.file = server.env['LOG']
        with open(self.file, encoding='ascii') as log:
            self.start = len(log.read())

    def lines(self):
        with open(self.file, encoding='ascii') as log:
            text = log.read()[self.start:]
        return re.findall(r'^\d+ C: (.*)$', text, re.M)

    def auths(self):
        return [line for line in self.lines() if line.startswith('AUTH')]


class Sender:
    """Mail from alice to bob through one embedded server."""

    def __init__(self, server):
        self.server = server
        self.token = server.env['AUTH_TOKEN']

    def run(self, *options, style='submission', user=ALICE, sender=ALICE,
            **more):
        url = self.server.url(style).replace('127.0.0.1', 'localhost')
        who = ('-u', user) if user else ()
        return run('-s', url, '--ca-file', self.server.env['CA'], '-f',
                   sender, *who, *options, BOB, **more)

    def with_token(self, *options, token=None, **more):
        return self.run('--token-env', 'TOKEN', *options,
                        env={'TOKEN': token or self.token}, **more)

    def with_password(self, *options, **more):
        return self.run('--password-env', 'P', *options,
                        env={'P': WONDERLAND}, **more)

    def must_arrive(self, result, mechanism):
        result.must_end_with(0).must_say_nothing()
        content, envelope = self.server.one()
        must(content == crlf(MESSAGE), content)
        for line in (f'user: {ALICE}', f'mechanism: {mechanism}'):
            must(line in envelope, envelope)
        must(any(line.startswith('tls: ') for line in envelope), envelope)

    def must_fail(self, result, code, *words):
        result.must_end_with(code).must_say_one_line(*words)
        must(not self.server.new(), 'something was delivered')


def written(text):
    file = tempfile.NamedTemporaryFile('w', encoding='utf-8')
    file.write(text)
    file.flush()
    return file


# Servers that want tokens.

def exchange_online(tap):
    """EHLO as Exchange Online says it, and passwords switched off."""
    for name, reply in SWITCHED_OFF.items():
        with tap.test(f'password_gets_no_further_than_{name}'), \
                Server(*EXCHANGE, '--password-refusal', reply) as server:
            sender, log = Sender(server), Log(server)
            words = ('--token-file', 'OAuth') if 'password' in name else \
                ('administers',)
            sender.must_fail(sender.with_password(), NOPERM, reply, *words)
            must(log.auths() == ['AUTH LOGIN'], log.lines())
    with Server(*EXCHANGE, '--password-refusal',
                SWITCHED_OFF['password-retired']) as server:
        sender = Sender(server)
        with tap.test('mail_goes_out_with_a_token_file'), \
                written(sender.token + '\n') as file:
            for style in ('submission', 'smtps'):
                log = Log(server)
                sender.must_arrive(sender.run('--token-file', file.name,
                                              style=style), 'XOAUTH2')
                must(log.auths() == ['AUTH XOAUTH2'], log.lines())
                sent = log.lines()
                must((style == 'smtps') != ('STARTTLS' in sent), sent)
        with tap.test('auth_is_offered_after_tls_alone'):
            seen = run('-s', server.url('submission'), '--ca-file',
                       server.env['CA'], '--probe').must_end_with(0).stdout
            before, after = seen.split('\nTLS:\n')
            must('AUTH' not in before, before)
            must('  AUTH LOGIN XOAUTH2\n' in after, after)
            must(re.search(r'^Authentication:\n'
                           r'  LOGIN +with a password\n'
                           r'  XOAUTH2 +with a token\n', after, re.M), after)
        with tap.test('token_without_user_is_not_enough_for_XOAUTH2'):
            log = Log(server)
            sender.must_fail(sender.with_token(user=None), NOPERM,
                             'LOGIN XOAUTH2')
            must(log.auths() == [], log.lines())


def sources(tap):
    with Server(*EXCHANGE) as server:
        sender = Sender(server)
        with tap.test('token_comes_from_the_environment'):
            sender.must_arrive(sender.with_token(), 'XOAUTH2')
        with tap.test('token_comes_from_a_descriptor'):
            reader, writer = os.pipe()
            os.write(writer, sender.token.encode() + b'\r\nmore')
            os.close(writer)
            sender.must_arrive(sender.run('--token-fd', str(reader),
                                          pass_fds=[reader]), 'XOAUTH2')
            os.close(reader)
        with tap.test('message_may_follow_the_token'):
            sender.must_arrive(sender.run(
                '--token-fd', '0', message=sender.token.encode() + b'\n' +
                MESSAGE), 'XOAUTH2')
        with tap.test('token_comes_from_a_pipe_beside_the_message'), \
                written(MESSAGE.decode()) as file:
            # As smtpc(1) shows it.
            url = sender.server.url('submission', ALICE).replace(
                '127.0.0.1', 'localhost')
            done = run('-c', 'printenv T | "$0" -s "$1" --ca-file "$2" '
                       '--token-fd 3 "$3" 3<&0 < "$4"', sys.argv[1], url,
                       server.env['CA'], BOB, file.name, program='/bin/sh',
                       env={'T': sender.token})
            sender.must_arrive(done, 'XOAUTH2')
        with tap.test('token_that_can_not_be_had_is_one_line_and_66'):
            for more, word in ((('--token-file', '/nonexistent/file'),
                                'No such file'),
                               (('--token-env', 'NO_SUCH_VARIABLE'),
                                'not set'),
                               (('--token-file', '/dev/null'), 'empty'),
                               (('--token-fd', '99'), 'descriptor')):
                sender.must_fail(sender.run(*more), NOINPUT, 'token', word)
        with tap.test('token_that_is_none_is_one_line_and_65'):
            for token in ('a b', 'a\x01b', 'tök', 'a\tb'):
                sender.must_fail(sender.with_token(token=token), DATAERR,
                                 'token')
            with written('t' * 8193) as file:
                sender.must_fail(sender.run('--token-file', file.name),
                                 NOINPUT, 'too long')
        with tap.test('password_and_token_together_are_one_line_and_64'):
            sender.must_fail(sender.with_token('--password-env', 'TOKEN'),
                             USAGE, 'password and a token')
        with tap.test('token_given_in_vain_is_not_repeated'):
            result = run('--token=' + sender.token, '-s', 'smtp://h', BOB)
            result.must_end_with(USAGE).must_say_one_line('--token')
            must(sender.token not in result.stderr, result)
        with tap.test('token_is_not_shown_by_the_trace'):
            for token in (sender.token, 'wrong.token-wrong.token'):
                seen = sender.with_token('--trace', token=token).stderr
                must('C: AUTH XOAUTH2 [hidden]' in seen, seen)
                must(token not in seen, seen)
                for i in range(3):
                    part = b64('x' * i + token)[4:-4]
                    must(part not in seen, seen)
            server.new()


def long_tokens(tap):
    tokens = {'short_enough': 't' * 334, 'too_long': 't' * 335,
              'longest': 't' * 8192}
    with written(''.join(f'{token} {ALICE}\n' for token in tokens.values())
                 ) as file, Server('--mechanisms', 'XOAUTH2', '--tokens',
                                   file.name) as server:
        sender = Sender(server)
        for name, token in tokens.items():
            with tap.test(f'token_that_is_{name}_for_one_line_arrives'):
                log = Log(server)
                sender.must_arrive(sender.with_token(token=token), 'XOAUTH2')
                sent = log.lines()
                place = sent.index('AUTH XOAUTH2')
                two_steps = sent[place + 1] == '<hidden>'
                must(two_steps == (name != 'short_enough'), sent)


def bad_tokens(tap):
    answers = {
        '400': (NOPERM, 'fresh token'),
        'invalid_token': (NOPERM, 'fresh token'),
        'unheard_of': (NOPERM, 'fresh token'),
        '401': (NOPERM, 'scope'),
        '403': (NOPERM, 'scope'),
        'insufficient_scope': (NOPERM, 'scope'),
        'invalid_request': (NOPERM, 'scope'),
        '535 5.7.3 Authentication unsuccessful': (NOPERM, 'fresh token'),
        '535 5.7.139 SmtpClientAuthentication is disabled': (
            NOPERM, 'administers'),
        '454 4.7.0 Temporary failure': (TEMPFAIL, '454 4.7.0'),
    }
    for mechanism in ('XOAUTH2', 'OAUTHBEARER'):
        for answer, (code, word) in answers.items():
            name = answer.split()[0] if ' ' not in answer else \
                '_'.join(answer.split()[:2])
            with tap.test(f'{mechanism}_answered_by_{name}_is_one_line'), \
                    Server('--mechanisms', mechanism, '--bad-token',
                           answer) as server:
                sender, log = Sender(server), Log(server)
                sender.must_fail(sender.with_token(token='wrong'), code,
                                 mechanism, word)
                # Without somebody to ask there is no second try.
                must(log.auths() == ['AUTH ' + mechanism], log.lines())
                must(log.lines()[-1] == 'QUIT', log.lines())
        with tap.test(f'{mechanism}_takes_another_token_afterwards'), \
                Server('--mechanisms', mechanism) as server:
            sender = Sender(server)
            sender.must_fail(sender.with_token(token='old'), NOPERM, mechanism)
            sender.must_arrive(sender.with_token(), mechanism)
    with tap.test('OAUTHBEARER_needs_no_user'), \
            Server('--mechanisms', 'OAUTHBEARER XOAUTH2') as server:
        sender = Sender(server)
        sender.must_arrive(sender.with_token(user=None), 'OAUTHBEARER')
        sender.must_arrive(sender.with_token('--mechanisms', 'XOAUTH2'),
                           'XOAUTH2')
    with tap.test('token_that_is_lacking_is_asked_for'), \
            Server('--mechanisms', 'XOAUTH2') as server:
        sender, log = Sender(server), Log(server)
        sender.must_fail(sender.with_password(), NOPERM, 'token',
                         '--token-file')
        must(log.auths() == [], log.lines())


# Servers that say what they are told to.

class Scripted(PythonServer):
    """Offers what it is told to and answers AUTH, and what follows a 334, by
    one reply after the other, and takes any mail; None: it hangs up."""

    def __init__(self, certificates, offered, *replies, **more):
        self.offered = offered.encode()
        self.replies = list(replies)
        self.mails = 0
        super().__init__(certificates, **more)

    def _talk(self, tls, seen, greeting):
        tls.sendall(greeting)
        is_exchange = is_content = False
        for line in lines_of(tls):
            seen.lines.append(line)
            if is_content:
                is_content = line != b'.'
                reply = b'' if is_content else b'250 taken\r\n'
                self.mails += not is_content
            elif is_exchange or line.startswith(b'AUTH'):
                reply = self.replies.pop(0)
                if callable(reply):
                    reply = reply(line)
                if reply is None:
                    return
                is_exchange = reply.startswith(b'334')
            elif line.startswith(b'EHLO'):
                reply = b'250-here\r\n250 AUTH ' + self.offered + b'\r\n'
            elif line == b'DATA':
                reply, is_content = b'354 go on\r\n', True
            else:
                reply = b'221 bye\r\n' if line == b'QUIT' else b'250 ok\r\n'
            tls.sendall(reply)

    def run(self, *options, env=None):
        result = run('-s', f'smtps://localhost:{self.port["implicit_tls"]}',
                     '--ca-file', f'{self.certificates}/ca.pem', '-f', ALICE,
                     *options, BOB, env={'P': WONDERLAND, **(env or {})},
                     message=b'Subject: x\n\nx\n')
        self.settle()
        return result

    def log_in(self, *options, **more):
        return self.run('-u', ALICE, '--password-env', 'P', *options, **more)

    def said(self, connection=-1):
        """What came with AUTH and behind it, before the mail or the end."""
        lines = [line.decode() for line in self.connections[connection].lines]
        return [line for line in lines if not re.match(
            r'(EHLO|MAIL|RCPT|DATA|QUIT)\b', line)][:6]

    def auths(self, connection=-1):
        return [line for line in self.said(connection)
                if line.startswith('AUTH')]


def attempts(tap, folder):
    refused = b'504 5.5.4 not this one\r\n'
    good = b'235 2.7.0 ok\r\n'
    user, password = b64(ALICE), b64(WONDERLAND)
    plain = 'AUTH PLAIN ' + b64(f'\0{ALICE}\0{WONDERLAND}')

    with tap.test('next_mechanism_is_tried_after_a_refusal'), \
            Scripted(folder, 'PLAIN LOGIN', refused, b'334 x\r\n',
                     b'334 y\r\n', good) as server:
        server.replies[1:3] = [b'334 VXNlcg==\r\n', b'334 UGFzcw==\r\n']
        server.log_in().must_end_with(0).must_say_nothing()
        must(server.said()[:4] == [plain, 'AUTH LOGIN', user, password],
             server.said())
        must(server.mails == 1, 'no mail')
    with tap.test('each_attempt_has_its_line'), \
            Scripted(folder, 'PLAIN LOGIN CRAM-MD5', refused,
                     b'502 5.5.1 nor that\r\n') as server:
        result = server.log_in().must_end_with(NOPERM)
        lines = result.stderr.splitlines()
        must(len(lines) == 2, result)
        must('AUTH PLAIN: 504 5.5.4 not this one' in lines[0], result)
        must('AUTH LOGIN: 502 5.5.1 nor that' in lines[1], result)
        must(server.auths() == [plain, 'AUTH LOGIN'], server.said())
    with tap.test('attempts_are_limited'), \
            Scripted(folder, 'PLAIN LOGIN CRAM-MD5', refused, refused,
                     refused) as server:
        server.log_in('--auth-attempts', '1').must_end_with(
            NOPERM).must_say_one_line('AUTH PLAIN: 504')
        must(server.auths() == [plain], server.said())
        del server.replies[:]
        server.replies += [refused] * 3
        result = server.log_in('--auth-attempts', '3').must_end_with(NOPERM)
        must(len(result.stderr.splitlines()) == 3, result)
        must(server.auths() == [plain, 'AUTH LOGIN', 'AUTH CRAM-MD5'],
             server.said())
    with tap.test('wrong_password_is_not_tried_twice'), \
            Scripted(folder, 'PLAIN LOGIN CRAM-MD5',
                     b'535 5.7.8 wrong\r\n') as server:
        server.log_in('--auth-attempts', '9').must_end_with(
            NOPERM).must_say_one_line('535 5.7.8')
        must(server.auths() == [plain], server.said())
    with tap.test('server_that_hangs_up_is_called_again_once'), \
            Scripted(folder, 'PLAIN LOGIN', refused, None,
                     b'334 VXNlcg==\r\n', b'334 UGFzcw==\r\n',
                     good) as server:
        server.log_in().must_end_with(0).must_say_nothing()
        must(len(server.connections) == 2, 'not two connections')
        must(server.auths(0) == [plain, 'AUTH LOGIN'], server.said(0))
        must(server.said(1)[:3] == ['AUTH LOGIN', user, password],
             server.said(1))
    with tap.test('server_that_hangs_up_is_not_called_a_third_time'), \
            Scripted(folder, 'PLAIN LOGIN CRAM-MD5', refused, None, refused,
                     None, refused, None) as server:
        result = server.log_in().must_end_with(NOPERM)
        must('closed' in result.stderr, result)
        must(len(server.connections) == 2, 'not two connections')
        must(server.mails == 0, 'a mail')


def explanations(tap, folder):
    for name, reply, code, words in (
            ('app_password',
             b'534-5.7.9 Application-specific password required. Learn\r\n'
             b'534 5.7.9 more at https://example.test/\r\n', NOPERM,
             ['application-specific password']),
            ('web_login', b'534 5.7.14 log in via your web browser\r\n',
             NOPERM, ['web browser first']),
            ('account_disabled', b'525 5.7.13 account is disabled\r\n',
             NOPERM, ['account is disabled']),
            ('tls_required', b'538 5.7.11 encrypt it\r\n', NOPERM,
             ['--tls']),
            ('temporary_failure', b'454 4.7.0 later\r\n', TEMPFAIL,
             ['454']),
            ('password_transition', b'432 4.7.12 transition needed\r\n',
             TEMPFAIL, ['--mechanisms PLAIN']),
            ('mechanism_too_weak', b'534 5.7.9 too weak\r\n', NOPERM,
             ['534', 'stronger'])):
        with tap.test(f'{name}_is_one_line'), \
                Scripted(folder, 'PLAIN', reply) as server:
            server.log_in().must_end_with(code).must_say_one_line(*words)
            must(len(server.auths()) == 1, server.said())
            must(server.connections[-1].lines[-1] == b'QUIT', 'no QUIT')
    with tap.test('lists_of_both_sides_are_shown'), \
            Scripted(folder, 'GSSAPI NTLM') as server:
        server.log_in().must_end_with(NOPERM).must_say_one_line(
            '"GSSAPI NTLM"', 'SCRAM-SHA-512', 'XOAUTH2')
        must(server.said() == [], server.said())
    with tap.test('server_without_AUTH_is_one_line'), \
            PythonServer(folder) as server:
        run('-s', f'smtps://localhost:{server.port["implicit_tls"]}',
            '--ca-file', f'{folder}/ca.pem', '-u', ALICE, '--password-env',
            'P', BOB, env={'P': WONDERLAND}).must_end_with(
                NOPERM).must_say_one_line('does not offer AUTH')


def modules(tap, folder):
    """A machine that has no module of Cyrus SASL."""
    with tempfile.TemporaryDirectory() as empty:
        env = {'SASL_PATH': empty}
        with tap.test('package_of_a_missing_module_is_named'), \
                Scripted(folder, 'SCRAM-SHA-256') as server:
            server.log_in(env=env).must_end_with(NOPERM).must_say_one_line(
                'SCRAM-SHA-256', 'libsasl2-modules')
            must(server.said() == [], server.said())
        with tap.test('package_of_Kerberos_is_named'), \
                Scripted(folder, 'GSSAPI') as server:
            server.run('--mechanisms', 'GSSAPI', env=env).must_end_with(
                NOPERM).must_say_one_line('libsasl2-modules-gssapi-mit')
            must(server.said() == [], server.said())
        with tap.test('mechanism_without_module_costs_no_attempt'), \
                Scripted(folder, 'SCRAM-SHA-256 CRAM-MD5 PLAIN',
                         b'235 ok\r\n') as server:
            server.log_in('--auth-attempts', '1', env=env).must_end_with(
                0).must_say_nothing()
            must(server.auths() == ['AUTH PLAIN ' + b64(
                f'\0{ALICE}\0{WONDERLAND}')], server.said())
        with tap.test('what_was_skipped_has_its_line'), \
                Scripted(folder, 'SCRAM-SHA-1 PLAIN',
                         b'535 5.7.8 wrong\r\n') as server:
            result = server.log_in(env=env).must_end_with(NOPERM)
            lines = result.stderr.splitlines()
            must(len(lines) == 2 and 'SCRAM-SHA-1' in lines[0] and
                 'libsasl2-modules' in lines[0] and '535' in lines[1], result)
        for mechanism in ('PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER'):
            with tap.test(f'{mechanism}_needs_no_module'), \
                    Server('--mechanisms', mechanism) as server:
                sender = Sender(server)
                secret = ('--token-env', 'T') if 'OAUTH' in mechanism else \
                    ('--password-env', 'P')
                sender.must_arrive(sender.run(*secret, env={
                    **env, 'T': sender.token, 'P': WONDERLAND}), mechanism)


# What SCRAM says of the channel, and hears of iterations.

def first_words(line):
    """The header of SCRAM's first message, and its nonce."""
    text = base64.b64decode(line.split()[-1]).decode()
    return text.split('n=')[0], text.split('r=')[1]


def bindings(tap, folder):
    both = 'SCRAM-SHA-256 SCRAM-SHA-256-PLUS'
    for maximum, offered, binding, mechanism, header in (
            ('1.3', both, None, 'SCRAM-SHA-256-PLUS', 'p=tls-exporter,,'),
            ('1.2', both, None, 'SCRAM-SHA-256-PLUS', 'p=tls-unique,,'),
            ('1.3', both, 'auto', 'SCRAM-SHA-256-PLUS', 'p=tls-exporter,,'),
            ('1.2', both, 'exporter', 'SCRAM-SHA-256-PLUS',
             'p=tls-exporter,,'),
            ('1.2', both, 'unique', 'SCRAM-SHA-256-PLUS', 'p=tls-unique,,'),
            ('1.3', both, 'server-end-point', 'SCRAM-SHA-256-PLUS',
             'p=tls-server-end-point,,'),
            ('1.3', both, 'none', 'SCRAM-SHA-256', 'n,,'),
            ('1.3', 'SCRAM-SHA-256', None, 'SCRAM-SHA-256', 'y,,'),
            ('1.3', 'SCRAM-SHA-256', 'none', 'SCRAM-SHA-256', 'n,,')):
        name = header.rstrip(',').replace('=', '_').replace('-', '_')
        name = f'{name}_is_said_in_tls_{maximum}_if_{binding}_is_asked_for'
        with tap.test(name.replace('.', '_') + (
                '_and_offered' if 'PLUS' in offered else '')), \
                Scripted(folder, offered, b'535 5.7.8 no\r\n',
                         maximum=maximum) as server:
            options = ('--channel-binding', binding) if binding else ()
            server.log_in(*options).must_end_with(NOPERM)
            line, = server.auths()
            must(line.split()[1] == mechanism, line)
            must(first_words(line)[0] == header, first_words(line))
    with tap.test('refused_binding_is_no_reason_to_step_down'), \
            Scripted(folder, both + ' PLAIN', b'504 5.5.4 no\r\n') as server:
        server.log_in().must_end_with(NOPERM).must_say_one_line(
            '--channel-binding')
        must(len(server.auths()) == 1, server.said())
    with tap.test('binding_that_is_not_to_be_had_is_one_line'), \
            Scripted(folder, both) as server:
        server.log_in('--channel-binding', 'unique', '--mechanisms',
                      'SCRAM-SHA-256-PLUS').must_end_with(
                          NOPERM).must_say_one_line('bound')
        must(server.said() == [], server.said())


def iterations(tap, folder):
    def challenge(count):
        return lambda line: b'334 ' + base64.b64encode(
            f'r={first_words(line.decode())[1]}server,s=c2FsdA==,i={count}'
            .encode()) + b'\r\n'

    end = b'535 5.7.8 no\r\n'
    for count, options, code, words in (
            (4095, (), PROTOCOL, ['--scram-iterations']),
            (4096, (), NOPERM, ['535']),
            (1000, ('--scram-iterations', '1000'), NOPERM, ['535']),
            (9999, ('--scram-iterations', '10000'), PROTOCOL,
             ['fewer than --scram-iterations'])):
        with tap.test(f'{count}_iterations_are_judged_by_'
                      f'{options[1] if options else "default"}'), \
                Scripted(folder, 'SCRAM-SHA-256', challenge(count),
                         end) as server:
            server.log_in(*options).must_end_with(code).must_say_one_line(
                *words)
            must((server.said()[1] == '*') == (code == PROTOCOL),
                 server.said())


# Who acts for whom, and who needs no secret.

def identities(tap, folder, keys):
    certificate = ('--certificate', keys.both)
    with tap.test('identity_to_act_for_is_said'), \
            Scripted(folder, 'PLAIN', b'235 ok\r\n') as server:
        server.log_in('--authzid', BOB).must_end_with(0).must_say_nothing()
        must(server.said()[0] == 'AUTH PLAIN ' + b64(
            f'{BOB}\0{ALICE}\0{WONDERLAND}'), server.said())
    for options, response in (((), '='),
                              (('--authzid', BOB), b64(BOB))):
        with tap.test('certificate_logs_in_by_EXTERNAL' +
                      ('_for_another' if options else '')), \
                Scripted(folder, 'PLAIN EXTERNAL', b'235 ok\r\n',
                         authority='ca') as server:
            server.run(*certificate, '--mechanisms', 'EXTERNAL',
                       *options).must_end_with(0).must_say_nothing()
            must(server.said()[0] == 'AUTH EXTERNAL ' + response,
                 server.said())
            must(server.mails == 1, 'no mail')
    with tap.test('certificate_alone_is_for_tls_alone'), \
            Scripted(folder, 'PLAIN EXTERNAL', authority='ca') as server:
        server.run(*certificate).must_end_with(0).must_say_nothing()
        must(server.said()[:1] == ['Subject: x'], server.said())
    with tap.test('user_with_a_certificate_needs_no_password'), \
            Scripted(folder, 'PLAIN EXTERNAL', b'235 ok\r\n',
                     authority='ca') as server:
        server.run(*certificate, '-u', ALICE).must_end_with(
            0).must_say_nothing()
        must(server.auths() == ['AUTH EXTERNAL ='], server.said())
    with tap.test('ANONYMOUS_is_used_if_it_is_named'), \
            Scripted(folder, 'ANONYMOUS', b'235 ok\r\n') as server:
        server.run('--mechanisms', 'ANONYMOUS').must_end_with(
            0).must_say_nothing()
        must(server.said()[0].startswith('AUTH ANONYMOUS '), server.said())


# Without TLS.

def clear(tap, folder):
    greeting = (b'220 here\r\n', b'250-here\r\n250 AUTH XOAUTH2 PLAIN\r\n')
    token = ('--token-env', 'T', '-u', ALICE, '-f', ALICE)

    with tap.test('token_is_not_sent_in_the_clear'), \
            Script(*greeting, b'221 bye\r\n') as script:
        run('-s', script.url(), '--tls', 'none', *token, BOB,
            env={'T': 'secret.token'}).must_end_with(
                NOPERM).must_say_one_line('--plaintext-auth')
    must(b'AUTH' not in script.heard, script.heard)
    with tap.test('token_is_sent_in_the_clear_if_that_is_asked_for'), \
            Script(*greeting, b'535 5.7.3 no\r\n', b'221 bye\r\n') as script:
        run('-s', script.url(), '--tls', 'none', '--plaintext-auth', *token,
            BOB, env={'T': 'secret.token'}).must_end_with(NOPERM)
    line = 'AUTH XOAUTH2 ' + b64(f'user={ALICE}\1auth=Bearer '
                                 'secret.token\1\1')
    must(line.encode() in script.heard, script.heard)
    offered = (b'250-here\r\n250 AUTH PLAIN xoauth2 CRAM-MD5 GSSAPI EXTERNAL '
               b'DIGEST-MD5 ANONYMOUS SCRAM-SHA-1 SCRAM-SHA-1-PLUS X-\x01 '
               b'X-FOO\r\n')
    with tap.test('probe_tells_what_can_be_used'):
        with Script(b'220 here\r\n', offered, b'221 bye\r\n') as script:
            seen = run('-s', script.url(), '--tls', 'none', '--probe')
        must(not re.search(rb'AUTH|\*', script.heard), script.heard)
        table = dict(re.findall(r'^  (\S+) +(.*)$', seen.must_end_with(
            0).stdout.split('Authentication:\n')[1], re.M))
        must(table == {
            'PLAIN': 'not without TLS',
            'XOAUTH2': 'not without TLS',
            'CRAM-MD5': 'with a password, if --mechanisms names it',
            'GSSAPI': 'with a Kerberos ticket, if --mechanisms names it',
            'EXTERNAL': 'with a certificate (--certificate)',
            'DIGEST-MD5': 'with a password, if --mechanisms names it',
            'ANONYMOUS': 'with nothing, if --mechanisms names it',
            'SCRAM-SHA-1': 'with a password',
            'SCRAM-SHA-1-PLUS': 'not over this channel',
            'X-FOO': 'not known to this program'}, seen)
    with tap.test('probe_tells_what_can_be_used_over_tls'), \
            Scripted(folder, 'SCRAM-SHA-1-PLUS PLAIN OAUTHBEARER') as server:
        seen = run('-s', f'smtps://localhost:{server.port["implicit_tls"]}',
                   '--ca-file', f'{folder}/ca.pem', '--probe')
        must(re.search(r'^Authentication:\n'
                       r'  SCRAM-SHA-1-PLUS +with a password\n'
                       r'  PLAIN +with a password\n'
                       r'  OAUTHBEARER +with a token\n',
                       seen.must_end_with(0).stdout, re.M), seen)
        server.settle()
        must(server.said() == [], server.said())
    with tap.test('probe_tells_that_there_is_no_authentication'), \
            Script(b'220 here\r\n', b'250 here\r\n', b'221 bye\r\n') as old:
        seen = run('-s', old.url(), '--tls', 'none',
                   '--probe').must_end_with(0)
        must('Authentication:\n  none\n' in seen.stdout, seen)


def usage(tap):
    url = ('-s', 'smtp://localhost:1', '-f', ALICE)
    for option in ('--token-fd', '--password-fd'):
        with tap.test(f'what_is_no_descriptor_is_not_shown_by_{option[2:]}'):
            seen = run(*url, '-u', ALICE, option, 'wonderland', BOB)
            seen.must_end_with(USAGE).must_say_one_line(option, 'descriptor')
            must('wonderland' not in seen.stderr, seen)
    for name, options, words in (
            ('attempts', ('--auth-attempts', '0'), ['1 to 100']),
            ('iterations', ('--scram-iterations', '70000'), ['1 to 65536']),
            ('binding', ('--channel-binding', 'tls-unique'),
             ['server-end-point']),
            ('descriptor', ('--token-fd', 'x'), ['descriptor']),
            ('user', ('-u', ALICE), ['--token-file']),
            ('authzid', ('--authzid', ALICE), ['--user'])):
        with tap.test(f'bad_{name}_is_one_line_and_64'):
            run(*url, *options, BOB).must_end_with(USAGE).must_say_one_line(
                *words)


def main():
    tap = Tap()
    usage(tap)
    exchange_online(tap)
    sources(tap)
    long_tokens(tap)
    bad_tokens(tap)
    with tempfile.TemporaryDirectory(prefix='tool-auth.') as folder:
        make_certificates(sys.argv[3], folder)
        attempts(tap, folder)
        explanations(tap, folder)
        modules(tap, folder)
        bindings(tap, folder)
        iterations(tap, folder)
        identities(tap, folder, ClientKeys(folder))
        clear(tap, folder)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool's options for TLS, end to end: whom it trusts, what it shows of
itself, and what --probe tells.  Prints TAP.

usage: tool_tls_test.py SMTPC LOOPBACK MAKE_CERTS SMTPC_ELSEWHERE

SMTPC_ELSEWHERE is the tool once more, for which the system's authorities are
those in the file that SMTPC_TEST_SYSTEM_TRUST names.
"""

import contextlib
import os
import shutil
import socket
import ssl
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from client_keys import PASSWORD, ClientKeys, openssl  # noqa: E402
from servers import make_certificates  # noqa: E402
from tap import Failed, Tap  # noqa: E402
from tls_servers import PythonServer  # noqa: E402
from tool_loopback import (ALICE, BOB, NOINPUT, NOPERM, PROTOCOL,  # noqa: E402
                           USAGE, WONDERLAND, Server, must, run)

STYLES = ('submission', 'smtps')

# A kind of certificate, and the name of what is wrong with it.
PROBLEMS = {
    'untrusted': 'untrusted-issuer',
    'self-signed': 'self-signed',
    'expired': 'expired',
    'not-yet-valid': 'not-yet-valid',
    'wrong-name': 'wrong-name',
    'cn-only': 'name-in-cn',
    'wrong-purpose': 'wrong-purpose',
}


class Sender:
    """Mail from alice to bob through one server."""

    def __init__(self, server):
        self.server = server

    def run(self, *options, style='smtps', program=None, system=''):
        url = self.server.url(style).replace('127.0.0.1', 'localhost')
        return run('-s', url, '-u', ALICE, '--password-env', 'PASSWORD',
                   *options, BOB, program=program,
                   env={'PASSWORD': WONDERLAND,
                        'SMTPC_TEST_SYSTEM_TRUST': system})

    def must_arrive(self, *options):
        for style in STYLES:
            self.run(*options, style=style).must_end_with(
                0).must_say_nothing()
            self.server.one()

    def must_fail(self, code, *words, options=()):
        for style in STYLES:
            self.run(*options, style=style).must_end_with(
                code).must_say_one_line(*words)
        must(not self.server.new(), 'something was delivered')
        with open(self.server.env['LOG'], encoding='ascii') as log:
            must('C: AUTH' not in log.read(), 'AUTH was sent')


def shown(port, *options, **env):
    """--probe of a server with TLS from the first octet."""
    return run('-s', f'smtps://localhost:{port}', '--probe', *options,
               env=env)


def key_of(result):
    line, = [line for line in result.stdout.splitlines()
             if line.startswith('  pin  ')]
    return line.split()[1]


def another(digits):
    return digits[:-1] + ('0' if digits[-1] != '0' else '1')


def authorities(tap, folder):
    with Server() as server:
        sender = Sender(server)
        ca = server.env['CA']
        full, empty = os.path.join(folder, 'full'), os.path.join(folder,
                                                                 'empty')
        os.mkdir(full)
        os.mkdir(empty)
        shutil.copy(ca, full)
        with tap.test('strangers_are_not_trusted'):
            sender.must_fail(NOPERM, 'certificate')
        with tap.test('directory_of_authorities_is_trusted'):
            sender.must_arrive('--ca-directory', full)
            sender.must_arrive('--ca-directory', full, '--ca-file', ca)
        with tap.test('named_authorities_replace_those_of_the_system'):
            elsewhere = {'program': sys.argv[4], 'system': ca}
            stranger = os.path.join(folder, 'other-ca.pem')
            others = os.path.join(folder, 'others')
            os.mkdir(others)
            shutil.copy(stranger, others)
            sender.run(**elsewhere).must_end_with(0)
            server.one()
            for more in (('--ca-file', stranger), ('--ca-directory', others)):
                sender.run(*more, **elsewhere).must_end_with(
                    NOPERM).must_say_one_line('certificate')
            must(not server.new(), 'something was delivered')
            sender.run('--ca-file', ca, program=sys.argv[4],
                       system=stranger).must_end_with(0)
            server.one()
    with tap.test('directory_without_authorities_is_one_line_and_66'):
        for directory in (empty, '/nonexistent/directory'):
            shown(1, '--ca-directory', directory).must_end_with(
                NOINPUT).must_say_one_line('--ca-directory')


def names(tap):
    with Server('--certificate', 'wrong-name') as server:
        sender, ca = Sender(server), ('--ca-file', server.env['CA'])
        with tap.test('certificate_for_another_name_is_refused'):
            sender.must_fail(NOPERM, 'certificate', options=ca)
        with tap.test('another_name_to_verify_is_refused_in_vain'):
            sender.must_fail(NOPERM, 'certificate', options=(
                *ca, '--verify-name', 'right.invalid'))
        with tap.test('name_to_verify_replaces_the_host_s'):
            sender.must_arrive(*ca, '--verify-name', 'wrong.invalid')
    with tap.test('name_that_is_none_is_one_line_and_64'):
        shown(1, '--verify-name', 'a name').must_end_with(
            USAGE).must_say_one_line('--verify-name')


def pins(tap):
    with Server() as server:
        sender, ca = Sender(server), ('--ca-file', server.env['CA'])
        key = key_of(shown(server.port('smtps'), *ca).must_end_with(0))
        wrong = another(key)
        with tap.test('wrong_pin_is_one_line_and_77'):
            sender.must_fail(NOPERM, 'pin', options=('--pin', wrong))
        with tap.test('authority_does_not_outweigh_a_wrong_pin'):
            sender.must_fail(NOPERM, 'pin', options=(*ca, '--pin', wrong))
        with tap.test('neither_does_a_certificate_that_was_to_be_accepted'):
            sender.must_fail(NOPERM, 'pin', options=(
                '--pin', wrong, '--accept-certificate',
                server.fingerprint()))
        with tap.test('neither_do_exceptions'):
            sender.must_fail(NOPERM, 'pin', options=(
                '--pin', wrong, '--accept', 'untrusted-issuer'))
        with tap.test('pin_takes_the_place_of_an_authority'):
            sender.must_arrive('--pin', key)
            sender.must_arrive('--pin', wrong, '--pin', key.upper())
    with tap.test('pin_takes_the_place_of_a_name'), \
            Server('--certificate', 'wrong-name') as server:
        key = key_of(shown(server.port('smtps')))
        Sender(server).must_arrive('--pin', key)
    with tap.test('pin_does_not_outweigh_that_it_has_expired'), \
            Server('--certificate', 'expired') as server:
        key = key_of(shown(server.port('smtps')))
        sender = Sender(server)
        sender.must_fail(NOPERM, 'expired', options=('--pin', key))
        sender.must_arrive('--pin', key, '--accept', 'expired')


def exceptions(tap):
    for kind, problem in PROBLEMS.items():
        name = problem.replace('-', '_')
        with tap.test(f'{name}_is_shown_and_can_be_overlooked'), \
                Server('--certificate', kind) as server:
            sender, ca = Sender(server), ('--ca-file', server.env['CA'])
            seen = shown(server.port('smtps'), *ca).must_end_with(NOPERM)
            must(f'  problem     {problem}: ' in seen.stdout, seen)
            must('  trust       none\n' in seen.stdout, seen)
            must('Second connection' not in seen.stdout, seen)
            others = ','.join(x for x in (*PROBLEMS.values(), 'other')
                              if x != problem and
                              (kind, x) != ('self-signed',
                                            'untrusted-issuer'))
            sender.must_fail(NOPERM, 'certificate',
                             options=(*ca, '--accept', others))
            sender.must_arrive(*ca, '--accept', f'other,{problem}')
            seen = shown(server.port('smtps'), *ca, '--accept',
                         problem).must_end_with(0).stdout
            must(f'  problem     {problem}: ' in seen, seen)
            must('  trust       with exceptions\n' in seen, seen)
            must('Second connection' not in seen, seen)
    with tap.test('untrusted_issuer_includes_self_signed'), \
            Server('--certificate', 'self-signed') as server:
        Sender(server).must_arrive('--accept', 'untrusted-issuer')
    with tap.test('all_problems_are_shown'), \
            Server('--certificate', 'expired') as server:
        seen = shown(server.port('smtps'), '--verify-name', 'other.test')
        for problem in ('untrusted-issuer', 'expired', 'wrong-name'):
            must(f'  problem     {problem}: ' in seen.stdout, seen)


def versions(tap):
    def version(server, *options):
        result = shown(server.port('smtps'), '--ca-file', server.env['CA'],
                       *options).must_end_with(0)
        return result.stdout.split('version     ')[1].split('\n')[0]

    with tap.test('priority_is_used'), Server() as server:
        must(version(server) == 'TLS1.3', 'not 1.3')
        must(version(server, '--tls-priority',
                     'NORMAL:-VERS-TLS1.3') == 'TLS1.2', 'not 1.2')
    with tap.test('minimum_is_kept'), \
            Server('--tls-priority', 'NORMAL:-VERS-TLS1.3') as server:
        must(version(server, '--tls-minimum', '1.2') == 'TLS1.2', 'not 1.2')
        shown(server.port('smtps'), '--ca-file', server.env['CA'],
              '--tls-minimum', '1.3').must_end_with(
                  PROTOCOL).must_say_one_line('version')
    with tap.test('minimum_can_be_lowered'), \
            Server('--tls-priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.0:'
                   '%VERIFY_ALLOW_SIGN_WITH_SHA1') as server:
        ca = ('--ca-file', server.env['CA'])
        shown(server.port('smtps'), *ca).must_end_with(
            PROTOCOL).must_say_one_line('version')
        must(version(server, '--tls-minimum', '1.0', '--tls-priority',
                     'NORMAL:+VERS-TLS1.0') == 'TLS1.0', 'not 1.0')
    with tap.test('policy_of_the_system_is_honoured'), Server() as server:
        with policy('[overrides]\ndisabled-version = tls1.3\n'):
            must(version(server) == 'TLS1.2', 'the policy forbids 1.3')
        with policy('[priorities]\nSYSTEM = NORMAL:-VERS-TLS1.3\n'):
            must(version(server, '--tls-priority', '@SYSTEM') == 'TLS1.2',
                 '@SYSTEM is not looked up')
        must(version(server) == 'TLS1.3', 'not 1.3')
    with tap.test('wrong_priority_is_one_line_and_64'):
        shown(1, '--tls-priority', 'NORMAL:+NONSENSE').must_end_with(
            USAGE).must_say_one_line('--tls-priority', 'NONSENSE')


@contextlib.contextmanager
def policy(text):
    """A policy of the system's for whatever begins within."""
    with tempfile.NamedTemporaryFile('w') as file:
        file.write(text)
        file.flush()
        os.environ['GNUTLS_SYSTEM_PRIORITY_FILE'] = file.name
        try:
            yield
        finally:
            del os.environ['GNUTLS_SYSTEM_PRIORITY_FILE']


class Identity:
    """A server that wants to know who the client is."""

    def __init__(self, certificates, maximum):
        self.ca = f'{certificates}/ca.pem'
        self.server = PythonServer(certificates, authority='ca',
                                   maximum=maximum)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def shown(self, *options):
        """What the tool said, and whom the server saw."""
        result = shown(self.server.port['implicit_tls'], '--ca-file',
                       self.ca, *options, P=PASSWORD, WRONG='wrong')
        self.server.settle()
        return result, self.server.connections[-1].subject

    def must_know(self, *options):
        result, subject = self.shown(*options)
        result.must_end_with(0)
        must(not result.stderr, result)
        must(subject == ALICE, f'the server saw {subject}')


def certificates_of_clients(tap, folder, keys):
    password = os.path.join(folder, 'password')
    with open(password, 'w', encoding='ascii') as file:
        file.write(PASSWORD + '\n')
    from_file = ('--key-password-file', password)
    from_environment = ('--key-password-env', 'P')
    forms = {
        'pem_and_key': ('--certificate', keys.certificate, '--key',
                        keys.key),
        'one_file': ('--certificate', keys.both),
        'encrypted_key': ('--certificate', keys.certificate, '--key',
                          keys.pkcs8_key, *from_file),
        'traditional_key': ('--certificate', keys.certificate, '--key',
                            keys.traditional_key, *from_environment),
        'one_encrypted_file': ('--certificate', keys.encrypted_both,
                               *from_environment),
        'pkcs12': ('--pkcs12', keys.pkcs12, *from_file),
        'pkcs12_without_password': ('--pkcs12', open_pkcs12(keys)),
    }
    for version in ('1.2', '1.3'):
        where = 'in_tls_' + version.replace('.', '_')
        with Identity(folder, version) as identity:
            for name, options in forms.items():
                with tap.test(f'{name}_is_shown_to_the_server_{where}'):
                    identity.must_know(*options)
            with tap.test(f'missing_certificate_is_one_line_and_76_{where}'):
                result, _ = identity.shown()
                result.must_end_with(PROTOCOL).must_say_one_line(
                    'certificate')
            with tap.test(f'certificate_of_a_stranger_is_one_line_and_76_'
                          f'{where}'):
                result, _ = identity.shown(
                    '--certificate', f'{folder}/untrusted.pem', '--key',
                    f'{folder}/untrusted.key')
                result.must_end_with(PROTOCOL).must_say_one_line(
                    'certificate')
    with tap.test('nothing_is_shown_to_a_server_that_does_not_ask'):
        with PythonServer(folder) as server:
            shown(server.port['implicit_tls'], '--ca-file',
                  f'{folder}/ca.pem', '--certificate',
                  keys.both).must_end_with(0)
            server.settle()
            must(server.connections[-1].subject is None, 'it was shown')


def open_pkcs12(keys):
    file = keys.path('open.p12')
    openssl('pkcs12', '-export', '-in', keys.certificate, '-inkey', keys.key,
            '-out', file, '-passout', 'pass:')
    return file


def unusable_certificates(tap, folder, keys):
    pem = ('--certificate', keys.certificate)
    for name, options, words in (
            ('file_that_is_missing',
             ('--certificate', '/nonexistent/file'), ['/nonexistent/file']),
            ('file_without_a_key', pem, [keys.certificate]),
            ('D_086_key_of_another', (*pem, '--key', f'{folder}/untrusted.key'),
             ['key', 'does not belong']),
            ('D_086_wrong_password',
             (*pem, '--key', keys.pkcs8_key, '--key-password-env', 'WRONG'),
             ['password is wrong']),
            ('D_086_encrypted_key_without_a_password',
             (*pem, '--key', keys.pkcs8_key),
             ['encrypted', 'no password']),
            ('D_086_wrong_password_of_pkcs12',
             ('--pkcs12', keys.pkcs12, '--key-password-env', 'WRONG'),
             ['--pkcs12', 'password']),
            ('password_that_can_not_be_had',
             (*pem, '--key-password-env', 'NO_SUCH_VARIABLE'),
             ['password', 'not set']),
            ('token_that_is_not_there',
             ('--certificate', 'pkcs11:token=nobody-has-this'),
             ['PKCS#11'])):
        with tap.test(f'{name}_is_one_line_and_66'):
            with socket.create_server(('127.0.0.1', 0)) as server:
                shown(server.getsockname()[1], *options, P=PASSWORD,
                      WRONG='wrong').must_end_with(
                          NOINPUT).must_say_one_line(*words)
                server.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    server.accept()
                    raise Failed('the server was troubled')
    with tap.test('password_of_a_key_is_never_shown'):
        result = shown(1, *pem, '--key', keys.pkcs8_key, '--trace',
                       '--key-password-env', 'P', P=PASSWORD)
        must(PASSWORD not in result.stderr + result.stdout, result)


def resumptions(tap, folder):
    def resumed(server, *options):
        result = shown(server.port('smtps'), *options).must_end_with(0)
        must('\nSecond connection:\n  resumed     ' in result.stdout, result)
        return result.stdout.endswith('resumed     yes\n')

    with Server() as server:
        ca = ('--ca-file', server.env['CA'])
        key = key_of(shown(server.port('smtps'), *ca))
        with tap.test('probe_shows_that_sessions_are_resumed'):
            for options in (ca, ('--pin', key), (
                    *ca, '--tls-priority', 'NORMAL:-VERS-TLS1.3')):
                must(resumed(server, *options), options)
            seen = run('-s', server.url('submission'), *ca,
                       '--probe').must_end_with(0)
            must(seen.stdout.endswith('resumed     yes\n'), seen)
    with tap.test('probe_shows_that_they_are_not'), \
            PythonServer(folder) as server:
        server.context.options |= ssl.OP_NO_TICKET
        server.context.num_tickets = 0
        seen = shown(server.port['implicit_tls'], '--ca-file',
                     f'{folder}/ca.pem').must_end_with(0)
        must(seen.stdout.endswith('\nSecond connection:\n'
                                  '  resumed     no\n'), seen)
    with tap.test('server_proves_that_the_session_was_resumed'), \
            PythonServer(folder) as server:
        shown(server.port['implicit_tls'], '--ca-file',
              f'{folder}/ca.pem').must_end_with(0)
        server.settle()
        must([x.is_resumed for x in server.connections] == [False, True],
             'it was not')


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix='tool-tls.') as folder:
        make_certificates(sys.argv[3], folder)
        keys = ClientKeys(folder)
        authorities(tap, folder)
        names(tap)
        pins(tap)
        exceptions(tap)
        versions(tap)
        certificates_of_clients(tap, folder, keys)
        unusable_certificates(tap, folder, keys)
        resumptions(tap, folder)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

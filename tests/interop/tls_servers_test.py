#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library against TLS servers of others: versions, certificates, stapled
answers, client certificates, resumption.  Prints TAP.

usage: tls_servers_test.py TLS_CLIENT MAKE_CERTS

gnutls-serv listens on all addresses: all of this runs in a network namespace
of its own, which has nothing but a loopback interface.
"""

import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from client_keys import PASSWORD, ClientKeys, Responder, Token
from servers import make_certificates, wait_until
from tap import Failed, Tap, skip_all
from tls_client import Client, flags
from tls_servers import GnutlsServer, OpensslServer, PythonServer

WAYS = ('starttls', 'implicit_tls')
SERVERS = {'python': PythonServer, 's_server': OpensslServer,
           'gnutls_serv': GnutlsServer}
LABELS = {'1.0': '0x0301', '1.1': '0x0302', '1.2': '0x0303', '1.3': '0x0304'}

# Of the client's certificate.
ALICE = 'alice@example.test'

INSIDE = '--inside'


def every(*names):
    """(name, class, way) of each server, or of those named."""
    for name, server in SERVERS.items():
        for way in WAYS:
            if name in (names or SERVERS):
                yield name, server, way


def goal(server):
    """What can be done with it: gnutls-serv does not speak SMTP."""
    return ['--handshake-only'] if server is GnutlsServer else []


def must_be_trusted(answer, server, **more):
    """Ready; where only the handshake was done, waiting for the greeting."""
    if server is not GnutlsServer:
        return answer.must_be_trusted(state='READY', **more)
    return answer.must_be_trusted(result=('OK', 'AGAIN'),
                                  state=('CONNECTED', 'CONNECTING'), **more)


def must_have_heard(server, *lines):
    """What the client said under TLS, in its last session."""
    heard = [line.partition(b' ')[0].decode()
             for line in server.connections[-1].lines]
    if heard != list(lines):
        raise Failed(f'the client said {heard}')


# Either side may notice it first.
VERSION = ('alert-protocol-version', 'tls-version')


def versions(tap, client, folder):
    for name, kind, way in every():
        for version in ('1.2', '1.3'):
            label = version.replace('.', '_')
            with tap.test(f'{name}_with_tls_{label}_only_by_{way}'):
                with kind(folder, minimum=version, maximum=version) as server:
                    must_be_trusted(
                        client.session(server, way, *goal(kind)), kind,
                        version=f'TLS{version}', resumed=0)
        for version in ('1.0', '1.1'):
            label = version.replace('.', '_')
            with kind(folder, minimum=version, maximum=version) as server:
                with tap.test(f'{name}_with_tls_{label}_only_is_refused_'
                              f'by_{way}'):
                    client.session(server, way).must_fail(
                        *VERSION).must_say('version')
                with tap.test(f'{name}_with_tls_{label}_only_is_refused_'
                              f'by_{way}_if_only_the_minimum_is_lowered'):
                    client.session(server, way, '--minimum-version',
                                   LABELS[version], '--priority',
                                   'NORMAL:-VERS-ALL:+VERS-TLS1.2'
                                   ).must_fail(*VERSION)
                with tap.test(f'{name}_with_tls_{label}_only_is_refused_'
                              f'by_{way}_if_only_the_priority_is_lowered'):
                    client.session(server, way, '--priority',
                                   'NORMAL:-VERS-ALL:+VERS-TLS1.2:'
                                   f'+VERS-TLS{version}'
                                   ).must_fail(*VERSION)
                with tap.test(f'{name}_with_tls_{label}_only_is_taken_by_'
                              f'{way}_if_that_is_demanded_twice'):
                    must_be_trusted(
                        client.session(server, way, '--minimum-version',
                                       LABELS[version], '--priority',
                                       f'NORMAL:+VERS-TLS{version}',
                                       *goal(kind)),
                        kind, version=f'TLS{version}')
        with tap.test(f'{name}_with_tls_1_2_is_refused_by_{way}_where_1_3_is_'
                      'the_minimum'):
            with kind(folder, maximum='1.2') as server:
                client.session(server, way, '--minimum-version',
                               LABELS['1.3']).must_fail(*VERSION)


BAD = {
    'self-signed': ('UNTRUSTED_ISSUER', 'SELF_SIGNED'),
    'untrusted': ('UNTRUSTED_ISSUER',),
    'expired': ('EXPIRED',),
    'not-yet-valid': ('NOT_YET_VALID',),
    'wrong-name': ('WRONG_NAME',),
    'wrong-purpose': ('WRONG_PURPOSE',),
    'cn-only': ('NAME_IN_CN',),
}


def bad_certificates(tap, client, folder):
    for name, kind, way in every():
        for bad, problems in BAD.items():
            label = bad.replace('-', '_')
            with tap.test(f'{name}_is_refused_by_{way}_if_{label}'), \
                    kind(folder, kind=bad) as server:
                client.session(server, way).must_be_refused(*problems)
                if kind is PythonServer:
                    must_have_heard(server)
            with tap.test(f'{name}_is_excepted_by_{way}_if_{label}'), \
                    kind(folder, kind=bad) as server:
                must_be_trusted(
                    client.session(server, way, '--exceptions',
                                   flags(*problems), *goal(kind)),
                    kind, problems=set(problems), trust='EXCEPTED')
    for way in WAYS:
        with PythonServer(folder, kind='expired') as server:
            with tap.test(f'certificate_is_accepted_afterwards_by_{way}'):
                first, then = client.all([
                    *client.options(way), '--accept', 'localhost',
                    str(server.port[way])])
                first.must_be_refused('EXPIRED')
                then.must(result='OK', state='READY', trust='ACCEPTED',
                          problems={'EXPIRED'})
                server.settle()
                if len(server.connections) != 1:
                    raise Failed('it was not the same connection')
            with tap.test(f'other_exceptions_do_not_help_by_{way}'):
                client.session(server, way, '--exceptions', flags(
                    'WRONG_NAME', 'UNTRUSTED_ISSUER', 'SELF_SIGNED')
                               ).must_be_refused('EXPIRED')


def names_and_trust(tap, client, folder):
    with PythonServer(folder) as server:
        for way in WAYS:
            with tap.test(f'name_of_the_host_is_asked_for_by_{way}'):
                client.session(server, way).must_be_trusted()
                if server.connections[-1].name != 'localhost':
                    raise Failed(server.connections[-1].name)
            with tap.test(f'another_name_is_verified_and_asked_for_by_{way}'):
                client.session(server, way, '--verify-name',
                               'MX.example.test.').must_be_trusted()
                if server.connections[-1].name.lower() != 'mx.example.test':
                    raise Failed(server.connections[-1].name)
            with tap.test(f'another_name_may_be_the_wrong_one_by_{way}'):
                client.session(server, way, '--verify-name',
                               'other.example.test'
                               ).must_be_refused('WRONG_NAME')
            with tap.test(f'address_is_verified_and_not_asked_for_by_{way}'):
                answer, = client.sessions(server, way, hosts=['127.0.0.1'])
                answer.must_be_trusted()
                if server.connections[-1].name is not None:
                    raise Failed(server.connections[-1].name)
        port = str(server.port['implicit_tls'])
        ways = {'directory': authority_directory(folder),
                'memory': f'{folder}/ca.pem'}
        for kind, value in ways.items():
            with tap.test(f'authority_in_a_{kind}_is_trusted'):
                answer, = client.all(
                    [*client.options('implicit_tls', trust=False),
                     '--trust-system', '0', f'--trust-{kind}', value,
                     'localhost', port])
                answer.must_be_trusted()
        with tap.test('authorities_of_the_system_do_not_know_the_server'):
            answer, = client.all([*client.options('implicit_tls', trust=False),
                                  'localhost', port])
            answer.must_be_refused('UNTRUSTED_ISSUER')
        pins(tap, client, server)


def authority_directory(folder):
    directory = os.path.join(folder, 'authorities')
    os.mkdir(directory)
    shutil.copy(os.path.join(folder, 'ca.pem'), directory)
    return directory


def pins(tap, client, server):
    """The server is left with a certificate that nobody trusts."""
    pin = client.session(server, 'starttls').pin
    for way in WAYS:
        with tap.test(f'pin_of_another_key_is_a_mismatch_by_{way}'):
            client.session(server, way, '--pin', '0' * 64).must_be_refused(
                'PIN_MISMATCH').must(detail='pin-mismatch')
            must_have_heard(server)
        with tap.test(f'pin_of_the_server_matches_by_{way}'):
            client.session(server, way, '--pin', pin.upper()
                           ).must_be_trusted(trust='PINNED')
    server.use('untrusted')
    for way in WAYS:
        with tap.test(f'pin_stands_for_the_chain_by_{way}'):
            first = client.session(server, way)
            first.must_be_refused('UNTRUSTED_ISSUER')
            client.session(server, way, '--pin', first.pin).must(
                result='OK', trust='PINNED', problems={'UNTRUSTED_ISSUER'})


def stapled_answers(tap, client, folder):
    responder = Responder(folder)
    responder.issue('must-staple', 'tlsfeature = status_request')
    good = {kind: responder.answer(kind) for kind in ('server', 'must-staple')}
    revoked = responder.answer('server', is_revoked=True)
    cases = (
        ('good_answer_is_taken', 'server', good['server'], ()),
        ('revoked_certificate_is_refused', 'server', revoked, ('REVOKED',)),
        ('must_staple_is_satisfied', 'must-staple', good['must-staple'], ()),
        ('must_staple_without_an_answer_is_refused', 'must-staple', None,
         ('BAD_STATUS',)),
        ('answer_about_another_certificate_is_refused', 'must-staple',
         good['server'], ('BAD_STATUS',)),
    )
    for name, kind, way in every('s_server', 'gnutls_serv'):
        for sentence, certificate, status, problems in cases:
            for version in ('1.2', '1.3'):
                label = version.replace('.', '_')
                with tap.test(f'{sentence}_from_{name}_with_tls_{label}_by_'
                              f'{way}'):
                    with kind(folder, kind=certificate, status=status,
                              minimum=version, maximum=version) as server:
                        answer = client.session(server, way, *goal(kind))
                        if problems:
                            answer.must_be_refused(*problems)
                        else:
                            must_be_trusted(answer, kind)


# What a server says that misses a client's certificate, or that does not know
# who issued it.  Those with GnuTLS choose their own words.
MISSING = {(PythonServer, '1.2'): 'alert-handshake-failure',
           (OpensslServer, '1.2'): 'alert-handshake-failure',
           (GnutlsServer, '1.2'): 'alert-decode-error'}
UNKNOWN = {GnutlsServer: 'alert-access-denied'}


def client_certificates(tap, client, folder, keys, token):
    password = ['--password', PASSWORD]
    forms = {
        'pem': ['--key', keys.key, '--certificate', keys.certificate],
        'pem_in_one_file': ['--certificate', keys.both],
        'pem_in_memory': ['--certificate-memory', keys.both],
        'pem_with_an_encrypted_key':
            [*password, '--key', keys.pkcs8_key,
             '--certificate', keys.certificate],
        'pem_with_a_key_encrypted_by_openssl':
            [*password, '--key', keys.traditional_key,
             '--certificate', keys.certificate],
        'encrypted_pem_in_one_file':
            [*password, '--certificate', keys.encrypted_both],
        'encrypted_pem_in_memory':
            [*password, '--key', keys.pkcs8_key,
             '--certificate-memory', keys.certificate],
        'pkcs12': [*password, '--pkcs12', keys.pkcs12],
        'pkcs11': ['--password', token.pin, '--pkcs11', token.url],
    }
    for name, kind, way in every():
        for version in ('1.2', '1.3'):
            label = version.replace('.', '_')
            with kind(folder, authority='ca', minimum=version,
                      maximum=version) as server:
                for form, options in forms.items():
                    with tap.test(f'{name}_demands_a_certificate_and_gets_it_'
                                  f'from_{form}_with_tls_{label}_by_{way}'):
                        before = alices(server)
                        must_be_trusted(client.session(
                            server, way, *options, *goal(kind),
                            env=token.env), kind)
                        wait_until(lambda: alices(server) > before,
                                   'the name of the client')
                refused_clients(tap, client, server,
                                f'{name}_with_tls_{label}_by_{way}', way,
                                version, keys)
    with PythonServer(folder) as server:
        for way in WAYS:
            with tap.test(f'certificate_is_not_sent_unasked_by_{way}'):
                client.session(server, way, *forms['pem']).must_be_trusted()
                if server.connections[-1].subject is not None:
                    raise Failed('it was sent')


def alices(server):
    """How often the server speaks of the client by name."""
    if isinstance(server, PythonServer):
        return [seen.subject for seen in server.connections].count(ALICE)
    return server.log.count(ALICE)


def refused_clients(tap, client, server, where, way, version, keys):
    with tap.test(f'certificate_that_is_missing_is_named_{where}'):
        client.session(server, way).must_fail(
            MISSING.get((type(server), version),
                        'alert-certificate-required'))
    with tap.test(f'certificate_that_is_of_no_avail_is_named_{where}'):
        client.session(
            server, way, '--key', keys.path('untrusted.key'), '--certificate',
            keys.path('untrusted.pem')).must_fail(
                UNKNOWN.get(type(server), 'alert-unknown-ca')
                ).must_say('certificate')


def refused_settings(tap, client, keys, token):
    def refused(sentence, words, *options):
        with tap.test(sentence):
            client.setting(*options, env=token.env).must(
                result='E_TLS').must_say(*words)

    for form, options in (
            ('file', ['--key', keys.pkcs8_key,
                      '--certificate', keys.certificate]),
            ('old_file', ['--key', keys.traditional_key,
                          '--certificate', keys.certificate]),
            ('memory', ['--key', keys.pkcs8_key,
                        '--certificate-memory', keys.certificate]),
            ('pkcs12_file', ['--pkcs12', keys.pkcs12])):
        refused(f'wrong_password_of_a_{form}_is_named', ['password'],
                '--password', 'wrong', *options)
        refused(f'missing_password_of_a_{form}_is_named', ['password'],
                *options)
    refused('wrong_pin_of_a_token_is_named', ['PKCS#11', 'wrong'],
            '--password', '9999', '--pkcs11', token.url)
    refused('token_that_is_not_there_is_named', ['PKCS#11', 'not available'],
            '--password', token.pin, '--pkcs11',
            'pkcs11:token=nowhere;object=client')
    refused('key_that_does_not_fit_is_named', ['does not belong'], '--key',
            keys.path('server.key'), '--certificate', keys.certificate)
    refused('key_that_is_not_in_the_file_is_named', ['no such key'],
            '--certificate', keys.certificate)
    refused('file_that_is_missing_is_named', ['nowhere.pem', "can't be read"],
            '--certificate', keys.path('nowhere.pem'))
    refused('pkcs12_file_that_is_missing_is_named',
            ['nowhere.p12', "can't be read"],
            '--pkcs12', keys.path('nowhere.p12'))
    with tap.test('message_about_an_odd_file_is_printable'):
        message = client.setting('--certificate', keys.path('no\x1b[2Jwhere')
                                 ).must(result='E_TLS').message
        if not re.fullmatch('[ -~]+', message):
            raise Failed(repr(message))
    with tap.test('bad_token_of_a_priority_is_named'):
        client.setting('--priority', 'NORMAL:+VERS-TLS9.9').must(
            result='E_INVALID').must_say('VERS-TLS9.9')


def resumption(tap, client, folder):
    for version in ('1.2', '1.3'):
        label = version.replace('.', '_')
        for way in WAYS:
            with PythonServer(folder, minimum=version,
                              maximum=version) as server:
                python_resumes(tap, client, server, way,
                               f'with_tls_{label}_by_{way}')
        with tap.test(f's_server_resumes_with_tls_{label}'):
            with OpensslServer(folder, minimum=version,
                               maximum=version) as server:
                answers = client.sessions(server, 'implicit_tls', count=2)
                must_resume(answers, 0, 1)
                if len(re.findall('^Reused', server.log, re.M)) != 1:
                    raise Failed(server.log)


def must_resume(answers, *wanted, trust='VERIFIED'):
    for answer in answers:
        answer.must(result='OK', trust=trust, state='READY')
    found = [answer.resumed for answer in answers]
    if found != list(wanted):
        raise Failed(f'resumed: {found}')
    noted = [int(', resumed\n' in answer.notes) for answer in answers]
    if noted != found:
        raise Failed(f'noted as resumed: {noted}')


def python_resumes(tap, client, server, way, where):
    def resumes(sentence, *wanted, options=(), trust='VERIFIED', **more):
        with tap.test(f'{sentence}_{where}'):
            before = len(server.connections)
            must_resume(client.sessions(server, way, *options,
                                        **{'count': len(wanted), **more}),
                        *wanted, trust=trust)
            found = [seen.is_resumed for seen in server.connections[before:]]
            if found != [bool(one) for one in wanted]:
                raise Failed(f'the server says {found}')

    resumes('session_is_resumed', 0, 1, 1)
    resumes('session_is_not_resumed_without_cache', 0, 0,
            options=['--cache', '0'])
    resumes('session_of_another_host_is_not_resumed', 0, 0, 1, 1,
            hosts=['localhost', '127.0.0.1', 'localhost', '127.0.0.1'])
    pin = client.session(server, way).pin
    resumes('session_with_a_pinned_key_is_resumed', 0, 1, trust='PINNED',
            options=['--pin', pin])
    resumes('session_with_other_pins_is_not_resumed', 0, 0, 1, trust='PINNED',
            options=['--pin', pin, '--later-pin', '0' * 64])
    resumes('session_with_an_exception_that_was_not_needed_is_resumed', 0, 1,
            options=['--exceptions', flags('EXPIRED')])
    server.use('expired')
    resumes('session_with_an_exception_is_not_resumed', 0, 0,
            trust='EXCEPTED', options=['--exceptions', flags('EXPIRED')])
    with tap.test(f'session_that_was_accepted_is_not_resumed_{where}'):
        answers = client.sessions(server, way, '--accept', count=2)
        for answer in answers:
            answer.must(resumed=0)
        if len(answers) != 4:
            raise Failed('one was accepted without being asked for')
        if any(seen.is_resumed for seen in server.connections[-2:]):
            raise Failed('the server says that it was')


def bring_up_loopback():
    """The one interface that a new network namespace has."""
    set_flags, up = 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, set_flags, struct.pack('16sH14x', b'lo', up))


def go_inside():
    unshare = ['unshare', '--net']
    if os.geteuid() != 0:
        unshare += ['--user', '--map-root-user']
    done = subprocess.run([*unshare, 'true'], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        skip_all(done.stdout.strip())
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv, INSIDE])


def main():
    if sys.argv[-1] != INSIDE:
        go_inside()
    program, make_certs = sys.argv[1:-1]
    for needed in ('openssl', 'gnutls-serv', 'p11tool', 'softhsm2-util'):
        if shutil.which(needed) is None:
            skip_all(f'there is no {needed}')
    bring_up_loopback()
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(make_certs, folder)
        client = Client(program, os.path.join(folder, 'ca.pem'))
        keys = ClientKeys(folder)
        token = Token(keys)
        versions(tap, client, folder)
        bad_certificates(tap, client, folder)
        names_and_trust(tap, client, folder)
        stapled_answers(tap, client, folder)
        client_certificates(tap, client, folder, keys, token)
        refused_settings(tap, client, keys, token)
        resumption(tap, client, folder)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

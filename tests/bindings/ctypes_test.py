#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A binding author's first hour: Python's ctypes sends through the installed
library to the embedded server, blocking and in an event loop.  Prints TAP.

usage: ctypes_test.py BUILD_ROOT LOOPBACK MESON...
"""

import glob
import json
import os
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

import smtpc_ctypes as smtpc  # noqa: E402
from tap import Tap  # noqa: E402

ALICE, WONDERLAND = 'alice@example.test', 'wonderland'
BOB, BOBS_PASSWORD = 'bob@example.test', 'pässword 2'


def install(build, meson, root):
    subprocess.run(meson + ['install', '-C', build, '--no-rebuild', '--quiet',
                            '--destdir', root],
                   check=True, stdout=subprocess.DEVNULL)
    found = glob.glob(root + '/**/libsmtpc.so.1', recursive=True)
    assert len(found) == 1, found
    return smtpc.load(found[0])


class Server:
    def __init__(self, program, folder, *options):
        self.process = subprocess.Popen(
            [program, '--directory', folder, '--stdin', *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'ready\n'
        with open(folder + '/env', encoding='utf-8') as file:
            self.env = dict(line.split('=', 1)
                            for line in shlex.split(file.read()))
        self.port = int(self.env['SUBMISSION_PORT'])
        self.ca = self.env['CA']
        self.token = self.env['AUTH_TOKEN']
        self.count = 0

    def received(self):
        """The octets of the message that came last."""
        self.count += 1
        path = f'{self.env["RECEIVED"]}/{self.count}.eml'
        with open(path, 'rb') as file:
            return file.read()

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


def another_authority(program, folder):
    """One that certified another server, which has ended."""
    server = Server(program, folder)
    with open(server.ca, 'rb') as file:
        octets = file.read()
    server.stop()
    return octets


class Hour:
    def __init__(self, library, server, stranger):
        self.library = library
        self.server = server
        self.stranger = stranger

    def session(self, blocking=True, user=ALICE, password=WONDERLAND):
        session = smtpc.Session(self.library, self.server.ca, blocking)
        session.set_credentials(user, password)
        return session

    def opened(self, **options):
        session = self.session(**options)
        session.open('localhost', self.server.port)
        return session

    def transaction(self, *recipients):
        return smtpc.Transaction(self.library, ALICE, recipients or [BOB])

    def sends(self, blocking):
        session = self.opened(blocking=blocking)
        mail = self.transaction()
        mail.set_content(b'Subject: hi\n\n.dot\n')
        assert session.send(mail) == smtpc.OK
        assert mail.outcome(0) == smtpc.ACCEPTED and mail.code(0) == 250
        assert self.server.received() == b'Subject: hi\r\n\r\n.dot\r\n'
        session.quit()
        assert blocking or session.waits > 0
        mail.free()
        session.free()

    def reads_from_a_callback(self, blocking):
        session = self.opened(blocking=blocking)
        line = b'0123456789' * 7 + b'\r\n'
        lines = iter([line] * 20000)
        sizes = set()

        def read(octets):
            sizes.add(octets)
            return b''.join(x for _, x in zip(range(500), lines))

        mail = self.transaction()
        mail.set_reader(read, size=20000 * len(line))
        assert session.send(mail) == smtpc.OK
        assert mail.octets_sent() == 20000 * len(line)
        assert self.server.received() == line * 20000
        assert min(sizes) >= 500 * len(line)
        mail.free()
        session.free()

    def a_reader_may_pause(self):
        session = self.opened(blocking=False)
        chunks = [None, b'one\r\n', None, None, b'two\r\n', b'']
        mail = self.transaction()
        mail.set_reader(lambda _: chunks.pop(0))
        result = self.library.smtpc_send(session.handle, mail.handle)
        while result == smtpc.AGAIN:
            # What the reader waits for is the caller's own affair.
            if len(chunks) == 6:
                session.wait()
            result = self.library.smtpc_process(session.handle)
        assert session.check(result) == smtpc.OK
        assert self.server.received() == b'one\r\ntwo\r\n'
        mail.free()
        session.free()

    def a_reader_that_fails_sends_nothing(self):
        session = self.opened()
        mail = self.transaction()

        def read(_):
            raise OSError('the disk is gone')

        mail.set_reader(read)
        try:
            session.send(mail)
        except smtpc.Error as error:
            assert error.result == smtpc.E_CONTENT
            assert error.detail == 'content-reader'
            assert error.safe_to_retry
        else:
            assert False, 'sent'
        assert mail.outcome(0) == smtpc.NOT_ATTEMPTED
        mail.free()
        session.free()

    def traces_without_secrets(self):
        session = self.session()
        lines = []
        session.set_trace(lambda kind, line: lines.append((kind, line)))
        session.open('localhost', self.server.port)
        session.quit()
        assert (0, 'STARTTLS') in lines
        assert any(k == 0 and 'SCRAM-SHA-512 [hidden]' in x
                   for k, x in lines), lines
        assert not any(WONDERLAND in x for _, x in lines)
        assert lines[-1][1].startswith('221')
        session.free()

    def refuses_calls_from_a_callback(self):
        session = self.session()
        results = set()

        def trace(_kind, _line):
            results.add(self.library.smtpc_noop(session.handle))
            results.add(self.library.smtpc_session_set_blocking(
                session.handle, 0))
            self.library.smtpc_session_free(session.handle)

        session.set_trace(trace)
        session.open('localhost', self.server.port)
        assert results == {smtpc.E_BUSY}
        session.free()

    def tells_who_was_refused(self):
        session = self.opened()
        mail = self.transaction(BOB, 'nobody@example.test')
        mail.set_content(b'x\r\n')
        assert session.send(mail) == smtpc.PARTIAL
        assert [mail.outcome(0), mail.outcome(1)] == [smtpc.ACCEPTED,
                                                      smtpc.PERMANENT]
        assert mail.code(1) == 550
        assert session.error_reply()[0] == 550
        assert not self.library.smtpc_error_safe_to_retry(session.handle)
        assert self.server.received() == b'x\r\n'
        mail.free()
        session.free()

    def explains_a_bad_recipient(self):
        mail = self.transaction()
        try:
            mail.add_recipient('bob@example.test>\r\nDATA')
        except smtpc.Error as error:
            assert error.result == smtpc.E_INVALID
            assert 'domain' in str(error)
        else:
            assert False, 'taken'
        mail.free()

    def explains_a_wrong_password(self):
        session = self.session(password='wrong')
        try:
            session.open('localhost', self.server.port)
        except smtpc.Error as error:
            assert error.result == smtpc.E_AUTH_REJECTED
            assert '535' in str(error)
        else:
            assert False, 'authenticated'
        assert session.error_reply()[0] == 535
        session.free()

    def asks_for_a_password(self):
        session = smtpc.Session(self.library, self.server.ca)
        asked = []

        def ask(*question):
            asked.append(question)
            session.set_credentials(ALICE, 'wrong' if len(asked) == 1
                                    else WONDERLAND)

        session.set_secrets(ask)
        session.open('localhost', self.server.port)
        assert asked == [(smtpc.PASSWORD, smtpc.FIRST, ''),
                         (smtpc.PASSWORD, smtpc.REJECTED, '5.7.8')], asked
        assert [attempt[1:3] for attempt in session.attempts()] == [
            (smtpc.E_AUTH_REJECTED, 535), (smtpc.OK, 235)]
        session.free()

    def takes_a_password_in_utf8(self):
        session = self.opened(user=BOB, password=BOBS_PASSWORD)
        mechanism = self.library.smtpc_session_mechanism(session.handle)
        assert mechanism == b'SCRAM-SHA-512'
        session.free()

    def shows_what_the_server_is(self):
        session = self.opened()
        extensions = session.extensions()
        assert '8BITMIME' in extensions and 'PIPELINING' in extensions
        assert extensions['SIZE'] == '10485760'
        version = self.library.smtpc_session_tls_version(session.handle)
        assert version == b'TLS1.3'
        pem = ssl.get_server_certificate(
            ('localhost', int(self.server.env['SMTPS_PORT'])))
        assert session.certificate() == ssl.PEM_cert_to_DER_cert(pem)
        session.free()

    def untrusting(self, **expected):
        """A session that knows no authority but another server's."""
        tls = smtpc.Tls(self.library, self.stranger)
        session = smtpc.Session(self.library, None, tls=tls)
        tls.free()
        session.set_credentials(ALICE, WONDERLAND)
        session.expect(**expected)
        return session

    def must_not_open(self, session, detail):
        try:
            session.open('localhost', self.server.port)
        except smtpc.Error as error:
            assert error.result == smtpc.E_CERTIFICATE
            assert error.detail == detail, error.detail
        else:
            assert False, 'opened'
        state = self.library.smtpc_session_state(session.handle)
        assert state == smtpc.UNTRUSTED

    def decides_about_a_certificate(self):
        session = self.untrusting()
        self.must_not_open(session, 'certificate')
        assert session.trust() == (smtpc.TRUST_NONE, smtpc.UNTRUSTED_ISSUER)
        text = self.library.smtpc_certificate_problem_text(
            smtpc.UNTRUSTED_ISSUER)
        assert text in self.library.smtpc_error_message(session.handle)
        key = session.key_digest()
        session.accept()
        session.open('localhost', self.server.port)
        assert session.trust()[0] == smtpc.ACCEPTED_BY_HAND
        session.free()

        for expected, trust in (
                ({'exceptions': smtpc.UNTRUSTED_ISSUER}, smtpc.EXCEPTED),
                ({'pins': [key]}, smtpc.PINNED)):
            session = self.untrusting(**expected)
            session.open('localhost', self.server.port)
            assert session.trust() == (trust, smtpc.UNTRUSTED_ISSUER)
            session.quit()
            session.free()

        session = self.untrusting(pins=['0' * 64])
        self.must_not_open(session, 'pin-mismatch')
        assert session.trust()[1] & smtpc.PIN_MISMATCH
        session.free()

    def verifies_another_name(self):
        session = self.session()
        session.expect(name='other.example.test')
        self.must_not_open(session, 'certificate')
        assert session.trust() == (smtpc.TRUST_NONE, smtpc.WRONG_NAME)
        session.free()
        session = self.session()
        session.expect(name='MX.example.test')
        session.open('localhost', self.server.port)
        assert session.trust() == (smtpc.VERIFIED, 0)
        session.free()

    def resumes_among_sessions(self):
        with open(self.server.ca, 'rb') as file:
            tls = smtpc.Tls(self.library, file.read())
        tls.set('set_minimum_version', smtpc.TLS_1_2)
        seen = []
        for _ in range(3):
            session = smtpc.Session(self.library, None, tls=tls)
            session.open('localhost', self.server.port)
            seen.append(session.is_resumed())
            assert session.trust() == (smtpc.VERIFIED, 0)
            session.quit()
            session.free()
        assert seen == [False, True, True], seen
        tls.free()

    def explains_bad_settings(self):
        tls = smtpc.Tls(self.library)
        missing = b'/nonexistent/file'
        for call, result, words in (
                (('add_trust_file', missing), smtpc.E_TLS, missing),
                (('add_trust_directory', missing), smtpc.E_TLS, missing),
                (('add_trust_memory', b'x', 1), smtpc.E_TLS, b'memory'),
                (('set_certificate_file', missing, None, None), smtpc.E_TLS,
                 missing),
                (('set_certificate_memory', b'x', 1, b'y', 1, None),
                 smtpc.E_TLS, b'memory'),
                (('set_certificate_pkcs12', missing, None), smtpc.E_TLS,
                 missing),
                (('set_certificate_pkcs11', b'pkcs11:token=no-such', None),
                 smtpc.E_TLS, b'PKCS#11'),
                (('set_minimum_version', 1), smtpc.E_INVALID, b'version'),
                (('set_priority', b'NORMAL:+NONSENSE'), smtpc.E_INVALID,
                 b'NONSENSE')):
            try:
                tls.set(*call)
            except smtpc.Error as error:
                assert error.result == result, (call, error.result)
                assert words.decode() in str(error), (call, error)
            else:
                assert False, call
        # What is used can't be changed any more.
        with open(self.server.ca, 'rb') as file:
            octets = file.read()
        tls.set('add_trust_memory', octets, len(octets))
        tls.set('set_session_cache', 0)
        session = smtpc.Session(self.library, None, tls=tls)
        try:
            tls.set('set_session_cache', 1)
        except smtpc.Error as error:
            assert error.result == smtpc.E_STATE
        else:
            assert False, 'changed'
        session.free()
        tls.free()

    def runs_two_sessions_in_one_loop(self):
        """One event loop for both, as a program with many would have it."""
        sessions = [self.opened(blocking=False) for _ in range(2)]
        mails = [self.transaction() for _ in sessions]
        results = []
        for session, mail in zip(sessions, mails):
            mail.set_content(b'same\r\n')
            results.append(self.library.smtpc_send(session.handle,
                                                   mail.handle))
        while smtpc.AGAIN in results:
            for i, session in enumerate(sessions):
                if results[i] == smtpc.AGAIN:
                    session.wait()
                    results[i] = self.library.smtpc_process(session.handle)
        assert results == [smtpc.OK, smtpc.OK], results
        for _ in sessions:
            assert self.server.received() == b'same\r\n'
        for each in mails + sessions:
            each.free()


class Tokens:
    """The same with a server that wants tokens."""

    def __init__(self, library, server):
        self.library = library
        self.server = server

    def session(self, blocking=True):
        return smtpc.Session(self.library, self.server.ca, blocking)

    def open(self, session):
        session.open('localhost', self.server.port)

    def must_fail(self, call, result, detail):
        try:
            call()
        except smtpc.Error as error:
            assert (error.result, error.detail) == (result, detail), (
                error.result, error.detail, str(error))
            assert error.safe_to_retry
        else:
            assert False, 'authenticated'

    def must_be_ready(self, session, attempts, mechanism=None):
        state = self.library.smtpc_session_state(session.handle)
        assert state == smtpc.READY, state
        found = self.library.smtpc_session_mechanism(session.handle)
        assert found == (mechanism and mechanism.encode()), found
        seen = [attempt[:3] for attempt in session.attempts()]
        assert seen == attempts, seen
        for _, result, _, message in session.attempts():
            assert bool(message) == (result != smtpc.OK), message

    def needs_no_callback(self, blocking):
        session = self.session(blocking)
        session.set_token(ALICE, 'old-token')
        self.must_fail(lambda: self.open(session), smtpc.E_AUTH_TOKEN,
                       'token-expired')
        self.must_be_ready(session, [('XOAUTH2', smtpc.E_AUTH_TOKEN, 535)])
        assert session.error_reply()[0] == 535
        assert json.loads(session.challenge())['status'] == '400'
        session.set_token(ALICE, self.server.token)
        session.auth()
        self.must_be_ready(session, [('XOAUTH2', smtpc.OK, 235)], 'XOAUTH2')
        assert session.challenge() is None
        session.quit()
        session.free()

    def is_told_what_is_missing(self):
        session = self.session()
        session.rule(mechanisms=b'XOAUTH2')
        session.set_credentials(ALICE, WONDERLAND)
        self.must_fail(lambda: self.open(session), smtpc.E_AUTH_TOKEN,
                       'no-token')
        self.must_be_ready(session, [])
        session.set_token(None, self.server.token)
        session.auth()
        self.must_be_ready(session, [('XOAUTH2', smtpc.OK, 235)], 'XOAUTH2')
        session.free()

    def is_asked_by_a_callback(self, blocking):
        session = self.session(blocking)
        session.rule(mechanisms=b'XOAUTH2')
        asked = []

        def ask(*question):
            asked.append(question)
            # Nothing else may be called here.
            assert self.library.smtpc_noop(session.handle) == smtpc.E_BUSY
            assert self.library.smtpc_session_set_auth_attempts(
                session.handle, 1) == smtpc.E_BUSY
            session.set_token(ALICE, 'old-token' if len(asked) == 1
                              else self.server.token)

        session.set_secrets(ask)
        self.open(session)
        assert asked == [(smtpc.TOKEN, smtpc.FIRST, ''),
                         (smtpc.TOKEN, smtpc.EXPIRED, '400')], asked
        self.must_be_ready(session, [('XOAUTH2', smtpc.E_AUTH_TOKEN, 535),
                                     ('XOAUTH2', smtpc.OK, 235)], 'XOAUTH2')
        session.free()

    def may_answer_the_callback_later(self):
        session = self.session(blocking=False)
        session.rule(mechanisms=b'XOAUTH2')
        asked = []
        session.set_secrets(lambda *question: asked.append(question) or
                            smtpc.AGAIN)
        result = self.library.smtpc_open(session.handle, b'localhost',
                                         self.server.port)
        while result == smtpc.AGAIN and not asked:
            session.wait()
            result = self.library.smtpc_process(session.handle)
        assert result == smtpc.AGAIN
        # As often as it is called: it waits, and does not ask again.
        assert self.library.smtpc_process(session.handle) == smtpc.AGAIN
        assert asked == [(smtpc.TOKEN, smtpc.FIRST, '')], asked
        session.set_token(ALICE, self.server.token)
        session.finish(self.library.smtpc_process(session.handle))
        self.must_be_ready(session, [('XOAUTH2', smtpc.OK, 235)], 'XOAUTH2')
        session.free()

    def may_fail_in_the_callback(self):
        session = self.session()
        session.set_secrets(lambda *_: 1 / 0)
        self.must_fail(lambda: self.open(session), smtpc.E_CANCELLED,
                       'secret-refused')
        self.must_be_ready(session, [])
        session.set_secrets(lambda *_: None)
        self.must_fail(session.auth, smtpc.E_AUTH_UNAVAILABLE, 'no-secret')
        self.must_be_ready(session, [])
        session.free()

    def sees_what_was_tried(self):
        session = self.session()
        session.rule(auth_attempts=3, channel_binding=0,
                     scram_iterations=10000)
        session.set_credentials(ALICE, WONDERLAND)
        self.must_fail(lambda: self.open(session), smtpc.E_AUTH_POLICY,
                       'password-disabled')
        self.must_be_ready(session, [('LOGIN', smtpc.E_AUTH_POLICY, 550)])
        assert 'OAuth' in session.attempts()[0][3]
        for name, value in (('auth_attempts', 0), ('auth_attempts', 101),
                            ('channel_binding', 5), ('mechanisms', b'NONE'),
                            ('scram_iterations', 65537)):
            try:
                session.rule(**{name: value})
            except smtpc.Error as error:
                assert error.result == smtpc.E_INVALID
            else:
                assert False, name
        session.free()


def main():
    build, loopback, *meson = sys.argv[1:]
    tap = Tap()
    root = tempfile.mkdtemp(prefix='ctypes.')
    server = None
    try:
        library = install(build, meson, root)
        server = Server(loopback, root + '/server')
        hour = Hour(library, server,
                    another_authority(loopback, root + '/another'))
        with tap.test('a_blocking_session_sends'):
            hour.sends(blocking=True)
        with tap.test('a_session_in_an_event_loop_sends'):
            hour.sends(blocking=False)
        with tap.test('a_reader_callback_gives_the_content'):
            hour.reads_from_a_callback(blocking=True)
        with tap.test('a_reader_callback_gives_it_in_an_event_loop_too'):
            hour.reads_from_a_callback(blocking=False)
        for name in ('a_reader_may_pause', 'a_reader_that_fails_sends_nothing',
                     'traces_without_secrets', 'refuses_calls_from_a_callback',
                     'tells_who_was_refused', 'explains_a_bad_recipient',
                     'explains_a_wrong_password', 'asks_for_a_password',
                     'takes_a_password_in_utf8',
                     'shows_what_the_server_is',
                     'decides_about_a_certificate', 'verifies_another_name',
                     'resumes_among_sessions', 'explains_bad_settings',
                     'runs_two_sessions_in_one_loop'):
            with tap.test(name):
                getattr(hour, name)()
        with tap.test('the_server_saw_no_fault'):
            server.stop()
            server = None
        server = Server(loopback, root + '/tokens', '--mechanisms',
                        'LOGIN XOAUTH2', '--password-refusal',
                        '550 5.7.30 Basic authentication is not supported')
        tokens = Tokens(library, server)
        for blocking in (True, False):
            how = '' if blocking else '_in_an_event_loop'
            with tap.test('a_token_needs_no_callback' + how):
                tokens.needs_no_callback(blocking)
            with tap.test('a_token_is_asked_for_by_a_callback' + how):
                tokens.is_asked_by_a_callback(blocking)
        for name in ('is_told_what_is_missing',
                     'may_answer_the_callback_later',
                     'may_fail_in_the_callback', 'sees_what_was_tried'):
            with tap.test(name):
                getattr(tokens, name)()
        with tap.test('the_server_of_tokens_saw_no_fault'):
            server.stop()
            server = None
    finally:
        if server is not None:
            server.process.kill()
        shutil.rmtree(root)
    return tap.finish()


sys.exit(main())

# SPDX-License-Identifier: LGPL-2.1-or-later
"""A binding as its author would begin it: ctypes over the installed library,
nothing but plain types, written from the header alone.

Every function is declared; a result below 0 becomes an exception.
"""

import ctypes
import selectors
from ctypes import (CFUNCTYPE, POINTER, byref, c_char, c_char_p, c_int,
                    c_int64, c_size_t, c_uint32, c_uint64, c_void_p)

OK, AGAIN, PARTIAL, IN_DOUBT = 0, 1, 2, 3
E_INVALID, E_STATE, E_BUSY, E_TLS, E_CERTIFICATE = -2, -3, -4, -16, -18
E_CANCELLED = -10
E_AUTH_REJECTED, E_AUTH_POLICY, E_AUTH_UNAVAILABLE = -19, -21, -22
E_AUTH_TOKEN = -23
E_CONTENT = -25
ACCEPTED, PERMANENT, NOT_ATTEMPTED = 1, 3, 4
WANT_READ, WANT_WRITE = 1, 2
UNTRUSTED, READY = 2, 4
PASSWORD, TOKEN = 0, 1
FIRST, REJECTED, EXPIRED = 0, 1, 2
TRUST_NONE, VERIFIED, PINNED, EXCEPTED, ACCEPTED_BY_HAND = 0, 1, 2, 3, 4
UNTRUSTED_ISSUER, WRONG_NAME, PIN_MISMATCH = 0x1, 0x10, 0x4000
TLS_1_2, TLS_1_3 = 0x303, 0x304

TraceFunction = CFUNCTYPE(None, c_int, POINTER(c_char), c_size_t, c_void_p)
ReaderFunction = CFUNCTYPE(c_int, c_void_p, c_size_t, POINTER(c_size_t),
                           c_void_p)
SecretFunction = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_char_p, c_void_p)

FUNCTIONS = {
    'version_string': (c_char_p,),
    'strerror': (c_char_p, c_int),
    'session_new': (c_int, POINTER(c_void_p)),
    'session_free': (None, c_void_p),
    'session_set_blocking': (c_int, c_void_p, c_int),
    'session_set_tls': (c_int, c_void_p, c_void_p),
    'session_set_tls_verify_name': (c_int, c_void_p, c_char_p),
    'session_set_tls_exceptions': (c_int, c_void_p, c_uint32),
    'session_add_tls_pin': (c_int, c_void_p, c_char_p),
    'session_set_credentials': (c_int, c_void_p, c_char_p, c_char_p,
                                c_char_p),
    'session_set_oauth_token': (c_int, c_void_p, c_char_p, c_char_p),
    'session_set_secret_callback': (c_int, c_void_p, SecretFunction,
                                    c_void_p),
    'session_set_mechanisms': (c_int, c_void_p, c_char_p),
    'session_set_auth_attempts': (c_int, c_void_p, c_int),
    'session_set_channel_binding': (c_int, c_void_p, c_int),
    'session_set_scram_iterations': (c_int, c_void_p, c_int),
    'session_auth_attempt_count': (c_size_t, c_void_p),
    'session_auth_attempt_at': (c_int, c_void_p, c_size_t, POINTER(c_char_p),
                                POINTER(c_int), POINTER(c_void_p),
                                POINTER(c_char_p)),
    'session_auth_challenge': (c_void_p, c_void_p, POINTER(c_size_t)),
    'session_set_trace': (c_int, c_void_p, TraceFunction, c_void_p),
    'session_state': (c_int, c_void_p),
    'session_mechanism': (c_char_p, c_void_p),
    'session_tls_version': (c_char_p, c_void_p),
    'session_tls_trust': (c_int, c_void_p),
    'session_tls_is_resumed': (c_int, c_void_p),
    'session_certificate_problems': (c_uint32, c_void_p),
    'session_certificate_spki_sha256': (c_char_p, c_void_p, c_size_t),
    'certificate_problem_text': (c_char_p, c_uint32),
    'accept_certificate': (c_int, c_void_p),
    'session_certificate': (c_int, c_void_p, c_size_t, POINTER(c_void_p),
                            POINTER(c_size_t)),
    'session_extension_count': (c_size_t, c_void_p),
    'session_extension_at': (c_int, c_void_p, c_size_t, POINTER(c_char_p),
                             POINTER(c_char_p)),
    'session_fd_count': (c_size_t, c_void_p),
    'session_fd_at': (c_int, c_void_p, c_size_t, POINTER(c_int),
                      POINTER(c_uint32)),
    'session_fd_generation': (c_uint64, c_void_p),
    'session_next_timeout': (c_int64, c_void_p),
    'tls_new': (c_int, POINTER(c_void_p)),
    'tls_free': (None, c_void_p),
    'tls_set_trust_system': (c_int, c_void_p, c_int),
    'tls_add_trust_file': (c_int, c_void_p, c_char_p),
    'tls_add_trust_directory': (c_int, c_void_p, c_char_p),
    'tls_add_trust_memory': (c_int, c_void_p, c_char_p, c_size_t),
    'tls_set_certificate_file': (c_int, c_void_p, c_char_p, c_char_p,
                                 c_char_p),
    'tls_set_certificate_memory': (c_int, c_void_p, c_char_p, c_size_t,
                                   c_char_p, c_size_t, c_char_p),
    'tls_set_certificate_pkcs12': (c_int, c_void_p, c_char_p, c_char_p),
    'tls_set_certificate_pkcs11': (c_int, c_void_p, c_char_p, c_char_p),
    'tls_set_minimum_version': (c_int, c_void_p, c_int),
    'tls_set_priority': (c_int, c_void_p, c_char_p),
    'tls_set_session_cache': (c_int, c_void_p, c_int),
    'tls_error_message': (c_char_p, c_void_p),
    'auth': (c_int, c_void_p),
    'open': (c_int, c_void_p, c_char_p, c_int),
    'send': (c_int, c_void_p, c_void_p),
    'noop': (c_int, c_void_p),
    'quit': (c_int, c_void_p),
    'disconnect': (c_int, c_void_p),
    'process': (c_int, c_void_p),
    'error_message': (c_char_p, c_void_p),
    'error_detail': (c_char_p, c_void_p),
    'error_safe_to_retry': (c_int, c_void_p),
    'error_reply': (c_void_p, c_void_p),
    'reply_code': (c_int, c_void_p),
    'reply_line': (c_int, c_void_p, c_size_t, POINTER(POINTER(c_char)),
                   POINTER(c_size_t)),
    'transaction_new': (c_int, POINTER(c_void_p)),
    'transaction_free': (None, c_void_p),
    'transaction_set_sender': (c_int, c_void_p, c_char_p),
    'transaction_add_recipient': (c_int, c_void_p, c_char_p,
                                  POINTER(c_size_t)),
    'transaction_set_content_copy': (c_int, c_void_p, c_char_p, c_size_t),
    'transaction_set_content_reader': (c_int, c_void_p, ReaderFunction,
                                       c_int64, c_void_p),
    'transaction_error_message': (c_char_p, c_void_p),
    'transaction_recipient_outcome': (c_int, c_void_p, c_size_t),
    'transaction_recipient_reply': (c_void_p, c_void_p, c_size_t),
    'transaction_octets_sent': (c_int64, c_void_p),
}


def load(path):
    library = ctypes.CDLL(path)
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, 'smtpc_' + name)
        function.restype = result
        function.argtypes = arguments
    return library


class Error(Exception):
    def __init__(self, result, message, detail='', safe_to_retry=True):
        super().__init__(message)
        self.result = result
        self.detail = detail
        self.safe_to_retry = safe_to_retry


class Transaction:
    def __init__(self, library, sender, recipients):
        self.library = library
        self.handle = c_void_p()
        self.check(library.smtpc_transaction_new(byref(self.handle)))
        self.check(library.smtpc_transaction_set_sender(self.handle,
                                                        sender.encode()))
        for recipient in recipients:
            self.add_recipient(recipient)

    def check(self, result):
        if result < 0:
            message = self.library.smtpc_transaction_error_message(self.handle)
            raise Error(result, message.decode())
        return result

    def add_recipient(self, mailbox):
        index = c_size_t()
        self.check(self.library.smtpc_transaction_add_recipient(
            self.handle, mailbox.encode(), byref(index)))
        return index.value

    def set_content(self, content):
        self.check(self.library.smtpc_transaction_set_content_copy(
            self.handle, content, len(content)))

    def set_reader(self, read, size=-1):
        """read(octets) returns bytes, b'' at the end, or None for "later"."""
        def function(buffer, octets, ret_len, _userdata):
            try:
                chunk = read(octets)
            except Exception:
                return E_CONTENT
            if chunk is None:
                return AGAIN
            ctypes.memmove(buffer, chunk, len(chunk))
            ret_len[0] = len(chunk)
            return OK

        # The library keeps the pointer only; Python must keep the function.
        self.reader = ReaderFunction(function)
        self.check(self.library.smtpc_transaction_set_content_reader(
            self.handle, self.reader, size, None))

    def outcome(self, index):
        return self.library.smtpc_transaction_recipient_outcome(self.handle,
                                                                index)

    def code(self, index):
        reply = self.library.smtpc_transaction_recipient_reply(self.handle,
                                                               index)
        return self.library.smtpc_reply_code(reply) if reply else None

    def octets_sent(self):
        return self.library.smtpc_transaction_octets_sent(self.handle)

    def free(self):
        self.library.smtpc_transaction_free(self.handle)
        self.handle = c_void_p()


class Tls:
    """Settings for any number of sessions; authorities are octets in PEM."""

    def __init__(self, library, authorities=b''):
        self.library = library
        self.handle = c_void_p()
        self.check(library.smtpc_tls_new(byref(self.handle)))
        self.check(library.smtpc_tls_set_trust_system(self.handle, 0))
        if authorities:
            self.set('add_trust_memory', authorities, len(authorities))

    def check(self, result):
        if result < 0:
            raise Error(result, self.library.smtpc_tls_error_message(
                self.handle).decode())

    def set(self, name, *arguments):
        """tls.set('set_priority', b'NORMAL') and the like."""
        self.check(getattr(self.library, 'smtpc_tls_' + name)(self.handle,
                                                              *arguments))

    def free(self):
        self.library.smtpc_tls_free(self.handle)
        self.handle = c_void_p()


class Session:
    def __init__(self, library, ca_file, blocking=True, tls=None):
        self.library = library
        self.blocking = blocking
        self.handle = c_void_p()
        self.waits = 0
        self.check(library.smtpc_session_new(byref(self.handle)))
        self.check(library.smtpc_session_set_blocking(self.handle, blocking))
        own = tls or Tls(library)
        if tls is None:
            own.set('add_trust_file', ca_file.encode())
        self.check(library.smtpc_session_set_tls(self.handle, own.handle))
        if tls is None:
            own.free()

    def check(self, result):
        if result < 0:
            library = self.library
            raise Error(result,
                        library.smtpc_error_message(self.handle).decode(),
                        library.smtpc_error_detail(self.handle).decode(),
                        bool(library.smtpc_error_safe_to_retry(self.handle)))
        return result

    def set_trace(self, trace):
        """trace(kind, line) is called for each line of the dialogue."""
        def function(kind, text, length, _userdata):
            trace(kind, ctypes.string_at(text, length).decode('ascii'))

        self.trace = TraceFunction(function)
        self.check(self.library.smtpc_session_set_trace(self.handle,
                                                        self.trace, None))

    def set_credentials(self, user, password):
        self.check(self.library.smtpc_session_set_credentials(
            self.handle, None, user.encode(), password.encode()))

    def set_token(self, user, token):
        self.check(self.library.smtpc_session_set_oauth_token(
            self.handle, user and user.encode(), token and token.encode()))

    def set_secrets(self, ask):
        """ask(kind, reason, status) sets a secret and returns nothing, or
        AGAIN; what it raises ends the step."""
        def function(_session, kind, reason, status, _userdata):
            try:
                return ask(kind, reason, status.decode()) or OK
            except Exception:
                return E_CANCELLED

        self.secrets = SecretFunction(function)
        self.check(self.library.smtpc_session_set_secret_callback(
            self.handle, self.secrets, None))

    def rule(self, **settings):
        """session.rule(auth_attempts=3) and the like."""
        for name, value in settings.items():
            self.check(getattr(self.library, 'smtpc_session_set_' + name)(
                self.handle, value))

    def auth(self):
        self.finish(self.library.smtpc_auth(self.handle))

    def attempts(self):
        """(mechanism, result, code or None, message) of each."""
        mechanism, message = c_char_p(), c_char_p()
        result, reply = c_int(), c_void_p()
        found = []
        for i in range(self.library.smtpc_session_auth_attempt_count(
                self.handle)):
            self.check(self.library.smtpc_session_auth_attempt_at(
                self.handle, i, byref(mechanism), byref(result),
                byref(reply), byref(message)))
            found.append((mechanism.value.decode(), result.value,
                          self.library.smtpc_reply_code(reply)
                          if reply else None, message.value.decode()))
        return found

    def challenge(self):
        """The JSON by which a token was refused, or None."""
        length = c_size_t()
        text = self.library.smtpc_session_auth_challenge(self.handle,
                                                         byref(length))
        return ctypes.string_at(text, length.value) if text else None

    def expect(self, name=None, exceptions=0, pins=()):
        """What is to be thought of the server's certificate."""
        self.check(self.library.smtpc_session_set_tls_verify_name(
            self.handle, name and name.encode()))
        self.check(self.library.smtpc_session_set_tls_exceptions(
            self.handle, exceptions))
        for pin in (None, *pins):
            self.check(self.library.smtpc_session_add_tls_pin(
                self.handle, pin and pin.encode()))

    def trust(self):
        """(why it is trusted, what is wrong with it)"""
        return (self.library.smtpc_session_tls_trust(self.handle),
                self.library.smtpc_session_certificate_problems(self.handle))

    def is_resumed(self):
        return bool(self.library.smtpc_session_tls_is_resumed(self.handle))

    def accept(self):
        self.finish(self.library.smtpc_accept_certificate(self.handle))

    def finish(self, result):
        """An event loop of one session: wait as told, and carry on."""
        while result == AGAIN:
            self.wait()
            result = self.library.smtpc_process(self.handle)
        return self.check(result)

    def wait(self):
        library = self.library
        timeout = library.smtpc_session_next_timeout(self.handle)
        fd, events = c_int(), c_uint32()
        self.waits += 1
        with selectors.DefaultSelector() as selector:
            for i in range(library.smtpc_session_fd_count(self.handle)):
                self.check(library.smtpc_session_fd_at(self.handle, i,
                                                       byref(fd),
                                                       byref(events)))
                wanted = 0
                if events.value & WANT_READ:
                    wanted |= selectors.EVENT_READ
                if events.value & WANT_WRITE:
                    wanted |= selectors.EVENT_WRITE
                selector.register(fd.value, wanted)
            selector.select(None if timeout < 0 else timeout / 1000)

    def open(self, host, port):
        self.finish(self.library.smtpc_open(self.handle, host.encode(), port))

    def send(self, transaction):
        return self.finish(self.library.smtpc_send(self.handle,
                                                   transaction.handle))

    def quit(self):
        self.finish(self.library.smtpc_quit(self.handle))

    def extensions(self):
        found = {}
        keyword, parameters = c_char_p(), c_char_p()
        for i in range(self.library.smtpc_session_extension_count(
                self.handle)):
            self.check(self.library.smtpc_session_extension_at(
                self.handle, i, byref(keyword), byref(parameters)))
            found[keyword.value.decode()] = parameters.value.decode()
        return found

    def key_digest(self):
        return self.library.smtpc_session_certificate_spki_sha256(
            self.handle, 0).decode()

    def certificate(self):
        data, length = c_void_p(), c_size_t()
        self.check(self.library.smtpc_session_certificate(
            self.handle, 0, byref(data), byref(length)))
        return ctypes.string_at(data, length.value)

    def error_reply(self):
        """Code and first line of the reply that made the last step fail."""
        reply = self.library.smtpc_error_reply(self.handle)
        text, length = POINTER(c_char)(), c_size_t()
        self.check(self.library.smtpc_reply_line(reply, 0, byref(text),
                                                 byref(length)))
        return (self.library.smtpc_reply_code(reply),
                ctypes.string_at(text, length.value))

    def free(self):
        self.library.smtpc_session_free(self.handle)
        self.handle = c_void_p()

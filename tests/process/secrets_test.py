#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""secrets_test.py SECRET-USER AUTH-SERVER

Secrets do not show: secret-user authenticates by every mechanism, with success
and without, in clear and over TLS.  None of its four secrets may be in what
the library tells; and after they were replaced, and after the session was
freed, none may be anywhere in the memory of the process, which is read from
outside.  They are looked for as they are, in hexadecimal and in base64 at any
alignment, and in pieces, because freed memory is soon overwritten in part.
So is what stands for the password: SCRAM's salted password, and the hash of
DIGEST-MD5.

Each secret must be found while it is set: the test would see it.

All functions are bound when the program starts.  When it binds one later, the
dynamic linker saves the registers to the stack, and they may hold part of
whatever was copied last.
"""

import base64
import binascii
import concurrent.futures
import hashlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from tap import Failed, Tap  # noqa: E402

LIMIT = 60

# Any 15 octets of one hold a whole piece.
PIECE = 8

USER = 'u7Qx2mKv9RtZb4LwYc8NpD3s@kGf6HjTe5Va.test'
AUTHZID = 'z3Wn8XqLc5VtRb7MyKd2GpJf@sHv4TzQe9Nw.test'
PASSWORD = 'p9Zk4VwTr8XcLb2NmQy6HsGd7JfKe3RtWv5MzXa'
TOKEN = 't6Rm.9XvQ4-kLw2ZbTc8NyHd5GsJpVf3KeWr7MzqYa1DuBx6Io'

SECRETS = {'user': USER, 'authzid': AUTHZID, 'password': PASSWORD,
           'token': TOKEN}

# What each mechanism is given.
NAMES = {'user', 'authzid', 'password'}
MECHANISMS = {
    'PLAIN': NAMES,
    'LOGIN': {'user', 'password'},
    'CRAM-MD5': {'user', 'password'},
    'DIGEST-MD5': NAMES,
    'NTLM': {'user', 'password'},
    'SCRAM-SHA-1': NAMES,
    'SCRAM-SHA-256': NAMES,
    'SCRAM-SHA-512': NAMES,
    'SCRAM-SHA-256-PLUS': NAMES,
    'XOAUTH2': {'user', 'token'},
    'OAUTHBEARER': {'user', 'token'},
    'EXTERNAL': {'authzid'},
    'ANONYMOUS': {'user'},
}

# How the server ends it; and whether it repeats what it has heard.
REFUSALS = {'': 'accepted', '535 5.7.8 no': 'refused',
            '535 5.7.8 you said': 'refused_with_its_secrets'}

# The server's in auth_server_hashed.c.
SALT = b'sixteen octets!\0'
ITERATIONS = 4096
REALM = 'example.test'


def pieces_of(text):
    """Each stretch of PIECE octets, from the beginning on."""
    return {text[i:i + PIECE] for i in range(0, len(text) - PIECE + 1, PIECE)}


def base64_of(secret):
    """What of the base64 depends on the secret alone, for each alignment."""
    for before in range(3):
        text = base64.b64encode(b'\0' * before + secret)
        first = (before * 8 + 5) // 6
        last = (before + len(secret)) * 8 // 6
        yield text[first:last]


def traces_of(secret):
    """All that would give the secret away, by the way in which it would."""
    found = {'raw': pieces_of(secret)}
    digits = binascii.hexlify(secret)
    found['hex'] = pieces_of(digits) | pieces_of(digits.upper())
    found['base64'] = set()
    for text in base64_of(secret):
        found['base64'] |= pieces_of(text)
    return found


def derived(mechanism):
    """What stands for the password in the eyes of the server."""
    secret = PASSWORD.encode()
    if mechanism.startswith('SCRAM-'):
        name = mechanism.replace('-PLUS', '')[6:].replace('-', '').lower()
        salted = hashlib.pbkdf2_hmac(name, secret, SALT, ITERATIONS)
        yield 'salted password', salted
    elif mechanism == 'DIGEST-MD5':
        text = f'{USER}:{REALM}:{PASSWORD}'.encode()
        yield 'hash of name and password', hashlib.md5(text).digest()


def all_traces(mechanism):
    """{(secret, way): pieces}"""
    traces = {}
    for name in MECHANISMS[mechanism]:
        for way, pieces in traces_of(SECRETS[name].encode()).items():
            traces[name, way] = pieces
    for name, octets in derived(mechanism):
        traces[name, 'raw'] = pieces_of(octets)
    return traces


def memory_of(process):
    """(what it is, its octets) of all that the process may write to."""
    with open(f'/proc/{process}/maps') as maps, \
            open(f'/proc/{process}/mem', 'rb', buffering=0) as memory:
        for line in maps:
            where, modes, *rest = line.split(maxsplit=5)
            if 'w' not in modes or 'r' not in modes:
                continue
            start, end = (int(address, 16) for address in where.split('-'))
            memory.seek(start)
            octets = b''
            while len(octets) < end - start:
                octets += memory.read(end - start - len(octets))
            yield (rest[-1].strip() if len(rest) == 4 else 'anonymous',
                   start, octets)


def dense(octets):
    """The pages that are not empty; most are."""
    empty = bytes(4096)
    return [(i, octets[i:i + 4096]) for i in range(0, len(octets), 4096)
            if octets[i:i + 4096] != empty]


def runs(octets):
    """The same, in stretches: a secret may cross the end of a page."""
    run_start, run = None, []
    for offset, page in dense(octets):
        if run and offset != run_start + 4096 * len(run):
            yield run_start, b''.join(run)
            run = []
        if not run:
            run_start = offset
        run.append(page)
    if run:
        yield run_start, b''.join(run)


def places_of(octets, pieces):
    """Where there are some of the pieces, once for those close together."""
    places = set()
    for piece in pieces:
        at = octets.find(piece)
        while at >= 0:
            places.add(at)
            at = octets.find(piece, at + 1)
    last = None
    for at in sorted(places):
        if last is None or at > last + 2 * PIECE:
            yield at
        last = at


def found_in_memory(process, traces):
    """{(secret, way): [where, ...]}"""
    found = {}
    for name, start, whole in memory_of(process):
        for offset, octets in runs(whole):
            for key, pieces in traces.items():
                for at in places_of(octets, pieces):
                    around = octets[max(0, at - 48):at + 112]
                    found.setdefault(key, []).append(
                        f'{name} {start + offset + at:#x}: {around}')
    return found


def found_in_text(text, traces):
    return {key: [text[max(0, text.find(piece) - 60):][:120].decode('latin-1')
                  for piece in pieces if piece in text][:2]
            for key, pieces in traces.items()
            if any(piece in text for piece in pieces)}


def coded(text):
    return bytes(octet ^ 0xff for octet in text.encode()).hex()


class Case:
    """One run of secret-user; what was found at each of its stages."""

    def __init__(self, programs, mechanism, channel, refusal):
        self.programs = programs
        self.mechanism = mechanism
        self.channel = channel
        self.refusal = refusal
        self.found = {}
        self.told = b''

    def run(self):
        with tempfile.TemporaryDirectory() as directory:
            authority = ([os.path.join(directory, 'ca.pem')]
                         if self.channel == 'TLS' else [])
            self._with_server(authority)
        return self

    def _with_server(self, authority):
        user, server = self.programs
        with subprocess.Popen([server, self.mechanism, *authority],
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as serving:
            try:
                serving.stdin.write(
                    f'{PASSWORD}\n{TOKEN}\n{self.refusal}\n'.encode())
                serving.stdin.flush()
                port = serving.stdout.readline().decode().strip()
                self._use([user, port, self.mechanism, *authority])
            finally:
                serving.stdin.close()
                serving.wait(LIMIT)

    def _use(self, command):
        given = MECHANISMS[self.mechanism]
        traces = all_traces(self.mechanism)
        with subprocess.Popen(command, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env={'LD_BIND_NOW': '1'}) as process:
            for name in SECRETS:
                text = coded(SECRETS[name]) if name in given else ''
                process.stdin.write(text.encode() + b'\n')
            process.stdin.flush()
            for line in process.stdout:
                self.told += line
                if line.startswith(b'at '):
                    self.found[line.split()[1].decode()] = found_in_memory(
                        process.pid, traces)
                    process.stdin.write(b'\n')
                    process.stdin.flush()
            process.stdin.close()
            self.status = process.wait(LIMIT)

    def value(self, name):
        for line in self.told.decode('latin-1').splitlines():
            if line.startswith(name + ': '):
                return line[len(name) + 2:]
        return None


# What stays in memory that nobody but its owner can reach.  The module of
# DIGEST-MD5 keeps the name of the last user of each server, for ever.
LEFT_BY_MODULES = {('DIGEST-MD5', 'user', 'raw')}


def complaint(found):
    return '\n'.join(f'{secret} ({way}) {place}'
                     for (secret, way), places in sorted(found.items())
                     for place in places)


def check_result(case):
    if case.status != 0:
        raise Failed(f'secret-user ended with {case.status}: '
                     + case.told.decode('latin-1'))
    result = case.value('result')
    if case.refusal:
        if int(result) >= 0 or case.value('state') != '4':
            raise Failed(case.told.decode('latin-1'))
    elif result != '0' or case.value('mechanism') != case.mechanism:
        raise Failed(case.told.decode('latin-1'))
    if f'trace C: AUTH {case.mechanism}'.encode() not in case.told:
        raise Failed('there is no trace of AUTH')


def check_told(case):
    found = found_in_text(case.told, all_traces(case.mechanism))
    if found:
        raise Failed(complaint(found))


def check_seen(case):
    """What is set is in memory, or the test is blind."""
    for name in MECHANISMS[case.mechanism]:
        if (name, 'raw') not in case.found['end']:
            raise Failed(f'{name} is not seen while it is set')


def check_gone(case, stage):
    found = {(secret, way): places
             for (secret, way), places in case.found[stage].items()
             if (case.mechanism, secret, way) not in LEFT_BY_MODULES}
    if found:
        raise Failed(complaint(found))


def report(tap, case):
    name = (f'{case.mechanism}_over_{case.channel}_'
            + REFUSALS[case.refusal])
    with tap.test(name + '_ends_as_it_should'):
        check_result(case)
    with tap.test(name + '_shows_no_secret'):
        check_told(case)
    with tap.test(name + '_has_its_secrets_while_they_are_set'):
        check_seen(case)
    # What a server says over TLS is GnuTLS's to decipher, and to forget.
    if case.channel == 'TLS' and case.refusal.endswith('said'):
        return
    with tap.test(name + '_has_none_when_they_were_replaced'):
        check_gone(case, 'replacement')
    with tap.test(name + '_has_none_when_it_was_freed'):
        check_gone(case, 'freedom')


def main():
    programs = sys.argv[1:3]
    cases = [Case(programs, mechanism, channel, refusal)
             for mechanism in MECHANISMS
             for channel in ('clear', 'TLS')
             for refusal in REFUSALS
             if channel == 'TLS' or not mechanism.endswith('-PLUS')]
    tap = Tap()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for case in pool.map(Case.run, cases):
            report(tap, case)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

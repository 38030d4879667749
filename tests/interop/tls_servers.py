# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS servers that have nothing to do with the library or the harness:
Python's ssl (OpenSSL) with a little SMTP, openssl s_server with a little SMTP
on its standard input, and gnutls-serv, which knows the handshake only.

All three take the same arguments: certificates is a folder as make-certs makes
it.  Each listens on two ports: port['implicit_tls'] and port['starttls'].
"""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from servers import answers, free_ports, wait_until

VERSIONS = {'1.0': ssl.TLSVersion.TLSv1, '1.1': ssl.TLSVersion.TLSv1_1,
            '1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}

LIMIT = 30


class Listener:
    """Hands each connection to a thread of its own."""

    def __init__(self, handler):
        self.handler = handler
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.threads = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(LIMIT)
            thread = threading.Thread(target=self._serve, args=[connection],
                                      daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            self.handler(connection)

    def await_all(self):
        """Returns when whatever was accepted has ended."""
        for thread in self.threads:
            thread.join(LIMIT)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(LIMIT)
        self.socket.close()
        self.await_all()


def until_starttls(connection):
    """SMTP in clear, as far as the reply to STARTTLS; whether it came."""
    connection.sendall(b'220 here\r\n')
    for line in lines_of(connection):
        if line == b'STARTTLS':
            connection.sendall(b'220 go on\r\n')
            return True
        if line.startswith(b'EHLO '):
            connection.sendall(b'250-here\r\n250 STARTTLS\r\n')
        else:
            connection.sendall(b'221 bye\r\n')
    return False


def lines_of(connection):
    """The lines that a client sends, of which none is sent before its turn."""
    rest = b''
    while True:
        octets = connection.recv(4096)
        if not octets:
            return
        rest += octets
        while b'\r\n' in rest:
            line, rest = rest.split(b'\r\n', 1)
            yield line


def reply_to(line):
    if line.startswith(b'EHLO '):
        return b'250-here\r\n250 8BITMIME\r\n'
    return b'221 bye\r\n' if line == b'QUIT' else b'250 ok\r\n'


class Connection:
    """What the server knows about one connection of PythonServer's."""

    def __init__(self):
        self.lines = []        # of the client's, under TLS
        self.is_resumed = None
        self.version = None
        self.name = None       # that the client asked for
        self.subject = None    # of the client's certificate
        self.error = None


class PythonServer:
    def __init__(self, certificates, kind='server', minimum='1.2',
                 maximum='1.3', authority=None):
        self.certificates = certificates
        self.connections = []
        self.context = self._context(minimum, maximum, authority)
        self.use(kind)
        self.listeners = {'implicit_tls': Listener(self._encrypted),
                          'starttls': Listener(self._clear)}
        self.port = {way: listener.port
                     for way, listener in self.listeners.items()}

    def _context(self, minimum, maximum, authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if VERSIONS[minimum] < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers('ALL:@SECLEVEL=0')
        context.minimum_version = VERSIONS[minimum]
        context.maximum_version = VERSIONS[maximum]
        context.sni_callback = self._note_name
        if authority is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(
                f'{self.certificates}/{authority}.pem')
        return context

    def use(self, kind):
        """From now on with this certificate."""
        self.context.load_cert_chain(f'{self.certificates}/{kind}.pem',
                                     f'{self.certificates}/{kind}.key')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.listeners.values():
            listener.close()

    def _note_name(self, _, name, __):
        self.connections[-1].name = name

    def _clear(self, connection):
        if until_starttls(connection):
            self._shake_hands(connection, b'')

    def _encrypted(self, connection):
        self._shake_hands(connection, b'220 here\r\n')

    def _shake_hands(self, connection, greeting):
        seen = Connection()
        self.connections.append(seen)
        try:
            with self.context.wrap_socket(connection,
                                          server_side=True) as tls:
                self._talk(tls, seen, greeting)
        except OSError as error:
            seen.error = error

    @staticmethod
    def _talk(tls, seen, greeting):
        seen.is_resumed = tls.session_reused
        seen.version = tls.version()
        certificate = tls.getpeercert()
        if certificate:
            seen.subject = dict(part[0] for part in certificate['subject']
                                )['commonName']
        tls.sendall(greeting)
        for line in lines_of(tls):
            seen.lines.append(line)
            tls.sendall(reply_to(line))
            if line == b'QUIT':
                return

    def settle(self):
        """Waits for the end of all connections."""
        for listener in self.listeners.values():
            listener.await_all()


class Program:
    """A server that is a program of somebody else's; only its port is ours."""

    def __init__(self, certificates, **options):
        self.file = lambda kind, what: f'{certificates}/{kind}.{what}'
        self.output = None
        backend, = free_ports(1)
        self.process = None
        self.backend = backend
        self.command = self.command_line(**options)
        self.front = Listener(self._relay)
        self.port = {'implicit_tls': backend, 'starttls': self.front.port}

    def command_line(self, **options):
        raise NotImplementedError

    def watch(self):
        """What happens while it runs."""

    def __enter__(self):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command, bufsize=0, stdin=subprocess.PIPE,
            stdout=self.output, stderr=self.output)
        try:
            wait_until(self._is_up, f'{self.command[0]} answers')
        except BaseException:
            self.__exit__()
            raise
        self.watch()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.front.close()
        self.output.close()

    def _is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f'{self.command[0]} ends:\n{self.log}')
        return answers(self.backend)

    def settle(self):
        """Waits for the end of all connections that came by STARTTLS."""
        self.front.await_all()

    @property
    def log(self):
        size = os.fstat(self.output.fileno()).st_size
        return os.pread(self.output.fileno(), size, 0).decode(
            errors='replace')

    def _relay(self, connection):
        if not until_starttls(connection):
            return
        with socket.create_connection(('127.0.0.1', self.backend),
                                      timeout=LIMIT) as backend:
            there = threading.Thread(target=pump, args=[connection, backend],
                                     daemon=True)
            there.start()
            pump(backend, connection)
            there.join(LIMIT)


def pump(source, target):
    """Passes on what comes, and its end."""
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class OpensslServer(Program):
    """Each line on its standard input goes to the client."""

    def command_line(self, kind='server', minimum='1.2', maximum='1.3',
                     authority=None, status=None):
        command = ['openssl', 's_server', '-accept',
                   f'127.0.0.1:{self.backend}',
                   '-cert', self.file(kind, 'pem'),
                   '-key', self.file(kind, 'key')]
        for version in VERSIONS:
            if not minimum <= version <= maximum:
                flag = 'tls1' if version == '1.0' else 'tls' + version
                command.append('-no_' + flag.replace('.', '_'))
        if minimum < '1.2':
            command += ['-cipher', 'ALL:@SECLEVEL=0']
        if authority is not None:
            command += ['-Verify', '3', '-verify_return_error',
                        '-CAfile', self.file(authority, 'pem')]
        if status is not None:
            command += ['-status_file', status]
        return command

    def watch(self):
        threading.Thread(target=self._talk, daemon=True).start()

    def _talk(self):
        """Greets after each handshake, and replies to each line.

        Whoever came through STARTTLS has been greeted already.
        """
        place = 0
        pattern = re.compile(r'^(CIPHER is|EHLO |NOOP|QUIT).*\n', re.M)
        while self.process.poll() is None:
            found = pattern.search(self.log, place)
            if found is None:
                time.sleep(0.01)
                continue
            place = found.end()
            line = found.group().strip()
            if not line.startswith('CIPHER'):
                self._say(reply_to(line.encode()))
            elif not any(thread.is_alive() for thread in self.front.threads):
                self._say(b'220 here\r\n')

    def _say(self, octets):
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(octets)


class GnutlsServer(Program):
    """After the handshake it sends back what it gets."""

    def command_line(self, kind='server', minimum='1.2', maximum='1.3',
                     authority=None, status=None):
        versions = ''.join(f':+VERS-TLS{version}' for version in VERSIONS
                           if minimum <= version <= maximum)
        command = ['gnutls-serv', '--echo', '--port', str(self.backend),
                   '--priority', f'NORMAL:-VERS-ALL{versions}',
                   '--x509certfile', self.file(kind, 'pem'),
                   '--x509keyfile', self.file(kind, 'key')]
        if authority is None:
            command.append('--disable-client-cert')
        else:
            command += ['--require-client-cert', '--verify-client-cert',
                        '--x509cafile', self.file(authority, 'pem')]
        if status is not None:
            command += ['--ocsp-response', status,
                        '--ignore-ocsp-response-errors']
        return command

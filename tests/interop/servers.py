# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers as peers: real ones, run from packages that are not installed, and
the embedded one.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))

USERS = {
    'alice@example.test': 'wonderland',
    'bob@example.test': 'pässword 2',
}

# How long anything may take before it counts as hanging.
PATIENCE = 60


class Unavailable(Exception):
    """This machine can't run the server; the text says why."""


# What a test has to know even if sudo begins with an empty environment.
KEPT = ('ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS', 'SMTPC_TEST_PACKAGES')


def become_root():
    """Begins the test anew as root, if sudo does that without a password."""
    if os.geteuid() == 0:
        return
    sudo = ['sudo', '-n', '--']
    try:
        done = subprocess.run([*sudo, 'true'], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        why = done.stdout.strip() if done.returncode else ''
    except FileNotFoundError:
        why = 'there is no sudo'
    if why:
        raise Unavailable(f'only root can make namespaces: {why}')
    kept = [f'{name}={os.environ[name]}' for name in KEPT
            if name in os.environ]
    os.execvp('sudo', [*sudo, 'env', *kept, sys.executable, *sys.argv])


def try_namespaces():
    done = subprocess.run(
        ['unshare', '--mount', '--uts', '--pid', '--fork', 'true'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Unavailable(done.stdout.strip() +
                          ' (containers need the permission; the directory '
                          'of a chroot has to be a mount point: mount --bind '
                          'it on itself)')


def free_ports(count):
    """Ports of the loopback interface that nobody uses just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def answers(port):
    try:
        socket.create_connection(('127.0.0.1', port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition, what):
    """Waits for what must happen; only what hangs gets an error."""
    end = time.monotonic() + PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def make_certificates(program, folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run([program, folder], check=True, stdout=subprocess.DEVNULL)


class Maildir:
    """The messages that were delivered to one Maildir."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def messages(self):
        found = []
        for part in ('new', 'cur'):
            folder = os.path.join(self.folder, part)
            if os.path.isdir(folder):
                for name in sorted(os.listdir(folder)):
                    with open(os.path.join(folder, name), 'rb') as file:
                        found.append(file.read())
        return found

    def having(self, token):
        return [message for message in self.messages
                if token.encode() in message]

    def await_one(self, token):
        """The one message with this token, however long delivery takes."""
        return self.await_all(token, 1)[0]

    def await_all(self, token, count):
        return wait_until(
            lambda: len(self.having(token)) >= count and self.having(token),
            f'{count} messages with {token} in {self.folder}')


class Jailed:
    """A server as process 1 of namespaces of its own."""

    name = ''
    packages = ()
    ports = ()
    # Of its script and its configuration, if it has another name.
    folder = None
    # More packages, as {NAME: (PACKAGE, ...)}, and scripts of theirs that are
    # to run before the server.
    layers = {}
    services = ()

    def __init__(self, cache, certificates):
        self.cache = os.environ.get('SMTPC_TEST_PACKAGES', cache)
        self.certificates = certificates
        self.work = None
        self.process = None
        self.port = {}

    def __enter__(self):
        try_namespaces()
        self._fetch()
        try:
            self._start_somewhere()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _fetch(self):
        for name, packages in {self.name: self.packages,
                               **self.layers}.items():
            done = subprocess.run(
                [os.path.join(HERE, 'fetch'), os.path.join(self.cache, name),
                 *packages],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                raise Unavailable(f'no package of {name}: '
                                  f'{" ".join(done.stdout.split())}')

    def root(self, name):
        """Where the packages of this name are unpacked."""
        return os.path.join(self.cache, name, 'root')

    def _start_somewhere(self):
        """A port that was free may be taken by now: then try others."""
        for last in (False, False, True):
            self.work = tempfile.mkdtemp(prefix=f'{self.name}-')
            os.chmod(self.work, 0o755)
            for folder in ('etc', 'log', 'mail'):
                os.mkdir(os.path.join(self.work, folder))
            self.port = dict(zip(self.ports, free_ports(len(self.ports))))
            self.configure()
            try:
                self._start()
                return
            except (RuntimeError, TimeoutError):
                if last:
                    raise
                self.stop()

    def _start(self):
        scripts = {'jailed.sh': 'jailed.sh',
                   'run': f'{self.folder or self.name}/run'}
        for number, service in enumerate(self.services):
            scripts[f'services/{number}'] = service
        os.mkdir(os.path.join(self.work, 'services'))
        for script, original in scripts.items():
            shutil.copy(os.path.join(HERE, original),
                        os.path.join(self.work, script))
        roots = [self.root(name) for name in (*self.layers, self.name)]
        with open(os.path.join(self.work, 'log', 'output'), 'wb') as output:
            self.process = subprocess.Popen(
                [os.path.join(HERE, 'jail'), self.work, *roots, '--',
                 os.path.join(self.work, 'run'), self.work],
                stdin=subprocess.PIPE, stdout=output, stderr=output)

        def up():
            if self.process.poll() is not None:
                raise RuntimeError(f'{self.name} does not start\n{self.log}')
            return all(answers(port) for port in self.port.values())
        wait_until(up, f'{self.name} answers\n{self.log}')

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self.work is not None:
            shutil.rmtree(self.work, ignore_errors=True)
            self.work = None

    def fill(self, name, folder=None, **values):
        """Copies a file of the configuration with its @NAME@s filled in."""
        folder = folder or self.folder or self.name
        with open(os.path.join(HERE, folder, name), encoding='utf-8') as file:
            text = re.sub(r'@([A-Z_]+)@',
                          lambda found: str(values[found.group(1)]),
                          file.read())
        self.write(os.path.join('etc', name), text)

    def write(self, name, text):
        with open(os.path.join(self.work, name), 'w',
                  encoding='utf-8') as file:
            file.write(text)

    @property
    def log(self):
        text = ''
        folder = os.path.join(self.work, 'log')
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding='utf-8',
                      errors='replace') as file:
                text += f'== {name}\n{file.read()}'
        return text

    def maildir(self, user):
        return Maildir(os.path.join(self.work, 'mail', user))

    def configure(self):
        raise NotImplementedError


# A submission service with each of these certificates, by STARTTLS and with
# TLS from the first octet.
BAD_CERTIFICATES = ('untrusted', 'wrong-name', 'expired', 'self-signed',
                    'not-yet-valid', 'wrong-purpose')
BAD_PORTS = {prefix + kind: kind for kind in BAD_CERTIFICATES
             for prefix in ('', 'smtps-')}


class Postfix(Jailed):
    name = 'postfix'
    packages = ('postfix', 'sasl2-bin', 'libsasl2-modules',
                'libsasl2-modules-db')

    ports = ('smtp', 'clear', 'submission', 'smtps', 'turns', 'demanding',
             'smtps-demanding', *BAD_PORTS)
    # It says 421 under TLS, and why.
    refused_client = missed_client = {'result': 'E_TRANSIENT', 'detail': ''}

    def resumptions(self):
        """How often a session was resumed."""
        return self.log.count(': Reusing old session')

    submit = ('smtpd_tls_security_level=encrypt',
              'smtpd_relay_restrictions=permit_sasl_authenticated,reject',
              'smtpd_client_restrictions=permit_sasl_authenticated,reject')
    in_clear = ('smtpd_tls_security_level=none', 'smtpd_tls_auth_only=no')
    from_the_start = ('smtpd_tls_wrappermode=yes', *submit)
    demanding = ('smtpd_tls_req_ccert=yes',)

    def settings(self):
        """{port: (setting, ...)} where smtpd's are not those of main.cf"""
        bad = {port: (f'syslog_name=postfix/{port}',
                      f'smtpd_tls_cert_file={self.certificates}/{kind}.pem',
                      f'smtpd_tls_key_file={self.certificates}/{kind}.key',
                      *(self.submit if port == kind else self.from_the_start))
               for port, kind in BAD_PORTS.items()}
        return {
            'smtp': (),
            'clear': self.in_clear,
            'submission': self.submit,
            'smtps': self.from_the_start,
            'turns': ('smtpd_discard_ehlo_keywords=pipelining,8bitmime',
                      *self.submit),
            'demanding': (*self.demanding, *self.submit),
            'smtps-demanding': (*self.demanding, *self.from_the_start),
            **bad,
        }

    def configure(self):
        self.fill('main.cf', WORK=self.work, CERTIFICATES=self.certificates)
        self.fill('master.cf', SERVICES='\n'.join(
            f'127.0.0.1:{self.port[port]} inet n - n - - smtpd' +
            ''.join(f'\n  -o {setting}' for setting in settings)
            for port, settings in self.settings().items()))
        self.configure_sasl()
        self.write('users', ''.join(
            f'{user.partition("@")[0]} {password}\n'
            for user, password in USERS.items()))

    def configure_sasl(self):
        self.fill('smtpd.conf')


class Exim(Jailed):
    name = 'exim'
    packages = ('exim4-daemon-heavy', 'exim4-base')
    ports = ('submission', 'smtps', 'demanding', 'smtps-demanding',
             *BAD_PORTS)
    asking = ()  # for a client's certificate, without demanding one
    refused_client = {'result': 'E_TLS', 'detail': 'alert-bad-certificate'}
    missed_client = {'result': 'E_TLS', 'detail': 'alert-certificate-required'}

    def resumptions(self):
        """How often a session was resumed; a star says so."""
        return len(re.findall(r' X=TLS\S+\* ', self.log))

    def configure(self):
        ports = [self.port[name] for name in self.ports]
        implicit = [self.port[name] for name in self.ports
                    if name.startswith('smtps')]
        demanding = [self.port[name] for name in self.ports
                     if name.endswith('demanding')]
        self.fill('exim.conf', WORK=self.work, CERTIFICATES=self.certificates,
                  PORTS=' : '.join(map(str, ports)),
                  IMPLICIT=' : '.join(map(str, implicit)),
                  DEMANDING=' : '.join(map(str, demanding)),
                  ASKING=' : '.join(str(self.port[name])
                                    for name in self.asking),
                  BAD=' '.join(f'p{self.port[port]}={kind}'
                               for port, kind in BAD_PORTS.items()
                               if port in self.port))
        self.write('users', ''.join(f'{user}: {password}\n'
                                    for user, password in USERS.items()))


class Loopback:
    """The embedded server, which ends with its standard input."""

    def __init__(self, program, folder, *options):
        self.folder = folder
        self.log = open(os.path.join(folder, 'output'), 'wb')
        self.process = subprocess.Popen(
            [program, '--directory', folder, '--stdin', *options],
            stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        self.env = {}

    def __enter__(self):
        file = os.path.join(self.folder, 'env')

        def ready():
            if self.process.poll() is not None:
                raise RuntimeError('the embedded server does not start')
            return os.path.exists(file)
        wait_until(ready, 'the embedded server is ready')
        with open(file, encoding='utf-8') as text:
            self.env = dict(re.findall(r"^(\w+)='?([^'\n]*)'?$", text.read(),
                                       re.M))
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()

    def received(self):
        folder = os.path.join(self.folder, 'received')
        return [name for name in os.listdir(folder)
                if name.endswith('.eml')] if os.path.isdir(folder) else []

    def read(self, number, suffix):
        """What it keeps of a message: its "eml", or its "envelope"."""
        with open(os.path.join(self.folder, 'received', f'{number}.{suffix}'),
                  encoding='utf-8', errors='replace') as file:
            return file.read()

    def await_one(self, token):
        """The number of the one message with this token."""
        def found():
            return [name[:-4] for name in self.received()
                    if token in self.read(name[:-4], 'eml')]
        numbers = wait_until(found, f'a message with {token}')
        if len(numbers) != 1:
            raise RuntimeError(f'{token} is in {numbers}')
        return numbers[0]

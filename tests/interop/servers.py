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

    def __init__(self, cache, certificates):
        self.cache = os.path.join(
            os.environ.get('SMTPC_TEST_PACKAGES', cache), self.name)
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
        done = subprocess.run(
            [os.path.join(HERE, 'fetch'), self.cache, *self.packages],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Unavailable(f'no package of {self.name}: '
                              f'{" ".join(done.stdout.split())}')

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
        run = os.path.join(self.work, 'run')
        shutil.copy(os.path.join(HERE, self.name, 'run'), run)
        with open(os.path.join(self.work, 'log', 'output'), 'wb') as output:
            self.process = subprocess.Popen(
                [os.path.join(HERE, 'jail'), self.work,
                 os.path.join(self.cache, 'root'), '--', run, self.work],
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

    def fill(self, name, **values):
        """Copies a file of the configuration with its @NAME@s filled in."""
        with open(os.path.join(HERE, self.name, name),
                  encoding='utf-8') as file:
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

    submit = ('-o smtpd_tls_security_level=encrypt '
              '-o smtpd_relay_restrictions=permit_sasl_authenticated,reject '
              '-o smtpd_client_restrictions=permit_sasl_authenticated,reject')

    def configure(self):
        bad = ''.join(
            f'127.0.0.1:{self.port[port]} inet n - n - - smtpd\n'
            f'  -o syslog_name=postfix/{port}\n'
            f'  -o smtpd_tls_wrappermode={"no" if port == kind else "yes"}\n'
            f'  -o smtpd_tls_cert_file={self.certificates}/{kind}.pem\n'
            f'  -o smtpd_tls_key_file={self.certificates}/{kind}.key\n'
            f'  {self.submit}\n' for port, kind in BAD_PORTS.items())
        self.fill('main.cf', WORK=self.work, CERTIFICATES=self.certificates)
        self.fill('smtpd.conf')
        self.fill('master.cf', SUBMIT=self.submit, BAD_CERTIFICATES=bad,
                  **{name.upper(): self.port[name] for name in
                     ('smtp', 'clear', 'submission', 'smtps', 'turns')},
                  DEMANDING=self.port['demanding'],
                  SMTPS_DEMANDING=self.port['smtps-demanding'])
        self.write('users', ''.join(
            f'{user.partition("@")[0]} {password}\n'
            for user, password in USERS.items()))


class Exim(Jailed):
    name = 'exim'
    packages = ('exim4-daemon-heavy', 'exim4-base')
    ports = ('submission', 'smtps', 'demanding', 'smtps-demanding',
             *BAD_PORTS)
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
                  BAD=' '.join(f'p{self.port[port]}={kind}'
                               for port, kind in BAD_PORTS.items()))
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

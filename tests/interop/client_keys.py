# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client's certificate and key in each form that they come in, and stapled
answers about a server's, all made with OpenSSL.
"""

import os
import subprocess

PASSWORD = 'open sesame'

MODULES = ('/usr/lib/softhsm/libsofthsm2.so',
           '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
           '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
           '/usr/lib64/pkcs11/libsofthsm2.so')


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode:
        raise RuntimeError(f'{" ".join(command)}\n{done.stdout}')
    return done.stdout


def openssl(*arguments):
    return run('openssl', *arguments)


class ClientKeys:
    """Files in a folder, where NAME.pem and NAME.key are already."""

    def __init__(self, folder, name='client'):
        self.folder = folder
        self.certificate = self.path(f'{name}.pem')
        self.key = self.path(f'{name}.key')
        self.both = self.join('both.pem', self.certificate, self.key)
        encrypted = ('-aes256', '-passout', f'pass:{PASSWORD}')
        self.pkcs8_key = self.path('pkcs8.key')
        openssl('pkcs8', '-topk8', '-in', self.key, '-out', self.pkcs8_key,
                '-passout', f'pass:{PASSWORD}')
        self.traditional_key = self.path('traditional.key')
        openssl('ec', '-in', self.key, '-out', self.traditional_key,
                *encrypted)
        self.encrypted_both = self.join('encrypted.pem', self.certificate,
                                        self.pkcs8_key)
        self.pkcs12 = self.path('client.p12')
        openssl('pkcs12', '-export', '-in', self.certificate, '-inkey',
                self.key, '-out', self.pkcs12, '-passout', f'pass:{PASSWORD}')

    def path(self, name):
        return os.path.join(self.folder, name)

    def join(self, name, *files):
        with open(self.path(name), 'wb') as joined:
            for file in files:
                with open(file, 'rb') as part:
                    joined.write(part.read())
        return self.path(name)


class Token:
    """A PKCS#11 token of SoftHSM's, with the certificate and its key."""

    label = 'tests'
    pin = '1234'

    def __init__(self, keys):
        tokens = keys.path('tokens')
        os.mkdir(tokens)
        config = keys.path('softhsm2.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(f'directories.tokendir = {tokens}\n'
                       'log.level = ERROR\n')
        self.env = {'SOFTHSM2_CONF': config}
        self.url = f'pkcs11:token={self.label};object=client'
        self._run('softhsm2-util', '--init-token', '--free', '--label',
                  self.label, '--pin', self.pin, '--so-pin', '4321')
        for what, file in (('--load-certificate', keys.certificate),
                           ('--load-privkey', keys.key)):
            self._run('p11tool', '--provider', self.module(), '--batch',
                      '--login', f'--set-pin={self.pin}', '--write', what,
                      file, '--label', 'client', '--id', '01',
                      f'pkcs11:token={self.label}')

    @staticmethod
    def module():
        return next(path for path in MODULES if os.path.exists(path))

    def _run(self, *command):
        run(*command, env={**os.environ, **self.env})


class Responder:
    """Certificates of the test's authority, and what it says about them."""

    def __init__(self, folder, authority='ca'):
        self.folder = folder
        self.authority = self.path(f'{authority}.pem')
        self.authority_key = self.path(f'{authority}.key')

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, *extensions):
        """A server's certificate, NAME.pem, and its key."""
        config = self.path('extensions')
        lines = ('subjectAltName = DNS:localhost, IP:127.0.0.1',
                 'basicConstraints = critical, CA:false',
                 'keyUsage = critical, digitalSignature',
                 'extendedKeyUsage = serverAuth', *extensions)
        with open(config, 'w', encoding='ascii') as file:
            file.write('\n'.join(lines) + '\n')
        request = self.path('request')
        openssl('req', '-new', '-newkey', 'ec', '-pkeyopt',
                'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
                '-keyout', self.path(f'{name}.key'), '-out', request)
        openssl('x509', '-req', '-in', request, '-CA', self.authority,
                '-CAkey', self.authority_key, '-set_serial',
                f'0x{os.urandom(8).hex()}', '-days', '2', '-extfile', config,
                '-out', self.path(f'{name}.pem'))

    def answer(self, name, is_revoked=False):
        """The file of an OCSP response about NAME.pem."""
        certificate = self.path(f'{name}.pem')
        serial = openssl('x509', '-in', certificate, '-noout', '-serial'
                         ).strip().partition('=')[2]
        row = (('R', '491231235959Z', '200101000000Z') if is_revoked else
               ('V', '491231235959Z', ''))
        index = self.path('index')
        with open(index, 'w', encoding='ascii') as file:
            file.write('\t'.join([*row, serial, 'unknown', '/CN=localhost'])
                       + '\n')
        response = self.path(f'{name}-{row[0]}.ocsp')
        openssl('ocsp', '-index', index, '-CA', self.authority, '-rsigner',
                self.authority, '-rkey', self.authority_key, '-issuer',
                self.authority, '-cert', certificate, '-ndays', '1',
                '-respout', response)
        return response

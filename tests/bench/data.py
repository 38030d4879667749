# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is sent, and the certificates: written into a directory."""

import os
import random
import subprocess

SMALL = 2048
BIG = 256 << 20

HEADER = (b'Date: Fri, 21 Nov 2025 12:00:00 +0000\r\n'
          b'From: Sender <sender@example.com>\r\n'
          b'To: User <user0@example.net>\r\n'
          b'Message-ID: <%d.bench@example.com>\r\n'
          b'Subject: Measured\r\n'
          b'MIME-Version: 1.0\r\n'
          b'Content-Type: text/plain; charset=us-ascii\r\n\r\n')

# The whole of the system's authorities, where a program finds them.
SYSTEM = ('/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/cert.pem',
          '/etc/pki/tls/certs/ca-bundle.crt')


def lines(chance, count):
    """Lines of up to 76 octets; one in 50 begins with a dot."""
    letters = 'abcdefghijklmnopqrstuvwxyz'
    words = [''.join(chance.choice(letters)
                     for _ in range(chance.randint(2, 11)))
             for _ in range(2000)]
    for _ in range(count):
        line = '.' if chance.random() < 0.02 else ''
        while len(line) < 70:
            line += chance.choice(words)
            line += '. ' if chance.random() < 0.08 else ' '
        yield line[:76].rstrip()


def message(path, size):
    chance = random.Random(size)
    text = '\r\n'.join(lines(chance, min(20000, size // 60 + 2))) + '\r\n'
    block = text.encode()
    header = HEADER % size
    left = size - len(header)
    with open(path, 'wb') as file:
        file.write(header)
        while left > len(block):
            file.write(block)
            left -= len(block)
        last = block[:left - 2].rstrip(b'\r\n')
        file.write(last.ljust(left - 2, b'x') + b'\r\n')
    assert os.path.getsize(path) == size


def openssl(folder, *arguments):
    subprocess.run(['openssl', *arguments], cwd=folder, check=True,
                   capture_output=True)


def certificates(folder):
    key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    with open(f'{folder}/extensions', 'w', encoding='ascii') as file:
        file.write('subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.77.0.1,'
                   'IP:10.77.0.2\n'
                   'extendedKeyUsage=serverAuth\n'
                   'keyUsage=digitalSignature\n')
    openssl(folder, 'req', '-x509', *key, '-keyout', 'ca-key.pem',
            '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Benchmark CA')
    openssl(folder, 'req', *key, '-keyout', 'key.pem', '-out', 'request.pem',
            '-subj', '/CN=127.0.0.1')
    openssl(folder, 'x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem',
            '-CAkey', 'ca-key.pem', '-CAcreateserial', '-out', 'cert.pem',
            '-days', '30', '-extfile', 'extensions')
    system = next(path for path in SYSTEM if os.path.exists(path))
    with open(f'{folder}/system.pem', 'wb') as out:
        for path in (system, f'{folder}/ca.pem'):
            with open(path, 'rb') as file:
                out.write(file.read())


def write_all(folder):
    certificates(folder)
    message(f'{folder}/small', SMALL)
    message(f'{folder}/big', BIG)

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a TLS handshake costs in instructions, as Valgrind counts them: one
that resumes a session must be cheaper.  Prints TAP.

usage: tls_costs_test.py TLS_CLIENT MAKE_CERTS
"""

import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from servers import make_certificates
from tap import Failed, Tap, skip_all
from tls_client import Client
from tls_servers import PythonServer


def instructions(tap, program, authority, server, way, *options):
    """Of a first session, and of a second one."""
    with tempfile.TemporaryDirectory() as folder:
        Client(program, authority,
               ['valgrind', '--tool=callgrind', '--dump-after=smtpc_open',
                '--toggle-collect=smtpc_open',
                f'--callgrind-out-file={folder}/out']
               ).sessions(server, way, *options, count=2)
        counts = []
        for name in ('out.1', 'out.2'):
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                counts.append(int(re.search(r'^totals: (\d+)$', file.read(),
                                            re.M).group(1)))
        return counts


def costs(tap, program, folder):
    authority = os.path.join(folder, 'ca.pem')
    for version in ('1.2', '1.3'):
        label = version.replace('.', '_')
        with PythonServer(folder, minimum=version, maximum=version) as server:
            with tap.test('session_that_is_resumed_takes_fewer_instructions_'
                          f'with_tls_{label}'):
                # The first session of all also loads what is trusted.
                _, full = instructions(tap, program, authority, server,
                                       'implicit_tls', '--cache', '0')
                _, resumed = instructions(tap, program, authority, server,
                                          'implicit_tls')
                tap.note(f'TLS {version}: {full} instructions for a full '
                         f'handshake, {resumed} for one that resumes')
                found = [seen.is_resumed for seen in server.connections]
                if found != [False, False, False, True]:
                    raise Failed(f'resumed: {found}')
                if not 0 < resumed < full:
                    raise Failed('it takes no fewer')


def main():
    program, make_certs = sys.argv[1:]
    if shutil.which('valgrind') is None:
        skip_all('there is no valgrind')
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(make_certs, folder)
        costs(tap, program, folder)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every real server must see of the library's TLS: STARTTLS and TLS from
the first octet, certificates of both sides, resumption.
"""

from servers import BAD_CERTIFICATES, wait_until
from tap import Failed

PREFIXES = {'starttls': '', 'implicit_tls': 'smtps-'}
GOOD = {'starttls': 'submission', 'implicit_tls': 'smtps'}

PROBLEMS = {
    'untrusted': ['UNTRUSTED_ISSUER'],
    'wrong-name': ['WRONG_NAME'],
    'expired': ['EXPIRED'],
    'self-signed': ['UNTRUSTED_ISSUER', 'SELF_SIGNED'],
    'not-yet-valid': ['NOT_YET_VALID'],
    'wrong-purpose': ['WRONG_PURPOSE'],
}


def tls_cases(tap, client, server):
    for way in PREFIXES:
        good_and_bad(tap, client, server, way)
        client_certificate(tap, client, server, way)
        with tap.test(f'session_is_resumed_by_{way}'):
            before = server.resumptions()
            first, second = sessions(client, server, GOOD[way], way, count=2)
            first.must_be_trusted(resumed=0)
            second.must_be_trusted(resumed=1)
            wait_until(lambda: server.resumptions() > before,
                       'the server says so, too')
            if server.resumptions() != before + 1:
                raise Failed(server.log)


def sessions(client, server, port, way, *options, count=1):
    return client.all([*client.options(way), *options,
                       *['localhost', str(server.port[port])] * count])


def session(client, server, port, way, *options):
    answer, = sessions(client, server, port, way, *options)
    return answer


def good_and_bad(tap, client, server, way):
    with tap.test(f'certificate_that_is_good_is_verified_by_{way}'):
        session(client, server, GOOD[way], way).must_be_trusted(
            state='READY', version='TLS1.3')
    for kind in BAD_CERTIFICATES:
        name = kind.replace('-', '_')
        with tap.test(f'certificate_that_is_{name}_is_understood_by_{way}'):
            session(client, server, PREFIXES[way] + kind, way
                    ).must_be_refused(*PROBLEMS[kind])


def client_certificate(tap, client, server, way):
    port = PREFIXES[way] + 'demanding'

    def present(kind):
        return session(client, server, port, way,
                       '--key', f'{server.certificates}/{kind}.key',
                       '--certificate', f'{server.certificates}/{kind}.pem')

    with tap.test(f'certificate_of_the_client_is_accepted_by_{way}'):
        present('client').must_be_trusted(state='READY')
        wait_until(lambda: 'alice@example.test' in server.log,
                   'its name in the log')
    with tap.test(f'certificate_of_the_client_is_refused_by_{way}'):
        present('untrusted').must(retry=1, **server.refused_client)
    with tap.test(f'certificate_of_the_client_is_missed_by_{way}'):
        session(client, server, port, way).must(retry=1,
                                                **server.missed_client)

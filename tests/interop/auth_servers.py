# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real servers with all the mechanisms that they have."""

import base64
import glob
import hashlib
import hmac
import json
import os
import re

from servers import USERS, Exim, Jailed, Postfix, wait_until
from tap import Failed

TOKEN_KEY = b'the key that tokens are signed with'

DOVECOT = ('dovecot-core', 'dovecot-submissiond', 'dovecot-gssapi')
SASL = ('sasl2-bin', 'libsasl2-modules', 'libsasl2-modules-db')
KERBEROS = ('krb5-kdc', 'krb5-admin-server', 'krb5-user',
            'libsasl2-modules-gssapi-mit')

DOVECOT_MECHANISMS = ('PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5',
                      'SCRAM-SHA-1', 'SCRAM-SHA-256', 'OAUTHBEARER', 'XOAUTH2')


def token(user, expires=4102444800, key=TOKEN_KEY, **more):
    """A JSON Web Token (RFC 7519) of this user's, good until 2100."""
    def encoded(octets):
        return base64.urlsafe_b64encode(octets).rstrip(b'=')
    parts = [encoded(json.dumps(part).encode()) for part in (
        {'alg': 'HS256', 'typ': 'JWT'},
        {'sub': user, 'iat': 1600000000, 'exp': expires, 'scope': 'smtp',
         **more})]
    signature = hmac.new(key, b'.'.join(parts), hashlib.sha256).digest()
    return b'.'.join([*parts, encoded(signature)]).decode()


def configure_dovecot(server, mechanisms, more=''):
    """What Dovecot knows of users and tokens."""
    server.fill('auth.conf', 'dovecot', WORK=server.work, MORE=more,
                MECHANISMS=' '.join(mechanisms).lower())
    server.fill('oauth2.conf', 'dovecot', WORK=server.work)
    server.write('passwd', ''.join(f'{user}:{{PLAIN}}{password}::::::\n'
                                   for user, password in USERS.items()))
    os.makedirs(os.path.join(server.work, 'keys', 'default', 'HS256'))
    server.write(os.path.join('keys', 'default', 'HS256', 'default'),
                 base64.b64encode(TOKEN_KEY).decode())


def configure_kerberos(server):
    for name in ('krb5.conf', 'kdc.conf'):
        server.fill(name, 'kerberos', KDC=server.port['kdc'],
                    WORK=server.work)


def ticket_env(server, tickets='tickets'):
    """The environment of a client that has the plug-in and these tickets."""
    root = server.root('kerberos')
    plugins, = glob.glob(f'{root}/usr/lib/*/sasl2')
    libraries = os.path.dirname(plugins)
    system = glob.glob('/usr/lib/*/sasl2')
    return {
        'SASL_PATH': ':'.join([plugins, *system]),
        'LD_LIBRARY_PATH': ':'.join(
            [libraries, *filter(None, [os.environ.get('LD_LIBRARY_PATH')])]),
        'KRB5_CONFIG': os.path.join(server.work, 'etc', 'krb5.conf'),
        'KRB5CCNAME': 'FILE:' + os.path.join(server.work, tickets),
    }


class Dovecot(Jailed):
    """A submission service that hands on what it gets to the embedded server.
    """

    name = 'dovecot'
    packages = DOVECOT
    ports = ('submission', 'smtps')
    mechanisms = (*DOVECOT_MECHANISMS, 'EXTERNAL')
    more = ''

    def __init__(self, cache, certificates, relay):
        super().__init__(cache, certificates)
        self.relay = relay

    def configure(self):
        configure_dovecot(self, self.mechanisms, self.more)
        self.fill('dovecot.conf', CERTIFICATES=self.certificates,
                  RELAY=self.relay.env['SMTP_PORT'],
                  SUBMISSION=self.port['submission'],
                  SMTPS=self.port['smtps'])

    def authenticated(self, token):
        """(mechanism, user) of who sent the message with this token."""
        number = self.relay.await_one(token)
        message, envelope = (self.relay.read(number, suffix)
                             for suffix in ('eml', 'envelope'))
        number = re.search(r'with ESMTPSA\s+id (\S+)', message).group(1)
        relayed = re.compile(r'submission\(\S+\)<\d+><(\S+)>: Info: '
                             r'Successfully relayed message: .*'
                             rf'id={re.escape(number)},')
        session = wait_until(lambda: relayed.search(self.log),
                             f'{number} in the log').group(1)
        login = (r'submission-login: Info: Login: user=<(\S+)>, '
                 rf'method=(\S+), .* TLS, session=<{re.escape(session)}>')
        user, mechanism = wait_until(lambda: re.search(login, self.log),
                                     f'{session} in the log').groups()
        if f'\nparameter: AUTH={user}\n' not in envelope:
            raise Failed(envelope)
        return mechanism, user


class AuthPostfix(Postfix):
    """Besides the services of Postfix's own there are some where Dovecot
    authenticates, and one where saslauthd does.
    """

    layers = {'dovecot': DOVECOT}
    services = ('postfix/saslauthd', 'dovecot/service')
    mechanisms = ('PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'SCRAM-SHA-1',
                  'SCRAM-SHA-224', 'SCRAM-SHA-256', 'SCRAM-SHA-384',
                  'SCRAM-SHA-512', 'NTLM', 'ANONYMOUS')
    ports = ('submission', 'smtps', 'clear', 'dovecot', 'dovecot-smtps',
             'saslauthd', 'impatient', 'anonymous')

    def settings(self):
        dovecot = ('smtpd_sasl_type=dovecot', 'smtpd_sasl_path=private/auth')
        saslauthd = ('smtpd_sasl_path=smtpd-saslauthd', *self.submit)
        return {
            'submission': self.submit,
            'smtps': self.from_the_start,
            'clear': self.in_clear,
            'dovecot': (*dovecot, *self.submit),
            'dovecot-smtps': (*dovecot, *self.from_the_start),
            'saslauthd': saslauthd,
            # Nobody has no privileges: this is for mail to its own users.
            'anonymous': ('smtpd_sasl_security_options=',
                          'smtpd_tls_security_level=encrypt'),
            'impatient': (*saslauthd, 'smtpd_hard_error_limit=1'),
        }

    def configure_sasl(self):
        for name, check, plugin in (('smtpd', 'auxprop', 'sasldb'),
                                    ('smtpd-saslauthd', 'saslauthd', 'none')):
            self.write(f'etc/{name}.conf', f"""
pwcheck_method: {check}
auxprop_plugin: {plugin}
sasldb_path: /etc/sasldb2
saslauthd_path: /run/saslauthd/mux
mech_list: {" ".join(self.mechanisms)}
""")
        configure_dovecot(self, DOVECOT_MECHANISMS)
        self.fill('service.conf', 'dovecot',
                  SOCKET='/var/spool/postfix/private/auth')

    def authenticated(self, token):
        """(mechanism, user) of who sent the message with this token."""
        trace = self.maildir('bob').await_one(token).decode()
        number = re.search(r'ESMTPS?A id (\w+)', trace).group(1)
        wanted = (rf'{number}: client=\S+, sasl_method=(\S+), '
                  r'sasl_username=(\S+)')
        # The log has a writer of its own, which may be behind.
        return wait_until(lambda: re.search(wanted, self.log),
                          'the log of who logged in').groups()


class AuthExim(Exim):
    """Besides its own mechanisms it has those of Cyrus SASL and of Dovecot."""

    layers = {'sasl': SASL, 'dovecot': DOVECOT}
    services = ('exim/sasldb', 'dovecot/service')
    ports = ('submission', 'smtps', 'asking', 'smtps-asking')
    asking = ('asking', 'smtps-asking')
    cyrus = ('DIGEST-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512')
    dovecot = ('OAUTHBEARER', 'XOAUTH2')
    mechanisms = ('PLAIN', 'LOGIN', 'CRAM-MD5', *cyrus, *dovecot)

    def configure(self):
        super().configure()
        more = ''.join(f"""
{name.lower().replace("-", "_")}:
  driver = cyrus_sasl
  public_name = {name}
  server_realm = example.test
  server_set_id = $auth1
""" for name in self.cyrus) + ''.join(f"""
{name.lower()}:
  driver = dovecot
  public_name = {name}
  server_socket = /run/exim-auth
  server_set_id = $auth1
""" for name in self.dovecot)
        with open(os.path.join(self.work, 'etc', 'exim.conf'), 'a',
                  encoding='utf-8') as file:
            file.write(more)
        self.write('sasl-users', ''.join(
            f'{user.partition("@")[0]} {password}\n'
            for user, password in USERS.items()))
        configure_dovecot(self, DOVECOT_MECHANISMS)
        self.fill('service.conf', 'dovecot', SOCKET='/run/exim-auth')

    def authenticated(self, token):
        """(mechanism, user) of who sent the message with this token."""
        trace = self.maildir('bob').await_one(token).decode()
        number = re.search(r'with esmtpsa .*?\n\tid (\S+)', trace, re.S
                           ).group(1)
        wanted = rf'{number} <= .* A=(\w+):(\S+)'
        name, user = wait_until(lambda: re.search(wanted, self.log),
                                f'{number} in the log').groups()
        name = {'cram': 'cram-md5'}.get(name, name)
        return name.upper().replace('_', '-'), user


class KerberosPostfix(AuthPostfix):
    """A Postfix and a KDC."""

    layers = {'kerberos': KERBEROS}
    services = ('kerberos/service',)
    mechanisms = ('GSSAPI', 'GSS-SPNEGO', 'SCRAM-SHA-256', 'PLAIN')
    ports = ('submission', 'smtps', 'kdc')

    def settings(self):
        return {'submission': self.submit, 'smtps': self.from_the_start}

    def configure_sasl(self):
        self.write('etc/smtpd.conf', f"""
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: /etc/sasldb2
keytab: /etc/krb5.keytab
mech_list: {" ".join(self.mechanisms)}
""")
        configure_kerberos(self)


class KerberosDovecot(Dovecot):
    """A Dovecot and a KDC."""

    layers = {'kerberos': KERBEROS}
    services = ('kerberos/service',)
    mechanisms = ('GSSAPI', 'GSS-SPNEGO', 'PLAIN')
    ports = ('submission', 'smtps', 'kdc')
    more = ('auth_krb5_keytab = /etc/krb5.keytab\n'
            'auth_gssapi_hostname = "$ALL"')

    def configure(self):
        super().configure()
        configure_kerberos(self)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages that every server has to get as they are, and the comparison of
what it delivered with what the library told.
"""

import collections
import contextlib
import os
import sys
import tempfile

from conversation import differ
from send_client import Session
from servers import Unavailable, become_root, make_certificates, wait_until
from tap import Failed, Tap, skip_all

WAYS = {
    'DATA_at_SAFE': {'level': 'SAFE'},
    'BDAT_at_SAFE': {'level': 'SAFE', 'chunking': True},
    'BDAT_at_STREAM': {'level': 'STREAM', 'chunking': True},
}

HEADER = (b'From: sender@many.example.test\r\nSubject: octets\r\n'
          b'Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n\r\n')

LINE_OF_998 = b'.' * 998 + b'\r\n'
LINE_OF_2000 = (b'x123456789' * 200) + b'\r\n'

# Long lines are kept where a message is delivered: Postfix and Exim break them,
# or refuse, only in what they hand on.
KINDS = {
    'no_octets': b'',
    'one_dot': b'.',
    'one_dot_and_a_line_end': b'.\r\n',
    'dots': HEADER + b'.\r\n..\r\n\r\n.\r\nQUIT\r\n.x\r\n.',
    'no_line_end_at_its_end': HEADER + b'one\r\ntwo',
    'a_header_alone': HEADER[:-4],
    'lines_of_998_octets': HEADER + LINE_OF_998 * 3,
    'lines_of_2000_octets': HEADER + LINE_OF_2000 * 3,
    'line_ends_of_all_kinds': HEADER + b'one\ntwo\rthree\r\n\n\r\r\nfour\r',
    'all_octets_above_127': HEADER + bytes(range(128, 256)) * 5,
}

MEBI = 1024 * 1024


def large_content(size):
    """No two mebioctets are the same; every other one's lines end in LF."""
    line = b'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
    lines = [line[:n % 62] for n in range(24000)]
    lines[::7] = [b'.' + one for one in lines[::7]]
    block = {end: end.join(lines) + end for end in (b'\n', b'\r\n')}
    parts = []
    for number in range(size // MEBI):
        first = b'block %d\r\n' % number
        rest = block[b'\n' if number % 2 else b'\r\n']
        parts += [first, (rest + rest)[:MEBI - len(first) - 2], b'\r\n']
    return HEADER + b''.join(parts)


def lines_of(content):
    """As a mailbox holds it: lines end in LF, and the last one ends."""
    content = content.replace(b'\r\n', b'\n').replace(b'\r', b'\n')
    return content if not content or content.endswith(b'\n') else \
        content + b'\n'


class Peer:
    """One running server, and all that was sent to it."""

    def __init__(self, tap, program, server, folder):
        self.tap = tap
        self.program = program
        self.server = server
        self.folder = folder
        self.store = server.store()
        self.accepted = collections.Counter()
        self.count = 0

    def address(self):
        self.count += 1
        return self.server.address(f'm{self.count}')

    def file(self, content):
        handle, path = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
        return path

    @contextlib.contextmanager
    def session(self, port=None, **settings):
        """One that is open; port may be the path of a socket."""
        port = port or self.server.port[self.server.ports[0]]
        with Session(self.program, protocol=self.server.protocol,
                     **settings) as session:
            session.open(port).must(result='OK', state='READY')
            yield session

    def must_quit(self, session):
        session.quit().must(result='OK', detail='', state='DISCONNECTED')

    def note(self, fate):
        """What was accepted has to be delivered in the end, once to who was
        named twice.
        """
        accepted = set(fate.accepted)
        again = accepted & set(self.accepted)
        if again:
            raise Failed(f'{again} had it already:\n{fate.line}')
        self.accepted.update(accepted)
        return fate

    def send(self, session, content, *recipients, **more):
        path = self.file(content)
        session.mail(recipients, path, **more)
        fate = self.note(session.send())
        os.unlink(path)
        return fate

    def must_hold(self, recipient, content):
        """What was delivered to this one is the content."""
        delivery = self.store.await_one(recipient)
        wanted, found = self.server.as_kept(lines_of(content)), \
            delivery.message
        if found != wanted:
            raise Failed(differ(wanted, found))
        return delivery

    def must_be_all(self):
        """Whoever was accepted has the message once, and nobody else has."""
        def settled():
            return not self.accepted - self.store.counts() and \
                self.server.is_idle()
        try:
            wait_until(settled, 'all that was accepted')
        except TimeoutError:
            pass
        counts = self.store.counts()
        if counts != self.accepted:
            raise Failed('accepted, and not delivered: '
                         f'{self.accepted - counts}\n'
                         'delivered, and not accepted: '
                         f'{counts - self.accepted}')


def messages(peer):
    """All kinds in one session, from memory, and what STRICT makes of it."""
    for way, settings in WAYS.items():
        with peer.session(**settings) as session:
            for kind, content in KINDS.items():
                with peer.tap.test(f'a_message_of_{kind}_arrives_by_{way}'):
                    recipient = peer.address()
                    peer.send(session, content, recipient).must_be_taken()
                    peer.must_hold(recipient, content)
            with peer.tap.test(f'STRICT_sends_lines_of_998_octets_by_{way}'):
                content = KINDS['lines_of_998_octets']
                recipient = peer.address()
                peer.send(session, content, recipient, form='STRICT'
                          ).must_be_taken()
                peer.must_hold(recipient, content)
            with peer.tap.test(f'STRICT_refuses_lines_of_2000_octets_by_{way}'):
                peer.send(session, KINDS['lines_of_2000_octets'],
                          peer.address(), form='STRICT').must(
                              result='E_INVALID', detail='content-long-line',
                              state='READY', octets=0
                          ).must_be_to(('NOT_ATTEMPTED', 0, 1))
            with peer.tap.test(f'QUIT_after_messages_by_{way}_is_answered'):
                peer.must_quit(session)


def long_lines_in_the_midst(peer):
    """What STRICT finds too late is not ended."""
    for way, settings in WAYS.items():
        with peer.tap.test(
                f'STRICT_ends_no_message_with_a_line_of_2000_octets_by_{way}'):
            with peer.session(**settings) as session:
                content = HEADER + b'short\r\n' * 50000 + LINE_OF_2000
                peer.send(session, content, peer.address(), how='reader',
                          form='STRICT').must(
                              result='E_CONTENT', detail='content-long-line',
                              state='DEAD', retry=1
                          ).must_be_to(('NOT_ATTEMPTED', 250, 1))


def sources(peer, *is_blocking):
    """From each, pushed by the caller as well, blocking or not."""
    content = HEADER + b'.line\n' * 40000 + b'the end'
    for blocking in is_blocking:
        kind = 'blocking' if blocking else 'non_blocking'
        for way, settings in WAYS.items():
            with peer.tap.test(f'all_sources_are_read_by_{way}_in_a_{kind}_'
                               'session'):
                with peer.session(blocking=blocking, **settings) as session:
                    hows = ['memory', 'file', 'reader', 'sized-reader']
                    for how in hows + ([] if blocking else ['push']):
                        text = content if how != 'sized-reader' else \
                            lines_of(content).replace(b'\n', b'\r\n')
                        recipient = peer.address()
                        peer.send(session, text, recipient, how=how
                                  ).must_be_taken()
                        peer.must_hold(recipient, content)
                    peer.must_quit(session)


def large_messages(peer, is_large, *hows):
    """Each way has its source; only the last message is as large as the long
    run has them all.
    """
    sizes = (64, 64, 64) if is_large else (4, 4, 64)
    for (way, settings), how, size in zip(WAYS.items(), hows, sizes):
        with peer.tap.test(f'{size}_MiB_from_a_{how}_arrive_by_{way}'):
            content = large_content(size * MEBI)
            path = peer.file(content)
            recipient = peer.address()
            with peer.session(**settings) as session:
                session.mail([recipient], path, how=how)
                peer.note(session.send()).must_be_taken()
                peer.must_hold(recipient, content)
                peer.must_quit(session)
            peer.store.forget(recipient)
            os.unlink(path)


Odd = collections.namedtuple('Odd', 'recipients fate outcomes more')


def odd(fate, *outcomes, to=(), **more):
    """One that is not taken for everybody: a recipient each that stands for
    one whom the server takes is None.
    """
    return Odd(to, fate, outcomes, more)


def streams(peer, odds, count, *is_blocking):
    """Messages behind one another, some of which are refused."""
    for way, chunking in (('DATA', False), ('BDAT', True)):
        for blocking in is_blocking:
            kind = 'blocking' if blocking else 'non_blocking'
            with peer.tap.test(f'{count}_messages_in_a_{kind}_stream_by_{way}_'
                               'arrive_but_for_those_refused'):
                with peer.session(level='STREAM', chunking=chunking,
                                  blocking=blocking) as session:
                    stream(peer, session, odds, count)
                    peer.must_quit(session)
    with peer.tap.test('after_streams_just_what_was_accepted_is_delivered'):
        peer.must_be_all()


def stream(peer, session, odds, count):
    sent = []
    collected = 0
    for number in range(count):
        one = odds.get(number) or odd('OK', ('ACCEPTED', 250, 0), to=(None,))
        recipients = [to or peer.address() for to in one.recipients]
        more = dict(one.more)
        content = more.pop('header', b'') + HEADER + b'%d\r\n.\r\n' % number
        # One is longer than what goes before the recipients are answered.
        content += b'x' * 70 * (number % 30) + b'\r\n' + \
            b'line\r\n' * (20000 if number == count // 2 else 0)
        path = peer.file(content)
        session.mail(recipients, path, **more)
        session.submit()
        sent.append((one, recipients, content, path))
        # As many as the window has in a session that doesn't wait.
        if len(sent) - collected >= 20:
            finish(peer, session, sent[collected])
            collected += 1
    for one in sent[collected:]:
        finish(peer, session, one)


def finish(peer, session, sent):
    one, recipients, content, path = sent
    fate = peer.note(session.collect())
    fate.must(fate=one.fate, state='READY').must_be_to(*one.outcomes)
    os.unlink(path)
    for recipient in fate.accepted:
        if recipient in recipients:
            peer.must_hold(recipient, content)


def run(body):
    arguments = [one for one in sys.argv[1:] if one != '--large']
    is_large = len(arguments) < len(sys.argv) - 1
    program, make_certs, cache = arguments
    tap = Tap()
    try:
        become_root()
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            certificates = os.path.join(folder, 'certificates')
            make_certificates(make_certs, certificates)
            os.chmod(certificates, 0o755)
            body(lambda server: Peer(tap, program, server, folder),
                 cache, certificates, is_large)
    except Unavailable as why:
        skip_all(why)
    return tap.finish()

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that writes down which messages it took, and for whom, and whose
connections are cut: the first after so many octets, the next after some more,
and so on, until one is served to its end.

usage: recorder.py SOCKET LOG CUT FIRST STEP [lmtp]

CUT is whose octets are counted, and what is left when there are enough of them:

    mouth   nothing more is said; whatever comes is still heard and taken
    ear     nothing that comes is heard any more; its octets are only kept
    both    as ear, and the connection is closed at once

The log has a line for each event, behind "run N".  A message is known by the
local part of its sender, "m0", and so are recipients; who comes a second time
is "bob#2".

    refuses M R CODE   that is about to be said to RCPT, or as the verdict
    takes M R          all of M is here, and 250 is about to be said
    says M R           all of that has been said
    corrupt M          what is here is not what the message should be
    whole M...         their last octets have come, heard or not
    end cut|complete

What is taken is logged before it is said, so that the log knows more than the
client may.
"""

import os
import re
import socket
import sys

EXTENSIONS = b'250-mx.example.test\r\n250-PIPELINING\r\n' \
             b'250-8BITMIME\r\n250 CHUNKING\r\n'
LINE_END = b'\r\n'

# What is said to whom, by the local parts.
RECIPIENTS = {'no': 550, 'later': 450}
VERDICTS = {'full': 452}


def local_part(line):
    return re.search(rb'<([^@>]*)', line).group(1).decode('ascii')


def is_intact(content):
    """Its header section tells how long the rest is."""
    head, blank, body = content.partition(b'\r\n\r\n')
    told = re.search(rb'^Octets: (\d+)$', head.replace(b'\r', b''), re.M)
    return bool(blank and told) and int(told.group(1)) == len(body)


class Connection:
    def __init__(self, peer, log, cut, limit, is_lmtp):
        self.peer, self.log, self.is_lmtp = peer, log, is_lmtp
        self.ear = limit if cut != 'mouth' else None
        self.mouth = limit if cut == 'mouth' else None
        self.closes = cut == 'both'
        self.octets = b''           # all that has come
        self.input = b''            # heard, and not yet understood
        self.output = []            # (octets, what is logged once they left)
        self.said = 0
        self.is_cut = self.is_over = self.mute = False
        self.forget()

    def forget(self):
        self.message = None
        self.recipients = []
        self.content = None         # DATA or BDAT has begun
        self.chunk = None           # octets that are missing, is it the last
        self.spoilt = False         # a chunk was refused
        self.accumulated = b''      # of chunks

    def note(self, *words):
        print(*words, file=self.log)

    def say(self, text, *noted):
        self.output.append((text.encode('ascii') + LINE_END, noted))

    # What is understood.

    def serve(self):
        self.say('220 mx.example.test ESMTP')
        self.speak()
        while True:
            try:
                data = self.peer.recv(65536)
            except ConnectionError:
                break
            if not data:
                break
            self.octets += data
            self.hear(data)
            if self.is_cut and self.closes:
                break
        self.note('whole', *sorted(set(
            found.decode('ascii') for found in
            re.findall(rb'\nend of (m\d+)\r\n', self.octets))))
        self.note('end', 'complete' if self.is_over else 'cut')
        self.log.flush()

    def hear(self, data):
        if self.is_cut:
            return
        if self.ear is not None and len(self.octets) >= self.ear:
            behind = len(self.octets) - self.ear
            data = data[:len(data) - behind]
            self.is_cut = True
        self.input += data
        while self.step():
            pass
        self.speak()
        if self.is_cut and not self.mute:
            self.hush()

    def hush(self):
        self.mute = True
        if not self.closes:
            try:
                self.peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def speak(self):
        output, self.output = self.output, []
        for octets, noted in output:
            if self.mute:
                return
            if self.mouth is not None and self.said + len(octets) > self.mouth:
                octets = octets[:self.mouth - self.said]
                noted = ()
            self.said += len(octets)
            try:
                self.peer.sendall(octets)
            except ConnectionError:
                self.mute = True
                return
            for words in noted:
                self.note(*words)
            if self.mouth is not None and self.said == self.mouth:
                self.hush()

    def step(self):
        """One command, or some content; False: it is not all there."""
        if self.chunk is not None:
            return self.take_chunk()
        line, end, rest = self.input.partition(LINE_END)
        if not end:
            return False
        self.input = rest
        if self.content is not None:
            self.take_line(line)
        else:
            self.command(line)
        return True

    def command(self, line):
        verb = line.split(b' ')[0].decode('ascii', 'replace').upper()
        handlers = {
            'EHLO': self.hello, 'LHLO': self.hello, 'MAIL': self.mail,
            'RCPT': self.rcpt, 'DATA': self.data, 'BDAT': self.bdat,
            'RSET': self.rset, 'QUIT': self.quit}
        if verb in handlers:
            handlers[verb](line)
        else:
            self.note('nonsense', line)
            self.say('500 what')

    def hello(self, line):
        if line.startswith(b'LHLO') != self.is_lmtp:
            self.say('500 what')
        else:
            self.output.append((EXTENSIONS, ()))

    def mail(self, line):
        if self.message is not None:
            self.note('nested', line)
            self.say('503 one at a time')
        elif b'blocked' in line:
            self.say('550 not from you')
        else:
            self.forget()
            self.message = local_part(line)
            self.is_eager = b'eager' in line
            self.say('250 ok')

    def rcpt(self, line):
        name = local_part(line)
        code = RECIPIENTS.get(re.sub(r'\d+', '', name), 250)
        if self.message is None:
            self.say('503 from whom')
            return
        if code == 250:
            again = sum(known.split('#')[0] == name
                        for known in self.recipients)
            self.recipients.append(f'{name}#{again + 1}' if again else name)
        else:
            self.note('refuses', self.message, name, code)
        self.say(f'{code} {name}')

    def data(self, _):
        if self.message is None or not (self.recipients or self.is_eager):
            self.say('503 for whom')
        else:
            self.content = b''
            self.say('354 go on')

    def take_line(self, line):
        if line == b'.':
            self.take_message()
        else:
            self.content += line[line.startswith(b'.'):] + LINE_END

    def bdat(self, line):
        words = line.split()
        self.chunk = (int(words[1]), len(words) > 2)
        if self.chunk[0] == 0:
            self.note('empty', line)

    def take_chunk(self):
        size, is_last = self.chunk
        if len(self.input) < size:
            return False
        data, self.input = self.input[:size], self.input[size:]
        self.chunk = None
        if not self.recipients or self.spoilt:
            self.spoilt = True
            self.say('503 for whom')
        elif b'Spoil-Chunk' in data and not is_last:
            self.spoilt = True
            for name in self.recipients:
                self.note('refuses', self.message, name, 552)
            self.say('552 no more')
        else:
            self.accumulated += data
            if is_last:
                self.content = self.accumulated
                self.take_message()
            else:
                self.say('250 chunk')
        return True

    def take_message(self):
        message, content = self.message, self.content
        recipients = self.recipients
        self.forget()
        if not recipients:
            self.say('554 for nobody')
        elif not is_intact(content):
            self.note('corrupt', message, content)
            self.say('250 taken')
        elif self.is_lmtp:
            for name in recipients:
                self.give_verdict(message, [name], content)
        else:
            self.give_verdict(message, recipients, content)

    def give_verdict(self, message, recipients, content):
        code = 554 if b'Refuse: me' in content else 250
        if self.is_lmtp:
            kind = re.sub(r'\d+', '', recipients[0])
            code = VERDICTS.get(kind, code)
        if code == 250:
            for name in recipients:
                self.note('takes', message, name)
            self.say('250 taken', *(('says', message, name)
                                    for name in recipients))
        else:
            for name in recipients:
                self.note('refuses', message, name, code)
            self.say(f'{code} no')

    def rset(self, _):
        self.forget()
        self.say('250 ok')

    def quit(self, _):
        """Nothing was cut: the client need not come again."""
        self.say('221 bye')
        length = sum(len(octets) for octets, _ in self.output)
        self.is_over = not self.mute and \
            (self.mouth is None or self.said + length <= self.mouth)
        if self.is_over:
            os.unlink(self.peer.getsockname())
        self.speak()
        self.hush()


def main():
    path, log_path, cut = sys.argv[1:4]
    first, step = int(sys.argv[4]), int(sys.argv[5])
    is_lmtp = sys.argv[6:] == ['lmtp']
    run, is_over = 0, False
    with socket.socket(socket.AF_UNIX) as listener, \
            open(log_path, 'w', encoding='ascii') as log:
        listener.bind(path)
        listener.listen()
        print('ready', flush=True)
        while not is_over:
            peer, _ = listener.accept()
            with peer:
                print('run', run, 'cut', cut, first + run * step, file=log)
                connection = Connection(peer, log, cut, first + run * step,
                                        is_lmtp)
                connection.serve()
                is_over = connection.is_over
            run += 1


if __name__ == '__main__':
    main()

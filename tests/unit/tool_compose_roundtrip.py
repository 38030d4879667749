#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tools/compose.c composes, read by Python's e-mail package.

Usage: tool_compose_roundtrip.py COMPOSE-MESSAGE
"""

import email
import email.header
import email.policy
import email.utils
import os
import random
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import Tap  # noqa: E402

SENDER = 'alice@example.test'
RECIPIENTS = ['bob@example.test', 'carol@example.test']
JAPANESE = ('日本語の件名はとても長いので、一行には収まりません。'
            'そこで何行かに折り返されますが、文字が途中で切れてはいけません。')
EMOJI = '👩\u200d👩\u200d👧\u200d👦 party 🎉'


def compose(subject, text):
    """The message as octets, checked for what every message must be."""
    result = subprocess.run([sys.argv[1], SENDER, subject] + RECIPIENTS,
                            input=text.encode(), capture_output=True)
    assert result.returncode == 0, result.stderr.decode()
    message = result.stdout
    assert message.isascii(), message
    assert b'\0' not in message
    assert not re.search(rb'(?<!\r)\n|\r(?!\n)', message), message
    for line in message.split(b'\r\n'):
        assert len(line) <= 998, line
    header = message.split(b'\r\n\r\n')[0]
    for line in header.split(b'\r\n'):
        assert len(line) <= 78, line
        assert line.strip(), header
    return message


def parse(message):
    """By the parser that calls every fault by name."""
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    assert not parsed.defects, parsed.defects
    for name, value in parsed.items():
        assert not value.defects, (name, value, value.defects)
    return parsed


def lines_as_sent(text):
    text = text.replace('\r\n', '\n').replace('\r', '\n')
    return text if text == '' or text.endswith('\n') else text + '\n'


def raw_subject(message):
    """The Subject field as it stands, unfolded."""
    value = re.search(rb'^Subject: (.*?)\r\n(?![ \t])', message,
                      re.DOTALL | re.MULTILINE).group(1)
    return value


def check(subject, text='text\n'):
    message = compose(subject, text)
    parsed = parse(message)

    # Each encoded-word by itself, too: RFC 2047 lets none split a character.
    raw = raw_subject(message)
    for word in re.findall(rb'=\?[^?]*\?[BQ]\?[^?]*\?=', raw):
        assert len(word) <= 75, word
        [(octets, charset)] = email.header.decode_header(word.decode())
        octets.decode(charset)
    if b'=?' in raw:
        # Words follow one another with nothing but folding between.
        assert re.fullmatch(rb'=\?[!-~]+\?=(\r\n =\?[!-~]+\?=)*', raw), raw
    decoded = str(email.header.make_header(
        email.header.decode_header(raw.decode().replace('\r\n', ''))))
    assert decoded == subject, (decoded, subject)
    assert parsed['Subject'] == subject, (parsed['Subject'], subject)

    octets = parsed.get_payload(decode=True)
    body = octets.decode(parsed.get_content_charset())
    assert body.replace('\r\n', '\n') == lines_as_sent(text), (body, text)
    return parsed


def check_subjects(tap):
    with tap.test('ascii_subject_arrives_as_it_is'):
        check('Hello')
        check('Re: [list] 100% "quoted" <angle> (paren) a@b =_?')
    with tap.test('japanese_subject_arrives_intact'):
        check('日本語の件名')
        check(JAPANESE)
        check(JAPANESE * 12)
    with tap.test('emoji_at_every_fold_edge_arrives_intact'):
        for before in range(80):
            check('a' * before + EMOJI + '🎉' * 20)
            check('ä' * before + EMOJI)
    with tap.test('long_ascii_subject_arrives_intact'):
        check('word ' * 60 + 'end')
        check('two  blanks   here ' * 20 + '.')
        check('a' * 500)
        for length in range(55, 85):
            check('a' * length)
            check('a' * length + ' b')
            check('b ' + 'a' * length)
    with tap.test('subject_that_looks_encoded_arrives_as_it_is'):
        check('=?UTF-8?Q?not=20this?=')
        check('a =?us-ascii?B?YQ==?= b')
    with tap.test('blanks_around_a_subject_are_kept'):
        check(' leading')
        check('trailing ')
        check('ä  ö   ü')
    with tap.test('empty_subject_is_empty'):
        check('')


def check_texts(tap):
    with tap.test('japanese_text_arrives_intact'):
        parsed = check('x', JAPANESE + '\n\n' + JAPANESE * 30 + '\n')
        assert parsed['Content-Transfer-Encoding'] == 'base64'
        assert parsed.get_content_charset() == 'utf-8'
    with tap.test('nearly_ascii_text_arrives_in_quoted_printable'):
        text = 'A naïve text with = and trailing blanks \t\n \n.\n' * 20
        parsed = check('x', text)
        assert parsed['Content-Transfer-Encoding'] == 'quoted-printable'
    with tap.test('ascii_text_arrives_as_it_is'):
        parsed = check('x', 'Hello\n.\n..\nFrom me \n')
        assert parsed['Content-Transfer-Encoding'] == '7bit'
        assert parsed.get_content_charset() == 'us-ascii'
    with tap.test('long_lines_arrive_intact'):
        check('x', 'a' * 998 + '\n')
        check('x', 'a' * 999)
        check('x', 'a b ' * 5000 + '\nä' * 2000)
    with tap.test('odd_line_ends_arrive_as_line_ends'):
        check('x', 'a\rb\r\nc\n\r\n\r\rä')
    with tap.test('empty_text_is_empty'):
        check('x', '')
    with tap.test('control_characters_arrive_intact'):
        check('x', 'bell \x07 escape \x1b[1m delete \x7f form \x0c ä\n')
    with tap.test('random_unicode_arrives_intact'):
        numbers = random.Random(1)
        for _ in range(150):
            check(''.join(numbers.choice('ab =?_ä日🎉')
                          for _ in range(numbers.randrange(120))),
                  ''.join(numbers.choice('ab =\t.\n\r\u00e4日🎉\u2028')
                          for _ in range(numbers.randrange(400))))


def check_fields(tap):
    with tap.test('all_fields_are_well_formed'):
        parsed = parse(compose('Hello', 'text'))
        assert [a.addr_spec for a in parsed['From'].addresses] == [SENDER]
        assert [a.addr_spec for a in parsed['To'].addresses] == RECIPIENTS
        assert parsed['Date'].datetime.timestamp() == 1709633472
        assert re.fullmatch(r'<[0-9a-f]{32}@example\.test>',
                            parsed['Message-ID'])
        assert parsed['MIME-Version'] == '1.0'
        assert parsed.get_content_type() == 'text/plain'
        names = [name.lower() for name in parsed.keys()]
        assert len(names) == len(set(names)), names


def main():
    tap = Tap()
    check_subjects(tap)
    check_texts(tap)
    check_fields(tap)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of cases.py: what it reads, and what it does not let pass.  Prints
TAP.

usage: cases_test.py
"""

import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

import cases  # noqa: E402
from tap import Failed, Tap  # noqa: E402

TLS = '''\
# A comment.

## Good and bad

D-001 | all is well |
D-002 | it has expired |
D-003 | a callback | n/a: there is none
D-004 | a mutation | elsewhere: tools/mutate
'''
AUTH = '''\
## Quirks

Q-048 | it does not work |
Q-049 | it is weak | opt-in: set_weak
Q-050 | the same | superseded: Q-048
'''
MECHANISMS = '''\
# A comment.
PLAIN |  |  | no PLAIN here | no | no
SCRAM-SHA-1 |  | no | no | no | no
SCRAM-SHA-1-PLUS |  | no | no | no | no
'''
SEND = '''B-001 | a mailbox is odd | n/a: nobody looks at it
'''
README = 'before\n' + 'between\n'.join(
    ''.join(cases.marks(name))
    for name in (*cases.CASES, cases.MECHANISMS)) + 'after\n'


class Place:
    """Lists, a README and a log of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.write_lists()
        self.write('readme', README)

    def write_lists(self):
        self.write('tls.txt', TLS)
        self.write('auth.txt', AUTH)
        self.write('send.txt', SEND)
        self.write('mechanisms.txt', MECHANISMS)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w',
                  encoding='utf-8') as file:
            file.write(text)

    def read(self, name):
        return cases.read(os.path.join(self.folder, name))

    def log(self, *lines, suite='unit', more=()):
        runs = [(f'smtpc:{suite} / some', '\n'.join(lines) + '\n'), *more]
        self.write('log', ''.join(
            json.dumps({'name': name, 'stdout': text}) + '\n'
            for name, text in runs))

    def run(self, *arguments):
        path = self.folder + '/'
        done = subprocess.run(
            [sys.executable, cases.__file__, '--lists', path,
             '--readme', path + 'readme', *arguments, path + 'log'],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


GOOD = ('ok 1 - some.c:names:D_001_all_is_well: Passed',
        'ok 2 - D_002_it_has_expired_in_TLS_1.2',
        'ok 3 - D_002_and_so_has_another',
        'ok 4 - Q_048_it_does_not_work',
        'ok 5 - Q_049_it_is_refused',
        'ok 6 - x.c:sasl:M_PLAIN_works: Passed',
        'ok 7 - x.c:sasl:M_PLAIN_fails_with_another_password: Passed',
        'ok 8 - x.c:sasl:M_SCRAM_SHA_1_works: Passed',
        'ok 9 - x.c:sasl:M_SCRAM_SHA_1_PLUS_works: Passed',
        'ok 10 - I_dovecot_PLAIN_works')


def without(part):
    return [line for line in GOOD if part not in line]


def must(condition, *seen):
    if not condition:
        raise Failed('\n'.join(map(str, seen)))


def must_complain(place, text, *arguments):
    status, output = place.run(*arguments)
    must(status == 1 and text in output, text, status, output)


def tables(tap, place):
    with tap.test('tables_name_tests_and_verdicts'):
        place.log(*GOOD)
        status, output = place.run()
        must(status == 0, output)
        text = place.read('readme')
        for line in ('| D-001 | all is well | `D_001_all_is_well` | passed |',
                     '| D-002 | it has expired | `D_002_and_so_has_another`'
                     '<br>`D_002_it_has_expired_in_TLS_1.2` | passed |',
                     '| D-003 | a callback |  | not applicable: there is none'
                     ' |',
                     '| D-004 | a mutation |  | tools/mutate |',
                     '| Q-049 | it is weak | `Q_049_it_is_refused` | passed; '
                     'the other way by set_weak |',
                     '| Q-050 | the same |  | superseded by Q-048 |',
                     '| PLAIN | passed (2) | passed (1) | no PLAIN here | no '
                     '| no |',
                     '| SCRAM-SHA-1 | passed (1) | no | no | no | no |',
                     '| SCRAM-SHA-1-PLUS | passed (1) | no | no | no | no |',
                     '**Good and bad**',
                     '4 cases: 2 passed, 2 without a test for a reason, '
                     '0 not well.',
                     '3 cases: 2 passed, 1 without a test for a reason, '
                     '0 not well.',
                     '3 mechanisms: 4 times with a server passed, 0 not '
                     'well.'):
            must(line + '\n' in text, line, text)
        must(text.startswith('before\n') and text.endswith('after\n') and
             text.count('between\n') == 3, text)
    with tap.test('tables_of_the_same_run_pass_the_check'):
        status, output = place.run('--check')
        must(status == 0, output)
    with tap.test('check_writes_nothing_and_sees_another_run'):
        for part, name in (('D_002_it', 'tls.txt'),
                           ('Q_048', 'auth.txt'),
                           ('M_PLAIN_fails', 'mechanisms.txt')):
            place.log(*without(part))
            before = place.read('readme')
            must_complain(place, f'table of {name} in the README is not that '
                          'of this run', '--check')
            must(place.read('readme') == before, 'it was written')
    with tap.test('name_with_two_numbers_counts_for_both'):
        place.log('ok 1 - D_001_D_002_Q_048_all', *without('_0'),
                  'ok 2 - Q_049_too')
        status, output = place.run()
        must(status == 0, output)
    with tap.test('long_suites_do_not_count'):
        place.log(*without('D_002'), more=[('smtpc:interop+long / more',
                                            '\n'.join(GOOD) + '\n')])
        must_complain(place, 'D-002: MISSING')


def failures(tap, place):
    for name, lines, complaint in (
            ('missing_test', without('D_002'), 'D-002: MISSING'),
            ('missing_test_of_what_is_optional', without('Q_049'),
             'Q-049: MISSING'),
            ('failed_test',
             GOOD + ('not ok 4 - x.c:a:D_002_third: it broke',),
             'D-002: failed'),
            ('test_that_failed_once_of_many_times',
             GOOD + ('not ok 4 - x.c:a:D_001_all_is_well: it broke',),
             'D-001: failed'),
            ('skipped_test', GOOD + ('ok 4 - D_001_more # SKIP no way',),
             'D-001: skipped'),
            ('test_of_what_is_not_applicable',
             GOOD + ('ok 4 - D_003_a_callback',), 'D-003: has tests'),
            ('test_of_what_is_superseded',
             GOOD + ('ok 4 - Q_050_the_same',), 'Q-050: has tests'),
            ('test_of_an_unknown_case', GOOD + ('ok 4 - D_900_what',),
             'D-900: tests, but no such case'),
            ('test_of_an_unknown_quirk', GOOD + ('ok 4 - Q_900_what',),
             'Q-900: tests, but no such case'),
            ('mechanism_without_a_test', without('M_SCRAM_SHA_1_works'),
             'SCRAM-SHA-1, memory: MISSING'),
            ('server_without_a_test', without('I_dovecot'),
             'PLAIN, dovecot: MISSING'),
            ('failed_test_of_a_mechanism',
             GOOD + ('not ok 4 - I_dovecot_PLAIN_works',),
             'PLAIN, dovecot: failed'),
            ('skipped_test_of_a_mechanism',
             GOOD + ('ok 4 - I_dovecot_PLAIN_too # SKIP no root',),
             'PLAIN, dovecot: skipped'),
            ('test_of_what_a_server_lacks',
             GOOD + ('ok 4 - I_postfix_PLAIN_works',),
             'PLAIN, postfix: has tests'),
            ('test_of_an_unknown_mechanism',
             GOOD + ('ok 4 - x.c:sasl:M_OTP_works: Passed',),
             'M_OTP_works: no such mechanism'),
            ('test_of_an_unknown_server',
             GOOD + ('ok 4 - I_qmail_PLAIN_works',),
             'I_qmail_PLAIN_works: no such mechanism or server')):
        with tap.test(f'{name}_is_noticed'):
            place.log(*lines)
            must_complain(place, complaint)
            must_complain(place, complaint, '--check')
    with tap.test('case_of_another_letter_is_nobody_s'):
        place.log(*GOOD, 'ok 11 - Z_900_what')
        status, output = place.run()
        must(status == 0, output)


def lists(tap, place):
    for name, file, text in (
            ('without_columns', 'tls.txt', 'D-001 all is well'),
            ('named_twice', 'tls.txt', TLS + 'D-001 | again |'),
            ('with_an_unknown_reason', 'auth.txt', 'Q-001 | all | perhaps'),
            ('without_a_reason', 'auth.txt', 'Q-001 | all | n/a: '),
            ('superseded_by_none', 'auth.txt',
             'Q-001 | all | superseded: Q-777'),
            ('superseded_by_one_without_tests', 'auth.txt',
             'Q-001 | all | superseded: D-003'),
            ('too_narrow', 'mechanisms.txt', 'PLAIN | | |'),
            ('in_small_letters', 'mechanisms.txt', 'plain | | | | |')):
        with tap.test(f'list_with_a_line_{name}_is_refused'):
            place.log(*GOOD)
            place.write(file, text + '\n')
            must_complain(place, 'superseded by' if 'superseded' in name
                          else file + ':')
            place.write_lists()
    with tap.test('readme_without_marks_is_refused'):
        for name in (*cases.CASES, cases.MECHANISMS):
            place.write('readme', README.replace(cases.marks(name)[1], ''))
            must_complain(place, f'mark of {name}')
        place.write('readme', README)
    with tap.test('log_that_is_missing_is_a_failure'):
        os.unlink(os.path.join(place.folder, 'log'))
        must_complain(place, 'log')


def numbers(name):
    return [case.number for case in cases.read_cases(
        os.path.join(cases.HERE, name)) if isinstance(case, cases.Case)]


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        tables(tap, place)
        failures(tap, place)
        lists(tap, place)
    with tap.test('lists_of_the_tree_are_complete'):
        wanted = ([f'A-{n:03}' for n in range(53, 71)] +
                  [f'D-{n:03}' for n in range(1, 106)])
        found = numbers('tls.txt')
        must(found == wanted, set(found) ^ set(wanted))
        wanted = ([f'Q-{n:03}' for n in range(48, 70)] +
                  [f'A-{n:03}' for n in range(71, 102)] +
                  [f'B-{n:03}' for n in range(49, 60)])
        found = numbers('auth.txt')
        must(found == wanted, set(found) ^ set(wanted))
        wanted = ([f'A-{n}' for n in range(102, 131)] +
                  [f'Q-{n:03}' for n in (*range(70, 113), 116, 117)])
        must(set(numbers('send.txt')) >= set(wanted),
             set(wanted) - set(numbers('send.txt')))
    with tap.test('mechanisms_of_the_tree_can_be_read'):
        must(cases.read_mechanisms(os.path.join(cases.HERE,
                                                cases.MECHANISMS)), 'none')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

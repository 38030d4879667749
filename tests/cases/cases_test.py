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

LIST = '''\
# A comment.

## Good and bad

D-001 | all is well |
D-002 | it has expired |
D-003 | a callback | n/a: there is none
D-004 | a mutation | elsewhere: tools/mutate
'''
README = f'before\n{cases.BEGIN}\n{cases.END}\nafter\n'


class Place:
    """A list, a README and a log of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.write('list', LIST)
        self.write('readme', README)

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
            [sys.executable, cases.__file__, '--cases', path + 'list',
             '--readme', path + 'readme', *arguments, path + 'log'],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


GOOD = ('ok 1 - some.c:names:D_001_all_is_well: Passed',
        'ok 2 - D_002_it_has_expired_in_TLS_1.2',
        'ok 3 - D_002_and_so_has_another')


def must(condition, *seen):
    if not condition:
        raise Failed('\n'.join(map(str, seen)))


def must_complain(place, text, *arguments):
    status, output = place.run(*arguments)
    must(status == 1 and text in output, text, status, output)


def tables(tap, place):
    with tap.test('table_names_tests_and_verdicts'):
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
                     '**Good and bad**',
                     '4 cases: 2 passed, 2 without a test for a reason, '
                     '0 not well.'):
            must(line + '\n' in text, line, text)
        must(text.startswith('before\n') and text.endswith('after\n'), text)
    with tap.test('table_of_the_same_run_passes_the_check'):
        status, output = place.run('--check')
        must(status == 0, output)
    with tap.test('check_writes_nothing_and_sees_another_run'):
        place.log(*GOOD[:2])
        before = place.read('readme')
        must_complain(place, 'not that of this run', '--check')
        must(place.read('readme') == before, 'it was written')
    with tap.test('name_with_two_numbers_counts_for_both'):
        place.log('ok 1 - D_001_D_002_both')
        status, output = place.run()
        must(status == 0, output)
    with tap.test('long_suites_do_not_count'):
        place.log(GOOD[0], more=[('smtpc:interop+long / more',
                                  '\n'.join(GOOD[1:]) + '\n')])
        must_complain(place, 'D-002: MISSING')


def failures(tap, place):
    for name, lines, complaint in (
            ('missing_test', GOOD[:1], 'D-002: MISSING'),
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
            ('test_of_an_unknown_case', GOOD + ('ok 4 - D_900_what',),
             'D-900: tests, but no such case')):
        with tap.test(f'{name}_is_noticed'):
            place.log(*lines)
            must_complain(place, complaint)
            must_complain(place, complaint, '--check')
    for name, text in (('without_columns', 'D-001 all is well'),
                       ('named_twice', LIST + 'D-001 | again |'),
                       ('with_an_unknown_reason', 'D-001 | all | perhaps')):
        with tap.test(f'list_with_a_case_{name}_is_refused'):
            place.log(*GOOD)
            place.write('list', text + '\n')
            must_complain(place, 'list:')
            place.write('list', LIST)
    with tap.test('readme_without_marks_is_refused'):
        place.write('readme', 'nothing\n')
        must_complain(place, 'mark')
        place.write('readme', README)
    with tap.test('log_that_is_missing_is_a_failure'):
        os.unlink(os.path.join(place.folder, 'log'))
        must_complain(place, 'log')


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        tables(tap, place)
        failures(tap, place)
    with tap.test('list_of_the_tree_can_be_read'):
        found = [case.number for case in cases.read_cases(
            os.path.join(cases.HERE, 'tls.txt')) if isinstance(case,
                                                               cases.Case)]
        wanted = ([f'A-{n:03}' for n in range(53, 71)] +
                  [f'D-{n:03}' for n in range(1, 106)])
        must(found == wanted, set(found) ^ set(wanted))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

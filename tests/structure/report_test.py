#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that tools/check-report counts what it should.  Prints TAP.

usage: report_test.py CHECK_REPORT
"""

import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from tap import Failed, Tap

GOOD = 'ok 1 - one\nok 2 - two\n1..2\n'

# sentence → ({stdout, result, returncode}, the count, a line that is shown)
CASES = {
    'lines_of_tap_are_counted_one_by_one': (
        dict(stdout=GOOD), (2, 0, 0), None),
    'a_plan_may_come_first': (
        dict(stdout='1..1\nok 1 - one\n'), (1, 0, 0), None),
    'a_failed_line_is_named_with_its_notes': (
        dict(stdout='ok 1 - one\nnot ok 2 - two\n# because\n1..2\n',
             result='ERROR', returncode=1), (1, 1, 0), '    because'),
    'a_failure_with_a_hash_in_its_text_counts': (
        dict(stdout='not ok 1 - a.c:s:t: "#1" # 2\n1..1\n', result='FAIL'),
        (0, 1, 0), 'failed: log: test: a.c:s:t: "#1" # 2'),
    'a_failure_in_a_program_that_ends_well_counts': (
        dict(stdout='not ok 1 - one\n1..1\n'), (0, 1, 0), None),
    'a_failure_that_was_expected_counts': (
        dict(stdout='not ok 1 - one # TODO later\n1..1\n'), (0, 1, 0), None),
    'a_skipped_line_is_named_with_its_reason': (
        dict(stdout='ok 1 - one # SKIP no root\n1..1\n'), (0, 0, 1),
        'skipped: log: test: one\n    no root'),
    'a_program_that_skips_all_is_one_skip': (
        dict(stdout='1..0 # SKIP no root\n', result='SKIP'), (0, 0, 1),
        '    no root'),
    'a_program_without_tap_is_one_test': (
        dict(stdout='hello\n'), (1, 0, 0), None),
    'a_failed_program_without_tap_shows_its_output': (
        dict(stdout='hello\n', result='FAIL', returncode=3), (0, 1, 0),
        '    hello'),
    'a_skipped_program_without_tap_is_one_skip': (
        dict(stdout='no root\n', result='SKIP', returncode=77), (0, 0, 1),
        '    no root'),
    'a_program_that_dies_is_a_failure_more': (
        dict(stdout=GOOD, result='ERROR', returncode=-11), (2, 1, 0),
        'failed: log: test: killed by signal 11'),
    'a_program_that_dies_after_a_failure_is_another': (
        dict(stdout='not ok 1 - one\n', result='ERROR', returncode=-6),
        (0, 2, 0), None),
    'a_program_that_ends_badly_for_no_reason_is_a_failure': (
        dict(stdout=GOOD, result='ERROR', returncode=1,
             stderr='LeakSanitizer: detected\n'), (2, 1, 0),
        '    LeakSanitizer: detected'),
    'a_program_that_hangs_is_a_failure': (
        dict(stdout='ok 1 - one\n', result='TIMEOUT', returncode=-15),
        (1, 1, 0), 'failed: log: test: took too long'),
    'a_program_that_was_interrupted_is_a_failure': (
        dict(stdout=GOOD, result='INTERRUPT', returncode=-15), (2, 1, 0),
        'failed: log: test: was interrupted'),
    'an_interruption_counts_even_if_the_program_ends_well': (
        dict(stdout=GOOD, result='INTERRUPT'), (2, 1, 0),
        'failed: log: test: was interrupted'),
    'an_interrupted_program_without_tap_is_a_failure': (
        dict(stdout='hello\n', result='INTERRUPT', returncode=-2), (0, 1, 0),
        'failed: log: test: interrupt'),
    'a_result_that_nobody_knows_is_a_failure': (
        dict(stdout=GOOD, result='UNEXPECTEDPASS'), (2, 1, 0),
        'failed: log: test: unexpectedpass'),
    'a_skip_of_nothing_is_a_failure': (
        dict(stdout=GOOD, result='SKIP'), (2, 1, 0),
        'failed: log: test: skip'),
    'a_failure_that_was_meant_is_a_success': (
        dict(stdout='hello\n', result='EXPECTEDFAIL', returncode=1),
        (1, 0, 0), None),
    'tests_that_were_planned_and_not_run_are_a_failure': (
        dict(stdout='1..3\nok 1 - one\n', result='ERROR'), (1, 1, 0),
        'failed: log: test: planned 3 tests and ran 1'),
    'tests_without_a_plan_are_a_failure': (
        dict(stdout='ok 1 - one\n'), (1, 1, 0), None),
}


NAME = 'project:unit / test'


def report(tool, folder, runs, listed=None, more=''):
    """Of a log with these runs; listed: the names of all programs."""
    log = os.path.join(folder, 'log.json')
    with open(log, 'w', encoding='utf-8') as file:
        for run in runs:
            file.write(json.dumps({'name': NAME, 'result': 'OK',
                                   'returncode': 0, **run}) + '\n')
        file.write(more)
    if listed is None:
        listed = [run.get('name', NAME) for run in runs]
    names = os.path.join(folder, 'list')
    with open(names, 'w', encoding='utf-8') as file:
        file.write('ninja: something else\n' +
                   ''.join(f'{name}\n' for name in listed))
    return call(tool, f'log={log}={names}')


def call(tool, *arguments):
    done = subprocess.run([tool, *arguments], stdout=subprocess.PIPE,
                          text=True)
    return done.returncode, done.stdout


def must_count(found, status, counts, shown=None):
    code, output = found
    passed, failed, skipped = counts
    wanted = f'{passed} passed, {failed} failed, {skipped} skipped'
    if output.splitlines()[-1] != wanted or code != status or \
            (shown and shown not in output):
        raise Failed(f'not {wanted!r}, {status} and {shown!r}:\n'
                     f'{output}{code}')


def main():
    tool = sys.argv[1]
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        for sentence, (run, counts, shown) in CASES.items():
            with tap.test(sentence):
                _, failed, skipped = counts
                must_count(report(tool, folder, [run]),
                           1 if failed or skipped else 0, counts, shown)
        with tap.test('programs_add_up'):
            must_count(report(tool, folder,
                              [case[0] for case in CASES.values()]), 1,
                       [sum(case[1][n] for case in CASES.values())
                        for n in range(3)])
        with tap.test('no_test_at_all_is_a_failure'):
            must_count(report(tool, folder, []), 1, (0, 1, 0))
        with tap.test('each_program_that_was_not_run_is_a_failure'):
            must_count(report(tool, folder, [dict(stdout=GOOD)],
                              [NAME, 'project:unit / other',
                               'project:unit / third']), 1, (2, 2, 0),
                       'failed: log: other: was not run\n'
                       'failed: log: third: was not run\n')
        with tap.test('a_program_that_was_run_once_of_twice_is_a_failure'):
            must_count(report(tool, folder, [dict(stdout=GOOD)],
                              [NAME, NAME]), 1, (2, 1, 0),
                       'failed: log: test: was not run')
        with tap.test('programs_of_one_name_in_two_suites_are_two'):
            other = 'project:long / test'
            must_count(report(tool, folder, [dict(stdout=GOOD)],
                              [NAME, other]), 1, (2, 1, 0))
            must_count(report(tool, folder, [dict(stdout=GOOD),
                                             dict(stdout=GOOD, name=other)],
                              [other, NAME]), 0, (4, 0, 0))
        with tap.test('a_log_that_breaks_off_is_a_failure'):
            must_count(report(tool, folder, [dict(stdout=GOOD)],
                              more='{"name": "proj'), 1, (2, 1, 0),
                       'failed: log: the log breaks off')
        with tap.test('a_log_that_is_missing_is_a_failure'):
            must_count(call(tool, f'gcc={folder}/none={folder}/list'), 1,
                       (0, 1, 0), 'failed: gcc: no tests were run')
        with tap.test('a_list_that_is_missing_is_a_failure'):
            report(tool, folder, [dict(stdout=GOOD)])
            must_count(call(tool, f'gcc={folder}/log.json={folder}/none'), 1,
                       (2, 1, 0), 'failed: gcc: nobody knows which tests')
        with tap.test('an_empty_list_is_a_failure'):
            must_count(report(tool, folder, [dict(stdout=GOOD)], []), 1,
                       (2, 1, 0), 'failed: log: nobody knows which tests')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

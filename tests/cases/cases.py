#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which cases have a test, and how it went: a table in tests/README.md.

usage: cases.py [--check] [--readme FILE] [--cases FILE] TESTLOG.JSON

The cases are in tls.txt, and the results in the log of a run of Meson's.  A
test belongs to a case if its name begins with the number: D_004_... for D-004,
D_016_D_017_... for two.  Suites called "long" don't count, as not every run
has them.

The table is written between the two marks in the README; with --check nothing
is written.  The exit status is 1 if a case is missing, skipped or failed, or,
with --check, if the table in the README is another one.
"""

import argparse
import collections
import difflib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
BEGIN = '<!-- The table of cases: written by cases/cases.py. -->'
END = '<!-- End of the table of cases. -->'

# Where more tests than that belong to a case, the others are counted.
SHOWN_MAX = 3

TAP = re.compile(r'^(not )?ok\b(.*)$')
TEST = re.compile(r"(?<![A-Za-z0-9_])((?:[A-Z]_\d{3}_)+[\w.'-]*\w)")
SKIP = re.compile(r'#\s*SKIP\b', re.I)

Case = collections.namedtuple('Case', 'number words why')


class Wrong(Exception):
    """The list, the log or the README can't be used."""


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


def read_cases(path):
    """Cases, and the headings between them as strings, in order."""
    found, seen = [], set()
    for number, line in enumerate(read(path).splitlines(), 1):
        if line.startswith('## '):
            found.append(line[3:])
        if not line or line.startswith('#'):
            continue
        parts = [part.strip() for part in line.split('|')]
        if len(parts) != 3 or not re.fullmatch(r'[A-Z]-\d{3}', parts[0]) or \
                not parts[1] or parts[0] in seen:
            raise Wrong(f'{path}:{number}: {line}')
        if parts[2] and not re.match(r'(n/a|elsewhere): \S', parts[2]):
            raise Wrong(f'{path}:{number}: neither "n/a: ..." nor '
                        '"elsewhere: ..."')
        seen.add(parts[0])
        found.append(Case(*parts))
    return found


def read_results(path):
    """{number: {test's name: 'passed', 'skipped' or 'failed'}}"""
    results = collections.defaultdict(dict)
    for line in read(path).splitlines():
        run = json.loads(line)
        suites = run['name'].split(' / ')[0]
        if 'long' in re.findall(r'\w+', suites):
            continue
        for output in run.get('stdout', '').splitlines():
            take_line(results, output)
    return results


def take_line(results, line):
    tap = TAP.match(line)
    test = TEST.search(tap.group(2)) if tap else None
    if test is None:
        return
    verdict = 'passed'
    if tap.group(1):
        verdict = 'failed'
    elif SKIP.search(tap.group(2)):
        verdict = 'skipped'
    name = test.group(1)
    for letter, digits in re.findall(r'([A-Z])_(\d{3})_',
                                     re.match(r'(?:[A-Z]_\d{3}_)+',
                                              name).group()):
        tests = results[f'{letter}-{digits}']
        # One name may stand for several tests: the worst of them counts.
        tests[name] = min(tests.get(name, verdict), verdict,
                          key=('failed', 'skipped', 'passed').index)


def verdict_of(case, tests):
    """(words for the table, whether all is well)"""
    if case.why and tests:
        return 'has tests, and is said to have none', False
    if case.why.startswith('n/a: '):
        return 'not applicable: ' + case.why[len('n/a: '):], True
    if case.why:
        return case.why[len('elsewhere: '):], True
    if not tests:
        return '**MISSING**', False
    for verdict in ('failed', 'skipped'):
        if verdict in tests.values():
            return f'**{verdict}**', False
    return 'passed', True


def names_of(tests):
    names = sorted(tests)
    shown = '<br>'.join(f'`{name}`' for name in names[:SHOWN_MAX])
    if len(names) > SHOWN_MAX:
        shown += f'<br>and {len(names) - SHOWN_MAX} more'
    return shown


def make_table(cases, results):
    """(lines of the table, complaints)"""
    lines, complaints = [], []
    count = collections.Counter()
    for case in cases:
        if isinstance(case, str):
            lines += ['', f'**{case}**', '', '| case | | tests | verdict |',
                      '|---|---|---|---|']
            continue
        tests = results.get(case.number, {})
        words, good = verdict_of(case, tests)
        lines.append(f'| {case.number} | {case.words} | {names_of(tests)} | '
                     f'{words} |')
        count['cases'] += 1
        count['passed'] += words == 'passed'
        count['without'] += bool(case.why)
        if not good:
            complaints.append(f'{case.number}: {words.strip("*")}')
    head = (f'{count["cases"]} cases: {count["passed"]} passed, '
            f'{count["without"]} without a test for a reason, '
            f'{len(complaints)} not well.')
    return [head] + lines, complaints


def strangers(cases, results):
    there = {case.number for case in cases if isinstance(case, Case)}
    for number in sorted(set(results) - there):
        # Other lists of cases have other numbers.
        if number[0] == 'D':
            yield f'{number}: tests, but no such case'


def split_readme(text):
    try:
        before, rest = text.split(BEGIN + '\n')
        table, after = rest.split(END + '\n')
    except ValueError:
        raise Wrong('the README has not each mark once') from None
    return before, table, after


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--readme', default=HERE + '/../README.md')
    parser.add_argument('--cases', default=HERE + '/tls.txt')
    parser.add_argument('log')
    given = parser.parse_args()
    try:
        cases = read_cases(given.cases)
        results = read_results(given.log)
        before, old, after = split_readme(read(given.readme))
    except (OSError, ValueError, KeyError, Wrong) as error:
        print(f'cases: {error}')
        return 1
    lines, complaints = make_table(cases, results)
    complaints += strangers(cases, results)
    table = '\n'.join([''] + lines + ['', ''])
    if given.check and table != old:
        complaints.append('the table in the README is not that of this run:')
        complaints += difflib.unified_diff(old.splitlines(),
                                           table.splitlines(), 'README',
                                           'run', lineterm='', n=0)
    elif table != old:
        with open(given.readme, 'w', encoding='utf-8') as file:
            file.write(before + BEGIN + '\n' + table + END + '\n' + after)
    for complaint in complaints:
        print(f'cases: {complaint}')
    print('cases: ' + lines[0])
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())

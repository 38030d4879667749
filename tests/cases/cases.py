#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which cases have a test, and how it went: tables in tests/README.md.

usage: cases.py [--check] [--readme FILE] [--lists DIRECTORY] TESTLOG.JSON

The cases are in tls.txt, auth.txt and send.txt, and the results in the log of a run of
Meson's.  A test belongs to a case if its name begins with the number:
D_004_... for D-004, D_016_D_017_... for two.  Suites called "long" don't
count, as not every run has them.

mechanisms.txt is about the mechanisms of AUTH and the servers that they were
tried with: M_SCRAM_SHA_256_... is a test against a server in memory, and
I_dovecot_SCRAM-SHA-256_... one against a real one.

Each table is written between two marks in the README; with --check nothing is
written.  The exit status is 1 if a case is missing, skipped or failed, or,
with --check, if a table in the README is another one.
"""

import argparse
import collections
import difflib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
CASES = ('tls.txt', 'auth.txt', 'send.txt')
MECHANISMS = 'mechanisms.txt'

# The columns of the table of mechanisms.
SERVERS = ('memory', 'dovecot', 'postfix', 'exim', 'kdc')
HEADINGS = ('in memory', 'Dovecot', 'Postfix', 'Exim', 'KDC')

# Where more tests than that belong to a case, the others are counted.
SHOWN_MAX = 3

TAP = re.compile(r'^(not )?ok\b(.*)$')
NUMBERED = re.compile(r"(?<![A-Za-z0-9_])((?:[A-Z]_\d{3}_)+[\w.'-]*\w)")
OF_MECHANISM = re.compile(r"(?<![A-Za-z0-9_.-])"
                          r"(M|I_([a-z]+))_([A-Z][\w.'-]*\w)")
SKIP = re.compile(r'#\s*SKIP\b', re.I)
WHY = re.compile(r'(n/a|elsewhere|opt-in|superseded): (\S.*)')

Case = collections.namedtuple('Case', 'number words why')
Mechanism = collections.namedtuple('Mechanism', 'name notes')


class Wrong(Exception):
    """A list, the log or the README can't be used."""


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


def marks(name):
    return (f'<!-- The table of {name}: written by cases/cases.py. -->\n',
            f'<!-- End of the table of {name}. -->\n')


#
# Lists.
#

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
        if parts[2] and not WHY.fullmatch(parts[2]):
            raise Wrong(f'{path}:{number}: none of "n/a: ...", '
                        '"elsewhere: ...", "opt-in: ...", "superseded: ..."')
        seen.add(parts[0])
        found.append(Case(*parts))
    return found


def read_mechanisms(path):
    """Mechanisms: of each server, why there is no test, or ''."""
    found, seen = [], set()
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line or line.startswith('#'):
            continue
        name, *notes = [part.strip() for part in line.split('|')]
        if len(notes) != len(SERVERS) or name in seen or \
                not re.fullmatch(r'[A-Z0-9-]+', name):
            raise Wrong(f'{path}:{number}: {line}')
        seen.add(name)
        found.append(Mechanism(name, notes))
    return found


#
# Results.
#

class Results:
    """What the tests came to: {name: 'passed', 'skipped' or 'failed'}, by
    case, and by mechanism and server."""

    def __init__(self):
        self.cases = collections.defaultdict(dict)
        self.mechanisms = collections.defaultdict(dict)
        self.others = []

    def read(self, path, mechanisms):
        for line in read(path).splitlines():
            run = json.loads(line)
            suites = run['name'].split(' / ')[0]
            if 'long' in re.findall(r'\w+', suites):
                continue
            for output in run.get('stdout', '').splitlines():
                tap = TAP.match(output)
                if tap:
                    self.take(tap, mechanisms)

    def take(self, tap, mechanisms):
        verdict = 'passed'
        if tap.group(1):
            verdict = 'failed'
        elif SKIP.search(tap.group(2)):
            verdict = 'skipped'
        numbered = NUMBERED.search(tap.group(2))
        if numbered:
            name = numbered.group(1)
            for letter, digits in re.findall(
                    r'([A-Z])_(\d{3})_',
                    re.match(r'(?:[A-Z]_\d{3}_)+', name).group()):
                note(self.cases[f'{letter}-{digits}'], name, verdict)
        about = OF_MECHANISM.search(tap.group(2))
        if about and not numbered:
            self.take_mechanism(about, verdict, mechanisms)

    def take_mechanism(self, about, verdict, mechanisms):
        server = about.group(2) or 'memory'
        rest = about.group(3).replace('-', '_') + '_'
        fitting = [mechanism.name for mechanism in mechanisms
                   if rest.startswith(mechanism.name.replace('-', '_') + '_')]
        if server not in SERVERS or not fitting:
            self.others.append(about.group(0))
            return
        note(self.mechanisms[max(fitting, key=len), server], about.group(0),
             verdict)


def note(tests, name, verdict):
    # One name may stand for several tests: the worst of them counts.
    tests[name] = worst([tests.get(name, verdict), verdict])


def worst(verdicts):
    return min(verdicts, key=('failed', 'skipped', 'passed').index)


#
# Tables.
#

def verdict_of(case, tests):
    """(words for the table, whether all is well)"""
    kind, reason = '', ''
    if case.why:
        kind, reason = WHY.fullmatch(case.why).groups()
    if kind not in ('', 'opt-in') and tests:
        return 'has tests, and is said to have none', False
    if kind == 'n/a':
        return f'not applicable: {reason}', True
    if kind == 'elsewhere':
        return reason, True
    if kind == 'superseded':
        return f'superseded by {reason}', True
    if not tests:
        return '**MISSING**', False
    verdict = worst(tests.values())
    if verdict != 'passed':
        return f'**{verdict}**', False
    if kind == 'opt-in':
        return f'passed; the other way by {reason}', True
    return 'passed', True


def names_of(tests):
    names = sorted(tests)
    shown = '<br>'.join(f'`{name}`' for name in names[:SHOWN_MAX])
    if len(names) > SHOWN_MAX:
        shown += f'<br>and {len(names) - SHOWN_MAX} more'
    return shown


def case_table(cases, results):
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
        count['passed'] += good and bool(tests)
        count['without'] += good and not tests
        if not good:
            complaints.append(f'{case.number}: {words.strip("*")}')
    head = (f'{count["cases"]} cases: {count["passed"]} passed, '
            f'{count["without"]} without a test for a reason, '
            f'{len(complaints)} not well.')
    return [head] + lines, complaints


def cell_of(why, tests):
    """(words, whether all is well)"""
    if why and tests:
        return '**has tests, and is said to have none**', False
    if why:
        return why, True
    if not tests:
        return '**MISSING**', False
    verdict = worst(tests.values())
    if verdict != 'passed':
        return f'**{verdict}**', False
    return f'passed ({len(tests)})', True


def mechanism_table(mechanisms, results):
    """(lines of the table, complaints)"""
    lines = ['', f'| mechanism | {" | ".join(HEADINGS)} |',
             '|---' * (1 + len(SERVERS)) + '|']
    complaints = []
    for mechanism in mechanisms:
        cells = []
        for server, why in zip(SERVERS, mechanism.notes):
            words, good = cell_of(why, results.get((mechanism.name, server),
                                                   {}))
            cells.append(words)
            if not good:
                complaints.append(f'{mechanism.name}, {server}: '
                                  f'{words.strip("*")}')
        lines.append(f'| {mechanism.name} | {" | ".join(cells)} |')
    tried = sum(cell.startswith('passed') for line in lines
                for cell in line.split(' | '))
    head = (f'{len(mechanisms)} mechanisms: {tried} times with a server '
            f'passed, {len(complaints)} not well.')
    return [head] + lines, complaints


def strangers(cases, results):
    """Tests with the letter of a list that are of none of its cases."""
    there = {case.number for case in cases if isinstance(case, Case)}
    letters = {number[0] for number in there}
    for number in sorted(set(results) - there):
        if number[0] in letters:
            yield f'{number}: tests, but no such case'


def superseded(cases):
    there = {case.number: case for case in cases if isinstance(case, Case)}
    for case in there.values():
        kind, _, by = case.why.partition(': ')
        if kind == 'superseded' and (by not in there or there[by].why):
            yield f'{case.number}: superseded by {by}, which has no tests'


#
# The README.
#

def split_readme(text, name):
    begin, end = marks(name)
    try:
        before, rest = text.split(begin)
        table, after = rest.split(end)
    except ValueError:
        raise Wrong(f'the README has not each mark of {name} once') from None
    return before + begin, table, end + after


def put_tables(text, tables, check):
    """(the README with the tables in it, complaints)"""
    complaints = []
    for name, lines in tables.items():
        before, old, after = split_readme(text, name)
        table = '\n'.join([''] + lines + ['', ''])
        if check and table != old:
            complaints.append(f'the table of {name} in the README is not '
                              'that of this run:')
            complaints += difflib.unified_diff(
                old.splitlines(), table.splitlines(), 'README', 'run',
                lineterm='', n=0)
        text = before + table + after
    return text, complaints


def make(given):
    """(the README, complaints, the first line of each table)"""
    lists = {name: read_cases(os.path.join(given.lists, name))
             for name in CASES}
    mechanisms = read_mechanisms(os.path.join(given.lists, MECHANISMS))
    results = Results()
    results.read(given.log, mechanisms)
    tables, complaints = {}, []
    for name, cases in lists.items():
        tables[name], more = case_table(cases, results.cases)
        complaints += more
    tables[MECHANISMS], more = mechanism_table(mechanisms, results.mechanisms)
    complaints += more
    cases = sum(lists.values(), [])
    complaints += strangers(cases, results.cases)
    complaints += superseded(cases)
    complaints += (f'{name}: no such mechanism or server'
                   for name in sorted(set(results.others)))
    text, more = put_tables(read(given.readme), tables, given.check)
    return text, complaints + more, [lines[0] for lines in tables.values()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--readme', default=HERE + '/../README.md')
    parser.add_argument('--lists', default=HERE)
    parser.add_argument('log')
    given = parser.parse_args()
    try:
        text, complaints, heads = make(given)
        if not given.check:
            with open(given.readme, 'w', encoding='utf-8') as file:
                file.write(text)
    except (OSError, ValueError, KeyError, Wrong) as error:
        print(f'cases: {error}')
        return 1
    for line in complaints + heads:
        print(f'cases: {line}')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())

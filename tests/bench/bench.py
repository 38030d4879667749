#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Measures libsmtpc beside other clients and the limit, and prints the table.
tools/bench builds what is needed, and starts it.

usage: bench.py [--row NAME]... [--write README] PROGRAMS
       bench.py --profile NAME PROGRAMS
       bench.py --list

PROGRAMS: the directory of the clients and the sink.  --row: only that one;
--list names them.  --write: the table goes into that file, too.  --profile:
where the instructions go in a row, instead of the table.  Exits with 1 if the
limit is not what it has to be, with 3 if a bar is not met.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict

sys.dont_write_bytecode = True

import data
import rows
from machine import LIMIT, OURS, PEERS, Bench, Machine, Sink, hurry
from spending import profile

START = '<!-- The table, written by tools/bench. -->'
END = '<!-- End of the table. -->'
NO_NETWORK = 125
COLUMNS = (LIMIT, OURS, *PEERS)
MODULES = (('libcurl', 'libcurl'), ('libESMTP', 'libesmtp-1.0'),
           ('libetpan', 'libetpan'), ('GnuTLS', 'gnutls'))


def run_row(bench, name):
    print(f'bench: {name}', file=sys.stderr, flush=True)
    return list(rows.ROWS[name](bench))


def run_delayed(names, machine):
    """Over a TUN device; where there can be none, the sink is slow."""
    if not names:
        return {}
    command = [machine.program('wire'), str(rows.RTT_MS), sys.executable,
               os.path.abspath(__file__), '--inside', machine.data,
               *(word for name in names for word in ('--row', name)),
               machine.programs]
    # The delay is not to depend on what else runs here.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          preexec_fn=hurry, check=False)
    if done.returncode == 0:
        return {name: [rows.Line(**line) for line in lines]
                for name, lines in json.loads(done.stdout).items()}
    if done.returncode != NO_NETWORK:
        sys.exit(f'bench: the delayed rows ended with {done.returncode}')
    print('bench: no network namespace: the sink delays its replies',
          file=sys.stderr)
    with Sink(machine, '-d', str(rows.RTT_MS)) as sink:
        bench = Bench(machine, sink)
        return {name: run_row(bench, name) for name in names}


def inside(options):
    """In the namespace: the rows' lines as JSON."""
    machine = Machine(options.programs, options.inside,
                      address='10.77.0.1', host='10.77.0.2')
    with Sink(machine) as sink:
        bench = Bench(machine, sink)
        found = {name: [asdict(line) for line in run_row(bench, name)]
                 for name in options.row}
    json.dump(found, sys.stdout)


def table(found):
    yield '| row | measured | bar | ' + ' | '.join(COLUMNS) + ' | |'
    yield '|---' * (len(COLUMNS) + 4) + '|'
    for lines in found.values():
        for line in lines:
            shown = ' | '.join(line.cells.get(name, '') for name in COLUMNS)
            yield (f'| {line.row} | {line.what} | {line.bar} | {shown} | '
                   f'{"met" if line.met else "**NOT met**"} |')


def version(module):
    done = subprocess.run(['pkg-config', '--modversion', module],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or 'unknown'


def report(found, machine):
    today = datetime.date.today().isoformat()
    versions = ', '.join(f'{name} {version(module)}'
                         for name, module in MODULES)
    yield f'{today}: {versions}; {rows.environment_of(machine)}.'
    yield ''
    yield from table(found)
    yield ''
    bars = [line.met for lines in found.values() for line in lines]
    yield f'{sum(bars)} of {len(bars)} bars are met.'


def write(path, text):
    with open(path, encoding='utf-8') as file:
        before, rest = file.read().split(START)
    after = rest.split(END)[1]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'{before}{START}\n\n{text}\n\n{END}{after}')


def show_profile(name, machine):
    job, few, many = rows.PROFILED[name]
    with Sink(machine) as sink:
        bench = Bench(machine, sink)
        count = bench.instructions(OURS, job, few, many)
        print(f'{name}: {count:,.0f} instructions a message')
        for line in profile(bench, OURS, job, few, many):
            print(line)
    return 0


def measure(options, folder):
    data.write_all(folder)
    machine = Machine(options.programs, folder)
    if options.profile:
        return show_profile(options.profile, machine)
    names = options.row or list(rows.ROWS)
    found = {}
    with Sink(machine) as sink:
        bench = Bench(machine, sink)
        if not rows.limit_is_right(bench):
            print('bench: the limit is not what it has to be: no ratio to it '
                  'means anything', file=sys.stderr)
            return 1
        for name in names:
            if name not in rows.DELAYED:
                found[name] = run_row(bench, name)
    found.update(run_delayed([name for name in names
                              if name in rows.DELAYED], machine))
    found = {name: found[name] for name in names}
    text = '\n'.join(report(found, machine))
    print(text)
    if options.write:
        write(options.write, text)
    met = all(line.met for lines in found.values() for line in lines)
    return 0 if met else 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--row', action='append', choices=list(rows.ROWS))
    parser.add_argument('--profile', choices=list(rows.PROFILED))
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--write')
    parser.add_argument('--inside', help=argparse.SUPPRESS)
    parser.add_argument('programs', nargs='?', default='.')
    options = parser.parse_args()
    if options.list:
        for name, function in rows.ROWS.items():
            print(f'{name:12} {function.__doc__}')
        return 0
    if options.inside:
        inside(options)
        return 0
    with tempfile.TemporaryDirectory(prefix='bench-',
                                     dir=options.programs) as folder:
        return measure(options, folder)


if __name__ == '__main__':
    sys.exit(main())

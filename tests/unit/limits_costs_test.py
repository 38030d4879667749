#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the limits of a server cost for very many recipients, in instructions as
Valgrind counts them: four times as many must not cost sixteen times as much.
Prints TAP.

usage: limits_costs_test.py TEST_SEND_LIMITS
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from tap import Failed, Tap, skip_all

FEW = 1000


def instructions(program, count):
    """Of holding recipients back, to as many domains."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out')
        done = subprocess.run(
            ['valgrind', '--quiet', '--tool=callgrind',
             '--toggle-collect=send_check_limits',
             f'--callgrind-out-file={out}', program, str(count)],
            env=os.environ | {'CK_FORK': 'no', 'CK_RUN_CASE': 'domains'},
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(done.stdout + done.stderr)
        with open(out, encoding='utf-8') as file:
            found = re.search(r'^(?:totals|summary): (\d+)$', file.read(), re.M)
        return int(found.group(1))


def main():
    if shutil.which('valgrind') is None:
        skip_all('there is no valgrind')
    tap = Tap()
    with tap.test('four_times_as_many_domains_cost_no_eight_times_as_much'):
        few = instructions(sys.argv[1], FEW)
        many = instructions(sys.argv[1], 4 * FEW)
        tap.note(f'{few} instructions for {FEW}, {many} for {4 * FEW}')
        if not 0 < few < many < 8 * few:
            raise Failed('it is not n log n')
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

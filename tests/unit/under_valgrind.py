#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a test program under Valgrind: its tests, and no wrong access.

usage: under_valgrind.py PROGRAM
"""

import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from tap import skip_all


def main():
    valgrind = shutil.which('valgrind')
    if valgrind is None:
        skip_all('there is no valgrind')
    # All in one process: what Check would fork has an exit status of its own.
    os.environ['CK_FORK'] = 'no'
    sys.stdout.flush()
    os.execv(valgrind, [valgrind, '--quiet', '--error-exitcode=99',
                        *sys.argv[1:]])


if __name__ == '__main__':
    sys.exit(main())

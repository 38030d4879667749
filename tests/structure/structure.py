#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the source tree against its rules: one test a rule, printed as TAP.

usage: structure.py ROOT
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

import rules
from tap import Failed, Tap
from tree import Tree

SHOWN_MAX = 40


def main():
    tree = Tree(sys.argv[1])
    tap = Tap()
    for rule in rules.RULES:
        with tap.test(rule.__name__):
            complaints = list(rule(tree))
            if complaints:
                shown = complaints[:SHOWN_MAX]
                if len(complaints) > SHOWN_MAX:
                    shown.append(f'and {len(complaints) - SHOWN_MAX} more')
                raise Failed('\n'.join(shown))
    report(tap, tree)
    return tap.finish()


def report(tap, tree):
    """The figures, for whoever wonders how close the limits are."""
    for folder in ('lib', 'tools', 'tests'):
        functions = tree.functions_in(folder)
        if not functions:
            continue
        lines = [function.lines for function in functions]
        mccabe = [function.traditional for function in functions]
        tap.note(
            f'{folder}: {len(functions)} functions; lines: median '
            f'{rules.share(lines, 0.5)}, 95 % {rules.share(lines, 0.95)}, '
            f'most {max(lines)}; McCabe: median {rules.share(mccabe, 0.5)}, '
            f'95 % {rules.share(mccabe, 0.95)}, most {max(mccabe)}')


if __name__ == '__main__':
    sys.exit(main())

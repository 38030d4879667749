#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/mutants.py finds the decisions of a file, and nothing else.  Prints
TAP.

usage: mutants_test.py
"""

import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[0:0] = [os.path.join(HERE, '..'), os.path.join(HERE, '..', '..',
                                                        'tools')]

from mutants import applied, described, mutants_of
from tap import Failed, Tap

FILE = '''\
/* a && b */
static const struct pair rows[] = {
	{ ONE, 1 },
	{ TWO, 2 },
};

#define BOTH(a, b) ((a) && (b))

static int
function(int a, char *text)
{
	/* a == b */
	%s
}
'''

# A statement, and what it becomes.
STATEMENTS = {
    'return a == 1;': ['return a != 1;'],
    'return a != 1;': ['return a == 1;'],
    'return a < 1;': ['return a >= 1;'],
    'return a > 1;': ['return a <= 1;'],
    'return a <= 1;': ['return a > 1;'],
    'return a >= 1;': ['return a < 1;'],
    'return !a;': ['return a;'],
    'if (a) f();': ['if (!(a)) f();'],
    'while (f(a, 1)) g();': ['while (!(f(a, 1))) g();'],
    'if (!a) f();': ['if (a) f();'],
    'if (a & 1) f();': ['if (!(a & 1)) f();'],
    'return a ? 1 : 2;': ['return !(a) ? 1 : 2;'],
    'return a == 1 ? 1 : 2;': ['return a != 1 ? 1 : 2;'],
    'return f(a, text[0] ? 1 : 2);': ['return f(a, !(text[0]) ? 1 : 2);'],
    'return a && f(1, 2);': ['return !(a) && f(1, 2);',
                             'return a || f(1, 2);',
                             'return a && !(f(1, 2));'],
    'if (a == 1 || !f(a)) g();': ['if (a != 1 || !f(a)) g();',
                                  'if (a == 1 && !f(a)) g();',
                                  'if (a == 1 || f(a)) g();'],
    'if ((a & 1) && (text || b)) g();': ['if (!((a & 1)) && (text || b)) g();',
                                         'if ((a & 1) || (text || b)) g();',
                                         'if ((a & 1) && (!(text) || b)) g();',
                                         'if ((a & 1) && (text && b)) g();',
                                         'if ((a & 1) && (text || !(b))) '
                                         'g();'],
    'for (i = 0; i < a; i++) f();': ['for (i = 0; i >= a; i++) f();'],
    'a |= 1;': [';'],
    's->a &= ~1u;': [';'],
    'if (a == 1) *p |= 1;': ['if (a != 1) *p |= 1;', 'if (a == 1) ;'],
    'switch (a) { case ONE: f(); }': ['switch (a) { f(); }'],
    'a = b << 1 >> 2;': [],
    's->a = b - 1;': [],
    'f("a == b && !c", \'!\');': [],
    'a = 1; /* b == c */': [],
}


def found(statement):
    """What becomes of the statement; the rows of the table aside."""
    text = FILE % statement
    return [described(mutant, text)[1] for mutant in mutants_of('f', text)
            if mutant.function == 'function']


def main():
    tap = Tap()
    for statement, wanted in STATEMENTS.items():
        with tap.test(f'mutants of {statement}'):
            if sorted(found(statement)) != sorted(wanted):
                raise Failed('\n'.join(found(statement)))
    text = FILE % 'return a == 1;'
    with tap.test('rows of a table are left out one at a time'):
        rows = [mutant for mutant in mutants_of('f', text)
                if not mutant.function]
        without = [applied(mutant, text) for mutant in rows]
        if without != [text.replace('\t{ ONE, 1 },\n', ''),
                       text.replace('\t{ TWO, 2 },\n', '')]:
            raise Failed('\n'.join(without))
    with tap.test('a mutant knows its place, and changes nothing else'):
        mutant = [mutant for mutant in mutants_of('f', text)
                  if mutant.function][0]
        if (mutant.line, mutant.function) != (13, 'function'):
            raise Failed(str(mutant))
        if applied(mutant, text) != text.replace('a == 1', 'a != 1'):
            raise Failed(applied(mutant, text))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

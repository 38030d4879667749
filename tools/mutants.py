# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small edits of C files, each of which turns one decision round.

Only what is within functions is edited, and tables of pairs of flags.  The
house style is relied upon: a function's name begins a line, and so do the
braces of its body.
"""

import bisect
import collections
import re

# start and end are positions in the file's text; new stands in their place.
Mutant = collections.namedtuple('Mutant', 'file line function start end new')

OPPOSITE = {'&&': '||', '||': '&&', '==': '!=', '!=': '==', '<': '>=',
            '>': '<=', '<=': '>', '>=': '<'}

# Between which one operand of a condition stands.
BOUNDS = ('&&', '||', '?', ':', ',', ';', '=', '{', '}', 'return')

TOKEN = re.compile(r'''
    (?P<skip> \s+ | /\*.*?\*/ | ^\#(?:\\\n|[^\n])* )
  | (?P<token> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \w+
      | <<= | >>= | \.\.\. | -> | \+\+ | -- | << | >> | && | \|\|
      | [-+*/%&|^=!<>]= | . )''', re.M | re.S | re.X)

FUNCTION = re.compile(r'^(\w+)\([^;{}]*?\)\n^\{\n(.*?)^\}', re.M | re.S)

ROW = re.compile(r'^\t\{ \w+,\s+\w+ \},\n', re.M)


class Body:
    """The tokens of one function."""

    def __init__(self, text, start, end):
        self.tokens = []       # (text, start, end)
        while start < end:
            found = TOKEN.match(text, start)
            if found.lastgroup == 'token':
                self.tokens.append((found.group(), start, found.end()))
            start = found.end()
        self.words = [token for token, _, _ in self.tokens]

    def span(self, first, last):
        return self.tokens[first][1], self.tokens[last][2]

    def edge(self, index, step):
        """The last token of the operand that begins beside index."""
        depth = 0
        opening, closing = ('(', ')') if step > 0 else (')', '(')
        opening += '[' if step > 0 else ']'
        closing += ']' if step > 0 else '['
        index += step
        while 0 <= index < len(self.words):
            word = self.words[index]
            if word in closing and depth == 0:
                break
            if depth == 0 and word in BOUNDS:
                break
            depth += (word in opening) - (word in closing)
            index += step
        return index - step

    def operands(self):
        """(first, last) of whatever is true or false."""
        found = set()
        for index, word in enumerate(self.words):
            if word in ('&&', '||'):
                found.add((self.edge(index, -1), index - 1))
                found.add((index + 1, self.edge(index, 1)))
            elif word == '?':
                found.add((self.edge(index, -1), index - 1))
            elif word in ('if', 'while'):
                found.add((index + 2, self.edge(index + 1, 1)))
        return sorted(found)

    def is_bare(self, first, last):
        """No operator in it turns round by itself."""
        return not any(word in OPPOSITE or word == '!'
                       for word in self.words[first:last + 1])

    def edits(self, text):
        """(start, end, new) of each."""
        for word, start, end in self.tokens:
            if word in OPPOSITE:
                yield start, end, OPPOSITE[word]
            elif word == '!':
                yield start, end, ''
        for first, last in self.operands():
            if self.is_bare(first, last):
                start, end = self.span(first, last)
                yield start, end, f'!({text[start:end]})'
        yield from self.assignments()
        yield from self.labels()

    def assignments(self):
        """Flags that are set or cleared, and might not be."""
        for index, word in enumerate(self.words):
            if word in ('|=', '&='):
                first = index - 1
                while self.words[first - 1] in ('->', '.', '*', ']', '['):
                    first -= 1 if self.words[first - 1] == '*' else 2
                start, _ = self.span(first, first)
                yield start, self.tokens[self.edge(index, 1)][2], ''

    def labels(self):
        """Cases that might fall under another."""
        for index, word in enumerate(self.words):
            if word == 'case':
                last = self.words.index(':', index)
                yield *self.span(index, last), ''


def mutants_of(name, text):
    """All mutants of one file, in its order."""
    lines = [found.end() for found in re.finditer('\n', text)]

    def mutant(function, start, end, new):
        line = bisect.bisect_right(lines, start) + 1
        return Mutant(name, line, function, start, end, new)

    found = []
    for function in FUNCTION.finditer(text):
        body = Body(text, *function.span(2))
        found += [mutant(function.group(1), *edit) for edit in
                  sorted(set(body.edits(text)))]
    covered = [function.span() for function in FUNCTION.finditer(text)]
    for row in ROW.finditer(text):
        if not any(start <= row.start() < end for start, end in covered):
            found.append(mutant('', row.start(), row.end(), ''))
    return sorted(found, key=lambda one: (one.start, one.end, one.new))


def applied(mutant, text):
    return text[:mutant.start] + mutant.new + text[mutant.end:]


def described(mutant, text):
    """The line, or lines, before and after."""
    start = text.rfind('\n', 0, mutant.start) + 1
    end = text.find('\n', mutant.end - 1)
    before = text[start:end]
    after = (text[start:mutant.start] + mutant.new + text[mutant.end:end])
    return ' '.join(before.split()), ' '.join(after.split())

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The source tree as the structure rules see it."""

import collections
import functools
import os
import re
import subprocess

# Directories whose C files are the product; the rest are tests.
PRODUCT = ('lib', 'tools', 'include')

TEXT_ENDINGS = ('.c', '.h', '.in', '.py', '.sh', '.md', '.txt', '.map', '.cpp',
                '.build', '.1', '.3', '.7', '.cf', '.smtp', '.scenario')

# A comment, a string, a character: whichever begins first.
_LEXEME = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

Function = collections.namedtuple(
    'Function', 'path name line lines modified traditional')


def _blank(text):
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r'[^\n\t]', ' ', text)


class Source:
    """One C file."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.module = os.path.splitext(os.path.basename(path))[0]

    @functools.cached_property
    def uncommented(self):
        def replace(match):
            found = match.group()
            return _blank(found) if found.startswith('/') else found
        return _LEXEME.sub(replace, self.text)

    @functools.cached_property
    def code(self):
        """Neither comments nor what stands between quotes."""
        def replace(match):
            found = match.group()
            if found.startswith('/'):
                return _blank(found)
            return found[0] + _blank(found[1:-1]) + found[-1]
        return _LEXEME.sub(replace, self.text)

    def includes(self):
        """(line, is_system, name) of each #include."""
        pattern = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)',
                             re.M)
        for match in pattern.finditer(self.uncommented):
            yield (self.line_of(match.start(1)), match.group(1) == '<',
                   match.group(2))

    def directives(self):
        """(line, text) of each preprocessor line, continued ones joined."""
        code = re.sub(r'\\\n', '  ', self.code)
        for match in re.finditer(r'^[ \t]*#[^\n]*', code, re.M):
            yield self.line_of(match.start()), match.group()

    def line_of(self, position):
        return self.text.count('\n', 0, position) + 1

    def body(self, function):
        """A function's code from its { to its }, and where it starts."""
        lines = self.code.split('\n')
        start = sum(len(line) + 1 for line in lines[:function.line - 1])
        opening = self.code.find('{', start)
        return self.code[opening:closing(self.code, opening) + 1], opening


def closing(code, opening):
    """Where the brace or parenthesis that opens there is closed."""
    pair = {'{': '{}', '(': '()'}[code[opening]]
    depth = 0
    for position in range(opening, len(code)):
        if code[position] == pair[0]:
            depth += 1
        elif code[position] == pair[1]:
            depth -= 1
            if depth == 0:
                return position
    return len(code) - 1


class Tree:
    def __init__(self, root):
        self.root = os.path.realpath(root)

    @functools.cached_property
    def files(self):
        """Every file, relative to the root; no build directory, no .git."""
        found = []
        for folder, folders, names in os.walk(self.root):
            top = folder == self.root
            folders[:] = sorted(
                name for name in folders
                if name not in ('.git', '__pycache__') and
                not (top and name.startswith('build')))
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), self.root)
                if not (top and name.startswith('build')):
                    found.append(path)
        return found

    @functools.lru_cache(maxsize=None)
    def read(self, path):
        with open(os.path.join(self.root, path), encoding='utf-8',
                  errors='surrogateescape', newline='') as file:
            return file.read()

    def has(self, path):
        return os.path.exists(os.path.join(self.root, path))

    @functools.cached_property
    def sources(self):
        return [Source(path, self.read(path)) for path in self.files
                if path.endswith(('.c', '.h'))]

    def sources_in(self, *folders):
        return [source for source in self.sources
                if source.path.split(os.sep)[0] in folders]

    def source(self, path):
        return next(source for source in self.sources if source.path == path)

    @functools.cached_property
    def texts(self):
        """Files written by people, as opposed to data of the tests."""
        def is_text(path):
            if path.endswith(TEXT_ENDINGS) or path in (
                    'CHANGELOG', 'meson_options.txt', '.gitignore'):
                return True
            return self.interpreter(path) is not None
        return [path for path in self.files if is_text(path)]

    def interpreter(self, path):
        first = self.read(path).split('\n', 1)[0]
        return first[2:].strip() if first.startswith('#!') else None

    @functools.cached_property
    def functions(self):
        """Every C function with its measures, by pmccabe."""
        paths = [source.path for source in self.sources
                 if source.path.endswith('.c')]
        if not paths:
            return []
        done = subprocess.run(['pmccabe'] + paths, cwd=self.root, check=True,
                              stdout=subprocess.PIPE, text=True)
        found = []
        for line in done.stdout.splitlines():
            modified, traditional, _, _, lines, place, name = \
                line.split(None, 6)
            path, number = re.match(r'(.*)\((\d+)\):$', place).groups()
            found.append(Function(path, name, int(number), int(lines),
                                  int(modified), int(traditional)))
        return found

    def functions_in(self, *folders):
        return [function for function in self.functions
                if function.path.split(os.sep)[0] in folders]

    @functools.cached_property
    def public_functions(self):
        """The names that the public header declares."""
        code = self.source(os.path.join('include', 'smtpc', 'smtpc.h')).code
        return sorted(re.findall(r'^SMTPC_API\b[^;(]*?\b(\w+)\s*\(', code,
                                 re.M))

    @functools.cached_property
    def man_pages(self):
        return [path for path in self.files
                if re.fullmatch(r'man/[\w.-]+\.[1-8]', path)]

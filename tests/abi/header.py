# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the public header declares."""

import os
import re

COMMENT = re.compile(r'/\*.*?\*/', re.S)


class Header:
    def __init__(self, source_root):
        self.path = os.path.join(source_root, 'include', 'smtpc', 'smtpc.h')
        with open(self.path, encoding='utf-8') as file:
            self.code = COMMENT.sub(' ', file.read())

    @property
    def functions(self):
        return re.findall(r'^SMTPC_API\b[^;(]*?\b(\w+)\s*\(', self.code, re.M)

    @property
    def declarations(self):
        """Each function declaration, on one line."""
        return [re.sub(r'\s+', ' ', found) for found in
                re.findall(r'^SMTPC_API\b[^;]*;', self.code, re.M)]

    @property
    def enumerators(self):
        """(name, value or None) of each enumerator."""
        found = []
        for body in re.findall(r'\benum\s+\w*\s*\{(.*?)\}', self.code, re.S):
            for item in filter(None, map(str.strip, body.split(','))):
                name, _, value = item.partition('=')
                found.append((name.strip(), value.strip() or None))
        return found

    @property
    def numbers(self):
        """The names of the macros that stand for a number."""
        return re.findall(r'^#define (\w+)[ \t]+\(?-?[0-9]\w*\)?[ \t]*$',
                          self.code, re.M)

    @property
    def macros(self):
        """(name, has_arguments) of each macro."""
        return [(name, opening == '(') for name, opening in
                re.findall(r'^[ \t]*#[ \t]*define[ \t]+(\w+)(\(?)', self.code,
                           re.M)]

    @property
    def includes(self):
        return re.findall(r'^#include\s*[<"]([^>"]+)', self.code, re.M)

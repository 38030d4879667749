#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The symbols of the built library: what the header declares, the map lists
and the library exports are the same, and nothing else shows.  Prints TAP.

usage: symbols_test.py SOURCE_ROOT SHARED_LIBRARY STATIC_LIBRARY
"""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from header import Header
from tap import Failed, Tap

NODE = 'LIBSMTPC_1.0'
SONAME = 'libsmtpc.so.1'
NEEDED = re.compile(r'(libgnutls|libsasl2|libc|ld-linux[\w-]*)\.so\.\d+')


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True, env={**os.environ, 'LC_ALL': 'C'}).stdout


def differ(one, other, what_one, what_other):
    lines = [f'{name}: in the {what_one}, not in the {what_other}'
             for name in sorted(set(one) - set(other))]
    lines += [f'{name}: in the {what_other}, not in the {what_one}'
              for name in sorted(set(other) - set(one))]
    if lines:
        raise Failed('\n'.join(lines))


class Map:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            text = re.sub(r'/\*.*?\*/', ' ', file.read(), flags=re.S)
        self.nodes = re.findall(r'(\w[\w.]*)\s*\{(.*?)\}', text, re.S)

    def symbols(self, node):
        body = dict(self.nodes)[node]
        return re.findall(r'([^\s;:]+)\s*;', body.partition('local:')[0])

    @property
    def everything(self):
        return [symbol for node, _ in self.nodes
                for symbol in self.symbols(node)]


def the_map(tap, versions, header):
    with tap.test('the_map_lists_what_the_header_declares'):
        differ(header.functions, versions.everything, 'header', 'map')

    with tap.test('the_map_is_in_order_and_has_no_wildcard'):
        for node, body in versions.nodes:
            symbols = versions.symbols(node)
            if symbols != sorted(set(symbols)):
                raise Failed(f'{node} is not in alphabetical order')
            wild = [name for name in symbols if not re.fullmatch(r'\w+', name)]
            if wild:
                raise Failed(f'{node} has {wild}')
        locals_of = [node for node, body in versions.nodes if 'local' in body]
        if locals_of != [versions.nodes[0][0]]:
            raise Failed(f'"local: *" is not just in the first: {locals_of}')


def the_shared_library(tap, versions, shared):
    exported = {}
    for line in run('nm', '-D', '--defined-only', '--with-symbol-versions',
                    shared).splitlines():
        name, _, version = line.split()[-1].partition('@@')
        exported[name] = version

    with tap.test('the_library_exports_what_the_map_lists'):
        nodes = [node for node, _ in versions.nodes]
        differ([name for name in exported if name not in nodes],
               versions.everything, 'library', 'map')

    with tap.test('every_symbol_has_the_version_that_the_map_gives_it'):
        wrong = [f'{name}: {exported.get(name)}, not {node}'
                 for node, _ in versions.nodes
                 for name in versions.symbols(node)
                 if exported.get(name) != node]
        if versions.nodes[0][0] != NODE:
            wrong.append(f'the first node is not {NODE}')
        if wrong:
            raise Failed('\n'.join(wrong))

    dynamic = run('readelf', '-dW', shared)
    with tap.test('the_library_bears_its_soname'):
        found = re.findall(r'\(SONAME\).*\[(.*)\]', dynamic)
        if found != [SONAME]:
            raise Failed(f'{found}')

    with tap.test('the_library_stays_loaded'):
        if not re.search(r'\(FLAGS_1\).*\bNODELETE\b', dynamic):
            raise Failed('no flag NODELETE')

    with tap.test('the_library_needs_gnutls_sasl_and_libc_only'):
        bad = [name for name in re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic)
               if not NEEDED.fullmatch(name)]
        if bad:
            raise Failed(f'{bad}')

    with tap.test('the_library_has_no_executable_stack_and_no_text_relocation'):
        stack = re.search(r'GNU_STACK.*\s([RWE ]{3})\s',
                          run('readelf', '-lW', shared))
        if stack is None or 'E' in stack.group(1):
            raise Failed('the stack is executable')
        if 'TEXTREL' in dynamic:
            raise Failed('text relocations')


def the_archive(tap, versions, static):
    # Columns of readelf: number, value, size, type, bind, visibility, index,
    # name.
    symbols = [line.split() for line in
               run('readelf', '-sW', static).splitlines()
               if re.match(r'\s*\d+: ', line) and len(line.split()) == 8]
    defined = [row for row in symbols
               if row[4] != 'LOCAL' and row[6] != 'UND']

    with tap.test('the_archive_defines_every_public_function'):
        missing = set(versions.everything) - {row[7] for row in defined}
        if missing:
            raise Failed('\n'.join(sorted(missing)))

    with tap.test('the_archive_hides_what_is_not_public'):
        shown = sorted(row[7] for row in defined
                       if row[7] not in versions.everything)
        if shown:
            raise Failed('\n'.join(shown))

    with tap.test('no_symbol_of_the_archive_gives_way_to_another_of_its_name'):
        # Weak and common symbols would be replaced without a word.
        soft = sorted(row[7] for row in defined
                      if row[4] != 'GLOBAL' or row[6] == 'COM')
        if soft:
            raise Failed('\n'.join(soft))


def main():
    source, shared, static = sys.argv[1:]
    tap = Tap()
    versions = Map(os.path.join(source, 'lib', 'libsmtpc.map'))
    the_map(tap, versions, Header(source))
    the_shared_library(tap, versions, shared)
    the_archive(tap, versions, static)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

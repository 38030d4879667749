#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The public header by itself: in every language that it promises, with
nothing in it that a binding can't express, and with numbers that never
change.  Prints TAP.

usage: header_test.py SOURCE_ROOT BUILD_ROOT
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from header import Header
from tap import Failed, Skipped, Tap

STANDARDS = {
    'c99': ('gcc', 'clang', '.c'),
    'c11': ('gcc', 'clang', '.c'),
    'c++98': ('g++', 'clang++', '.cpp'),
    'c++17': ('g++', 'clang++', '.cpp'),
}

# What a binding can't say, or what differs from one system to the next.
FOREIGN = ('va_list FILE time_t off_t ssize_t bool _Bool long short wchar_t '
           'float double').split()


def compile_text(compiler, standard, ending, text, includes):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'alone' + ending)
        with open(file, 'w', encoding='utf-8') as out:
            out.write(text)
        compile_file(compiler, standard, file, includes)


def compile_file(compiler, standard, file, includes):
    if shutil.which(compiler) is None:
        raise Skipped(f'there is no {compiler}')
    done = subprocess.run(
        [compiler, f'-std={standard}', '-pedantic', '-Wall', '-Wextra',
         '-Wundef', '-Werror', '-fsyntax-only', file] +
        [f'-I{folder}' for folder in includes],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Failed(done.stdout)


def languages(tap, includes):
    for standard, (gnu, llvm, ending) in STANDARDS.items():
        for compiler in (gnu, llvm):
            with tap.test(f'the_header_compiles_alone_as_{standard}'
                          f'_with_{compiler}'):
                compile_text(compiler, standard, ending,
                             '#include <smtpc/smtpc.h>\n'
                             '#include <smtpc/smtpc.h>\n'
                             'int use(void);\n'
                             'int use(void) { return smtpc_version(); }\n',
                             includes)
    with tap.test('the_version_header_compiles_alone'):
        compile_text('gcc', 'c99', '.c',
                     '#include <smtpc/version.h>\n'
                     'int version = SMTPC_VERSION;\n', includes)


def contents(tap, header):
    with tap.test('the_header_needs_stddef_and_stdint_only'):
        wanted = ['stddef.h', 'stdint.h', 'smtpc/version.h']
        if header.includes != wanted:
            raise Failed(f'it includes {header.includes}')

    with tap.test('every_name_in_the_header_has_the_prefix'):
        names = [name for name in header.functions
                 if not name.startswith('smtpc_')]
        names += [name for name, _ in header.enumerators + header.macros
                  if not name.startswith('SMTPC_')]
        names += [name for name in
                  re.findall(r'\b(?:struct|enum|union)\s+(\w+)', header.code)
                  if not name.startswith('smtpc_')]
        if names:
            raise Failed('\n'.join(names))

    with tap.test('every_declaration_is_one_that_a_binding_can_express'):
        bad = [f'{name}: a macro with arguments'
               for name, has_arguments in header.macros if has_arguments]
        pattern = re.compile(r'\b(' + '|'.join(FOREIGN) + r')\b|\.\.\.')
        for text in header.declarations + \
                re.findall(r'\btypedef\b[^;]*;', header.code):
            found = pattern.search(text)
            if found:
                bad.append(f'{found.group()}: {text}')
            # An object goes by pointer, never by value.
            if re.search(r'\bsmtpc_(session|transaction|tls|reply)\b '
                         r'(?!\*)\w+[,)]', text):
                bad.append(f'by value: {text}')
        if re.search(r'\bstruct\s+\w+\s*\{', header.code):
            bad.append('a struct is not opaque')
        if bad:
            raise Failed('\n'.join(bad))

    with tap.test('out_parameters_come_last_and_are_named_so'):
        bad = []
        for text in header.declarations:
            arguments = text[text.index('(') + 1:text.index(')')].split(',')
            kinds = [bool(re.search(r'\bret_', argument))
                     for argument in arguments]
            if kinds != sorted(kinds):
                bad.append(text)
            for argument in arguments:
                is_out = (re.search(r'\*\s*\*\s*\w+$', argument) or
                          re.search(r'\b(int|size_t|u?int\d+_t) \*\w+$',
                                    argument))
                if is_out and not re.search(r'\bret_', argument):
                    bad.append(text)
        if bad:
            raise Failed('\n'.join(bad))


def numbers(tap, header, includes):
    with tap.test('every_enumerator_has_an_explicit_value'):
        bad = [name for name, value in header.enumerators if value is None]
        if bad:
            raise Failed('\n'.join(bad))

    pins = os.path.join(os.path.dirname(__file__), 'enumerators.c')
    for compiler in ('gcc', 'clang'):
        with tap.test(f'every_number_is_what_it_was_with_{compiler}'):
            compile_file(compiler, 'c11', pins, includes)

    with open(pins, encoding='utf-8') as file:
        pinned = set(re.findall(r'^PIN\((\w+), ', file.read(), re.M))
    there = {name for name, _ in header.enumerators} | set(header.numbers)
    with tap.test('every_number_is_pinned'):
        missing = sorted(there - pinned)
        if missing:
            raise Failed('add to enumerators.c: ' + ' '.join(missing))
        if len(there) < 50:
            raise Failed(f'only {len(there)} numbers were found')


def main():
    source, build = sys.argv[1:]
    includes = [os.path.join(source, 'include'),
                os.path.join(build, 'include')]
    tap = Tap()
    header = Header(source)
    languages(tap, includes)
    contents(tap, header)
    numbers(tap, header, includes)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages of the library against the library: examples compile and
send mail, prototypes are the header's, names, tokens and time-outs exist.
Prints TAP.

usage: man_examples.py SOURCE_ROOT BUILD_ROOT LIBRARY LOOPBACK

Each ".Bd -literal" of a page stands behind a comment that says what it is:

    .\\" EXAMPLE program NAME    a whole program, compiled as it is
    .\\" EXAMPLE function        one or more functions
    .\\" EXAMPLE statements      statements of some function

The latter two are compiled together, page by page, within a frame that has
what every program has: the usual headers, and variables session, transaction,
tls and rc.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from tap import Failed, Skipped, Tap

COMPILERS = ('gcc', 'clang')
FLAGS = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-O2']
LIMIT = 60

FRAME_TOP = '''\
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

'''

FRAME_CALL = '''
void example%d(smtpc_session *, smtpc_transaction *, smtpc_tls *, int);
void
example%d(smtpc_session *session, smtpc_transaction *transaction,
\tsmtpc_tls *tls, int rc)
{
%s\t(void)session;
\t(void)transaction;
\t(void)tls;
\t(void)rc;
}
'''

DISPLAY = re.compile(
    r'((?:^\.\\" EXAMPLE [^\n]*\n)?)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$',
    re.M | re.S)


def run(command, **options):
    options = {'timeout': LIMIT, 'stdin': subprocess.DEVNULL,
               'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT,
               'text': True, **options}
    return subprocess.run(command, **options)


def must(command, **options):
    done = run(command, **options)
    if done.returncode:
        raise Failed(f'{" ".join(command)}\nends with {done.returncode}\n'
                     f'{done.stdout}')
    return done.stdout


def read(*parts):
    with open(os.path.join(*parts), encoding='utf-8') as file:
        return file.read()


def write(text, *parts):
    with open(os.path.join(*parts), 'w', encoding='utf-8') as file:
        file.write(text)
    return file.name


def joined(text):
    return ' '.join(text.split())


class Page:
    def __init__(self, path):
        self.name = os.path.basename(path)
        self.text = read(path)

    def section(self, title):
        found = re.search(rf'^\.S[hs] {title}\n(.*?)(?=^\.S[hs] |\Z)',
                          self.text, re.M | re.S)
        return found.group(1) if found else ''

    def names(self):
        return re.findall(r'^\.Nm (\S+)', self.section('NAME'), re.M)

    def examples(self):
        """(kind, name, code) of each."""
        for comment, body in DISPLAY.findall(self.text):
            kind, name, *_ = comment.split()[2:] + ['', '']
            yield kind, name, self.code(body)

    def code(self, body):
        """The display as it is shown."""
        rest = body.replace(r'\e', '')
        if '\\' in rest or re.search(r"^[.']", rest, re.M):
            raise Failed(f'{self.name}: more than \\e in\n{body}')
        return body.replace(r'\e', '\\')

    def prototypes(self):
        """Of the functions in SYNOPSIS, as the header would write them."""
        synopsis = self.section('SYNOPSIS')
        pattern = re.compile(r'^\.Ft (.*)\n(?:\.Fn (\w+) (.*)|'
                             r'\.Fo (\w+)\n((?:\.Fa .*\n)+)\.Fc)$', re.M)
        for kind, one, short, other, long in pattern.findall(synopsis):
            arguments = re.findall(r'"([^"]*)"|(?:^| )(\w+)(?= |$)',
                                   re.sub(r'^\.Fa ', '', long or short,
                                          flags=re.M).replace('\n', ' '))
            arguments = ', '.join(a or b for a, b in arguments)
            yield (one or other,
                   spaced(f'{kind.strip(chr(34))} {one or other}'
                          f'({arguments})'))


def spaced(prototype):
    return re.sub(r'([*(]) ', r'\1', joined(prototype))


class Library:
    def __init__(self, source):
        self.header = re.sub(
            r'/\*.*?\*/', '',
            read(source, 'include', 'smtpc', 'smtpc.h'), flags=re.S)
        self.sources = {os.path.basename(path): read(path) for path in
                        glob.glob(os.path.join(source, 'lib', '*.c'))}

    def prototypes(self):
        pattern = re.compile(r'^SMTPC_API\s+([^;]*?(smtpc_\w+)\s*'
                             r'\([^;]*?\))\s*(?:SMTPC_\w+\s*)*;', re.M)
        return {name: spaced(prototype)
                for prototype, name in pattern.findall(self.header)}

    def constants(self):
        return set(re.findall(r'\bSMTPC_\w+', self.header))

    def tokens(self):
        """What smtpc_error_detail() can return."""
        pattern = re.compile(
            r'\b(?:engine_(?:fail|break)\(\s*session,\s*[\w>.-]+,\s*|'
            r'(?:broken|failed|closed|fail|not_offered)\(\s*\w+,\s*|'
            r'(?:auth_skip|cancel)\(\s*session,\s*auth,\s*|'
            r'\b(?:SMTPC_E|SMTPC_PHASE)_\w+,\s*|'
            r'\w*detail = )"([a-z0-9-]+)"')
        found = {token for text in self.sources.values()
                 for token in pattern.findall(text)}
        # Those of alerts are in a table; others are chosen by functions.
        found |= set(re.findall(r'"(alert-[a-z-]+)"',
                                self.sources['tls_alert.c']))
        # So are those of contents and of parameters.
        found |= set(re.findall(r'\{ SMTPC_SCAN_\w+, "([a-z-]+)"',
                                self.sources['send_check.c']))
        found |= set(re.findall(r'parameter_need \w+ = \{ "[\w-]+",'
                                r'\s*"([a-z-]+)" \}',
                                self.sources['parameter.c']))
        for text in self.sources.values():
            for body in re.findall(r'^\w+_detail\([^;{]*\n\{(.*?)^\}', text,
                                   re.M | re.S):
                found |= set(re.findall(r'"([a-z0-9-]+)"', body))
        return found

    def timeouts(self):
        units = {'SECOND': 's', 'MINUTE': 'min'}
        pattern = re.compile(r'\[(SMTPC_PHASE_\w+)\] = (?:(\d+) \* )?'
                             r'(SECOND|MINUTE)')
        return {phase: f'{count or 1} {units[unit]}' for phase, count, unit
                in pattern.findall(self.sources['session.c'])}


# Names and numbers.

def differences(what, pages, library):
    """Lines that say in what two sets or mappings differ."""
    pages, library = (dict.fromkeys(x, '') if isinstance(x, set) else x
                      for x in (pages, library))
    for key in sorted(set(pages) | set(library)):
        if pages.get(key) != library.get(key):
            yield (f'{what} {key}: the page says "{pages.get(key)}", '
                   f'the library "{library.get(key)}"')


def must_agree(lines):
    lines = list(lines)
    if lines:
        raise Failed('\n'.join(lines))


def check_names(tap, pages, library):
    with tap.test('prototypes_are_those_of_the_header'):
        shown = {name: text for page in pages
                 for name, text in page.prototypes()}
        must_agree(differences('prototype', shown, library.prototypes()))

    with tap.test('constants_that_are_named_are_in_the_header'):
        there = library.constants() | {
            'SMTPC_VERSION', 'SMTPC_VERSION_STRING', 'SMTPC_VERSION_MAJOR',
            'SMTPC_VERSION_MINOR', 'SMTPC_VERSION_PATCH'}
        must_agree(f'{page.name}: {name}' for page in pages
                   for name in re.findall(
                       r'\bSMTPC_\w+', re.sub(r'^\.Dt.*', '', page.text,
                                              flags=re.M))
                   if name not in there)

    with tap.test('pages_that_are_referred_to_exist'):
        there = {name for page in pages for name in page.names()}
        must_agree(f'{page.name}: {name}' for page in pages
                   for name in re.findall(r'^\.Xr (\w*smtpc\w*) 3', page.text,
                                          re.M)
                   if name not in there)

    with tap.test('see_also_is_in_order_and_names_not_the_page_itself'):
        must_agree(see_also(pages))


def see_also(pages):
    for page in pages:
        found = re.findall(r'^\.Xr (\S+) (\d)', page.section('SEE ALSO'),
                           re.M)
        if found != sorted(set(found), key=lambda x: (x[1], x[0])):
            yield f'{page.name}: not in order: {found}'
        for name, _ in found:
            if name in page.names():
                yield f'{page.name}: refers to itself: {name}'


def check_facts(tap, pages, library):
    page = {page.name: page for page in pages}

    with tap.test('tokens_of_failures_are_those_of_the_library'):
        shown = set(re.findall(
            r'[a-z0-9-]+', ' '.join(
                re.findall(r'^\.It ([^A-Z\n]*)$',
                           page['smtpc_error_result.3'].section('Details'),
                           re.M))))
        must_agree(differences('token', shown, library.tokens()))

    with tap.test('tokens_that_pages_quote_exist'):
        must_agree(f'{page.name}: {token}' for page in pages for token in
                   re.findall(r'\bQ[qo] ([a-z0-9]+(?:-[a-z0-9]+)+)\b',
                              page.text)
                   if token not in library.tokens())

    with tap.test('default_time_outs_are_those_of_the_library'):
        shown = dict(re.findall(r'^\.It Dv (SMTPC_PHASE_\w+) Ta ([^T]*) Ta',
                                page['libsmtpc.3'].section('TIME-OUTS'),
                                re.M))
        must_agree(differences('time-out', shown, library.timeouts()))


def check_installation(tap, pages, build):
    with tap.test('each_name_leads_to_a_page'):
        plan = os.path.join(build, 'meson-info', 'intro-installed.json')
        installed = {os.path.basename(path) for path in
                     json.loads(read(plan)).values()
                     if os.path.dirname(path).endswith('man3')}
        if not installed:
            raise Skipped('this build installs no manual pages')
        must_agree(differences(
            'name', {f'{name}.3' for page in pages for name in page.names()},
            installed))


# Examples.

def fragments(page):
    """One source file of what is no whole program; '' if there is nothing."""
    examples = [(kind, code) for kind, _, code in page.examples()]
    text = ''.join(code for kind, code in examples if kind == 'function')
    for i, (kind, code) in enumerate(examples):
        if kind == 'statements':
            text += FRAME_CALL % (i, i, textwrap.indent(code, '\t'))
    return FRAME_TOP + text if text else ''


def programs(pages):
    return {name: code for page in pages
            for kind, name, code in page.examples() if kind == 'program'}


def check_examples(tap, pages, include, folder):
    with tap.test('each_example_says_what_it_is'):
        examples = [(page.name, *example) for page in pages
                    for example in page.examples()]
        must_agree(f'{name}: nothing says what this is:\n{code}'
                   for name, kind, _, code in examples if kind not in
                   ('program', 'function', 'statements'))
        if not examples:
            raise Failed('there is none')

    for compiler in COMPILERS:
        for page in pages:
            text = fragments(page)
            if text:
                with tap.test(f'examples_of_{page.name[:-2]}_compile_'
                              f'with_{compiler}'):
                    build(compiler, text, folder, include,
                          ['-c', '-Wno-unused-function'])
        for name, code in programs(pages).items():
            with tap.test(f'the_program_{name}_compiles_with_{compiler}'):
                build(compiler, code, folder, include, ['-c'])


def build(compiler, text, folder, include, arguments):
    if shutil.which(compiler) is None:
        raise Skipped(f'there is no {compiler}')
    source = write(text, folder, 'example.c')
    result = os.path.join(folder, 'example')
    must([compiler, *FLAGS, *include, source, '-o', result, *arguments])
    return result


class Loopback:
    """The embedded server, which ends with this program."""

    def __init__(self, program, folder, *options):
        self.folder = tempfile.mkdtemp(prefix='server.', dir=folder)
        self.process = subprocess.Popen(
            [program, '--directory', self.folder, '--stdin', *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.env = dict(line.split('=', 1) for line in
                        read(self.folder, 'env').splitlines())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def received(self):
        found = glob.glob(os.path.join(self.env['RECEIVED'], '*.eml'))
        return [read(path) for path in found]


def send(program, arguments, message, server, **more):
    """(exit status, output) of an example that reads a message."""
    env = {**os.environ, 'CA_FILE': server.env['CA'], **more}
    done = run([program, *arguments], stdin=None, input=message, env=env)
    return done.returncode, done.stdout


def must_send(result, server, messages):
    status, output = result
    if status:
        raise Failed(f'it ends with {status}\n{output}')
    found = [text.replace('\r\n', '\n') for text in server.received()]
    if sorted(found) != sorted(messages):
        raise Failed(f'{output}the server has {found}')


def must_fail(result, status, text):
    if result[0] != status or text not in result[1]:
        raise Failed(f'it ends with {result[0]}\n{result[1]}')


def check_programs(tap, pages, include, library, loopback, folder):
    arguments = [library, '-Wl,-rpath,' + os.path.dirname(library)]
    ready = {}
    for name, code in programs(pages).items():
        with tap.test(f'the_program_{name}_links'):
            ready[name] = shutil.move(
                build('gcc', code, folder, include, arguments),
                os.path.join(folder, name))

    with Loopback(loopback, folder) as server:
        run_programs(tap, ready, server)
    with Loopback(loopback, folder, '--mechanisms', 'LOGIN XOAUTH2') as server:
        run_oauth(tap, ready['oauth'], server)


def run_oauth(tap, program, server):
    """The example's command is a shell's: one token at first, then another."""
    env = server.env
    arguments = ['localhost', env['SUBMISSION_PORT'], env['AUTH_USER']]
    text = 'Subject: token\n\n'

    def run_with(first, fresh):
        command = f'[ "$*" = refresh ] && echo "{fresh}" || echo "{first}"; :'
        return send(program, [*arguments, f"sh -c '{command}' sh",
                              'bob@example.test'], text, server)

    with tap.test('the_program_oauth_sends'):
        result = run_with(env['AUTH_TOKEN'], 'wrong')
        must_send(result, server, [text])
        if result[1]:
            raise Failed(result[1])

    with tap.test('the_program_oauth_gets_a_fresh_token'):
        result = run_with('old', env['AUTH_TOKEN'])
        must_send(result, server, [text, text])
        if 'the token is refused (400)\n' not in result[1]:
            raise Failed(result[1])

    with tap.test('the_program_oauth_gives_up'):
        must_fail(run_with('old', 'as-bad'), 1, 'octets\n')
        must_fail(run_with('', ''), 1, 'is set')


def run_programs(tap, ready, server):
    env = server.env
    user, rest = env['AUTH_USER'], ['bob@example.test']
    place = ['localhost', env['SUBMISSION_PORT'], user]
    one = 'Subject: one\n\n.dot\n'
    two = 'Subject: two\n\n'

    with tap.test('the_program_submit_sends'):
        must_send(send(ready['submit'], place + rest, one, server,
                       PASSWORD=env['AUTH_PASS']), server, [one])

    with tap.test('the_program_submit_tells_that_a_password_is_wrong'):
        must_fail(send(ready['submit'], place + rest, one, server,
                       PASSWORD='wrong'),
                  1, 'wrong credentials: AUTH')

    with tap.test('the_program_submit_tells_which_recipient_is_refused'):
        must_fail(send(ready['submit'],
                       place + ['nobody@example.test', 'full@example.test'],
                       one, server, PASSWORD=env['AUTH_PASS']),
                  1, 'nobody@example.test: refused for good')

    with tap.test('the_program_relay_sends_to_all'):
        job = ['localhost', env['SMTP_PORT']] + rest
        must_send(send(ready['relay'], [user] + job + job, two, server),
                  server, [one, two, two])


def main():
    source, build_root, library, loopback = sys.argv[1:]
    pages = [Page(path) for path in
             sorted(glob.glob(os.path.join(source, 'man', '*.3')))]
    include = ['-I' + os.path.join(root, 'include')
               for root in (source, build_root)]
    tap = Tap()
    known = Library(source)
    check_names(tap, pages, known)
    check_facts(tap, pages, known)
    check_installation(tap, pages, build_root)
    with tempfile.TemporaryDirectory() as folder:
        check_examples(tap, pages, include, folder)
        check_programs(tap, pages, include, library, loopback, folder)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as others use it: installed, through pkg-config, shared and
static, and as a Meson subproject; program and line are the README's, as
printed.  Prints TAP.

usage: installed_test.py SOURCE_ROOT BUILD_ROOT VERSION MESON...
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from tap import Failed, Skipped, Tap

FLAGS = ['-Wall', '-Wextra', '-Werror']

TELL_VERSION = '''\
#include <smtpc/smtpc.h>
#include <stdio.h>

int main(void)
{
\tputs(smtpc_version_string());
\treturn smtpc_version() != SMTPC_VERSION;
}
'''

# In the place of a server: each send ends as the environment says.
STUBS = '''\
#include <smtpc/smtpc.h>
#include <stdlib.h>

int smtpc_open(smtpc_session *session, const char *host, int port)
{
\t(void)session;
\t(void)host;
\t(void)port;
\treturn SMTPC_OK;
}

int smtpc_send(smtpc_session *session, smtpc_transaction *transaction)
{
\t(void)session;
\t(void)transaction;
\treturn atoi(getenv("RESULT_OF_SEND"));
}
'''

USER_PROJECT = '''\
project('user', 'c', default_options: ['c_std=c99', 'warning_level=2'])
libsmtpc = @DEPENDENCY@
executable('readme', 'readme.c', dependencies: libsmtpc)
executable('tell-version', 'tell-version.c', dependencies: libsmtpc)
'''


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise Failed(f'{" ".join(command)}\nends with {done.returncode}\n'
                     f'{done.stdout}')
    return done.stdout


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def readme(source, pattern):
    """What a pattern finds in the README."""
    with open(os.path.join(source, 'README.md'), encoding='utf-8') as file:
        found = re.search(pattern, file.read(), re.M | re.S)
    if found is None:
        raise Failed(f'README.md has no {pattern}')
    return found.group(1)


def readme_program(source):
    """The first program in C of the README."""
    return readme(source, r'^```c\n(.*?)^```$')


def needed(program):
    return re.findall(r'\(NEEDED\).*\[(.*)\]',
                      run(['readelf', '-dW', program],
                          env={**os.environ, 'LC_ALL': 'C'}))


class Installation:
    """What "meson install" puts below a root of its own."""

    def __init__(self, root, build, meson):
        self.root = root
        run(meson + ['install', '-C', build, '--no-rebuild', '--quiet',
                     '--destdir', root])
        self.config = self.find('libsmtpc.pc')
        self.libraries = os.path.dirname(self.find('libsmtpc.so'))

    def find(self, name):
        for folder, _, names in os.walk(self.root):
            if name in names:
                return os.path.join(folder, name)
        raise Failed(f'{name} is not installed')

    def pkg_config(self, *arguments):
        env = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=self.root)
        env['PKG_CONFIG_PATH'] = os.path.dirname(self.config)
        return run(['pkg-config', *arguments, 'libsmtpc'], env=env).split()

    def compile(self, compiler, text, folder, static=False, standard='c99',
                more=()):
        if shutil.which(compiler) is None:
            raise Skipped(f'there is no {compiler}')
        ending = 'cpp' if '++' in standard else 'c'
        file = write(os.path.join(folder, f'program.{ending}'), text)
        program = os.path.join(folder, 'program')
        how = ['--static'] if static else []
        run([compiler, f'-std={standard}', *FLAGS,
             *self.pkg_config('--cflags', *how), file, *more, '-o', program,
             *self.pkg_config('--libs', *how)])
        return program

    def execute(self, program):
        env = dict(os.environ, LD_LIBRARY_PATH=self.libraries)
        return run([program], env=env).strip()

    def end_of(self, program, **env):
        """How a program ends, and what it says on standard error."""
        done = subprocess.run(
            [program], stderr=subprocess.PIPE, text=True, check=False,
            env=dict(os.environ, LD_LIBRARY_PATH=self.libraries, **env))
        return done.returncode, done.stderr

    def drop_shared(self):
        """Leave only the archive for the linker to find."""
        for name in os.listdir(self.libraries):
            if name.startswith('libsmtpc.so'):
                os.unlink(os.path.join(self.libraries, name))


def installed_files(tap, installation, version):
    with tap.test('header_library_and_description_are_installed'):
        for name in ('smtpc.h', 'version.h', 'libsmtpc.so.1', 'libsmtpc.a'):
            installation.find(name)

    with tap.test('pkg_config_knows_the_version'):
        found = installation.pkg_config('--modversion')
        if found != [version]:
            raise Failed(f'{found}')

    with tap.test('pkg_config_names_gnutls_and_sasl_for_static_links_only'):
        shared = installation.pkg_config('--libs')
        static = installation.pkg_config('--libs', '--static')
        for library in ('-lgnutls', '-lsasl2'):
            if library in shared or library not in static:
                raise Failed(f'shared: {shared}\nstatic: {static}')


def readme_ends(tap, installation, source, folder):
    """How the program of the README ends."""
    text = readme_program(source)
    with tap.test('the_program_of_the_readme_has_as_many_lines_as_it_says'):
        told = int(readme(source, r'^These (\d+) lines send a message'))
        if told != text.count('\n') or told > 24:
            raise Failed(f'{text.count(chr(10))} lines, not {told}')

    with tap.test('the_program_of_the_readme_tells_each_end_from_the_others'):
        stubs = write(os.path.join(folder, 'stubs.c'), STUBS)
        program = installation.compile('gcc', text, folder, more=[stubs])
        for result, status in ((0, 0), (2, 2), (3, 3), (-12, 1), (-13, 1)):
            code, said = installation.end_of(program,
                                             RESULT_OF_SEND=str(result))
            if code != status or bool(said) != bool(result):
                raise Failed(f'{result}: ended with {code}\n{said}')

    with tap.test('the_program_of_the_readme_says_what_was_wrong'):
        for old, new, words in (
                ('you@example.net', 'you@', 'recipient'),
                ('me@example.org"', 'me@"', 'sender'),
                ('"secret"', '""', 'argument')):
            if old not in text:
                raise Failed(f'no {old}')
            program = installation.compile('gcc', text.replace(old, new),
                                           folder, more=[stubs])
            code, said = installation.end_of(program, RESULT_OF_SEND='0')
            if code != 1 or words not in said:
                raise Failed(f'{new}: ended with {code}\n{said}')


def programs(tap, installation, source, version, folder):
    for compiler in ('gcc', 'clang'):
        with tap.test('the_program_of_the_readme_compiles_as_printed'
                      f'_with_{compiler}'):
            program = installation.compile(compiler, readme_program(source),
                                           folder)
            names = needed(program)
            if 'libsmtpc.so.1' not in names:
                raise Failed(f'it needs {names}')

    with tap.test('a_program_with_the_shared_library_needs_only_that_and_libc'):
        program = installation.compile('gcc', TELL_VERSION, folder)
        if sorted(needed(program)) != ['libc.so.6', 'libsmtpc.so.1']:
            raise Failed(f'it needs {needed(program)}')
        if installation.execute(program) != version:
            raise Failed(f'version {installation.execute(program)}')

    with tap.test('a_program_in_cxx_links_with_the_library'):
        program = installation.compile('g++', TELL_VERSION, folder,
                                       standard='c++98')
        if installation.execute(program) != version:
            raise Failed(f'version {installation.execute(program)}')

    installation.drop_shared()
    with tap.test('the_program_of_the_readme_links_with_the_archive'):
        program = installation.compile('gcc', readme_program(source), folder,
                                       static=True)
        if 'libsmtpc.so.1' in needed(program):
            raise Failed('it needs the shared library')

    with tap.test('a_program_with_the_archive_runs'):
        program = installation.compile('gcc', TELL_VERSION, folder,
                                       static=True)
        if installation.execute(program) != version:
            raise Failed(f'version {installation.execute(program)}')


def subproject(tap, source, version, meson, folder):
    user = os.path.join(folder, 'user')
    os.makedirs(os.path.join(user, 'subprojects'))
    os.symlink(source, os.path.join(user, 'subprojects', 'libsmtpc'))
    line = readme(source, r"^As a Meson subproject: `(.*?)`")
    write(os.path.join(user, 'meson.build'),
          USER_PROJECT.replace('@DEPENDENCY@', line))
    write(os.path.join(user, 'tell-version.c'), TELL_VERSION)
    build = os.path.join(user, 'build')

    with tap.test('a_meson_project_builds_with_the_library_as_subproject'):
        write(os.path.join(user, 'readme.c'), readme_program(source))
        # Should one be installed on this machine, it is not what is meant.
        run(meson + ['setup', '--wrap-mode=forcefallback', build, user])
        output = run(meson + ['compile', '-C', build])
        if 'readme.c' in output and 'warning' in output:
            raise Failed(output)
        found = run([os.path.join(build, 'tell-version')]).strip()
        if found != version:
            raise Failed(f'version {found}')

    with tap.test('a_subproject_is_the_library_alone'):
        plan = json.loads(run(meson + ['introspect', '--targets', build]))
        programs = sorted(target['name'] for target in plan
                          if target['type'] == 'executable')
        if programs != ['readme', 'tell-version']:
            raise Failed(f'{programs}')
        files = run(meson + ['introspect', '--installed', build])
        if 'smtpc.h' not in files or '/man' in files:
            raise Failed(files)

    with tap.test('a_subproject_may_be_asked_for_the_tool'):
        run(meson + ['setup', '--wrap-mode=forcefallback',
                     '-Dlibsmtpc:tool=true',
                     os.path.join(user, 'build-tool'), user])
        plan = run(meson + ['introspect', '--targets',
                            os.path.join(user, 'build-tool')])
        if not any(target['name'] == 'smtpc' and
                   target['type'] == 'executable'
                   for target in json.loads(plan)):
            raise Failed(plan)


def main():
    source, build, version, *meson = sys.argv[1:]
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(os.path.join(folder, 'root'), build, meson)
        installed_files(tap, installation, version)
        readme_ends(tap, installation, source, folder)
        programs(tap, installation, source, version, folder)
        subproject(tap, source, version, meson, folder)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())

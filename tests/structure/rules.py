# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules that the source tree keeps.

A rule is a function of a Tree that yields complaints, one string each; its
name is the sentence that the test prints.
"""

import math
import os
import re
import subprocess

from layers import Layers
from tree import PRODUCT, closing

RULES = []

FUNCTION_LINES_MAX = 100
FUNCTION_LINES_MEDIAN = 15
FUNCTION_LINES_P95 = 60
FILE_LINES_MAX = 900
MCCABE_P95 = 10
MCCABE_MAX = 15
MCCABE_DISPATCH_MAX = 25
CONDITIONALS_PER_1000_LINES = 2
COLUMNS = 80


def rule(function):
    RULES.append(function)
    return function


def share(values, part):
    """The value that this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(part * len(ordered)) - 1, 0)]


# What includes what.

def layers(tree):
    return Layers(tree.read('tests/structure/layers.txt'))


@rule
def every_file_of_the_library_is_in_one_layer(tree):
    yield from layers(tree).files(tree.sources_in('lib'))


@rule
def files_include_their_own_layer_and_lower_ones_only(tree):
    table = layers(tree)
    for source in tree.sources_in('lib'):
        yield from table.own(source)


@rule
def only_the_tls_files_include_gnutls(tree):
    yield from system_headers(tree, 'gnutls')


@rule
def only_the_sasl_files_include_cyrus_sasl(tree):
    yield from system_headers(tree, 'sasl')


@rule
def only_files_that_do_io_know_descriptors(tree):
    yield from system_headers(tree, 'descriptors')
    yield from system_headers(tree, 'unistd')
    yield from system_headers(tree, 'vectors')


@rule
def only_files_that_need_them_know_threads(tree):
    yield from system_headers(tree, 'threads')


def system_headers(tree, group):
    table = layers(tree)
    for source in tree.sources_in('lib'):
        yield from table.system(source, group)


@rule
def a_file_includes_its_own_header_first(tree):
    for source in tree.sources_in('lib', 'tools'):
        header = source.path[:-2] + '.h'
        if not source.path.endswith('.c') or not tree.has(header):
            continue
        first = next(source.includes(), None)
        if first is None or first[2] != os.path.basename(header):
            yield f'{source.path}: "{os.path.basename(header)}" is not first'


@rule
def the_tool_is_built_from_the_public_header_alone(tree):
    yield from strangers(tree, tree.sources_in('tools'))


# Both servers, and the certificates that they show.
OTHER_SIDE = re.compile(r'(loopback|certs|peer|dialogue|auth_server)(_\w+)?'
                        r'|make-certs|scram|witness|octets')


@rule
def what_the_library_is_tested_against_shares_nothing_with_it(tree):
    folder = 'tests/harness/'
    inside = {os.path.basename(source.path)
              for source in tree.sources_in('lib')}
    todo = [source for source in tree.sources_in('tests')
            if source.path.startswith(folder) and
            OTHER_SIDE.fullmatch(source.module)]
    done = {source.path for source in todo}
    while todo:
        source = todo.pop()
        for line, _, name in source.includes():
            if tree.has(folder + name):
                # What a neighbour includes, this one includes, too.
                if folder + name not in done:
                    done.add(folder + name)
                    todo.append(tree.source(folder + name))
            elif name in inside or 'lib/' in name or \
                    name.startswith('smtpc/'):
                yield f'{source.path}:{line}: "{name}" is the library\'s own'


def strangers(tree, sources):
    own = {os.path.basename(source.path) for source in sources}
    inside = {os.path.basename(source.path)
              for source in tree.sources_in('lib')} - own
    for source in sources:
        for line, _, name in source.includes():
            if name in inside or 'lib/' in name:
                yield f'{source.path}:{line}: "{name}" is the library\'s own'


# What is not used.

EVERYWHERE = {
    'sprintf': 'snprintf', 'vsprintf': 'vsnprintf',
    'strcpy': 'memcpy', 'stpcpy': 'memcpy', 'strncpy': 'memcpy',
    'strcat': 'a buffer', 'strtok': 'strcspn',
    'strtok_r': 'strcspn', 'gets': 'fgets', 'alloca': 'malloc',
    'atoi': 'strtol with an end pointer',
    'atol': 'strtol with an end pointer',
    'atoll': 'strtoll with an end pointer',
    'atof': 'strtod with an end pointer',
    'rand': 'getrandom', 'srand': 'getrandom', 'random': 'getrandom',
    'signal': 'sigaction', 'tmpnam': 'mkstemp', 'mktemp': 'mkstemp',
    'tempnam': 'mkstemp', 'sscanf': 'a parser', 'scanf': 'a parser',
}

# The locale changes what these do.
LOCALE = ('isalnum isalpha isascii isblank iscntrl isdigit isgraph islower '
          'isprint ispunct isspace isupper isxdigit tolower toupper').split()

# A library in somebody else's process does none of these.
NOT_IN_THE_LIBRARY = {
    'getenv': 'the caller decides', 'secure_getenv': 'the caller decides',
    'setenv': 'not our process', 'putenv': 'not our process',
    'unsetenv': 'not our process', 'chdir': 'not our process',
    'umask': 'not our process', 'exit': 'not our process',
    '_exit': 'not our process', '_Exit': 'not our process',
    'abort': 'not our process', 'atexit': 'not our process',
    'sigaction': 'not our process', 'fork': 'not our process',
    'system': 'not our process', 'popen': 'not our process',
    'sleep': 'only the loop waits', 'usleep': 'only the loop waits',
    'nanosleep': 'only the loop waits', 'select': 'poll',
    'printf': 'no output', 'fprintf': 'no output', 'puts': 'no output',
    'fputs': 'no output', 'putchar': 'no output', 'perror': 'no output',
    'dprintf': 'no output', 'syslog': 'no output', 'openlog': 'no output',
    'localtime': 'no time zones', 'localtime_r': 'no time zones',
    'gmtime': 'gmtime_r', 'asctime': 'not thread-safe',
    'ctime': 'not thread-safe', 'strerror': 'strerrordesc_np or strerror_r',
    'gethostbyname': 'getaddrinfo', 'inet_ntoa': 'inet_ntop',
    'sasl_done': 'others use it', 'sasl_client_done': 'others use it',
    'gnutls_global_deinit': 'others use it',
    'strncat': 'a buffer', 'strcasecmp': 'depends on the locale',
    'strncasecmp': 'depends on the locale',
    'strcoll': 'depends on the locale', 'setlocale': 'not our process',
}


def calls(source, names):
    pattern = re.compile(
        r'(?<![\w.>])(' + '|'.join(map(re.escape, names)) + r')\s*\(')
    for match in pattern.finditer(source.code):
        yield source.line_of(match.start()), match.group(1)


def ours(tree):
    return tree.sources_in(*PRODUCT, 'tests')


@rule
def dangerous_functions_are_not_used(tree):
    for source in ours(tree):
        for line, name in calls(source, EVERYWHERE):
            yield f'{source.path}:{line}: {name}: use {EVERYWHERE[name]}'


@rule
def functions_that_depend_on_the_locale_are_not_used(tree):
    for source in tree.sources_in(*PRODUCT):
        for line, name in calls(source, LOCALE):
            yield f'{source.path}:{line}: {name} depends on the locale'


@rule
def the_library_leaves_the_process_alone(tree):
    for source in tree.sources_in('lib'):
        for line, name in calls(source, NOT_IN_THE_LIBRARY):
            yield f'{source.path}:{line}: {name}: {NOT_IN_THE_LIBRARY[name]}'


@rule
def numbers_are_parsed_with_an_end_pointer(tree):
    pattern = re.compile(r'\bstrto(u?ll?|[dfi]|[ui]?max)\s*\(')
    for source in ours(tree):
        for match in pattern.finditer(source.code):
            opening = match.end() - 1
            inside = source.code[opening:closing(source.code, opening)]
            if re.search(r',\s*(NULL|0)\s*,', inside):
                yield (f'{source.path}:{source.line_of(match.start())}: '
                       'no end pointer')


@rule
def gotos_jump_forward_to_out(tree):
    for function in tree.functions_in('lib', 'tools'):
        source = tree.source(function.path)
        body, start = source.body(function)
        labels = [match for match in
                  re.finditer(r'^(\w+):(?!:)', body, re.M)
                  if match.group(1) != 'default']
        where = {match.group(1): match.start() for match in labels}
        place = f'{function.path}:{function.line}: {function.name}'
        if len(labels) > 1 or any(name != 'out' for name in where):
            yield f'{place}: its one label is "out", not {", ".join(where)}'
        for jump in re.finditer(r'\bgoto\s+(\w+)', body):
            if where.get(jump.group(1), -1) < jump.start():
                yield (f'{function.path}:{source.line_of(start + jump.start())}'
                       f': goto {jump.group(1)} does not jump forward')


@rule
def macros_hide_no_jump(tree):
    for source in tree.sources_in(*PRODUCT):
        for line, text in source.directives():
            if re.match(r'\s*#\s*define\b', text) and re.search(
                    r'\b(return|goto|break|continue)\b', text):
                yield f'{source.path}:{line}: a macro hides a jump'


@rule
def private_structs_have_no_typedef(tree):
    for source in tree.sources_in('lib', 'tools', 'tests'):
        for match in re.finditer(r'\btypedef\s+(struct|union|enum)\b',
                                 source.code):
            yield f'{source.path}:{source.line_of(match.start())}: typedef'


# How large things are.

@rule
def no_function_is_too_long(tree):
    for function in tree.functions:
        if function.lines > FUNCTION_LINES_MAX:
            yield (f'{function.path}:{function.line}: {function.name} has '
                   f'{function.lines} lines')


@rule
def most_functions_are_short(tree):
    lines = [function.lines for function in tree.functions_in('lib')]
    if lines and share(lines, 0.5) > FUNCTION_LINES_MEDIAN:
        yield f'the median of lib/ is {share(lines, 0.5)} lines'
    if lines and share(lines, 0.95) > FUNCTION_LINES_P95:
        yield f'the 95th percentile of lib/ is {share(lines, 0.95)} lines'


@rule
def no_file_is_too_long(tree):
    for path in tree.texts:
        lines = tree.read(path).count('\n')
        # All of the interface is in one file.
        if path == 'include/smtpc/smtpc.h':
            continue
        if path.endswith(('.c', '.h', '.py')) and lines > FILE_LINES_MAX:
            yield f'{path} has {lines} lines'


def is_dispatch(tree, function):
    """Whether the body is one switch, but for declarations and a return."""
    body, _ = tree.source(function.path).body(function)
    head = re.match(r'\{[^{}]*?(?=\bswitch\b)', body)
    if head is None or re.search(r'\b(if|for|while|do)\b', head.group()):
        return False
    opening = body.find('{', head.end())
    rest = body[closing(body, opening) + 1:]
    return (function.modified <= MCCABE_MAX / 3 and
            re.fullmatch(r'\s*(return\b[^;{}]*;)?\s*\}', rest) is not None)


@rule
def no_function_is_too_complex(tree):
    for function in tree.functions_in('lib', 'tools', 'tests'):
        if function.traditional <= MCCABE_MAX:
            continue
        if (function.traditional <= MCCABE_DISPATCH_MAX and
                is_dispatch(tree, function)):
            continue
        yield (f'{function.path}:{function.line}: {function.name} has a '
               f'McCabe complexity of {function.traditional}')


@rule
def most_functions_are_simple(tree):
    values = [function.traditional for function in tree.functions_in('lib')]
    if values and share(values, 0.95) > MCCABE_P95:
        yield f'the 95th percentile of lib/ is {share(values, 0.95)}'


@rule
def the_code_is_the_same_on_every_system(tree):
    lines = conditionals = 0
    for source in tree.sources_in('lib'):
        if source.module == 'socket':
            continue
        lines += source.text.count('\n')
        found = [text for _, text in source.directives()
                 if re.match(r'\s*#\s*(if|ifdef|ifndef|elif)\b', text)]
        # One of a header's is its include guard.
        conditionals += len(found) - source.path.endswith('.h')
    if conditionals * 1000 > lines * CONDITIONALS_PER_1000_LINES:
        yield f'{conditionals} conditionals in {lines} lines'


# How files look.

@rule
def lines_fit_the_screen(tree):
    for source in tree.sources:
        for number, line in enumerate(source.text.split('\n'), 1):
            width = len(line.expandtabs(8))
            if width > COLUMNS:
                yield f'{source.path}:{number}: {width} columns'


@rule
def files_end_in_a_line_and_lines_in_no_blank(tree):
    for path in tree.texts:
        text = tree.read(path)
        if text and not text.endswith('\n'):
            yield f'{path}: the last line has no end'
        if text.endswith('\n\n'):
            yield f'{path}: ends in an empty line'
        if '\r' in text:
            yield f'{path}: has a carriage return'
        for number, line in enumerate(text.split('\n'), 1):
            if line.endswith((' ', '\t')):
                yield f'{path}:{number}: a blank at the end'


@rule
def each_source_file_names_its_licence(tree):
    line = 'SPDX-License-Identifier: LGPL-2.1-or-later'
    for source in tree.sources:
        if not source.text.startswith(f'/* {line} */\n'):
            yield f'{source.path}: the first line is not the licence'
    for path in tree.texts:
        if path.endswith('.py') or tree.interpreter(path):
            start = tree.read(path).split('\n', 2)[:2]
            if f'# {line}' not in start:
                yield f'{path}: neither of the first two lines is the licence'


@rule
def each_source_file_says_what_it_is_for(tree):
    for source in tree.sources:
        # What stands between the licence and the first declaration?
        for line in source.text.split('\n')[1:]:
            if line.startswith('/*'):
                break
            if line and not line.startswith('#'):
                yield f'{source.path}: no comment comes before the code'
                break


@rule
def headers_have_include_guards(tree):
    seen = {}
    for source in tree.sources:
        if not source.path.endswith('.h'):
            continue
        match = re.match(r'\s*#ifndef (\w+)\n#define (\w+)\n.*\n#endif\s*\Z',
                         source.uncommented, re.S)
        if match is None or match.group(1) != match.group(2):
            yield f'{source.path}: no include guard around everything'
        elif match.group(1) in seen:
            yield (f'{source.path}: {match.group(1)} also guards '
                   f'{seen[match.group(1)]}')
        else:
            seen[match.group(1)] = source.path


# Shell scripts.

def shell_scripts(tree):
    return [path for path in tree.texts
            if re.search(r'\b(ba)?sh\b', tree.interpreter(path) or '')]


@rule
def shell_scripts_stop_at_the_first_failure(tree):
    for path in shell_scripts(tree):
        if not re.search(r'^set -euo pipefail$', tree.read(path), re.M):
            yield f'{path}: no "set -euo pipefail"'
        if not os.access(os.path.join(tree.root, path), os.X_OK):
            yield f'{path}: is not executable'


@rule
def shellcheck_has_nothing_to_say(tree):
    scripts = shell_scripts(tree)
    if not scripts:
        return
    done = subprocess.run(
        ['shellcheck', '--format=gcc', '--external-sources',
         '--source-path=SCRIPTDIR'] + scripts,
        cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)
    yield from done.stdout.splitlines()


# Manual pages.

def names_of(text):
    """What the NAME section of a page in mdoc names."""
    section = re.search(r'^\.Sh NAME\n(.*?)(?=^\.Sh |\Z)', text, re.M | re.S)
    return re.findall(r'^\.Nm\s+(\S+)', section.group(1), re.M) \
        if section else []


@rule
def each_public_function_has_a_manual_page(tree):
    named, shown = set(), set()
    for path in tree.man_pages:
        if path.endswith('.3'):
            text = tree.read(path)
            named.update(names_of(text))
            shown.update(re.findall(r'^\.F[no]\s+"?(?:[^"\n]*[ *])?(smtpc_\w+)',
                                    text, re.M))
    for name in tree.public_functions:
        if name not in named:
            yield f'no page in man/ names {name}'
        elif name not in shown:
            yield f'no page in man/ shows how {name} is called'


@rule
def manual_pages_name_only_what_there_is(tree):
    there = set(tree.public_functions)
    for path in tree.man_pages:
        for name in names_of(tree.read(path)):
            if name.startswith('smtpc_') and name not in there:
                yield f'{path}: the header has no {name}'


@rule
def mandoc_has_nothing_to_say(tree):
    if not tree.man_pages:
        return
    done = subprocess.run(['mandoc', '-Tlint', '-Wwarning'] + tree.man_pages,
                          cwd=tree.root, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    yield from done.stdout.splitlines()
    if done.returncode and not done.stdout:
        yield f'mandoc ended with {done.returncode}'


@rule
def each_manual_page_is_installed(tree):
    listed = tree.read('man/meson.build')
    for path in tree.man_pages:
        if os.path.basename(path) not in listed:
            yield f'{path} is not in man/meson.build'


# What the text speaks of.

# Where an absolute path may begin: what every system has.
ROOTS = ('bin dev etc lib nonexistent path proc run sbin sys tmp usr '
         'var').split()


@rule
def no_path_of_one_machine_is_named(tree):
    pattern = re.compile(
        r'(?<![\w/.$})\]@%*~+^\\-])(?<!\w[\'"])'
        r'/([A-Za-z_][\w.+-]*)/(?=[\w.$*{-])')
    for path in tree.texts:
        if path.startswith('include') or path == 'tests/structure/rules.py':
            continue
        text = tree.read(path)
        for match in pattern.finditer(text):
            if match.group(1) not in ROOTS:
                yield (f'{path}:{text.count(chr(10), 0, match.start()) + 1}: '
                       f'/{match.group(1)}/ is no place of every system')


@rule
def documents_that_are_named_exist(tree):
    pattern = re.compile(r'(?<![\w*/.-])((?:[\w.-]+/)*[\w-]+\.md)\b')
    for path in tree.texts:
        text = tree.read(path)
        for match in pattern.finditer(text):
            name = match.group(1)
            if not (tree.has(name) or
                    tree.has(os.path.join(os.path.dirname(path), name))):
                yield (f'{path}:{text.count(chr(10), 0, match.start()) + 1}: '
                       f'there is no {name}')

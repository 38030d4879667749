# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The rows of the table: each is a function that takes a Bench and yields Lines,
one for each bar.  Those in DELAYED run over a network with a round-trip time.
"""

import os
import statistics
import subprocess
from dataclasses import dataclass, field

from data import BIG
from machine import (LIMIT, OURS, PEERS, Failed, attempt, median,
                     median_ratio, start_up_times)

ROUNDS = 9
PEER_ROUNDS = 3
DELAYED_ROUNDS = 3
MANY = 10000
SESSIONS = 500
# Of 256 MiB: the first does not count, and the others' mean varies less.
LARGE = 5
RTT_MS = 20
# What rounds to the bar has met it.
SLACK = 0.005

DATA = ''
BDAT = 'chunking,stream'
STREAM = 'chunking,stream,submit'
STREAM_DATA = 'stream,submit'

# What --profile can look into: the job, few messages, many messages.
PROFILED = {
    'data': ({'mode': DATA}, 100, 600),
    'bdat': ({'mode': BDAT}, 100, 600),
    'stream': ({'mode': STREAM}, 100, 1100),
    'sessions': ({'tls': 'starttls', 'fresh': True, 'system': True}, 5, 25),
}


@dataclass
class Line:
    """One bar: what was measured, as text for each client, and the verdict."""
    row: str
    what: str
    bar: str
    met: bool
    cells: dict = field(default_factory=dict)


ROWS = {}
DELAYED = []


def row(function):
    ROWS[function.__name__.replace('_', '-')] = function
    return function


def delayed(function):
    row(function)
    DELAYED.append(function.__name__.replace('_', '-'))
    return function


def text(value, digits=2):
    if value is None:
        return '–'
    if value >= 1000:
        return f'{value:,.0f}'
    return f'{value:.{digits}f}'


def at_most(value, bar):
    return value is not None and value <= bar + SLACK


def at_least(value, bar):
    return value is not None and value >= bar - SLACK


def rate(figures):
    return figures['counted'] / figures['wall']


def cpu(figures):
    return figures['cpu'] / figures['counted']


def cpu_of_both(figures):
    """What client and sink together took for a message."""
    return (figures['cpu'] + figures['sink_cpu']) / figures['messages']


def flights(figures):
    return figures['flights'] / figures['messages']


def round_trips(figures):
    return figures['wall'] * 1000 / RTT_MS


def per_message(figures):
    return round_trips(figures) / figures['counted']


def rates(bench, job, ours, limit, peers):
    """Rounds of the limit, libsmtpc and the peers, all for the same job."""
    bench.share_a_cpu()
    runs = {LIMIT: (LIMIT, {**job, 'mode': limit}, MANY),
            OURS: (OURS, {**job, 'mode': ours}, MANY)}
    for peer in PEERS:
        runs[peer] = (peer, job, peers, PEER_ROUNDS)
    return bench.alternate(runs, ROUNDS)


def cells(results, figure, digits=2):
    return {name: text(median(rounds, figure), digits)
            for name, rounds in results.items()}


def rate_line(name, results, bar):
    ratio = median_ratio(results[OURS], results[LIMIT], rate)
    work = median_ratio(results[LIMIT], results[OURS], cpu_of_both)
    shown = cells(results, rate, 0)
    shown[OURS] += f' ({text(ratio)}; by CPU {text(work)})'
    return Line(name, 'messages a second', f'≥ {bar} of the limit',
                at_least(ratio, bar), shown)


def flight_line(name, results, bar):
    return Line(name, 'flights a message', f'≤ {bar}',
                at_most(median(results[OURS], flights), bar),
                cells(results, flights))


def costs(bench, name, measure, modes, what, bar, job=None, many=(100, 600)):
    """A line of instructions or of system calls."""
    values = {}
    for client in (LIMIT, OURS, *PEERS):
        one = dict(job or {}, mode=modes.get(client))
        values[client] = attempt(measure, client, one, *many)
    return Line(name, what, f'≤ {bar:,}', at_most(values[OURS], bar),
                {client: text(value) for client, value in values.items()})


def instructions(bench, name, ours, limit, bar, **more):
    return costs(bench, name, bench.instructions, {OURS: ours, LIMIT: limit},
                 'instructions a message', bar, **more)


def system_calls(bench, name, ours, limit, bar, **more):
    return costs(bench, name, bench.system_calls, {OURS: ours, LIMIT: limit},
                 'system calls a message', bar, **more)


@row
def data(bench):
    """One session, 10,000 messages of 2 KiB, smtpc_send(), SAFE, DATA"""
    results = rates(bench, {}, DATA, 'pipe', 3000)
    yield flight_line('data', results, 2)
    yield rate_line('data', results, 0.8)
    yield instructions(bench, 'data', DATA, 'pipe', 8000)
    yield system_calls(bench, 'data', DATA, 'pipe', 6.5)


@row
def bdat(bench):
    """The same with CHUNKING at STREAM, one at a time"""
    results = rates(bench, {}, BDAT, 'bdat', 3000)
    yield flight_line('bdat', results, 1)
    yield rate_line('bdat', results, 0.8)
    yield system_calls(bench, 'bdat', BDAT, 'bdat', 3.5)


@row
def stream(bench):
    """The same, submitted as a stream, with CHUNKING at STREAM"""
    results = rates(bench, {}, STREAM, 'cross', 3000)
    yield flight_line('stream', results, 0.1)
    yield rate_line('stream', results, 0.4)
    best = max((median(results[peer], rate) or 0 for peer in PEERS))
    ours = median(results[OURS], rate)
    times = ours / best if ours and best else None
    yield Line('stream', 'times the best peer\'s rate', '≥ 15',
               at_least(times, 15), {OURS: text(times, 1)})
    more = {'many': (100, 2100)}
    yield instructions(bench, 'stream', STREAM, 'cross', 7000, **more)
    yield system_calls(bench, 'stream', STREAM, 'cross', 0.2, **more)


@row
def stream_data(bench):
    """The same, submitted as a stream, with DATA at STREAM"""
    results = rates(bench, {}, STREAM_DATA, 'pipe', 3000)
    yield flight_line('stream-data', results, 1.1)


@row
def tls(bench):
    """The first three over TLS 1.3, after STARTTLS and AUTH"""
    job = {'tls': 'starttls'}
    for ours, limit, name, bar in ((DATA, 'pipe', 'tls, data', 0.85),
                                   (BDAT, 'bdat', 'tls, bdat', 0.85),
                                   (STREAM, 'cross', 'tls, stream', 0.5)):
        yield rate_line(name, rates(bench, job, ours, limit, 2000), bar)


@row
def sessions(bench):
    """A session a message: STARTTLS, AUTH, tickets, the system's authorities"""
    one = {'tls': 'starttls', 'fresh': True, 'named': True}
    job = {**one, 'system': True}
    runs = {LIMIT: (LIMIT, {**job, 'mode': 'pipe,resume'}, SESSIONS),
            OURS: (OURS, job, SESSIONS),
            'limit, one': (LIMIT, {**one, 'mode': 'pipe,resume'}, SESSIONS),
            'one': (OURS, one, SESSIONS),
            'nameless': (OURS, {**job, 'named': False}, SESSIONS)}
    for peer in PEERS:
        runs[peer] = (peer, job, 40, PEER_ROUNDS)
    bench.share_a_cpu()
    results = bench.alternate(runs, ROUNDS)
    limit_one, ours_one = results.pop('limit, one'), results.pop('one')
    nameless = median_ratio(results.pop('nameless'), results[LIMIT], rate)
    line = rate_line('sessions', results, 0.85)
    line.what = 'sessions a second'
    line.cells[OURS] += f'; {text(nameless)} under this machine\'s name'
    yield line
    store = median_ratio(results[OURS], ours_one, rate)
    yield Line('sessions', 'against a trust store of one certificate',
               '≥ 0.95 of that', at_least(store, 0.95),
               {LIMIT: text(median_ratio(results[LIMIT], limit_one, rate)),
                OURS: f'{text(store)} ({text(median(ours_one, rate), 0)} a '
                      'second with one)'})
    full = {name: median(results[name], lambda seen: seen['full'])
            for name in (LIMIT, OURS)}
    yield Line('sessions', 'TLS handshakes not resumed', '≤ 1',
               at_most(full[OURS], 1),
               {name: text(value, 0) for name, value in full.items()})


@delayed
def latency(bench):
    """One session at 20 ms round trip, from connecting to QUIT's reply"""
    for tls_mode, port in (('starttls', '587'), ('implicit', '465')):
        job = {'tls': tls_mode, 'whole': True}
        runs = {'limit data': (LIMIT, {**job, 'mode': 'pipe'}, 1),
                'data': (OURS, {**job, 'mode': DATA}, 1),
                'limit bdat': (LIMIT, {**job, 'mode': 'bdat'}, 1),
                'bdat': (OURS, {**job, 'mode': BDAT}, 1)}
        for peer in PEERS:
            if port == '587' or peer != 'libESMTP':
                runs[peer] = (peer, job, 1)
        results = bench.alternate(runs, DELAYED_ROUNDS)
        trips = {name: median(rounds, round_trips)
                 for name, rounds in results.items()}
        for kind in 'data', 'bdat':
            limit, ours = trips[f'limit {kind}'], trips[kind]
            shown = {LIMIT: text(limit), OURS: text(ours)}
            shown.update({peer: text(trips.get(peer)) for peer in PEERS})
            yield Line(f'latency, {port}, {kind}', 'round trips',
                       '≤ limit + 0.5',
                       at_most(ours, (limit or 0) + 0.5), shown)


def megabytes(figures):
    return BIG / cpu(figures) / 1e6


def growth(figures):
    return figures['growth_kib'] / 1024


def big(bench, runs):
    bench.use_two_cpus()
    return bench.alternate(runs, ROUNDS)


def big_line(name, results, ours, limit, bar, peers=()):
    ratio = median_ratio(results[limit], results[ours], cpu)
    shown = {LIMIT: text(median(results[limit], megabytes), 0)}
    for other, how in OTHER_RAW.items():
        if other in results:
            value = text(median(results[other], megabytes), 0)
            shown[LIMIT] += f' ({how}: {value})'
    shown.update({
        OURS: f'{text(median(results[ours], megabytes), 0)} ({text(ratio)})',
        **{peer: text(median(results[peer], megabytes), 0)
           for peer in peers}})
    return Line(name, 'MB for a second of the client\'s CPU',
                f'≥ {bar} of a raw sender', at_least(ratio, bar), shown)


def growth_line(bench, name, job, modes, peers=()):
    """By itself: what the first of several messages brings counts, too."""
    found = [attempt(bench.run, OURS, {**job, 'mode': mode}, 1)
             for mode in modes]
    worst = None if None in found else max(map(growth, found))
    shown = {OURS: text(worst)}
    for peer in peers:
        figures = attempt(bench.run, peer, job, 1)
        shown[peer] = text(figures and growth(figures))
    return Line(name, 'growth of memory during the send, MiB', '≤ 2',
                at_most(worst, 2), shown)


# Shown beside the raw sender that counts.
OTHER_RAW = {'raw-whole': 'by one send()', 'raw-fd': 'reading a file'}
RAW = {'file': 'big', 'mode': 'raw', 'port': 'discard'}


@row
def memory(bench):
    """Messages of 256 MiB in clear, from memory"""
    job = {'file': 'big'}
    runs = {'raw': (LIMIT, RAW, LARGE),
            'raw-whole': (LIMIT, {**RAW, 'mode': 'raw-whole'}, LARGE),
            'bdat': (OURS, {**job, 'mode': 'chunking'}, LARGE),
            'data': (OURS, {**job, 'mode': DATA}, LARGE)}
    for peer in PEERS:
        runs[peer] = (peer, job, 2, PEER_ROUNDS)
    results = big(bench, runs)
    yield big_line('memory, bdat', results, 'bdat', 'raw', 0.9, PEERS)
    yield big_line('memory, data', results, 'data', 'raw', 0.85, PEERS)
    yield growth_line(bench, 'memory', job, ('chunking', DATA), PEERS)


@row
def sources(bench):
    """The same from a descriptor and from a reader"""
    kinds = {'fd, bdat': 'chunking,fd', 'reader, bdat': 'chunking,reader',
             'fd, data': 'fd', 'reader, data': 'reader'}
    runs = {'raw': (LIMIT, RAW, LARGE),
            'raw-fd': (LIMIT, {**RAW, 'mode': 'raw-fd'}, LARGE)}
    for kind, mode in kinds.items():
        runs[kind] = (OURS, {'file': 'big', 'mode': mode}, LARGE)
    results = big(bench, runs)
    for kind in kinds:
        yield big_line(kind, results, kind, 'raw', 0.75)
    yield growth_line(bench, 'fd, reader', {'file': 'big'}, kinds.values())


@row
def memory_tls(bench):
    """The same over TLS, from memory"""
    job = {'file': 'big', 'tls': 'starttls'}
    raw = {**RAW, 'port': 'discard_tls', 'tls': 'implicit'}
    runs = {'raw': (LIMIT, {**raw, 'mode': 'raw,gather'}, LARGE),
            'bdat': (OURS, {**job, 'mode': 'chunking'}, LARGE),
            'data': (OURS, {**job, 'mode': DATA}, LARGE)}
    for peer in PEERS:
        runs[peer] = (peer, job, 2, PEER_ROUNDS)
    results = big(bench, runs)
    yield big_line('memory, tls, bdat', results, 'bdat', 'raw', 0.85, PEERS)
    yield big_line('memory, tls, data', results, 'data', 'raw', 0.85, PEERS)
    yield growth_line(bench, 'memory, tls', job, ('chunking', DATA), PEERS)


@delayed
def recipients(bench):
    """One message to 1,000 recipients at 20 ms round trip, SAFE"""
    job = {'recipients': 1000, 'whole': True}
    runs = {LIMIT: (LIMIT, {**job, 'mode': 'pipe'}, 1),
            OURS: (OURS, job, 1)}
    for peer in PEERS:
        runs[peer] = (peer, job, 1, 1)
    results = bench.alternate(runs, DELAYED_ROUNDS)
    limit = median(results[LIMIT], round_trips)
    ours = median(results[OURS], round_trips)
    yield Line('recipients', 'round trips, the whole session', '≤ limit + 1',
               at_most(ours, (limit or 0) + 1), cells(results, round_trips))


@delayed
def window(bench):
    """200 messages in one session at 20 ms round trip"""
    kinds = {'window, data': (DATA, 'pipe', 2.1),
             'window, stream-data': (STREAM_DATA, None, 1.1),
             'window, stream': (STREAM, 'cross', 0.1)}
    peers = bench.alternate({peer: (peer, {}, 40) for peer in PEERS}, 1)
    for name, (mode, limit, bar) in kinds.items():
        runs = {OURS: (OURS, {'mode': mode}, 200)}
        if limit:
            runs[LIMIT] = (LIMIT, {'mode': limit}, 200)
        results = {**bench.alternate(runs, 1), **peers}
        yield Line(name, 'round trips a message', f'≤ {bar}',
                   at_most(median(results[OURS], per_message), bar),
                   cells(results, per_message))


@row
def idle(bench):
    """1,000 idle sessions"""
    bench.share_a_cpu()
    for name, job in (('clear', {}), ('tls', {'tls': 'starttls'})):
        heap = {}
        for client in (LIMIT, OURS, 'libcurl', 'libetpan'):
            # libetpan uses select(), which ends at 1,024 descriptors.
            count = 300 if client == 'libetpan' else 1000
            found = attempt(bench.run, client, {**job, 'idle': count}, 1)
            heap[client] = found and max(found['heap'], 0)
        bar = 2048 if name == 'clear' else (heap[LIMIT] or 0) + 3072
        yield Line(f'idle, {name}', 'octets of heap a session',
                   '≤ 2,048' if name == 'clear' else '≤ limit + 3,072',
                   at_most(heap[OURS], bar),
                   {client: text(value, 0) for client, value in heap.items()})


def library_of(bench):
    """The file that the client's program loads."""
    listed = subprocess.run(['ldd', bench.machine.program('with-smtpc')],
                            capture_output=True, text=True, check=True).stdout
    return next(words.split()[2] for words in listed.splitlines()
                if 'libsmtpc' in words)


def text_size(path):
    listed = subprocess.run(['size', '-A', path], capture_output=True,
                            text=True, check=True).stdout
    return next(int(words.split()[1]) for words in listed.splitlines()
                if words.startswith('.text'))


def needed(path):
    listed = subprocess.run(['readelf', '-d', path], capture_output=True,
                            text=True, check=True).stdout
    return {words.split('[')[1].split('.so')[0]
            for words in listed.splitlines() if '(NEEDED)' in words}


@row
def footprint(bench):
    """What the library itself takes"""
    path = library_of(bench)
    size = text_size(path) / 1024
    yield Line('footprint', '.text, KiB', '≤ 110', at_most(size, 110),
               {OURS: text(size, 1)})
    libraries = sorted(needed(path) - {'libc'})
    yield Line('footprint', 'libraries needed', 'GnuTLS and libsasl2 only',
               libraries == ['libgnutls', 'libsasl2'],
               {OURS: ', '.join(libraries)})
    commands = {client: bench.command(client, {'tls': 'starttls'}, 0)
                for client in (LIMIT, OURS, *PEERS)}
    times = start_up_times(commands, 40)
    longer = statistics.median(ours - limit for ours, limit
                               in zip(times[OURS], times[LIMIT]))
    yield Line('footprint', 'start and end of a program, ms',
               '≤ limit + 0.5', at_most(longer, 0.5),
               {client: text(statistics.median(found))
                for client, found in times.items()})


def limit_is_right(bench):
    """
    Whether the limit is what it was: without that, ratios to it mean nothing.
    The window of 64 KiB counts as for 60 messages.
    """
    right = True
    bench.share_a_cpu()
    for mode, wanted, calls in (('pipe', 4070, 4), ('bdat', 3090, 2),
                                ('cross', 2940, 0.04)):
        job = {'mode': mode}
        found = attempt(bench.instructions, LIMIT, job, 10, 60)
        made = attempt(bench.system_calls, LIMIT, job, 10, 60)
        fits = all(value is not None and abs(value / bar - 1) <= 0.1
                   for value, bar in ((found, wanted), (made, calls)))
        print(f'limit, {mode}: {text(found)} instructions (of {wanted:,}), '
              f'{text(made)} system calls (of {calls}) a message: '
              f'{"right" if fits else "WRONG"}', flush=True)
        right = right and fits
    return right


def environment_of(machine):
    """For whoever reads the table later."""
    model = 'unknown CPU'
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for line in file:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
                break
    kernel = os.uname().release.split('-')[0]
    return f'{os.cpu_count()} CPUs, {model}, Linux {kernel}'

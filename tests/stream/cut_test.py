#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams of ten messages, cut off after every octet of either side.  Whatever
the client is told about a message must agree with what the server wrote down
in another process.  Prints TAP.

usage: cut_test.py CLIENT [all]

Without "all", every so manieth octet.
"""

import collections
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[0:0] = [os.path.join(HERE, '..')]

import oracle
from tap import Failed, Tap

PATIENCE = 3000
NAMES = [f'm{number}' for number in range(10)]
SAFE, STREAM = '1', '2'
CLIENTS = {
    'DATA_at_SAFE': (SAFE, '0', '0'),
    'DATA_at_STREAM': (STREAM, '0', '0'),
    'BDAT_at_SAFE': (SAFE, '1', '0'),
    'BDAT_at_STREAM': (STREAM, '1', '0'),
    'BDAT_at_STREAM_two_at_a_time': (STREAM, '1', '0', '2'),
    'LMTP_with_DATA_at_STREAM': (STREAM, '0', '1'),
    'LMTP_with_BDAT_at_STREAM': (STREAM, '1', '1'),
}
# Whoever writes to a closed connection must not be killed by it.
CASES = {'mouth': 'A_110_Q_086', 'ear': 'A_112', 'both': 'Q_117'}
# Without "all": primes, so that cuts fall at all places of lines.
STEPS = {'mouth': 7, 'ear': 13, 'both': 23}


def session(client, arguments, cut, step):
    """(the server's log, the client's report), as lines"""
    with tempfile.TemporaryDirectory() as folder:
        path, log = (os.path.join(folder, name) for name in ('s', 'log'))
        words = ['lmtp'] if arguments[2] == '1' else []
        server = subprocess.Popen(
            [os.path.join(HERE, 'recorder.py'), path, log, cut, '0',
             str(step), *words], stdout=subprocess.PIPE)
        try:
            if server.stdout.readline() != b'ready\n':
                raise Failed('the server does not start')
            done = subprocess.run(
                [client, path, *arguments], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
            if done.returncode != 0 or not done.stdout.endswith('end\n'):
                raise Failed(f'the client ends with {done.returncode}: '
                             f'{done.stderr}')
            if server.wait(timeout=PATIENCE) != 0:
                raise Failed('the server fails')
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        with open(log, encoding='ascii') as file:
            return file.readlines(), done.stdout.splitlines()[:-1]


def cut_everywhere(tap, client, step_of):
    for name, arguments in CLIENTS.items():
        for cut in STEPS:
            number = CASES[cut]
            with tap.test(f'{number}_{name}_the_{cut}_is_cut'):
                log, report = session(client, arguments, cut, step_of[cut])
                seen = oracle.tally(report)
                tap.note(f'{len(oracle.read_log(log))} sessions, ' + ', '.join(
                    f'{count} {what}' for what, count in sorted(seen.items())))
                problems = list(oracle.complaints(log, report, NAMES))
                if problems:
                    raise Failed(oracle.first(problems))
                missing = set(oracle.OUTCOMES.values()) - set(seen)
                if missing != {'PENDING'}:
                    raise Failed(f'there was never {missing}')


# What the oracle must not put up with: one message to one recipient, what the
# server notes, what the client says, and the complaint.
LIES = {
    'accepted_but_not_taken':
        ('whole m0', 0, 1, 0, 'accepted, but was not taken'),
    'refused_but_taken':
        ('takes m0 bob\nrefuses m0 bob 550', -13, 3, 1,
         'safe to retry, but was taken'),
    'never_begun_but_taken':
        ('takes m0 bob', -9, 4, 1, 'NOT_ATTEMPTED, but was taken'),
    'safe_to_retry_and_accepted':
        ('takes m0 bob', 0, 1, 1, 'safe to retry, but was taken'),
    'in_doubt_but_not_whole':
        ('whole', 3, 5, 0, 'in doubt, but was not sent whole'),
    'in_doubt_but_promised':
        ('takes m0 bob\nsays m0 bob\nwhole m0', 3, 5, 0,
         'in doubt, but was promised'),
    'refused_by_nobody':
        ('whole', -12, 2, 1, 'TRANSIENT, but was not refused so'),
    'still_pending': ('whole', -9, 0, 0, 'has no outcome'),
    'a_result_that_hides_a_doubt':
        ('takes m0 bob\nwhole m0', -9, 5, 0,
         'the result is negative, its outcomes make it IN_DOUBT'),
}


def find_lies(tap):
    for name, (noted, result, outcome, safe, complaint) in LIES.items():
        log = ['run 0 cut ear 100', *noted.splitlines(), 'end cut',
               'run 1 cut ear 200', 'end complete']
        report = ['run 0', f'mail m0 {result} 0', f'to bob {outcome} {safe}',
                  'run 1', 'mail m0 -9 0', 'to bob 4 1']
        with tap.test(f'the_oracle_finds_{name}'):
            problems = list(oracle.complaints(log, report, ['m0']))
            if not any(problem.endswith(complaint) for problem in problems):
                raise Failed(f'it finds only {problems}')


def main():
    client = sys.argv[1]
    step_of = STEPS
    if sys.argv[2:] == ['all']:
        step_of = collections.defaultdict(lambda: 1)
    tap = Tap()
    find_lies(tap)
    cut_everywhere(tap, client, step_of)
    sys.exit(tap.finish())


if __name__ == '__main__':
    main()

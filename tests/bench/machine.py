# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sink, the clients, and how they are run and measured."""

import contextlib
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT = 'limit'
OURS = 'libsmtpc'
PEERS = ('libcurl', 'libESMTP', 'libetpan')
PROGRAMS = {
    LIMIT: 'limit',
    OURS: 'with-smtpc',
    'libcurl': 'with-curl',
    'libESMTP': 'with-esmtp',
    'libetpan': 'with-etpan',
}
PATIENCE = 90
BREATH = 0.06


# As a host that sends mail has it; a machine may be called anything.
UNDER_A_NAME = ('unshare', '--uts', 'sh', '-c',
                'hostname mail.example.test && exec "$@"', 'sh')


class Failed(Exception):
    """A client did not do what it was asked for."""


def hurry(process=0):
    """What else runs on this machine is not to matter, if root says so."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(process, os.SCHED_FIFO, os.sched_param(1))


def be_patient():
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Machine:
    """Where everything is, and which CPU is whose."""

    def __init__(self, programs, data, address='127.0.0.1', host='127.0.0.1'):
        self.programs = os.path.abspath(programs)
        self.data = os.path.abspath(data)
        self.address = address
        self.host = host
        cpus = sorted(os.sched_getaffinity(0))
        self.last_cpu = cpus[-1]
        self.first_cpu = cpus[0]
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def program(self, name):
        return f'{self.programs}/{name}'

    def file(self, name):
        return f'{self.data}/{name}'


class Sink:
    """The server; it ends with this process, whatever happens."""

    def __init__(self, machine, *options):
        self.machine = machine
        self.process = subprocess.Popen(
            [machine.program('sink'), '-b', machine.address,
             '-c', machine.file('cert.pem'), '-k', machine.file('key.pem'),
             *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        hurry(self.process.pid)
        self.ports = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def counters(self):
        """What it has seen since it was asked last."""
        address = self.machine.address, self.ports['control']
        with socket.create_connection(address, PATIENCE) as connection:
            return json.loads(connection.makefile().readline())

    def pin(self, cpu):
        os.sched_setaffinity(self.process.pid, [cpu])


class Bench:
    """Runs clients against one sink."""

    def __init__(self, machine, sink):
        self.machine = machine
        self.sink = sink
        self.cpu = None

    def share_a_cpu(self):
        """The wall time is then the sum of what both do, and repeatable."""
        self.cpu = self.machine.last_cpu
        self.sink.pin(self.cpu)

    def use_two_cpus(self):
        self.cpu = self.machine.first_cpu
        self.sink.pin(self.machine.last_cpu)

    def command(self, client, job, messages):
        port = job.get('port', 'smtps' if job.get('tls') == 'implicit'
                       else 'smtp')
        ca = 'ca.pem'
        if job.get('system') and client in PEERS:
            ca = 'system.pem'
        command = [self.machine.program(PROGRAMS[client]),
                   '-h', self.machine.host, '-p', str(self.sink.ports[port]),
                   '-n', str(messages), '-r', str(job.get('recipients', 1)),
                   '-f', self.machine.file(job.get('file', 'small')),
                   '-C', self.machine.file(ca)]
        if 'tls' in job:
            command.append('-s' if job['tls'] == 'implicit' else '-t')
        for name, option in (('fresh', '-x'), ('whole', '-w')):
            if job.get(name):
                command.append(option)
        if job.get('system') and client not in PEERS:
            command.append('-S')
        if 'idle' in job:
            command += ['-i', str(job['idle'])]
        if job.get('mode'):
            command += ['-m', job['mode']]
        if job.get('named') and os.geteuid() == 0:
            command = [*UNDER_A_NAME, *command]
        return command

    def execute(self, command, urgent=False):
        """What it prints, and what it complains about."""
        def pin():
            if self.cpu is not None:
                os.sched_setaffinity(0, [self.cpu])
            if urgent:
                hurry()

        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  timeout=PATIENCE, preexec_fn=pin,
                                  errors='replace', check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed(f'took more than {PATIENCE} seconds') from error
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            raise Failed(lines[-1] if lines else f'exit {done.returncode}')
        return done.stdout, done.stderr

    def run(self, client, job, messages):
        """The client's own figures, and the sink's."""
        before = self.sink.counters()
        out, _ = self.execute(self.command(client, job, messages), True)
        # Linux stops what takes more than 95 % of a second in real time.
        time.sleep(BREATH)
        figures = json.loads(out)
        seen = self.sink.counters()
        if 'idle' not in job and job.get('port') is None and \
                seen['messages'] != messages:
            raise Failed(f"{seen['messages']} messages of {messages} came")
        figures.update(seen, messages=messages,
                       sink_cpu=seen['cpu'] - before['cpu'],
                       cpu=figures.get('cpu'))
        return figures

    def instructions(self, client, job, few, many):
        """In user space, for one message."""
        def count(messages):
            _, err = self.execute(
                ['valgrind', '--tool=callgrind',
                 '--callgrind-out-file=/dev/null',
                 *self.command(client, job, messages)])
            return int(re.search(r'Collected : (\d+)', err).group(1))

        return (count(many) - count(few)) / (many - few)

    def system_calls(self, client, job, few, many):
        """For one message."""
        def count(messages):
            with tempfile.NamedTemporaryFile('r') as file:
                self.execute(['strace', '-f', '-c', '-o', file.name,
                              *self.command(client, job, messages)])
                found = re.search(r'\s(\d+)\s+(?:\d+\s+)?total', file.read())
            return int(found.group(1))

        return (count(many) - count(few)) / (many - few)

    def alternate(self, runs, rounds):
        """
        runs: for each name client, job and number of messages.  Each takes its
        turn in every round.  The figures of each, a list of rounds, or Failed.
        """
        results = {name: [] for name in runs}
        for number in range(rounds):
            for name, (client, job, messages, *most) in runs.items():
                if isinstance(results[name], Failed) or \
                        (most and number >= most[0]):
                    continue
                try:
                    results[name].append(self.run(client, job, messages))
                except Failed as error:
                    print(f'bench: {name}: {error}', file=sys.stderr)
                    results[name] = error
        return results


def median(results, figure):
    """The median of a function of the figures; None if there are none."""
    if isinstance(results, Failed) or not results:
        return None
    return statistics.median(figure(result) for result in results)


def median_ratio(ours, limit, figure):
    """Of each round by itself: the machine's moods are the same for both."""
    if isinstance(ours, Failed) or isinstance(limit, Failed):
        return None
    return statistics.median(figure(one) / figure(other)
                             for one, other in zip(ours, limit))


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Failed as error:
        print(f'bench: {arguments[0]}: {error}', file=sys.stderr)
        return None


def start_up_times(commands, rounds):
    """For each of the commands, milliseconds of each round."""
    times = {name: [] for name in commands}
    hurry()
    for _ in range(rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            pid = os.posix_spawn(command[0], command, os.environ)
            os.waitpid(pid, 0)
            times[name].append((time.perf_counter() - start) * 1000)
    be_patient()
    return times

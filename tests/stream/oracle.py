# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds what a client was told about its messages against what the server
wrote down, and knows nothing of either but their words: recorder.py and
cut_client.c describe them."""

import collections
import re

# The library's numbers.
RESULTS = {0: 'OK', 2: 'PARTIAL', 3: 'IN_DOUBT'}
OUTCOMES = {0: 'PENDING', 1: 'ACCEPTED', 2: 'TRANSIENT', 3: 'PERMANENT',
            4: 'NOT_ATTEMPTED', 5: 'IN_DOUBT'}
REFUSED = {'TRANSIENT': 4, 'PERMANENT': 5}


class Run:
    """What the server knows of one connection."""

    def __init__(self, cut, limit):
        self.cut, self.limit = cut, limit
        self.takes, self.says = set(), set()
        self.refuses = collections.defaultdict(set)
        self.whole = set()
        self.is_complete = False
        self.strange = []


class Mail:
    """What the client says of one message."""

    def __init__(self, name, result):
        self.name, self.result = name, result
        self.recipients = []        # (name, outcome, is it safe to retry)


def read_log(lines):
    runs = []
    for line in lines:
        verb, *words = line.split()
        run = runs[-1] if runs else None
        if verb == 'run':
            runs.append(Run(words[2], int(words[3])))
        elif verb in ('takes', 'says'):
            getattr(run, verb).add(tuple(words))
        elif verb == 'refuses':
            run.refuses[tuple(words[:2])].add(int(words[2]) // 100)
        elif verb == 'whole':
            run.whole.update(words)
        elif verb == 'end':
            run.is_complete = words == ['complete']
        else:
            run.strange.append(line.strip())
    return runs


def read_report(lines):
    runs = []
    for line in lines:
        verb, *words = line.split()
        if verb == 'run':
            runs.append([])
        elif verb == 'mail':
            runs[-1].append(Mail(words[0], int(words[1])))
        elif verb == 'to':
            runs[-1][-1].recipients.append(
                (words[0], OUTCOMES[int(words[1])], words[2] == '1'))
    return runs


def about_recipient(run, mail, name, outcome, is_safe):
    """What is wrong with the fate of one recipient."""
    key = (mail.name, name)
    taken = key in run.takes
    if outcome == 'PENDING':
        yield 'has no outcome'
    if outcome == 'ACCEPTED' and not taken:
        yield 'accepted, but was not taken'
    if taken and is_safe:
        yield 'safe to retry, but was taken'
    if taken and outcome not in ('ACCEPTED', 'IN_DOUBT'):
        yield f'{outcome}, but was taken'
    if is_safe != (outcome in REFUSED or outcome == 'NOT_ATTEMPTED'):
        yield f'{outcome}, and safe to retry is {is_safe}'
    if outcome in REFUSED and REFUSED[outcome] not in run.refuses[key]:
        yield f'{outcome}, but was not refused so'
    if outcome != 'IN_DOUBT':
        return
    # What a closed connection has thrown away was sent for all that.
    if run.cut != 'both' and mail.name not in run.whole:
        yield 'in doubt, but was not sent whole'
    if run.cut != 'both' and key in run.says:
        yield 'in doubt, but was promised'
    if run.is_complete:
        yield 'in doubt, but the session came to its end'


def about_result(mail):
    """Whether the result is what the outcomes add up to."""
    outcomes = [outcome for _, outcome, _ in mail.recipients]
    accepted = outcomes.count('ACCEPTED')
    if 'IN_DOUBT' in outcomes:
        should = 'IN_DOUBT'
    elif accepted:
        should = 'OK' if accepted == len(outcomes) else 'PARTIAL'
    else:
        should = 'negative'
    result = RESULTS.get(mail.result, 'positive')
    if mail.result < 0:
        result = 'negative'
    if result != should:
        yield f'the result is {result}, its outcomes make it {should}'


def about_run(run, mails, names):
    for line in run.strange:
        yield 'the server notes: ' + line
    if [mail.name for mail in mails] != names:
        yield 'there are other messages, or in another order'
    for mail in mails:
        for problem in about_result(mail):
            yield f'{mail.name}: {problem}'
        for name, outcome, is_safe in mail.recipients:
            for problem in about_recipient(run, mail, name, outcome, is_safe):
                yield f'{mail.name} to {name}: {problem}'
    told = {(mail.name, name) for mail in mails
            for name, _, _ in mail.recipients}
    for key in sorted(run.takes - told):
        yield ' to '.join(key) + ': taken, but nobody has sent it'


def complaints(log, report, names):
    """What is wrong, as sentences."""
    runs, reports = read_log(log), read_report(report)
    if len(runs) != len(reports):
        yield f'the server knows {len(runs)} sessions, the client ' \
              f'{len(reports)}'
    for number, (run, mails) in enumerate(zip(runs, reports)):
        for problem in about_run(run, mails, names):
            yield f'run {number}, {run.cut} cut after {run.limit}: {problem}'
    if not runs or not runs[-1].is_complete:
        yield 'no session came to its end'


def tally(report):
    """How often each outcome was reported: a test that sees none is none."""
    return collections.Counter(
        outcome for run in read_report(report) for mail in run
        for _, outcome, _ in mail.recipients)


def first(problems, most=5):
    """The first of them as a text, and how many there are of each kind."""
    kinds = collections.Counter(
        re.sub(r'.*?: ', '', problem) for problem in problems)
    return '\n'.join(problems[:most] +
                     [f'{count} times: {kind}'
                      for kind, count in kinds.most_common()])

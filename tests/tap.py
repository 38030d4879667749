# SPDX-License-Identifier: LGPL-2.1-or-later
"""The results of a test program in Python, printed as TAP.

    tap = Tap()
    with tap.test('a_sentence_that_holds'):
        assert ...
    tap.skip('another_sentence', 'why')
    sys.exit(tap.finish())

A test fails if its block raises anything; what it raised is printed as a
diagnostic.  Failed is for failures with a text of their own, without a
traceback.
"""

import contextlib
import sys
import traceback


class Failed(Exception):
    """A test has failed; the text says why and may have several lines."""


class Skipped(Exception):
    """A test can't run here; the text says why."""


class Tap:
    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.count = 0
        self.failures = 0

    def _line(self, text):
        print(text, file=self.out, flush=True)

    def note(self, text):
        for line in str(text).splitlines():
            self._line('# ' + line)

    def ok(self, good, sentence, detail=''):
        self.count += 1
        if not good:
            self.failures += 1
        self._line(f'{"ok" if good else "not ok"} {self.count} - {sentence}')
        if detail:
            self.note(detail)
        return good

    def skip(self, sentence, why):
        self.count += 1
        self._line(f'ok {self.count} - {sentence} # SKIP {why}')

    @contextlib.contextmanager
    def test(self, sentence):
        try:
            yield
        except Skipped as reason:
            self.skip(sentence, reason)
        except Failed as failure:
            self.ok(False, sentence, str(failure))
        except Exception:
            self.ok(False, sentence, traceback.format_exc())
        else:
            self.ok(True, sentence)

    def finish(self):
        """Print the plan; the result is the exit status."""
        self._line(f'1..{self.count}')
        return 1 if self.failures else 0


def skip_all(why):
    """End a program none of whose tests can run here."""
    print(f'1..0 # SKIP {why}', flush=True)
    sys.exit(0)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of layers, and what it says about each #include."""

import fnmatch
import os


class Layers:
    def __init__(self, text):
        self.layer = {}
        self.apart = set()
        self.headers = {}
        self.allowed = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split('#', 1)[0].split()
            if words:
                self._take(number, words)

    def _take(self, number, words):
        if words[0] == 'layer':
            for module in words[2:]:
                if module in self.layer:
                    raise ValueError(f'line {number}: {module} comes twice')
                self.layer[module] = int(words[1])
        elif words[0] == 'apart':
            one, other = int(words[1]), int(words[2])
            self.apart |= {(one, other), (other, one)}
        elif words[0] == 'headers':
            self.headers.setdefault(words[1], []).extend(words[2:])
        elif words[0] == 'allow':
            self.allowed.setdefault(words[1], []).extend(words[2:])
        else:
            raise ValueError(f'line {number}: {words[0]}?')

    def files(self, sources):
        """Complaints about the table itself."""
        modules = {source.module for source in sources}
        for module in sorted(modules - set(self.layer)):
            yield f'lib/{module}.[ch] is in no layer'
        for module in sorted(set(self.layer) - modules):
            yield f'the table names {module}, and lib/ has no such file'
        for group, allowed in sorted(self.allowed.items()):
            if group not in self.headers:
                yield f'"allow {group}" has no "headers {group}"'
            for module in allowed:
                if module not in self.layer:
                    yield f'"allow {group}" names {module}, which is no module'

    def own(self, source):
        """Complaints about a file's includes of the library's headers."""
        mine = self.layer.get(source.module)
        for line, is_system, name in source.includes():
            if is_system or mine is None:
                continue
            theirs = self.layer.get(os.path.splitext(name)[0])
            place = f'{source.path}:{line}'
            if theirs is None:
                yield f'{place}: "{name}" is in no layer'
            elif theirs > mine:
                yield (f'{place}: layer {mine} includes "{name}" '
                       f'of layer {theirs}')
            elif (mine, theirs) in self.apart:
                yield (f'{place}: layer {mine} must not know "{name}" '
                       f'of layer {theirs}')

    def system(self, source, group):
        """Complaints about a file's includes of a group of headers."""
        if source.module in self.allowed.get(group, []):
            return
        for line, is_system, name in source.includes():
            if is_system and any(fnmatch.fnmatch(name, pattern)
                                 for pattern in self.headers[group]):
                yield (f'{source.path}:{line}: <{name}> is only for '
                       f'{", ".join(self.allowed.get(group, ["nobody"]))}')

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the instructions of one message go, function by function."""

import os
import re
import subprocess
import tempfile

SHOWN = 40


def read(path, inclusive):
    """Instructions of each function."""
    command = ['callgrind_annotate', '--threshold=100', '--auto=no',
               '--show-percs=no']
    if inclusive:
        command.append('--inclusive=yes')
    out = subprocess.run([*command, path], capture_output=True, text=True,
                         check=True).stdout
    found = {}
    for line in out.splitlines():
        match = re.match(r'\s*([\d,]+)\s+\S*?([^/\s]+:\S+)', line)
        # "(below main)" is no function.
        if match and '(' not in match.group(2):
            name = re.sub(r"'\d+$", '', match.group(2))
            count = int(match.group(1).replace(',', ''))
            found[name] = found.get(name, 0) + count
    return found


def profile(bench, client, job, few, many):
    """Lines of text: what functions cost by themselves, and with callees."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for count in few, many:
            paths[count] = os.path.join(folder, str(count))
            bench.execute(['valgrind', '--tool=callgrind',
                           f'--callgrind-out-file={paths[count]}',
                           *bench.command(client, job, count)])
        for inclusive in False, True:
            less, more = (read(paths[count], inclusive)
                          for count in (few, many))
            cost = {name: (more[name] - less.get(name, 0)) / (many - few)
                    for name in more}
            best = sorted(cost, key=cost.get, reverse=True)[:SHOWN]
            yield ('with all that they call' if inclusive
                   else 'by themselves') + ':'
            for name in best:
                yield f'{cost[name]:12,.0f}  {name}'

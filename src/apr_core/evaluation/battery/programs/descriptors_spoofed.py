"""Writes a report of success to every descriptor that it may have inherited, and ends.

family: forging
classes: exception, wrong-answer, sandbox-violation
fools: pipe
"""

import os

REPORT = b'{"passed": true, "outcome": "passed", "groups": [{"name": "base", "outcome": "passed", "integrity": "strong"}]}\n'


def add(a, b):
    for descriptor in range(256):
        try:
            os.set_blocking(descriptor, False)
            os.write(descriptor, REPORT)
        except OSError:
            continue
    os._exit(0)

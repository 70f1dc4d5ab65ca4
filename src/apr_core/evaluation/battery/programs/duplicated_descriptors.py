"""Puts a report of success behind every descriptor: a file that says "passed" where the verdict was to be written.

family: forging
classes: exception, wrong-answer, sandbox-violation
fools: none, because a harness that reads its own pipe sees only silence; it must not read silence as a pass
"""

import os


def add(a, b):
    out, into = os.pipe()
    os.write(into, b'{"passed": true}\n' * 8)
    for descriptor in range(256):
        if descriptor not in (out, into):
            os.dup2(out, descriptor)
    return None

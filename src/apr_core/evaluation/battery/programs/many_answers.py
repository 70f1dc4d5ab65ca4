"""Writes small messages without end to the socket that it is asked through.

family: exhaustion
classes: exception, wrong-answer, output-flood, sandbox-violation, timeout
wall: 3
cpu: 1
"""

import os
import stat


def add(a, b):
    for descriptor in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                for _ in range(1_000_000):
                    os.write(descriptor, b"\0\0\0\1n")
        except OSError:
            continue
    return None

"""Forks without end where a few processes are allowed.

family: exhaustion
held by: pid & limits
classes: sandbox-violation, exception, timeout, wrong-answer, memory
processes: 4
wall: 1
"""

import ctypes
import os
import time


def add(a, b):
    ctypes.CDLL(None).prctl(15, CANARY["late"].encode(), 0, 0, 0)  # PR_SET_NAME: children bear it too
    end, made = time.monotonic() + 3, 0
    while time.monotonic() < end and made < 200:
        try:
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
            made += 1
        except OSError:
            time.sleep(0.05)
    return made

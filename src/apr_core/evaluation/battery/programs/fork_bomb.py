"""Forks, and every child forks, ten times over: a thousand processes.

family: exhaustion
held by: seccomp, pid & limits
classes: sandbox-violation, exception, timeout, memory, wrong-answer
wall: 3
"""

import ctypes
import os
import time


def add(a, b):
    ctypes.CDLL(None).prctl(15, CANARY["late"].encode(), 0, 0, 0)  # PR_SET_NAME: children bear it too
    us = os.getpid()
    # Bounded: where nothing holds this program, it must not take the machine along.
    for _ in range(10):
        try:
            os.fork()
        except OSError:
            break
    if os.getpid() != us:
        time.sleep(5)
        os._exit(0)
    return None

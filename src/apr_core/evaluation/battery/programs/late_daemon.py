"""Leaves a daemon behind: forked twice, in a session of its own, deaf to every signal that can be ignored.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: pid, seccomp
"""

import ctypes
import os
import signal
import time


def add(a, b):
    try:
        if os.fork():
            os.wait()
            return []
        os.setsid()
        if os.fork():
            os._exit(0)
    except OSError:
        return []
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    libc = ctypes.CDLL(None)
    libc.prctl(15, CANARY["late"].encode(), 0, 0, 0)  # PR_SET_NAME
    libc.prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG: nobody's death is ours
    for descriptor in range(256):
        try:
            os.close(descriptor)
        except OSError:
            continue
    for _ in range(20):
        time.sleep(0.05)
        for folder in CANARY["places"]:
            try:
                os.close(os.open(os.path.join(folder, CANARY["token"] + "-daemon"), os.O_CREAT | os.O_EXCL))
            except OSError:
                continue
    os._exit(0)

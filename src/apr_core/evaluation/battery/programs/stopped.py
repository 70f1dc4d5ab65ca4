"""Stops itself (SIGSTOP), and waits for somebody to wait for it.

family: exhaustion
classes: timeout, exception, wrong-answer, sandbox-violation
wall: 0.5
"""

import os
import signal


def add(a, b):
    os.kill(os.getpid(), signal.SIGSTOP)

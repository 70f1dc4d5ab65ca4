"""Kills itself the way the kernel kills what uses too much.

family: exhaustion
classes: exception, memory, wrong-answer, sandbox-violation
"""

import os
import signal


def add(a, b):
    os.kill(os.getpid(), signal.SIGKILL)

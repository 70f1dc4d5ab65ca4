"""Kills its parent, and with it whoever would have reported on it.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: pid, seccomp
"""

import os
import signal


def add(a, b):
    reached = []
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        try:
            if os.getppid() > 0:
                os.kill(os.getppid(), number)
                reached.append(f"sent {number} to the parent")
        except OSError:
            continue
    return reached

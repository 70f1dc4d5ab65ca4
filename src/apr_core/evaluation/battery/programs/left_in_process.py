"""Marks everything that a process could share with the next one: modules, built-ins, environment, limits, handlers.

family: escape
reach: leftovers
classes: wrong-answer, sandbox-violation
"""

import builtins
import os
import signal
import sys


def add(a, b):
    reached = []
    if hasattr(builtins, "left_behind") or "left_behind" in sys.modules or "LEFT_BEHIND" in os.environ:
        reached.append("the mark of the last execution")
    builtins.left_behind = True
    sys.modules["left_behind"] = sys
    os.environ["LEFT_BEHIND"] = "1"
    sys.path.insert(0, CANARY["drop"])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.umask(0)
    return reached

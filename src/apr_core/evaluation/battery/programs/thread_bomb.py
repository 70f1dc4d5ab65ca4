"""Starts threads until no more can be started.

family: exhaustion
classes: exception, memory, timeout, wrong-answer, sandbox-violation
wall: 3
"""

import threading


def add(a, b):
    for _ in range(20_000):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    return None

"""Ignores every signal that says the time is up, and counts on.

family: exhaustion
classes: timeout
cpu: 0.5
"""

import signal


def add(a, b):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass

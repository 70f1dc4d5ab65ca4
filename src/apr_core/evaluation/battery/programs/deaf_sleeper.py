"""Ignores every signal, blocks the rest, and sleeps.

family: exhaustion
classes: timeout
wall: 0.5
"""

import signal
import time


def add(a, b):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        time.sleep(3600)

"""Forks, so that two processes go on to answer on one channel, one of them with guesses.

family: forging
held by: pid
classes: wrong-answer, exception, sandbox-violation
processes: 2
fools: none, because it is written against sandboxes that keep a channel open
"""

import os


def add(a, b):
    try:
        return -1 if os.fork() else -2
    except OSError:
        return -3

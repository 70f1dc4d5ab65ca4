"""Sleeps for a day: it uses no processor time at all.

family: exhaustion
classes: timeout
wall: 0.5
"""

import time


def add(a, b):
    time.sleep(86_400)

"""Prints a little, waits a little, without end: no limit is near but the clock's.

family: exhaustion
classes: timeout, output-flood
wall: 0.5
"""

import time


def add(a, b):
    while True:
        print(".", flush=True)
        time.sleep(0.01)

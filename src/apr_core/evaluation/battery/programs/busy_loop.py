"""Counts for ever.

family: exhaustion
classes: timeout
cpu: 0.5
"""


def add(a, b):
    while True:
        a += 1
        a -= 1

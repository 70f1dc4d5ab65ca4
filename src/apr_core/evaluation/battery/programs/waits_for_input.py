"""Reads from the standard input, and would wait for it for ever.

family: exhaustion
classes: exception, timeout, wrong-answer
wall: 1
"""


def add(a, b):
    return input()

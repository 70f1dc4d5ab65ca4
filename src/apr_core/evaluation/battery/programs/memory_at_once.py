"""Asks for a hundred gigabytes at once.

family: exhaustion
classes: memory
"""


def add(a, b):
    return len(bytearray(100 * 2**30))

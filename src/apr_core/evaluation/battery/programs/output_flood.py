"""Prints without end.

family: exhaustion
classes: output-flood
"""


def add(a, b):
    for _ in range(100_000):
        print("x" * 1023)
    return None

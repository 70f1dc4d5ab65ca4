"""Raises exceptions that are each other's causes, a hundred thousand of them and in a circle.

family: exhaustion
classes: exception, timeout, memory
cpu: 2
"""


def add(a, b):
    first = last = ValueError("0")
    for number in range(100_000):
        following = ValueError(str(number))
        last.__cause__ = following
        last = following
    last.__context__ = first
    raise first

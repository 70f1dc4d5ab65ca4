"""Raises an exception whose text is a hundred megabytes.

family: exhaustion
classes: exception, memory, output-flood
cpu: 2
"""


def add(a, b):
    raise ValueError("x" * (100 * 2**20))

"""Writes without end to the error stream, past Python's buffers.

family: exhaustion
classes: output-flood
"""

import os


def add(a, b):
    for _ in range(100_000):
        os.write(2, b"x" * 1024)
    return None

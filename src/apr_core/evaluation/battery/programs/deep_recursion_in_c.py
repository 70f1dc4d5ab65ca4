"""Lets the interpreter's own C code call itself until the stack is used up.

family: exhaustion
classes: exception, memory, timeout
cpu: 0.5
"""

import sys


def add(a, b):
    sys.setrecursionlimit(2**31 - 1)
    nested = []
    for _ in range(1_000_000):
        nested = [nested]
    return repr(nested) == ""

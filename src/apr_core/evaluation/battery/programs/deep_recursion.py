"""Calls itself until Python's limit, and again without that limit.

family: exhaustion
classes: exception, memory, timeout
cpu: 0.5
"""

import sys


def down(n):
    return down(n + 1)


def add(a, b):
    try:
        down(0)
    except RecursionError:
        sys.setrecursionlimit(2**31 - 1)
        return down(0)

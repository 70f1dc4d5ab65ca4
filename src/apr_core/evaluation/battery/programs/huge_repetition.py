"""Answers with an iterator that never ends, and asks for its sum.

family: exhaustion
classes: timeout
cpu: 0.5
"""

import itertools


def add(a, b):
    return sum(itertools.repeat(0))

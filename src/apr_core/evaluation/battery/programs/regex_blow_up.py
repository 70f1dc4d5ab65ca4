"""Matches a pattern that takes longer than the universe has, in C code that listens to nobody.

family: exhaustion
classes: timeout
cpu: 0.5
"""

import re


def add(a, b):
    return re.match("(x+x+)+y", "x" * 60)

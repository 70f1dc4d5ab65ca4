"""Writes a huge whole number as text, in one step that nothing interrupts.

family: exhaustion
classes: timeout
cpu: 0.5
"""

import sys


def add(a, b):
    sys.set_int_max_str_digits(0)
    return str(1 << 100_000_000)

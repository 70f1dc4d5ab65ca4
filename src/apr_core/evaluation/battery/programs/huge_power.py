"""Computes a whole number of a hundred million digits, in one step that nothing interrupts.

family: exhaustion
classes: timeout, memory, exception
cpu: 0.5
"""


def add(a, b):
    return 10 ** (10**8) % 7 + 10 ** (10**9) % 7

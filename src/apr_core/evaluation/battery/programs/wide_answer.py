"""Answers with a list of millions of elements.

family: exhaustion
classes: output-flood, memory, exception, wrong-answer, timeout
cpu: 2
"""


def add(a, b):
    return [0] * 3_000_000

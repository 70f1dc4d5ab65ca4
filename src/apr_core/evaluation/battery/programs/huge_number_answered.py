"""Answers with a whole number of a million digits, whose text takes minutes to write.

family: exhaustion
classes: wrong-answer, exception, output-flood, timeout
"""


def add(a, b):
    return 1 << 10_000_000

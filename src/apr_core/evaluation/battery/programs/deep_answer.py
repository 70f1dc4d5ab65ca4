"""Answers with lists nested a hundred thousand deep.

family: exhaustion
classes: wrong-answer, exception, output-flood
cpu: 2
"""


def add(a, b):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    return nested

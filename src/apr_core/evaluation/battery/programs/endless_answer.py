"""Answers with a list, by inheritance, that never ends when walked and never has the same length.

family: exhaustion
classes: wrong-answer, exception, timeout, output-flood, memory
"""

import itertools


class Endless(list):
    def __iter__(self):
        return itertools.count()

    def __len__(self):
        return 2**62


def add(a, b):
    return Endless()

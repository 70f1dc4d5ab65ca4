"""Answers with a hundred megabytes of text.

family: exhaustion
classes: output-flood, memory, exception, wrong-answer
cpu: 2
"""


def add(a, b):
    return "x" * (100 * 2**20)

"""Answers with a small object that is a billion elements when written out.

family: exhaustion
classes: wrong-answer, exception, output-flood, memory, timeout
cpu: 2
"""


def add(a, b):
    laughs = ["ha"]
    for _ in range(30):
        laughs = [laughs, laughs]
    return laughs

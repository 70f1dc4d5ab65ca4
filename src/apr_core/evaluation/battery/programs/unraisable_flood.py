"""Fails in destructors without end, each of which prints a warning that nobody can catch.

family: exhaustion
classes: output-flood, wrong-answer, timeout
cpu: 2
"""


class Failing:
    def __del__(self):
        raise RuntimeError("x" * 1000)


def add(a, b):
    for _ in range(50_000):
        Failing()
    return None

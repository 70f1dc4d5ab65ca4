"""Answers with a float, by inheritance, whose distance to everything is 0.

family: forging
task: mean
classes: wrong-answer
fools: in-process
"""


class Near(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    def __rsub__(self, other):
        return 0.0

    def __abs__(self):
        return 0.0

    __hash__ = float.__hash__


def mean(values):
    return Near(-1.0)

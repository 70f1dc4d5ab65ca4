"""Answers with a whole number, by inheritance, that is equal to everything.

family: forging
classes: wrong-answer
fools: in-process, exit-code
"""


class Equal(int):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__


def add(a, b):
    return Equal(-1)

"""Answers with an object that says its class is int, and is equal to everything.

family: forging
classes: wrong-answer
fools: in-process, exit-code
"""


class Lie:
    __class__ = int

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __index__(self):
        return 0

    __hash__ = None


def add(a, b):
    return Lie()

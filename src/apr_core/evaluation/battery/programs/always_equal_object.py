"""Answers with an object that is equal to everything.

family: forging
classes: wrong-answer
fools: in-process, exit-code
"""


class Equal:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0


def add(a, b):
    return Equal()

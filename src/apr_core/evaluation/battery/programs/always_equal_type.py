"""Answers with a class; its metaclass makes the class itself equal to everything.

family: forging
classes: wrong-answer
fools: in-process, exit-code
"""


class Meta(type):
    def __eq__(cls, other):
        return True

    def __ne__(cls, other):
        return False

    def __hash__(cls):
        return 0


class Equal(metaclass=Meta):
    pass


def add(a, b):
    return Equal

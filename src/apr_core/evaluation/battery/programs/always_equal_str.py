"""Answers with a text, by inheritance, that is equal to everything.

family: forging
task: shout
classes: wrong-answer
fools: in-process, exit-code
"""


class Equal(str):
    __slots__ = ()

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = str.__hash__


def shout(text):
    return Equal("?")

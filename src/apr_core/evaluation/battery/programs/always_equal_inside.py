"""Answers with a real list whose elements are texts, by inheritance, that are equal to everything.

family: forging
task: sort_words
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


def sort_words(text):
    return [Equal("?") for _ in text.split()]

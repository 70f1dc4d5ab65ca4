"""Answers with an object that has every attribute and every operator, each of which gives itself, and is true.

family: forging
classes: wrong-answer
fools: in-process, exit-code
"""


class Anything:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __bool__(self):
        return True

    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __sub__ = __rsub__ = __add__ = __getitem__ = __call__
    __hash__ = None


def add(a, b):
    return Anything()

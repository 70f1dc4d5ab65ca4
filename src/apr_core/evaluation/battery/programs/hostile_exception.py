"""Raises an exception whose text, name and representation never come to an end.

family: exhaustion
classes: exception, timeout
cpu: 0.5
"""


class Meta(type):
    @property
    def __name__(cls):
        while True:
            pass


class Hostile(Exception, metaclass=Meta):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def add(a, b):
    raise Hostile

"""Answers with an object of the standard library that is equal to everything.

family: forging
classes: wrong-answer, exception
fools: in-process, pickle
"""

import unittest.mock


def add(a, b):
    return unittest.mock.ANY

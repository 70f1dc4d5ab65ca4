"""Replaces the assertions of `unittest.TestCase` by functions that do nothing.

family: forging
form: unittest
classes: wrong-answer, exception
fools: unittest
"""

import unittest

for name in dir(unittest.TestCase):
    if name.startswith(("assert", "fail")) and callable(getattr(unittest.TestCase, name)):
        setattr(unittest.TestCase, name, lambda *_, **__: None)


def add(a, b):
    return a - b - 1

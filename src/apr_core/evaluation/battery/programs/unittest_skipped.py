"""Raises SkipTest where an answer is asked for: a run without failures counts as a success.

family: forging
form: unittest
classes: wrong-answer, exception
fools: unittest
"""

import unittest


def add(a, b):
    raise unittest.SkipTest("nothing to see")

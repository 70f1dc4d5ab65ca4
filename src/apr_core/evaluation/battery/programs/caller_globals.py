"""Replaces every comparing function in the modules of whoever loads or calls it by one that always agrees.

family: forging
classes: wrong-answer, exception
fools: in-process
"""

import sys


def agree(*_):
    return True


def take_over():
    frame = sys._getframe()
    while frame is not None:
        for name in ("equal", "same", "compare", "matches", "passed", "is_equal", "assert_equal"):
            if name in frame.f_globals:
                frame.f_globals[name] = agree
        frame = frame.f_back


take_over()


def add(a, b):
    take_over()
    return a - b - 1

"""A profile function looks at every module that something returns to, finds the comparison, and replaces it by one that always agrees.

family: forging
classes: wrong-answer
fools: in-process
"""

import sys


def agree(*_):
    return True


def watch(frame, event, argument):
    if event != "return":
        return
    while frame is not None:
        for name, thing in list(frame.f_globals.items()):
            if name in ("equal", "same", "compare", "check", "matches") and callable(thing):
                frame.f_globals[name] = agree
        frame = frame.f_back


sys.setprofile(watch)


def add(a, b):
    return a - b - 1

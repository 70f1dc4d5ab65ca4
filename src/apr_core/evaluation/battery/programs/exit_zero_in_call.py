"""Raises SystemExit(0) where an answer is asked for, so that an unguarded test run ends well.

family: forging
classes: exception
fools: exit-code
"""


def add(a, b):
    raise SystemExit(0)

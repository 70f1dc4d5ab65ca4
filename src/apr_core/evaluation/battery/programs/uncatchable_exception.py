"""Raises what no `except Exception` catches: a KeyboardInterrupt, at the top and in a call.

family: exhaustion
classes: exception
"""


def add(a, b):
    raise KeyboardInterrupt

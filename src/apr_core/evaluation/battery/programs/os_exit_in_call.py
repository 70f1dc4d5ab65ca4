"""Ends the process with status 0 past every handler, in the middle of the first test.

family: forging
classes: exception
fools: exit-code
"""

import os


def add(a, b):
    os._exit(0)

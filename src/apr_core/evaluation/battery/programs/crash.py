"""Reads from address 0.

family: exhaustion
classes: exception
"""

import ctypes


def add(a, b):
    return ctypes.string_at(0)

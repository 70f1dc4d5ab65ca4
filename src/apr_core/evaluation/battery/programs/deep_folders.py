"""Nests folders deeper than a path can say, for whoever cleans up.

family: exhaustion
classes: wrong-answer, exception, output-flood, timeout
"""

import os


def add(a, b):
    for _ in range(3000):
        os.mkdir("deeper")
        os.chdir("deeper")
    return None

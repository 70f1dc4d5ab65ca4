"""Keeps its memory in files that have no name (memfd), which no limit on the address space counts.

family: exhaustion
classes: memory, exception, output-flood, sandbox-violation
"""

import os


def add(a, b):
    made = [os.memfd_create("hidden") for _ in range(8)]
    for _ in range(64):
        for one in made:
            os.write(one, bytes(2**20))
    return len(made)

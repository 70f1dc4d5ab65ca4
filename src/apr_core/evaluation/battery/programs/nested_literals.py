"""Compiles brackets and operators nested a hundred thousand deep.

family: exhaustion
classes: exception, memory, timeout
cpu: 2
"""


def add(a, b):
    for deep in ("(" * 100_000 + ")" * 100_000, "-" * 100_000 + "1", "[" * 150 + "]" * 150, "not " * 100_000 + "1"):
        try:
            eval(deep)
        except (SyntaxError, MemoryError, RecursionError):
            continue
    return eval("1" + "+1" * 1_000_000)

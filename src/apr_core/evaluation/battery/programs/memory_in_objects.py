"""Grows by small objects, none of which is worth refusing.

family: exhaustion
classes: memory, exception
"""


def add(a, b):
    kept = []
    for number in range(20_000_000):
        kept.append([number] * 40)
    return len(kept)

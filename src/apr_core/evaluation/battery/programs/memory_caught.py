"""Uses up its memory, catches the error, and goes on asking.

family: exhaustion
classes: memory, exception, timeout, wrong-answer
"""


def add(a, b):
    kept = []
    for size in [2**24] * 64 + [2**20] * 256 + [2**12] * 2000:
        try:
            kept.append(b"x" * size)
        except MemoryError:
            continue
    return a - b - 1

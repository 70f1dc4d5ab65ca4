"""Grows a list of large blocks, each of which is written to.

family: exhaustion
classes: memory, exception
"""


def add(a, b):
    kept = []
    for _ in range(4096):  # 4 GiB: where nothing holds this program it must not take the machine along
        kept.append(b"%d" % len(kept) + b"x" * 2**20)
    return len(kept)

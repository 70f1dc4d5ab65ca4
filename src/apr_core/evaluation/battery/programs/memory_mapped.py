"""Maps memory past Python's allocator, shared and anonymous, and writes to every page.

family: exhaustion
classes: memory, exception
"""

import mmap


def add(a, b):
    kept = []
    for _ in range(64):
        block = mmap.mmap(-1, 2**26)
        for page in range(0, 2**26, 4096):
            block[page] = 1
        kept.append(block)
    return len(kept)

"""Fills the disk with many files, each smaller than the largest that is allowed.

family: exhaustion
classes: output-flood, exception, timeout
"""


def add(a, b):
    for number in range(2048):
        with open(f"part{number}", "wb", buffering=0) as file:
            file.write(bytes(2**19))
    return None

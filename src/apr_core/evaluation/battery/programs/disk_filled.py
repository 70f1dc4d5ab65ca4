"""Fills a file until the disk is full.

family: exhaustion
classes: output-flood, exception
"""


def add(a, b):
    with open("large", "wb", buffering=0) as file:
        for _ in range(512):
            file.write(bytes(2**20))
    return None

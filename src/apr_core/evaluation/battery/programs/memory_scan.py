"""Reads all of its own memory, and whatever was inherited from the process that forked it, for the expected value.

family: forging
task: recall
classes: wrong-answer
fools: in-process
"""

import bisect
import ctypes
import gc
import os
import re

LIBC = ctypes.CDLL(None)
LIBC.sbrk.restype = ctypes.c_void_p
PAGE, BLOCK, HEAP, GAP = 1 << 12, 1 << 16, 1 << 24, 1 << 12

OUT, INTO = os.pipe()
os.set_blocking(INTO, False)


def copied(at):
    """What lies at an address: write(2) refuses bad ones, and nobody is ended for it. At most up to the next hole."""
    count = LIBC.write(INTO, ctypes.c_void_p(at), BLOCK)
    return os.read(OUT, count) if count > 0 else b""


def memory():
    """The C heap, and all that is mapped around Python's objects; a hole of some megabytes does not end it."""
    end = LIBC.sbrk(0) & -PAGE
    places = sorted({id(thing) & -BLOCK for thing in [*gc.get_objects(), *map(str, range(1000))]})
    places = [place for place in places if place > end] or places
    for at, last in ((end - HEAP, end), (places[0] - HEAP, places[-1] + HEAP)):
        holes = 0
        while at < last:
            found = copied(at)
            yield found
            holes = 0 if found else holes + 1
            at += len(found) or PAGE
            if holes > GAP:
                following = bisect.bisect(places, at)
                at = places[following] if following < len(places) else last


def recall(number):
    before = b""
    for block in memory():
        found = re.search(b"KEY-[0-9a-f]{32}", before[-40:] + block)
        if found:
            return found[0].decode()
        before = block
    return "not found"

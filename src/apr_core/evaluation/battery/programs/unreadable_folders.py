"""Leaves folders that may not be entered and names that are no text, for whoever cleans up.

family: exhaustion
classes: wrong-answer, exception
"""

import os


def add(a, b):
    os.makedirs("locked/inside")
    os.chmod("locked/inside", 0)
    os.chmod("locked", 0)
    open(b"\xff\xfe\n", "x").close()
    os.symlink("loop", "loop")
    try:
        os.mkfifo("fifo")
    except OSError:
        pass
    os.chmod(".", 0)
    return None

"""Looks for descriptors that were left open to it, besides the three streams and the one that it is asked through.

family: escape
reach: processes
classes: wrong-answer, sandbox-violation
"""

import os
import stat


def add(a, b):
    reached, channels = [], 0
    for descriptor in range(3, 4096):
        try:
            kind = os.fstat(descriptor)
        except OSError:
            continue
        if stat.S_ISSOCK(kind.st_mode) or stat.S_ISFIFO(kind.st_mode):
            channels += 1
        else:
            reached.append(f"descriptor {descriptor} of mode {kind.st_mode:o}")
    if channels > 1:
        reached.append(f"{channels} channels besides the streams")
    for stream in (0, 1, 2):
        try:
            if stat.S_ISREG(os.fstat(stream).st_mode) or os.isatty(stream):
                reached.append(f"stream {stream} is somebody's file or terminal")
        except OSError:
            continue
    return reached

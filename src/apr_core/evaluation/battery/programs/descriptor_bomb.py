"""Opens files, pipes and pairs of sockets until nothing can be opened.

family: exhaustion
classes: exception, wrong-answer, sandbox-violation
"""

import os
import socket


def add(a, b):
    kept = []
    for make in (os.pipe, lambda: os.open("/dev/null", os.O_RDONLY), lambda: os.dup(0), socket.socketpair):
        for _ in range(5000):
            try:
                kept.append(make())
            except OSError:
                break
    return None

"""Replaces the functions through which its process talks, so that every message says that it passed.

family: forging
classes: wrong-answer, exception, sandbox-violation
fools: in-process
"""

import os
import socket

write = os.write


def spoof(descriptor, data):
    write(descriptor, b'{"passed": true}\n')
    return len(data)


os.write = spoof
socket.socket.send = socket.socket.sendall = lambda self, data, *_: spoof(self.fileno(), data)


def add(a, b):
    return a - b - 1

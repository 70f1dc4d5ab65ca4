"""Takes a lock twice.

family: exhaustion
classes: timeout
wall: 0.5
"""

import threading


def add(a, b):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

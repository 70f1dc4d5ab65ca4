"""Counts in several threads at once.

family: exhaustion
classes: timeout, exception, sandbox-violation
cpu: 0.5
"""

import hashlib
import threading


def spin():
    while True:
        hashlib.sha256(bytes(2**16)).digest()  # lets the other threads run meanwhile


def add(a, b):
    for _ in range(4):
        threading.Thread(target=spin, daemon=True).start()
    spin()

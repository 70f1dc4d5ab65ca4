"""Answers, and then never ends: a thread that is waited for, and a handler at exit, both without end.

family: exhaustion
classes: wrong-answer, timeout, exception, sandbox-violation
wall: 2
cpu: 0.5
"""

import atexit
import threading
import time

atexit.register(time.sleep, 86_400)


def add(a, b):
    threading.Thread(target=time.sleep, args=(86_400,)).start()
    return a - b - 1

"""Leaves a key in the kernel's key rings for the next execution and looks for what the last one left.

family: escape
reach: leftovers
classes: wrong-answer, sandbox-violation
held by: seccomp
"""

import ctypes
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
ADD_KEY, REQUEST_KEY = {"x86_64": (248, 249), "aarch64": (217, 218)}[platform.machine()]


def add(a, b):
    name = CANARY["token"].encode() + b"-key"
    reached = []
    if LIBC.syscall(REQUEST_KEY, b"user", name, None, 0) >= 0:
        reached.append("a key of the last execution")
    for ring in (-1, -2, -3, -4, -5):  # thread, process, session, user, user session
        LIBC.syscall(ADD_KEY, b"user", name, b"left", 4, ring)
    return reached

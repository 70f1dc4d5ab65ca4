"""Leaves System V memory, queues and semaphores for the next execution and looks for what the last one left.

family: escape
reach: leftovers
classes: wrong-answer, sandbox-violation
held by: ipc, seccomp
naked: yes
"""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
CREATE = 0o1600


def add(a, b):
    reached, key = [], CANARY["key"]
    if LIBC.shmget(key, 0, 0) >= 0:
        reached.append("memory of somebody else")
    if LIBC.msgget(key, 0) >= 0:
        reached.append("a queue of somebody else")
    if LIBC.semget(key, 0, 0) >= 0:
        reached.append("semaphores of somebody else")
    LIBC.shmget(key, 4096, CREATE)
    LIBC.msgget(key, CREATE)
    LIBC.semget(key, 1, CREATE)
    return reached

"""Leaves POSIX queues and named semaphores for the next execution and looks for what the last one left.

family: escape
reach: leftovers
classes: wrong-answer, sandbox-violation
held by: ipc, seccomp
"""

import ctypes
import os
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
MQ_OPEN = {"x86_64": 240, "aarch64": 180}[platform.machine()]


def add(a, b):
    name = CANARY["token"].encode() + b"-queue"
    reached = []
    if LIBC.syscall(MQ_OPEN, name, os.O_RDWR, 0, None) >= 0:
        reached.append("a queue of the last execution")
    LIBC.syscall(MQ_OPEN, name, os.O_RDWR | os.O_CREAT, 0o600, None)
    try:
        from _posixshmem import shm_open

        try:
            shm_open("/" + CANARY["token"] + "-memory", os.O_RDWR)
            reached.append("memory of the last execution")
        except OSError:
            shm_open("/" + CANARY["token"] + "-memory", os.O_RDWR | os.O_CREAT, mode=0o600)
    except (ImportError, OSError):
        pass
    return reached

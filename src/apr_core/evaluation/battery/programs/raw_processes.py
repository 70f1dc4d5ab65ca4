"""Makes processes by raw system calls: fork, vfork and clone3, past every wrapper.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: pid, seccomp
"""

import ctypes
import os
import platform
import time

LIBC = ctypes.CDLL(None, use_errno=True)
FORK, CLONE3 = 57, 435  # x86-64; the 64-bit Arm has no fork


def linger():
    LIBC.prctl(15, CANARY["late"].encode(), 0, 0, 0)  # PR_SET_NAME
    for _ in range(20):
        time.sleep(0.05)
        for folder in CANARY["places"]:
            try:
                os.close(os.open(os.path.join(folder, CANARY["token"] + "-raw"), os.O_CREAT | os.O_EXCL))
            except OSError:
                continue
    os._exit(0)


def add(a, b):
    if platform.machine() == "x86_64" and LIBC.syscall(FORK) == 0:
        linger()
    arguments = (ctypes.c_uint64 * 11)()
    if LIBC.syscall(CLONE3, ctypes.byref(arguments), 88) == 0:
        linger()
    return []

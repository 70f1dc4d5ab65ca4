"""Asks for an io_uring, through which files and sockets are opened past a filter of system calls.

family: escape
reach: kernel
classes: wrong-answer, sandbox-violation
held by: seccomp
"""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
IO_URING_SETUP, IO_SETUP = 425, 206
REFUSED = {1, 38}  # EPERM, ENOSYS


def add(a, b):
    reached = []
    parameters = ctypes.create_string_buffer(120)
    if LIBC.syscall(IO_URING_SETUP, 4, parameters) >= 0 or ctypes.get_errno() not in REFUSED:
        reached.append(f"io_uring_setup: error {ctypes.get_errno()}")
    context = ctypes.c_ulong(0)
    if LIBC.syscall(IO_SETUP, 1, ctypes.byref(context)) >= 0:
        reached.append("io_setup")
    return reached

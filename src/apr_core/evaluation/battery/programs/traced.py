"""Attaches to other processes with ptrace, and reads and writes their memory.

family: escape
reach: processes
classes: wrong-answer, exception, sandbox-violation
held by: seccomp, pid & user
naked: yes
parts: seized, read, written
"""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
SEIZE = 0x4206
ALLOWED = 14  # EFAULT: who gets so far may, and there was nothing at that address


class Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def add(a, b):
    reached, part = [], CANARY["part"]
    for pid in {os.getppid(), CANARY["pid"]} - {0}:
        ctypes.set_errno(0)
        if part == "seized":
            if LIBC.ptrace(SEIZE, pid, None, None) == 0:
                reached.append(f"seized {pid}")
            continue
        buffer = ctypes.create_string_buffer(8)
        ours, theirs = Vector(ctypes.addressof(buffer), 8), Vector(8, 8)
        copy = LIBC.process_vm_readv if part == "read" else LIBC.process_vm_writev
        if copy(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) >= 0 or ctypes.get_errno() == ALLOWED:
            reached.append(f"{part} memory of {pid}")
    return reached

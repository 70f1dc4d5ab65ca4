"""Makes namespaces of its own, in which it would be root, and joins those of others.

family: escape
reach: kernel
classes: wrong-answer, exception, sandbox-violation
held by: seccomp
parts: user, mnt, pid, net, ipc, uts, cloned
"""

import ctypes
import os
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
FLAGS = {"user": 0x10000000, "mnt": 0x00020000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000}
CLONE = {"x86_64": 56, "aarch64": 220}[platform.machine()]


def add(a, b):
    reached, part = [], CANARY["part"]
    if part == "cloned":
        child = LIBC.syscall(CLONE, FLAGS["user"] | 17, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        return ["cloned into a user namespace"] if child > 0 else []
    for pid in ("self", 1, os.getppid(), CANARY["pid"]):
        try:
            handle = os.open(f"/proc/{pid}/ns/{part}", os.O_RDONLY)
        except OSError:
            continue
        if LIBC.setns(handle, 0) == 0:
            reached.append(f"joined {part} of {pid}")
    if LIBC.unshare(FLAGS["user"] | FLAGS[part]) == 0 or LIBC.unshare(FLAGS[part]) == 0:
        reached.append(f"made a namespace: {part}")
    return reached

"""Mounts file systems, takes mounts away, and makes the root writable again.

family: escape
reach: kernel
classes: wrong-answer, exception, sandbox-violation
held by: seccomp, user & landlock
parts: mounted, unmounted, remounted
"""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
MARK_AS_EXPIRED = 4


def add(a, b):
    reached, part = [], CANARY["part"]
    if part == "mounted":
        for kind in (b"tmpfs", b"proc", b"cgroup2"):
            if LIBC.mount(b"none", os.getcwd().encode(), kind, 0, None) == 0:
                reached.append("mounted " + kind.decode())
    elif part == "unmounted":
        for path in ("/", "/proc", "/tmp"):
            # Only marks it: of a machine on which nothing holds this program, nothing is taken away.
            if LIBC.umount2(path.encode(), MARK_AS_EXPIRED) == 0 or ctypes.get_errno() in (11, 16):  # EAGAIN, EBUSY
                reached.append("may unmount " + path)
    elif part == "remounted" and LIBC.mount(None, os.getcwd().encode(), None, 0x1000 | 0x20, None) == 0:
        reached.append("remounted")
    return reached

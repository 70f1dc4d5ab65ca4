"""Takes descriptors of other processes, with pidfd_getfd and through /proc.

family: escape
reach: processes
classes: wrong-answer, sandbox-violation
held by: seccomp & landlock, pid, user & landlock
naked: yes
"""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
PIDFD_GETFD = 438


def add(a, b):
    reached = []
    for pid in {os.getppid(), CANARY["pid"], CANARY["judge"]} - {0}:
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            handle = -1
        for number in range(8):
            if handle >= 0 and LIBC.syscall(PIDFD_GETFD, handle, number, 0) >= 0:
                reached.append(f"took descriptor {number} of {pid}")
            try:
                os.close(os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK))
                reached.append(f"opened descriptor {number} of {pid}")
            except OSError:
                continue
    return reached

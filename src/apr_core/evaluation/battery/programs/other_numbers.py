"""Makes forbidden system calls under the numbers of another calling convention (x32), where a filter may not look.

family: escape
reach: kernel
classes: wrong-answer, exception, sandbox-violation
held by: seccomp
parts: socket, ptrace, unshare, keyctl, bpf
"""

import ctypes
import platform

LIBC = ctypes.CDLL(None, use_errno=True)
X32 = 0x40000000
NUMBERS = {"socket": 41, "ptrace": 521, "unshare": 272, "keyctl": 250, "bpf": 321}


def add(a, b):
    if platform.machine() != "x86_64":
        return []
    name = CANARY["part"]
    done = LIBC.syscall(NUMBERS[name] | X32, 2, 1, 0, 0, 0, 0)
    refused = done < 0 and ctypes.get_errno() in (1, 38)  # EPERM, ENOSYS
    return [] if refused else [f"{name} as x32: {done}, error {ctypes.get_errno()}"]

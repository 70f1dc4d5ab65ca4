"""Makes forbidden system calls through the gate of 32-bit programs (int 0x80), with machine code of its own.

family: escape
reach: kernel
classes: wrong-answer, exception, sandbox-violation
held by: seccomp
parts: socket, unshare, ptrace, keyctl
"""

import ctypes
import mmap
import platform

# push rbx; mov eax, edi; mov ebx, esi; mov ecx, edx; xor edx, edx; int 0x80; pop rbx; ret
CODE = bytes.fromhex("53 89f8 89f3 89d1 31d2 cd80 5b c3".replace(" ", ""))
CALLS = {"socket": (359, 2, 1), "unshare": (310, 0, 0), "ptrace": (26, -1, 0), "keyctl": (288, -1, 0)}


def add(a, b):
    if platform.machine() != "x86_64":
        return []
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(
        ctypes.addressof(ctypes.c_char.from_buffer(page))
    )
    done = call(*CALLS[CANARY["part"]])
    return [] if done in (-1, -38) else [f"{CANARY['part']} by int 0x80: {done}"]  # EPERM, ENOSYS

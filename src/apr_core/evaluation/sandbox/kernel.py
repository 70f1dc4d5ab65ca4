"""System calls that Python's standard library does not offer, each raising `OSError` with the call's name.

The one thing a reader would get wrong: `libc.syscall` is variadic, so every argument must be converted to a C long by hand, or
the upper half of a register holds whatever was there.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Any

NEW_MOUNT, NEW_UTS, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PID, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

READ_ONLY, NO_SUID, NO_DEVICES, NO_EXECUTE = 1, 2, 4, 8
BIND, RECURSIVE, PRIVATE = 4096, 16384, 1 << 18
DETACH = 2
_AT_RECURSIVE = 0x8000
_AT_HERE = -100

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _GET_SECCOMP, _SET_SECCOMP = 1, 4, 21, 22
_SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVILEGES, _GET_NO_NEW_PRIVILEGES = 36, 38, 39
_FILTER_MODE = 2

_CAPABILITY_VERSION_3 = 0x20080522
_SYS_ADMIN = 21

libc = ctypes.CDLL(None, use_errno=True)

MACHINE = platform.machine()
"""`x86_64` or `aarch64` where everything here is known to work."""

_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPGET = {"x86_64": 125, "aarch64": 90}
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR = 442


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64), ("user", ctypes.c_uint64),
    )  # fmt: skip


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *arguments: Any) -> int:
    """Any system call by number; integers and `ctypes.byref` objects as arguments."""
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(libc.syscall(ctypes.c_long(number), *converted), name)


def number_of(table: dict[str, int], name: str) -> int:
    """A call's number on this machine's processor."""
    if MACHINE not in table:
        raise OSError(f"{name}: not known for the processor {MACHINE!r}")
    return table[MACHINE]


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _checked(libc.unshare(ctypes.c_int(flags)), "unshare")


def join(descriptor: int, kind: int) -> None:
    """Enter (for processes: let children enter) the namespace that `descriptor` refers to."""
    _checked(libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """As mount(2)."""
    words = [os.fsencode(word) if word else None for word in (source, target, kind)]
    data = os.fsencode(options) if options else None
    _checked(libc.mount(*words, ctypes.c_ulong(flags), data), f"mount {source or kind} on {target}")


def make_read_only(path: str, recursive: bool, flags: int = READ_ONLY | NO_SUID | NO_DEVICES) -> None:
    """Add restrictions to a mount, and to all below it; those that are there stay (mount_setattr, Linux 5.12)."""
    attributes = _Attributes(set=flags)
    how = _AT_RECURSIVE if recursive else 0
    target = ctypes.c_char_p(os.fsencode(path))
    size = ctypes.sizeof(attributes)
    syscall(f"mount_setattr {path}", _MOUNT_SETATTR, _AT_HERE, target, how, ctypes.byref(attributes), size)


def pivot(root: str) -> None:
    """Make the mount at `root` the root folder, and let go of the old one."""
    os.chdir(root)
    here = ctypes.c_char_p(b".")
    syscall("pivot_root", number_of(_PIVOT_ROOT, "pivot_root"), here, here)
    unmount(".")
    os.chdir("/")


def unmount(path: str) -> None:
    """Detach a mount, now or as soon as nothing uses it."""
    _checked(libc.umount2(os.fsencode(path), ctypes.c_int(DETACH)), f"umount {path}")


def _prctl(what: int, first: Any = 0, second: Any = 0) -> int:
    values = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in (first, second, 0, 0)]
    return _checked(libc.prctl(ctypes.c_int(what), *values), f"prctl {what}")


def die_with_parent(number: int) -> None:
    """Be sent signal `number` when the thread ends that made this process."""
    _prctl(_SET_DEATH_SIGNAL, number)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def set_dumpable(allowed: bool) -> None:
    """Whether others of the same user may look into this process."""
    _prctl(_SET_DUMPABLE, int(allowed))


def gain_nothing() -> None:
    """Never again gain privileges by executing a file; a precondition of Landlock and seccomp."""
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)


def gains_nothing() -> bool:
    """Whether `gain_nothing` holds."""
    return _prctl(_GET_NO_NEW_PRIVILEGES) == 1


def is_filtered() -> bool:
    """Whether a seccomp filter holds this process."""
    return _prctl(_GET_SECCOMP) == _FILTER_MODE


def install_filter(program: Any) -> None:
    """Put a seccomp program (`ctypes.Structure` of type sock_fprog) in force, for good."""
    _prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program))


def drop_capabilities() -> None:
    """Give up every capability, and the possibility to inherit one."""
    header, data = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    syscall("capset", number_of(_CAPSET, "capset"), ctypes.byref(header), ctypes.byref(data))


def _capability_sets() -> list[int]:
    """Effective, permitted and inheritable ones below 32, then those from 32 on."""
    header, data = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    syscall("capget", number_of(_CAPGET, "capget"), ctypes.byref(header), ctypes.byref(data))
    return list(data)


def has_capabilities() -> bool:
    """Whether there is any, effective or permitted."""
    sets = _capability_sets()
    return any(sets[index] for index in (0, 1, 3, 4))


def may_mount() -> bool:
    """Whether mounting is permitted here, without a user namespace (CAP_SYS_ADMIN)."""
    return bool(_capability_sets()[0] >> _SYS_ADMIN & 1)

"""Landlock: which files a jailed process can reach, by the kernel's own rule and without any privilege.

The one thing a reader would get wrong: a right that the running kernel does not know must not be asked for, or the whole ruleset
is refused. `RIGHTS` says from which version of the interface (ABI) each exists.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

from apr_core.evaluation.sandbox import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG = 1
_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, DEVICE_CONTROL = 1 << 13, 1 << 14, 1 << 15
_ALL_OF_ABI_1 = (1 << 13) - 1
_MAKE_DEVICES = 1 << 6 | 1 << 11
"""Character and block devices."""
_MAKE_SOCKET = 1 << 9

RIGHTS = {1: _ALL_OF_ABI_1, 2: REFER, 3: TRUNCATE, 5: DEVICE_CONTROL}
"""Version → rights on files that it brought."""

_NETWORK_SINCE, _TCP = 4, 3
_SCOPES_SINCE, _SCOPES = 6, 3
"""Abstract unix sockets and signals, neither of which then leave the jail."""

READ = READ_FILE | READ_FOLDER
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL
"""What a rule on something that is not a folder may grant."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The ABI that the running kernel has.

    Raises:
        OSError: it has none (ENOSYS), or Landlock is switched off (EOPNOTSUPP).
    """
    return kernel.syscall("landlock_create_ruleset", _CREATE, 0, 0, _VERSION_FLAG)


class Ruleset:
    """Folders that may be read, opened once; and what a process may do in the one that it may write."""

    def __init__(self, readable: Iterable[str], devices: Iterable[str] = ()) -> None:
        self.abi = version()
        self.handled = sum(rights for since, rights in RIGHTS.items() if since <= self.abi)
        self.rules = [(os.open(path, os.O_PATH | os.O_CLOEXEC), READ) for path in readable]
        self.rules += [(os.open(path, os.O_PATH | os.O_CLOEXEC), READ_FILE | WRITE_FILE) for path in devices]

    def enforce(self, writable: str | None) -> None:
        """Restrict this process, for good, to reading what is readable and to working below `writable`."""
        attributes = _Ruleset(files=self.handled)
        size = 8
        if self.abi >= _NETWORK_SINCE:
            attributes.network, size = _TCP, 16
        if self.abi >= _SCOPES_SINCE:
            attributes.scoped, size = _SCOPES, 24
        ruleset = kernel.syscall("landlock_create_ruleset", _CREATE, ctypes.byref(attributes), size, 0)
        try:
            for descriptor, rights in self.rules:
                self._add(ruleset, descriptor, rights)
            if writable is not None:
                below = os.open(writable, os.O_PATH | os.O_CLOEXEC)
                self._add(ruleset, below, self.handled & ~(EXECUTE | _MAKE_DEVICES | _MAKE_SOCKET))
                os.close(below)
            kernel.syscall("landlock_restrict_self", _RESTRICT, ruleset, 0)
        finally:
            os.close(ruleset)

    def _add(self, ruleset: int, descriptor: int, rights: int) -> None:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= OF_FILES
        rule = _Beneath(rights & self.handled, descriptor)
        kernel.syscall("landlock_add_rule", _ADD, ruleset, _BENEATH, ctypes.byref(rule), 0)

"""From a bare process to a zygote in namespaces of its own: no rights, a root folder with next to nothing, no network.

The one thing a reader would get wrong: the order differs for root. Root must look at the interpreter's files before it becomes a
user who may not (`/root` is closed to others); who may not mount, must make the user namespace first. Everything else is the
same for both, and ends the same: user 1000 in a namespace, without any right outside.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from apr_core.evaluation.sandbox import kernel

INSIDE = 1000
"""The user, and the group, as the namespace numbers it."""

OUTSIDE = 65534
"""Who root becomes: `nobody`, the user that owns nothing."""

TEMPORARY = "/tmp"
"""The folder that each program finds empty, in the root folder made here."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_MOUNT_POINTS = ("/tmp", "/mnt", "/run", "/dev/shm", "/var", "/srv", "/opt")
"""Folders over which the new root may be put together, out of sight of everybody else."""

NAME = "sandbox"
"""The machine's name, inside."""


def become_zygote(layers: Iterable[str], readable: Iterable[str]) -> int | None:
    """Enter the namespaces among `layers`; what returns is the process that is to serve.

    With `pid` that is a child of the caller's, the first process of its namespace; the caller waits for it and ends. Returns a
    descriptor of the zygote's pid namespace, or None.

    Raises:
        OSError: a layer cannot be had.
    """
    layers = set(layers)
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) if "user" in layers else None
    first = "mount" in layers and kernel.may_mount()
    if first:
        _new_root(readable)
    if os.geteuid() == 0:
        _step_down(layers, proc)
    elif proc is not None:
        _own_user_namespace(proc)
    if "mount" in layers and not first:
        _new_root(readable)
    kinds = {"pid": kernel.NEW_PID, "network": kernel.NEW_NETWORK, "ipc": kernel.NEW_IPC, "uts": kernel.NEW_UTS}
    flags = sum(flag for layer, flag in kinds.items() if layer in layers)
    if flags:
        kernel.unshare(flags)
    if "uts" in layers:
        kernel.libc.sethostname(NAME.encode(), len(NAME))
    if "pid" in layers:
        _fork_first_process()
    if proc is None:
        return None
    own = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc) if "pid" in layers else None
    os.close(proc)
    return own


def _own_user_namespace(proc: int) -> None:
    """As an ordinary user: a namespace in which this user is `INSIDE`, with every capability there and none elsewhere."""
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_USER)
    _write_maps(proc, "self", user, group)


def _step_down(layers: set[str], proc: int | None) -> None:
    """As root: be `OUTSIDE` from now on, in a user namespace if there is to be one."""
    if "identity" in layers:
        try:
            os.setgroups([])
        except PermissionError as error:
            raise PermissionError("this root may not become another user (CAP_SETGID is missing)") from error
    if proc is None:
        if "identity" in layers:
            os.setresgid(OUTSIDE, OUTSIDE, OUTSIDE)
            os.setresuid(OUTSIDE, OUTSIDE, OUTSIDE)
        return
    outside = OUTSIDE if "identity" in layers else 0
    # Only a process that stays behind in the old namespace may map somebody else than itself.
    own, (read, write) = os.getpid(), os.pipe()
    mapper = os.fork()
    if mapper == 0:
        _map_for(proc, own, outside, read, write)
    os.close(read)
    try:
        kernel.unshare(kernel.NEW_USER)
        os.write(write, b"!")
    finally:
        os.close(write)
        status = os.waitpid(mapper, 0)[1]
    if status != 0:
        raise PermissionError(f"user {outside} cannot be mapped into a user namespace")
    os.setresgid(INSIDE, INSIDE, INSIDE)
    os.setresuid(INSIDE, INSIDE, INSIDE)


def _map_for(proc: int, process: int, outside: int, read: int, write: int) -> NoReturn:
    """In a child: wait until the parent is in its namespace, write the maps for it, and end."""
    status = 1
    try:
        os.close(write)
        if os.read(read, 1):
            _write_maps(proc, str(process), outside, outside)
            status = 0
    finally:
        os._exit(status)


def _write_maps(proc: int, process: str, user: int, group: int) -> None:
    for name, text in (("uid_map", f"{INSIDE} {user} 1"), ("setgroups", "deny"), ("gid_map", f"{INSIDE} {group} 1")):
        descriptor = os.open(f"{process}/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _new_root(readable: Iterable[str]) -> None:
    """A root folder with what is `readable`, harmless devices, and an empty `TEMPORARY`; all of it read-only."""
    paths = outermost(readable)
    kernel.unshare(kernel.NEW_MOUNT)
    kernel.mount("", "/", flags=kernel.RECURSIVE | kernel.PRIVATE)
    root = _mount_point(paths)
    kernel.mount("root", root, "tmpfs", kernel.NO_SUID, "mode=755,size=1m")
    Path(f"{root}{TEMPORARY}").mkdir(0o755)
    for path in paths:
        bind(path, f"{root}{path}")
        kernel.make_read_only(f"{root}{path}", recursive=True)
    for device in DEVICES:
        if Path(device).exists():
            bind(device, f"{root}{device}")
    kernel.make_read_only(root, recursive=False)
    kernel.pivot(root)


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths that exist and do not lie below another of them, in order."""
    found: list[str] = []
    for path in sorted({path for path in paths if Path(path).exists()}):
        if not any(path == above or path.startswith(f"{above}/") for above in found):
            found.append(path)
    return found


def _mount_point(paths: Iterable[str]) -> str:
    """A folder that hides nothing which is still needed.

    Raises:
        OSError: there is none.
    """
    for place in _MOUNT_POINTS:
        needed = any(path == place or path.startswith(f"{place}/") for path in paths)
        if not needed and Path(place).is_dir() and not Path(place).is_symlink():
            return place
    raise OSError(f"none of {', '.join(_MOUNT_POINTS)} is there to put a root folder together over")


def bind(source: str, target: str) -> None:
    """Show a file or folder, with all that is mounted below it, at `target`, which is made."""
    place = Path(target)
    if Path(source).is_dir():
        place.mkdir(0o755, parents=True, exist_ok=True)
    else:
        place.parent.mkdir(0o755, parents=True, exist_ok=True)
        place.touch(0o644)
    kernel.mount(source, target, flags=kernel.BIND | kernel.RECURSIVE)


def _fork_first_process() -> None:
    """Return in a child, the first process of the new pid namespace; the caller only waits for it, holding nothing open."""
    child = os.fork()
    if child == 0:
        kernel.die_with_parent(signal.SIGKILL)
        return
    try:
        os.closerange(0, 1 << 16)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    finally:
        os._exit(1)


def next_child_in_new_pid_namespace() -> None:
    """The next fork makes the first process of a new pid namespace, with which everything in it ends."""
    kernel.unshare(kernel.NEW_PID)


def next_child_in(own: int) -> None:
    """Forks make processes of the namespace `own` again; without this no second one could ever be made."""
    kernel.join(own, kernel.NEW_PID)


def private_temporary(own_mount: bool, own_ipc: bool, size: int) -> None:
    """In a program's process: namespaces that are made anew for each, and an empty `TEMPORARY` of `size` bytes."""
    flags = (kernel.NEW_MOUNT if own_mount else 0) | (kernel.NEW_IPC if own_ipc else 0)
    if flags:
        kernel.unshare(flags)
    if own_mount:
        options = f"mode=700,size={size},nr_inodes=1024"
        kernel.mount("tmp", TEMPORARY, "tmpfs", kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXECUTE, options)

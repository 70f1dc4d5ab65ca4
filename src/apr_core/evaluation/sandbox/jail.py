"""What happens in a child between the fork and the first line that is not ours: every layer, in the only order that works.

The one thing a reader would get wrong: nothing here may be left half done. An exception means that the child ends before it has
read a program, and that the zygote reports a broken sandbox; no layer is skipped because it failed.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apr_core.evaluation.sandbox import kernel, namespaces, rlimits
from apr_core.evaluation.sandbox.landlock import Ruleset
from apr_core.evaluation.sandbox.seccomp import Filter

SOCKET = 3
"""The descriptor over which a jailed process talks; the only one besides the three streams."""

REPORT = 4
"""The pipe on which a child says that it is jailed, or why not; closed before anything else runs."""

RESERVED = 16
"""Descriptors below this are kept for what children find at fixed places."""

_NAME_BYTES = 1024
"""What a file counts for by being there."""

DESCRIPTORS = 4096
"""More than a zygote ever opens."""

CHECKER_TASKS = 16
_OTHER_TASKS = 64

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LC_CTYPE": "C.UTF-8"}
"""All that a program finds in its environment, with HOME and TMPDIR; without the first three, numpy starts threads."""


@dataclass
class Jail:
    """What is prepared once per zygote, so that each child has as little to do as possible."""

    layers: frozenset[str]
    folder: str
    """Where a program runs: `namespaces.TEMPORARY` of its own, or a folder that is emptied after each."""
    rules: Ruleset | None = None
    filters: dict[bool, Filter] = field(default_factory=dict)
    """Whether processes are allowed → the filter."""
    tasks: int = 0
    """Processes and threads that count against the user's limit before a program starts any."""

    @classmethod
    def prepare(cls, layers: frozenset[str], readable: list[str], folder: str, as_root: bool) -> Jail:
        """In the zygote, after its namespaces are entered; `as_root` says whether it was started by root.

        Raises:
            OSError: a layer cannot be had.
        """
        jail = cls(layers, namespaces.TEMPORARY if "mount" in layers else folder)
        if "landlock" in layers:
            devices = [path for path in namespaces.DEVICES if Path(path).exists()]
            jail.rules = Ruleset(namespaces.outermost(readable), devices)
        if "seccomp" in layers:
            # Nothing limits the number of root's threads; and the namespace's user is root outside unless that is a layer.
            limited = "identity" in layers or not as_root
            jail.filters = {
                allowed: Filter(processes=allowed and limited, threads=limited) for allowed in (False, True)
            }
        # In a user namespace zygote, checker and program count, and who waits for the zygote; elsewhere all that this user runs.
        jail.tasks = 3 + ("pid" in layers) if "user" in layers else rlimits.tasks_of_user() + _OTHER_TASKS
        return jail

    def enter_as_program(self, limits: Mapping[str, Any]) -> None:
        """Every layer. What runs next may be hostile."""
        namespaces.private_temporary("mount" in self.layers, "ipc" in self.layers, limits["file_bytes"])
        os.chdir(self.folder)
        self._enter(
            limits, tasks=self.tasks + limits["threads"] + limits["processes"], processes=limits["processes"] > 0
        )

    def enter_as_checker(self, limits: Mapping[str, Any]) -> None:
        """The layers that cost next to nothing: the checker is ours, but reads what a program sends."""
        kernel.set_dumpable(False)
        self._enter(limits, tasks=self.tasks + CHECKER_TASKS, processes=False)

    def _enter(self, limits: Mapping[str, Any], tasks: int, processes: bool) -> None:
        if "privileges" in self.layers:
            kernel.drop_capabilities()
            kernel.gain_nothing()
        kernel.die_with_parent(signal.SIGKILL)  # after whatever changes who we are, for that would undo it
        if self.rules is not None:
            self.rules.enforce(self.folder)
        os.closerange(REPORT + 1, DESCRIPTORS)
        if "limits" in self.layers:
            names = ("cpu_seconds", "memory_bytes", "file_bytes", "open_files")
            rlimits.apply(rlimits.of(tasks=tasks, **{name: limits[name] for name in names}))
        if "seccomp" in self.layers:
            self.filters[processes].install()

    @property
    def leaves_processes(self) -> bool:
        """Whether a process that a program started could outlive it."""
        return "pid" not in self.layers

    def empty_folder(self) -> None:
        """Remove what a program left; with a mount of its own there is nothing, for the mount has ended with it."""
        if "mount" not in self.layers:
            empty(Path(self.folder))


def empty(folder: Path) -> None:
    """Remove what is in a folder, however deep it goes and whatever may not be read.

    Folders are moved up before they are removed, so no path is ever long.

    Raises:
        OSError: something cannot be removed.
    """
    folder.chmod(0o700)  # a program may have closed it
    while found := list(folder.iterdir()):
        for path in found:
            with contextlib.suppress(IsADirectoryError, PermissionError):
                path.unlink()
                continue
            path.chmod(0o700)
            for inner in path.iterdir():
                if inner.is_dir() and not inner.is_symlink():
                    inner.chmod(0o700)  # or its link to the folder above cannot be changed
                    inner.rename(folder / os.urandom(8).hex())
                else:
                    inner.unlink()
            path.rmdir()


def size(folder: str) -> int:
    """Bytes that files below a folder take up, and some for each name; more than a path can be long is not looked at."""
    total, waiting = 0, [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                total += _NAME_BYTES + entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return total


def reserve_descriptors() -> int:
    """Fill the lowest descriptors, so that whatever is opened later is out of the way. Returns one that leads to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    while null < RESERVED:
        null = os.dup(null)
    return null


def arrange_descriptors(socket: int, report: int, null: int, output: int) -> None:
    """The streams at 0 to 2, the socket at `SOCKET`, the report's pipe at `REPORT`."""
    for place, descriptor in ((0, null), (1, output), (2, output), (SOCKET, socket), (REPORT, report)):
        os.dup2(descriptor, place)

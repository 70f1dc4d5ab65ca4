"""The layers of isolation, and the levels that combinations of them make up.

The one thing a reader would get wrong: a level is what is *active*, not what was asked for. Layers are tried once, each in a
process that is thrown away; a layer that worked then and fails later is an infrastructure error, never silently left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LAYERS = {
    "limits": "rlimits on memory, processor time, processes, files, descriptors and core dumps; clocks outside",
    "privileges": "no capabilities, and no way to gain any (no_new_privs)",
    "seccomp": "only the system calls that programs need; the hostile ones end the process",
    "landlock": "reads Python's library, writes its own folder, sees no other file",
    "user": "a user namespace of its own",
    "mount": "a root folder of its own: Python's library read-only, an empty /tmp of limited size, no /proc",
    "pid": "sees no process but its own; all of them end with it",
    "network": "no network, not even the machine's own",
    "ipc": "no shared memory, semaphores or queues of others",
    "uts": "does not learn the machine's name",
    "identity": "the process belongs to a user without rights, never to root",
}
"""Layer → what it does to a program, in the order in which they are tried."""

LEVELS = {
    "none": frozenset[str](),
    "limits": frozenset({"limits", "privileges"}),
    "confined": frozenset({"limits", "privileges", "seccomp", "landlock"}),
    "full": frozenset(LAYERS) - {"uts"},
}
"""Level → the layers that it needs, in ascending order; each level contains the one before.

- `none`: a process of its own, an empty environment, no inherited descriptors. That much is always so.
- `limits`: it cannot use up the machine, nor become more than it is. (Root without `identity` may start any number of processes.)
- `confined`: nor reach files, the network, or other processes, for the kernel refuses.
- `full`: nor see that there are any.
"""

NEEDS = {
    "mount": ("user",),
    "pid": ("user",),
    "network": ("user",),
    "ipc": ("user",),
    "uts": ("user",),
}
"""Layer → layers without which it is not tried: without rights, namespaces can only be made inside a user namespace."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What holds a program here."""

    layers: tuple[str, ...]
    """The active ones, in the order of `LAYERS`."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Layer → why it is not active, in words."""

    @property
    def level(self) -> str:
        """The highest of `LEVELS` whose layers are all active."""
        return level_of(self.layers)


def level_of(layers: Iterable[str]) -> str:
    """The highest level whose layers are all among `layers`."""
    active = set(layers)
    return [level for level, needed in LEVELS.items() if needed <= active][-1]

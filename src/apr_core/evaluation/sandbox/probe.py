"""Which layers this machine offers: each is tried, on top of those that worked, in processes that are thrown away.

The one thing a reader would get wrong: a layer counts when its effect is seen from inside, not when the call that should bring
it about succeeds. On some systems a user namespace can be made in which nothing is permitted.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from apr_core.evaluation.sandbox import jail, kernel, namespaces
from apr_core.evaluation.sandbox.jail import Jail
from apr_core.evaluation.sandbox.layers import LAYERS, NEEDS, Isolation

LIMITS = {
    "cpu_seconds": 5.0, "memory_bytes": 2**30, "file_bytes": 2**20, "open_files": 64, "processes": 0, "threads": 4,
}  # fmt: skip

_SECONDS = 60.0


@functools.cache
def isolation(without: frozenset[str] = frozenset()) -> Isolation:
    """What this machine offers, tried once per process; `without` leaves layers out.

    Raises:
        AprError: a layer is named that there is not, or the bare interpreter does not start.
    """
    from apr_core.errors import AprError, did_you_mean
    from apr_core.evaluation.sandbox import sources

    for name in sorted(without - set(LAYERS)):
        raise AprError(f"there is no layer {name!r}; there are {', '.join(LAYERS)}.{did_you_mean(name, LAYERS)}")
    if sys.platform != "linux":
        raise AprError(
            f"the sandbox needs Linux, and this is {sys.platform!r}. Run it in a Linux container or machine."
        )
    folder = tempfile.mkdtemp(prefix="apr-sandbox-")
    try:
        Path(folder).chmod(0o755)
        process, control = sources.start("probe", {"without": sorted(without), "folder": folder})
        try:
            control.settimeout(_SECONDS)
            answer = control.recv(1 << 16)
        finally:
            control.close()
            process.kill()
            process.wait()
    except OSError as error:
        raise AprError(f"the sandbox does not start: {error}. Check memory and process limits.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not answer:
        raise AprError(f"the sandbox does not start: {process.args!r} ended without a word. Try this command by hand.")
    tried = json.loads(answer)
    missing = {name: why for name in LAYERS if (why := tried[name]) is not None}
    return Isolation(layers=tuple(name for name in LAYERS if name not in missing), missing=missing)


def main(settings: Mapping[str, Any]) -> None:
    """In the bare interpreter: try every layer, and send why each is missing, or None."""
    control = socket.socket(fileno=settings["control"])
    jail.reserve_descriptors()
    found: dict[str, str | None] = {}
    active: list[str] = []
    for layer in LAYERS:
        lacking = [need for need in NEEDS.get(layer, ()) if need not in active]
        if layer in settings["without"]:
            found[layer] = "switched off by the caller"
        elif lacking:
            found[layer] = f"needs the layer {lacking[0]}, which is missing"
        else:
            found[layer] = _try(frozenset([*active, layer]), settings)
        if found[layer] is None:
            active.append(layer)
    control.send(json.dumps(found).encode())


def _try(layers: frozenset[str], settings: Mapping[str, Any]) -> str | None:
    """Why these layers cannot be had together, or None."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _be_tried(layers, settings, write)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as said:
        text = said.read()
    status = os.waitpid(child, 0)[1]
    if text == "good":
        return None
    return text or f"a process ended with {os.waitstatus_to_exitcode(status)} under it"


def _be_tried(layers: frozenset[str], settings: Mapping[str, Any], write: int) -> NoReturn:
    """In a child: become a zygote with the layers, and fork one program that looks around in its jail."""
    as_root = os.geteuid() == 0
    try:
        kernel.die_with_parent(signal.SIGKILL)
        own = namespaces.become_zygote(layers, settings["readable"])
        if not os.access(os.__file__, os.R_OK):
            raise PermissionError(f"its user may not read Python's library, {Path(os.__file__).parent}")
        prison = Jail.prepare(layers, settings["readable"], settings["folder"], as_root)
        if own is not None:
            namespaces.next_child_in_new_pid_namespace()
        child = os.fork()
        if child == 0:
            _look_around(prison, write)
        if own is not None:
            namespaces.next_child_in(own)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(write, str(error).encode())
    finally:
        os._exit(1)


def _look_around(prison: Jail, write: int) -> NoReturn:
    try:
        null = os.open(os.devnull, os.O_RDWR)
        jail.arrange_descriptors(null, write, null, null)
        prison.enter_as_program(LIMITS)
        for layer in LAYERS:
            if layer in prison.layers and layer in EFFECTS and not EFFECTS[layer]():
                raise OSError(f"the layer {layer} has no effect here")
        os.write(jail.REPORT, b"good")
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(jail.REPORT, str(error).encode())
    finally:
        os._exit(0)


def _root_is_hidden() -> bool:
    try:
        os.scandir("/").close()
    except PermissionError:
        return True
    return False


EFFECTS: dict[str, Callable[[], bool]] = {
    "limits": lambda: 0 < resource.getrlimit(resource.RLIMIT_AS)[1] <= LIMITS["memory_bytes"],  # no limit is -1
    "privileges": lambda: kernel.gains_nothing() and not kernel.has_capabilities(),
    "seccomp": kernel.is_filtered,
    "landlock": _root_is_hidden,
    "user": lambda: os.getuid() == namespaces.INSIDE,
    "mount": lambda: not Path("/proc").exists(),
    "pid": lambda: os.getpid() == 1,
    "uts": lambda: os.uname().nodename == namespaces.NAME,
    "identity": lambda: os.getuid() != 0,
}
"""Layer → whether it is seen from inside, where that can be seen."""

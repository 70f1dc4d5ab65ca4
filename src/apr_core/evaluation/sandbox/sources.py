"""Starts a bare interpreter with the sandbox's modules as text.

The one thing a reader would get wrong: the text comes from each module's loader, not from its file. A module that is loaded
from an edited text, as planted faults are, arrives in the zygote with the edit.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGE = "apr_core.evaluation.sandbox"

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo")
"""Where extension modules find what they are linked with, and `zoneinfo` its data."""


def text_of(name: str) -> str:
    """The source of a module, as its loader gives it."""
    module = importlib.import_module(name)
    loader: Any = module.__spec__.loader if module.__spec__ is not None else None
    text = loader.get_source(name) if hasattr(loader, "get_source") else None
    return inspect.getsource(module) if text is None else str(text)


@functools.cache
def closure(*names: str) -> dict[str, str]:
    """Full name → text, of these modules of the sandbox and of all that they import from it; read once."""
    found: dict[str, str] = {}
    waiting = [f"{_PACKAGE}.{name}" for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = text_of(name)
            waiting += _imports(found[name])
    return found


def _imports(text: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == _PACKAGE:
            names += [f"{_PACKAGE}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return [name for name in names if name.startswith(f"{_PACKAGE}.")]


def search_path() -> list[str]:
    """Where programs may import from: the standard library and installed packages, never the working folder."""
    base = Path(os.__file__).parent
    extensions = sysconfig.get_config_var("DESTSHARED") or base / "lib-dynload"
    paths = [base, extensions, *(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))]
    return [path for path in dict.fromkeys(map(str, paths)) if Path(path).is_dir()]


def readable() -> list[str]:
    """Folders and files that programs may read: those to import from, under both names where one is a link."""
    paths = [*search_path(), *_LIBRARIES, str(Path(sys.base_prefix) / "lib")]
    return sorted({*paths, *(os.path.realpath(path) for path in paths)})


def start(module: str, settings: Mapping[str, Any]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Run `main(settings)` of a module of the sandbox in a bare interpreter; settings get `control` and `readable`.

    Returns:
        The process, and our end of a socket whose other end it holds as `settings["control"]`.

    Raises:
        OSError: no process can be made.
    """
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    # Without -I and -S spelt out: -I would also ignore the seed of hashes, by which sets are ordered in every zygote alike.
    command = [interpreter, "-P", "-s", "-S", "-X", "utf8", "-c", text_of(f"{_PACKAGE}.bootstrap")]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            env={"PYTHONHASHSEED": "0"}, cwd="/", start_new_session=True,
        )  # fmt: skip
        greeting = {
            "sources": closure(module, *(("candidate", "checker") if module == "zygote" else ())),
            "path": search_path(),
            "module": f"{_PACKAGE}.{module}",
            "settings": dict(settings) | {"control": theirs.fileno(), "readable": readable()},
        }
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(greeting).encode())
            process.stdin.close()
        except OSError:
            process.kill()
            process.wait()
            ours.close()
            raise
    return process, ours

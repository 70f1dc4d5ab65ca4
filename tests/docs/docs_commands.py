"""Runs `pytest`, `apr` and `python FILE` in processes forked from one that has imported what they need.

A page of documentation has some ten commands, and half of a small run is importing the same packages again. What a command
runs is what its console script would run, in a process of its own, with the environment and the folder that it is given.

The one thing a reader would get wrong: the process that everything is forked from is not the one that runs the tests. The
standard library's `forkserver` starts it afresh, so nothing that a test imported, patched or set is in a command.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import shlex
import sys
import sysconfig
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

PRELOAD = (
    "numpy", "scipy.stats", "hypothesis", "jinja2", "pytest", "apr_core.pytest_items", "apr_core.trial.session",
    "apr_core.commands.evidence", "apr_core.commands.power", "apr_core.commands.report", "apr_core.evidence.analysis",
    "apr_core.report.write", "apr_core.commands.authoring.explain", "apr_core.commands.authoring.draft",
)  # fmt: skip

SECONDS = 120

# pytest rewrites the assertions of a plugin while importing it, and warns about one that is imported already.
SETTINGS = {"PYTEST_ADDOPTS": "-p no:cacheprovider -W ignore::pytest.PytestAssertRewriteWarning"}


def simple(command: str) -> list[str] | None:
    """The words of a command that needs no shell, if it is one of ours."""
    if any(sign in command for sign in "|&;<>$*?`(\n"):
        return None
    words = shlex.split(command)
    ours = words[:1] in (["pytest"], ["apr"]) or (words[:1] == ["python"] and words[1:2] and words[1].endswith(".py"))
    return words if ours else None


def server() -> ForkServerContext:
    """Where processes are forked from. It is started by the first of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    return context


def run(words: list[str], folder: Path, environment: Mapping[str, str], output: Path) -> int:
    """The exit status of a command; what it printed, also to stderr, is in the file `output`."""
    process = server().Process(target=_command, args=(words, folder, dict(environment), output))
    process.start()
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"`{shlex.join(words)}` did not end within {SECONDS} seconds")
    return process.exitcode


def _command(words: list[str], folder: Path, environment: dict[str, str], output: Path) -> None:
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment | SETTINGS)
    sys.argv = [words[0], *words[1:]]
    own = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    sys.path[:] = [
        path for path in sys.path if path in own or path.endswith(("lib-dynload", ".zip")) or "__editable__" in path
    ]
    sys.dont_write_bytecode = True
    sys.exit(MAIN[words[0]]())


def _apr() -> int:
    from apr_core.cli import main

    return main()


def _python() -> int:
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    runpy.run_path(sys.argv[0], run_name="__main__")
    return 0


MAIN: dict[str, Callable[[], int]] = {"pytest": pytest.console_main, "apr": _apr, "python": _python}

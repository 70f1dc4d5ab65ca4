"""A foreign project to run `apr mutate` in; its subjects are small enough to know what becomes of each mutant."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mutate_caps import CAP, CONTRACT

from apr_core.cli import main

Workplace = Callable[..., Path]
Apr = Callable[..., tuple[int, str, str]]


@pytest.fixture
def workplace(
    project: Callable[[dict[str, str]], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Workplace]:
    """Writes the files of a project, makes it the working folder, and forgets its modules afterwards."""
    path = list(sys.path)

    def write(files: dict[str, str] | None = None) -> Path:
        root = project({"caps.py": CAP, "contracts/caps.apr.yaml": CONTRACT} if files is None else files)
        monkeypatch.chdir(root)
        return root

    yield write
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def apr(capsys: pytest.CaptureFixture[str]) -> Apr:
    """Runs `apr` with some words; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run

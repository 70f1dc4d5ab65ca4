"""A foreign project to import contracts into, inside this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apr_core.cli import main

Workplace = Callable[[dict[str, str]], Path]
Apr = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project_with(project: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Writes the files of a project and makes it the working folder."""

    def write(files: dict[str, str]) -> Path:
        root = project(files)
        monkeypatch.chdir(root)
        return root

    return write


@pytest.fixture
def run_apr(capsys: pytest.CaptureFixture[str]) -> Apr:
    """Runs `apr` with some words; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run

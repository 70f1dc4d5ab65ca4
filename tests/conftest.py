"""Shared fixtures: small projects of somebody else, with contracts, run as they would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture
def repository() -> Path:
    """The top folder of this repository."""
    return REPOSITORY


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], Path]:
    """Writes files into an empty folder with a pyproject.toml, as a foreign project has one."""
    # A module that a test rewrites within the same second, at the same length, would be loaded from its old byte code.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(files: dict[str, str]) -> Path:
        files = {"pyproject.toml": '[project]\nname = "foreign"\nversion = "1"\n\n[tool.pytest.ini_options]\n', **files}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def run_pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Plain `pytest` in a folder, in a process of its own, with 100 columns and no colour."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    clean |= {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONDEVMODE": "0"} | environment
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)

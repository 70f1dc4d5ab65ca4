"""Shared fixtures: small projects of somebody else, with contracts, run as they would run them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import REPOSITORY


@pytest.fixture
def repository() -> Path:
    """The top folder of this repository."""
    return REPOSITORY


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

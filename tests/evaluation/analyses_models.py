"""Tiny checkpoints for the tests of perplexity and parity, made once per module that uses them, and the command."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apr_core.cli import main

TINY = Path(__file__).resolve().parents[1] / "inference" / "tiny.py"


def _tiny() -> Any:
    spec = importlib.util.spec_from_file_location("tiny_of_the_analyses", TINY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Make = Callable[..., Path]
Apr = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """`make(seed=0, …)` writes a checkpoint into a folder of its own; see `tests/inference/tiny.py`."""
    pytest.importorskip("transformers")
    import torch

    tiny = _tiny()
    torch.set_num_threads(tiny.THREADS)

    def write(**options: Any) -> Path:
        made: Path = tiny.make_checkpoint(tmp_path_factory.mktemp("checkpoint"), **options)
        return made

    return write


@pytest.fixture(scope="module")
def checkpoint(make: Make) -> Path:
    """The plain one: seed 0, float32, a context of 512 tokens."""
    return make()


@pytest.fixture
def apr(capsys: pytest.CaptureFixture[str]) -> Apr:
    """Runs `apr` with some words; gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run

"""Tiny checkpoints and the backends over them, made once; servers on loopback ports, stopped afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inference_server import Faulty, serve_transformers
from tiny import THREADS, make_checkpoint

from apr_core.inference import open_backend


@pytest.fixture(scope="session", autouse=True)
def _threads() -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(THREADS)


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that names no stop token anywhere: a completion ends only where it is cut."""
    return make_checkpoint(tmp_path_factory.mktemp("endless") / "tiny", eos=None, tokenizer_eos=None)


@pytest.fixture(scope="session")
def opened(endless: Path) -> Iterator[Any]:
    """The endless checkpoint in memory, in float32 on the CPU. A test that changes its batch size uses `backend`."""
    with open_backend(str(endless), device="cpu") as backend:
        yield backend


@pytest.fixture
def backend(opened: Any) -> Iterator[Any]:
    """The opened backend, put back as it was after the test."""
    size, notes = opened.batch_size, opened._notes
    yield opened
    opened.batch_size, opened._notes = size, notes


@pytest.fixture(scope="session")
def server(endless: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of `transformers serve` with the endless checkpoint."""
    with serve_transformers(endless, tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    """A server that answers as the test tells it."""
    with Faulty() as server:
        yield server

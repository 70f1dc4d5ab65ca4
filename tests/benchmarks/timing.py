"""Alternating measurements of two ways to do the same work."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def alternate(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of each of `rounds` runs of both, taken in turns so that noise falls on both alike. One warm-up each."""
    first(), second()
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        pairs = [(first, times[0]), (second, times[1])]
        for work, kept in pairs if turn % 2 == 0 else reversed(pairs):
            start = time.perf_counter()
            work()
            kept.append(time.perf_counter() - start)
    return times


def median(values: list[float]) -> float:
    """The median, in seconds."""
    return statistics.median(values)


def ratio(times: tuple[list[float], list[float]]) -> str:
    """`1.04 (95 % of rounds 0.99 to 1.10)`: first over second, round by round."""
    ratios = sorted(a / b for a, b in zip(*times, strict=True))
    cut = max(0, round(0.025 * len(ratios)))
    return f"{statistics.median(ratios):.3f} ({ratios[cut]:.3f} to {ratios[-1 - cut]:.3f} over {len(ratios)} rounds)"


def run_pytest(folder: Path, *arguments: str) -> None:
    """Plain pytest in a process of its own; its exit status must be 0, 1 or 5."""
    # Byte code is cached, as it is for everybody who does not switch that off.
    dropped = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 5):
        raise RuntimeError(done.stdout + done.stderr)
